"""One lucky flicker does not win."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import scenes
from paintcam.contest.fair_maximum import FairMaximum
from paintcam.errors import UsageError
from paintcam.frames import Frame
from paintcam.judge.look import Look
from paintcam.run.looks import Looks
from slow_judge import Slow

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
def test_it_is_one_of_the_scores_and_never_above_the_raw_maximum(scores, fps):
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
def test_a_score_that_is_not_a_number_is_ignored(score):
    fair = played([50.0] * 30)
    assert fair.offer(score, 2) == 50


@pytest.mark.parametrize("window_s", [-1, math.nan, math.inf])
def test_an_impossible_window_is_refused(window_s):
    with pytest.raises(UsageError, match="window"):
        FairMaximum(window_s)


def flickering(share, fps, spread, seed, seconds=20):
    """A weak picture, and for `share` of 30 frames a perfect one, seen at `fps`."""
    rng = np.random.default_rng(seed)
    block = {
        "evenly": lambda: [(i * share) // 30 != ((i + 1) * share) // 30 for i in range(30)],
        "at random": lambda: list(rng.permutation(np.arange(30) < share)),
    }[spread]
    frames = [95.0 if perfect else 40.0 for _ in range(seconds) for perfect in block()]
    return frames[:: 30 // fps]


@pytest.mark.parametrize("fps", [30, 6, 3])
@pytest.mark.parametrize("spread", ["evenly", "at random"])
@pytest.mark.parametrize("share", [1, 5, 10, 15, 20])
def test_a_perfect_picture_that_flickers_gains_nothing(share, spread, fps):
    for seed in range(2):
        judge = Slow(fps)
        for index, score in enumerate(flickering(share, 30, spread, seed, seconds=10)):
            judge.show(drawn_frame(index, score), lambda frame: scores[int(frame.image[4, 8, 0])])
        assert judge.fair.settle() <= 43


scores = {230: 95.0, 190: 40.0}
"""Grey level of a sheet → its score."""


def drawn_frame(index, score):
    """A sheet in front of a wall, darker where the drawing is worse."""
    image = np.full((9, 16, 3), 60, np.uint8)
    image[3:6, 4:12] = next(grey for grey, value in scores.items() if value == score)
    return Frame(image, index, index / 30, index / 30)


@pytest.mark.parametrize("fps", [6, 3])
def test_a_glare_of_one_frame_does_not_cost_a_slow_encoder_a_third_of_a_second(fps):
    """The frames around it look as before, so they count as before."""
    judge = Slow(fps)
    for index in range(390):
        score = 40.0 if index % 90 == 45 else 95.0
        judge.show(drawn_frame(index, score), lambda frame: scores[int(frame.image[4, 8, 0])])
    assert min(score for score, _ in judge.judged) == 40
    assert judge.fair.settle() == 95


@pytest.mark.parametrize("fps", [30, 6, 3])
@pytest.mark.parametrize("share", [1, 5, 10, 15, 20])
def test_a_flicker_of_verdicts_gains_nothing_at_any_rate(share, fps):
    """The same, where the share is of the verdicts and not of the camera's frames."""
    for spread in ("evenly", "at random"):
        assert played(flickering(share, 30, spread, 5), fps).settle() <= 43


def test_a_perfect_verdict_before_a_stall_does_not_count_for_the_stall():
    """The machine hangs for two seconds behind each of the perfect frames."""
    fair, at = FairMaximum(), 0.0
    for index in range(300):
        perfect = index % 5 == 0
        fair.offer(95.0 if perfect else 40.0, at)
        at += 2.0 if perfect else 1 / 30
    assert fair.settle() <= 43


def test_trembling_hands_lose_nothing():
    """Noise of 2.5 points, as the bundled encoder has it: as much as a median of it gives."""
    rng = np.random.default_rng(0)
    for level in (30, 60, 90):
        scores = (level + rng.normal(0, 2.5, 300)).clip(0, 100)
        medians = [np.median(scores[i : i + 15]) for i in range(len(scores) - 15)]
        assert played(list(scores)).settle() >= 0.97 * max(medians)


@pytest.mark.parametrize("seconds", [0.3, 0.5])
def test_a_passing_hand_or_a_glare_costs_nothing(seconds):
    """What was held before counts, and so does what is held afterwards."""
    for start in (10, 40, 70):
        scores = [60.0] * 120
        scores[start : start + round(30 * seconds)] = [10.0] * round(30 * seconds)
        assert played(scores).settle() == 60


@pytest.mark.parametrize("gap_s", [1.0, 2.0, 5.0])
def test_three_slow_verdicts_make_a_window(gap_s):
    fair = FairMaximum()
    course = [fair.offer(60, index * gap_s) for index in range(7)]
    assert course[-1] == 60
    assert course[1] == 0


@pytest.mark.parametrize("fps", [6, 3])
def test_a_passing_hand_in_a_short_turn_of_a_slow_encoder_costs_nothing(fps):
    """In four seconds it leaves no whole window of fifteen verdicts."""
    scores = [60.0] * (4 * fps)
    scores[2 * fps : 2 * fps + max(1, round(0.4 * fps))] = [5.0] * max(1, round(0.4 * fps))
    assert played(scores, fps).settle() == 60


def test_a_pause_before_the_end_gives_no_second_chance():
    """A few lucky verdicts after it are no short turn of their own."""
    fair = played([40.0] * 60)
    fair.interrupt()
    for index in range(4):
        fair.offer(95, 100 + index / 30)
    assert fair.settle() == 40


def test_a_window_needs_fifteen_verdicts_where_they_come_slowly():
    """Of three verdicts a second all three may have hit a picture that flickers."""
    fair = FairMaximum()
    course = [fair.offer(60, index / 3) for index in range(20)]
    assert course.index(60) == 14


def test_trembling_hands_look_the_same_and_another_drawing_in_them_does_not():
    """The whole sheet moves by some pixels; a few lines on it are another picture."""
    blank, ink = (np.full((480, 480, 3), 255, np.uint8) for _ in range(2))
    ink[100:110, 100:380] = ink[100:380, 100:110] = 0
    held = [Look(s.image) for s in scenes.tremor(1, 4, hw=(480, 640), drawing=blank)]
    drawn = [Look(s.image) for s in scenes.tremor(1, 4, hw=(480, 640), drawing=ink)]
    assert all(one.same(other) for one, other in itertools.pairwise(held))
    assert not any(one.same(other) for one, other in zip(held, drawn, strict=True))


def test_a_picture_of_another_size_does_not_look_the_same():
    wide, high = (Look(np.zeros((*hw, 3), np.uint8)) for hw in ((48, 64), (64, 48)))
    assert not wide.same(high)


@pytest.mark.parametrize("fps", [30, 6, 3])
@pytest.mark.parametrize("first", [0, 3, 7])
def test_a_second_without_the_sheet_in_a_short_turn_costs_nothing(fps, first):
    """A hand passed, and the sheet finder was slow: what was held before and afterwards counts."""
    judge = Slow(fps)
    for index in range(first, 120):
        score = 40.0 if 62 <= index < 92 else 95.0
        judge.show(drawn_frame(index, score), lambda frame: scores[int(frame.image[4, 8, 0])])
    assert judge.fair.settle() == 95


def test_what_was_shown_before_a_turn_does_not_count_in_it():
    """The first verdict of a player comes after the drawing of the player before."""
    fair = FairMaximum()
    fair.offer(40, 0.0, held=((95, 0.9), (40, 0.1)))
    assert fair.settle() == 40


def test_a_new_prompt_forgets_what_the_pictures_were_worth():
    looks = Looks()
    for index, score in ((0, 95.0), (1, 40.0), (2, 95.0)):
        looks.offer(drawn_frame(index, score))
        frame = looks.take()
        held = looks.held(frame, score)
    looks.forget()
    looks.offer(drawn_frame(3, 40.0))
    looks.offer(drawn_frame(4, 95.0))
    assert looks.take().index == 3, "the picture that looks unlike the last judged one comes first"
    assert held == ((95.0, 1.0),)
    assert looks.held(drawn_frame(3, 40.0), 10.0) == ((10.0, 1.0),)


def test_the_frames_between_two_verdicts_count_for_what_they_look_like():
    """Three of five frames show the weak picture, one the perfect one, one a picture unseen."""
    looks = Looks()
    for index, score in enumerate((95.0, 40.0)):
        looks.offer(drawn_frame(index, score))
        looks.held(looks.take(), score)
    for index, score in ((2, 40.0), (3, 95.0), (4, 40.0)):
        looks.offer(drawn_frame(index, score))
    unseen = np.full((9, 16, 3), 120, np.uint8)
    looks.offer(Frame(unseen, 5, 5 / 30, 5 / 30))
    looks.offer(drawn_frame(6, 40.0))
    looks.take()  # the unseen picture comes first: it is unlike the last judged one
    last = looks.take()
    assert last.index == 6
    assert dict(looks.held(last, 50.0)) == {50.0: 0.6, 95.0: 0.2, 40.0: 0.2}
