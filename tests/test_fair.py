"""One lucky flicker does not win."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paintcam.contest.fair_maximum import FairMaximum

SCORES = st.lists(st.floats(0, 100), min_size=1, max_size=60)


def played(scores, fps=30.0, window_s=0.5):
    fair = FairMaximum(window_s)
    for index, score in enumerate(scores):
        fair.offer(score, index / fps)
    return fair


@given(SCORES)
def test_without_a_window_it_is_the_raw_maximum(scores):
    assert played(scores, window_s=0).best == max(scores)


@given(SCORES, st.sampled_from([3.6, 10.0, 30.0]))
def test_it_is_a_score_that_was_seen_and_never_above_the_raw_maximum(scores, fps):
    settled = played(scores, fps).settle()
    assert settled in scores
    assert settled <= max(scores)


@given(SCORES)
def test_it_never_falls(scores):
    fair = FairMaximum()
    course = [fair.offer(score, index / 30) for index, score in enumerate(scores)]
    assert course == sorted(course)
    assert fair.settle() >= course[-1]


@pytest.mark.parametrize("fps", [3.6, 10, 30])
@pytest.mark.parametrize("where", [0, 1, 20])
def test_a_flicker_of_one_frame_does_not_count(fps, where):
    scores = [40.0] * 40
    scores[where] = 95.0
    assert played(scores, fps).best == 40


def test_a_flicker_of_a_fifth_of_a_second_does_not_count_wherever_it_is():
    for start in range(54):
        scores = [40.0] * 60
        scores[start : start + 6] = [95.0] * 6
        assert played(scores).settle() == 40


def test_what_is_held_for_the_window_counts():
    assert played([40.0] * 30 + [95.0] * 15 + [40.0] * 30).best == 95


def test_of_two_scores_in_all_the_lower_counts():
    fair = played([90.0, 30.0], fps=4)
    assert fair.best == 0
    assert fair.settle() == 30


def test_a_pause_is_not_bridged():
    fair = FairMaximum()
    for index in range(7):
        fair.offer(90, index / 30)
    fair.interrupt()
    for index in range(7):
        fair.offer(90, 10 + index / 30)
    assert fair.best == 0
    assert fair.settle() == 90


@pytest.mark.parametrize("score", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_is_passed_over(score):
    fair = played([50.0] * 30)
    assert fair.offer(score, 2) == 50


@pytest.mark.parametrize("window_s", [-1, math.nan, math.inf])
def test_a_window_that_cannot_be_is_refused(window_s):
    with pytest.raises(ValueError, match="window"):
        FairMaximum(window_s)
