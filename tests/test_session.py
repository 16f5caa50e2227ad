"""Score, session and frames: properties that hold for any input."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paintcam.errors import SourceError
from paintcam.frames import to_bgr
from paintcam.judge.judge import Verdict, score_of
from paintcam.run.session import LATE_S, Rises, Session

similarities = st.floats(-1, 1)


def verdict(score: float, at: float = 0.0, **more) -> Verdict:
    return Verdict(0, at, at, score / 100, score, **more)


@given(similarities, similarities)
def test_score_is_monotone_and_within_0_and_100(a, b):
    """More similar never scores less, whatever the similarities."""
    scores = score_of(a, 0.08, 0.48), score_of(b, 0.08, 0.48)
    assert all(0 <= score <= 100 for score in scores)
    if a <= b:
        assert scores[0] <= scores[1]


def test_the_talks_range():
    """CLIP's 8 to 48 % become 0 to 100."""
    assert score_of(0.08, 0.08, 0.48) == 0
    assert score_of(0.28, 0.08, 0.48) == pytest.approx(50)
    assert score_of(0.48, 0.08, 0.48) == 100
    assert score_of(-0.3, 0.08, 0.48) == 0
    assert score_of(0.9, 0.08, 0.48) == 100


@given(st.lists(st.floats(0, 100), min_size=1))
def test_the_best_is_the_highest_score_shown(scores):
    """With and without smoothing."""
    for smoothing_s in (0.0, 0.5):
        session = Session(smoothing_s)
        standings = [session.add(verdict(score, at / 30)) for at, score in enumerate(scores)]
        shown = [standing.score for standing in standings]
        assert standings[-1].best == max(shown) == session.best
        assert [s.is_new_best for s in standings] == [
            all(score < now for score in shown[:at]) for at, now in enumerate(shown)
        ]
        assert all(min(scores) - 1e-9 <= score <= max(scores) + 1e-9 for score in shown)


def test_without_smoothing_each_score_is_shown_as_it_is():
    """Off by default."""
    session = Session()
    assert [session.add(verdict(score)).score for score in (3, 90, 7)] == [3, 90, 7]


def test_smoothing_follows_time():
    """After one time constant a jump has come 63 % of its way."""
    session = Session(smoothing_s=2.0)
    session.add(verdict(0, 0.0))
    assert session.add(verdict(100, 2.0)).score == pytest.approx(100 * (1 - math.exp(-1)))


def test_a_blocked_picture_counts_nothing():
    """It shows 0 and leaves the best."""
    session = Session()
    session.add(verdict(40))
    standing = session.add(verdict(99, 5.0, blocked=True))
    assert (standing.score, standing.best, standing.is_new_best) == (0, 40, False)


def test_what_rose_while_a_guard_was_still_looking_does_not_count():
    """The guard answers up to half a second late: the best of that time is taken back."""
    session = Session()
    session.add(verdict(40, 10.0))
    session.add(verdict(90, 12.0))
    standing = session.add(verdict(95, 12.4, blocked=True))
    assert (standing.score, standing.best) == (0, 40)
    assert session.add(verdict(50, 13.0)).best == 50


@given(st.lists(st.tuples(st.floats(0, 1), st.integers(0, 9)), max_size=50))
def test_rises_give_what_stood_before_the_late_time(steps):
    """Whatever rose when, and twice the same."""
    rises: Rises[int] = Rises()
    at, now, stood = 0.0, 0, [(0.0, 0)]
    for passed, value in steps:
        at += passed
        if value > now:
            rises.note(at, now)
            now = value
            stood.append((at, now))
    expected = [value for when, value in stood if when <= max(0.0, at - LATE_S)][-1]
    for _ in range(2):
        now = rises.take_back(max(LATE_S, at), now)
        assert now == expected


@pytest.mark.parametrize("bad", [math.nan, -1, 101, math.inf])
def test_an_invalid_score_is_an_error(bad):
    """It never becomes a best."""
    with pytest.raises(ValueError, match="A score is a number"):
        Session().add(verdict(bad))


def test_reset_forgets():
    """The next verdict is the best again."""
    session = Session()
    session.add(verdict(80))
    session.reset()
    assert session.add(verdict(10)).best == 10


@given(
    st.sampled_from([(4, 6), (4, 6, 1), (4, 6, 3), (4, 6, 4), (1, 1), (3, 5, 3)]),
    st.sampled_from(["uint8", "uint16", "float32", "float64", "bool"]),
)
def test_any_picture_becomes_bgr(shape, dtype):
    """White stays white in every layout and depth; the size stays."""
    white = {"uint8": 255, "uint16": 65535, "bool": True}.get(dtype, 1.0)
    picture = to_bgr(np.full(shape, white, dtype))
    assert picture.shape == (*shape[:2], 3)
    assert picture.dtype == np.uint8
    assert (picture == 255).all()


def test_alpha_lies_on_white_paper():
    """Where nothing was painted, the paper is seen."""
    painted = np.zeros((2, 2, 4), np.uint8)
    painted[0, 0] = (10, 20, 30, 255)
    picture = to_bgr(painted)
    assert picture[0, 0].tolist() == [10, 20, 30]
    assert picture[1, 1].tolist() == [255, 255, 255]


@pytest.mark.parametrize(
    "bad", [np.zeros((0, 4, 3), np.uint8), np.zeros((4, 4, 5), np.uint8), np.zeros((4, 4), "i4")]
)
def test_an_array_that_is_not_a_picture_is_an_error(bad):
    """An error in words, with the shape or type."""
    with pytest.raises(SourceError, match="Not a picture"):
        to_bgr(bad)
