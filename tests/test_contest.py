"""The rules of a contest, on a clock that the test turns."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paintcam.contest.phases import Phase
from paintcam.contest.rules import Contest
from paintcam.errors import UsageError


class Stage:
    """Drives a contest as a loop would, thirty times a second."""

    def __init__(self, *players, **options):
        ids = itertools.count(1)
        options = {"seconds": 2.0, "window_s": 0.2, **options}
        self.contest = Contest(players or ("Ada", "Grace"), lambda: f"t{next(ids)}", **options)
        self.now = 1000.0

    def wait(self, seconds, score=None):
        for _ in range(round(seconds * 30)):
            self.now += 1 / 30
            self.contest.tick(self.now)
            if score is not None:
                self.contest.offer(score, score / 300, self.now)
        return self

    def press(self, *keys):
        for key in keys:
            self.contest.press(key, self.now)
        return self

    def play(self, score):
        """Countdown, turn and a little more."""
        return self.press("space").wait(3.1).wait(2.1, score)

    @property
    def phase(self):
        return self.contest.phase

    @property
    def ranks(self):
        return [(p.rank, p.player, p.score) for p in self.contest.standings]


def test_two_players_play_and_the_higher_maximum_wins():
    stage = Stage()
    assert (stage.wait(60).phase, stage.contest.upcoming) == (Phase.TITLE, ("Ada", 1))
    stage.press("space")
    assert stage.phase is Phase.COUNTDOWN
    assert stage.contest.remaining_s(stage.now + 1) == 2
    stage.wait(3.1)
    assert (stage.phase, stage.contest.turn.player) == (Phase.TURN, "Ada")
    stage.wait(2, 40)
    assert (stage.phase, stage.contest.upcoming) == (Phase.RESULT, ("Grace", 1))
    stage.play(60)
    assert (stage.phase, stage.contest.upcoming) == (Phase.RESULT, None)
    stage.press("space")
    assert stage.phase is Phase.PODIUM
    assert stage.ranks == [(1, "Grace", 60), (2, "Ada", 40)]
    assert stage.press("space", "n", "s").phase is Phase.PODIUM
    assert stage.press("q").phase is Phase.ENDED


def test_ties_are_ties():
    stage = Stage("Ada", "Bo", "Cy").play(50.001).play(50.004).play(49)
    assert stage.ranks == [(1, "Ada", 50.001), (1, "Bo", 50.004), (3, "Cy", 49)]


def test_what_counts_is_captured_while_the_clock_runs():
    stage = Stage().press("space")
    started = stage.now + 3
    stage.wait(2.9, 99)  # a drawing held up in the countdown
    stage.wait(0.2)
    turn = stage.contest.turn
    assert not stage.contest.offer(99, 0.3, started - 0.01)
    stage.wait(1, 30)
    stage.wait(2)
    assert stage.phase is Phase.RESULT
    assert not stage.contest.offer(99, 0.3, stage.now)
    assert stage.contest.offer(
        45, 0.3, started + 1.99
    )  # a slow encoder's verdict on the last frame
    assert (turn.best, turn.score) == (45, 30)


def test_a_flicker_raises_the_raw_maximum_only():
    stage = Stage(window_s=0.5).press("space").wait(3.1)
    stage.wait(0.8, 40).wait(0.1, 95).wait(0.8, 40)
    assert (stage.contest.turn.score, stage.contest.turn.best) == (40, 95)


def test_what_rose_just_before_a_blocked_frame_is_taken_back_and_the_turn_continues():
    stage = Stage(seconds=9.0).press("space").wait(3.1).wait(2, 40).wait(1, 90)
    turn = stage.contest.turn
    assert stage.contest.take_back(stage.now) == [("t1", turn)]
    assert (turn.id, turn.score, turn.best, turn.similarity) == ("t2", 40, 40, 40 / 300)
    assert stage.contest.take_back(stage.now) == []
    stage.wait(2, 60)
    assert stage.contest.take_back(stage.now + 9) == []
    assert stage.press("n").ranks[0] == (1, "Ada", 60)


def test_a_turn_that_ended_a_moment_ago_loses_what_its_last_frames_gained():
    stage = Stage("Ada", "Grace", countdown_s=0.0, seconds=3.0)
    stage.press("space").wait(0.1).wait(1.8, 40).wait(1.2, 90)
    stage.press("space").wait(0.2, 20)
    assert [turn.player for _, turn in stage.contest.take_back(stage.now)] == ["Ada", "Grace"]
    assert stage.ranks == [(1, "Ada", 40), (2, "Grace", 0)]


@pytest.mark.parametrize("score", [float("nan"), -1, 101, float("inf")])
def test_an_invalid_score_does_not_count(score):
    stage = Stage().press("space").wait(3.1)
    assert not stage.contest.offer(score, 0.1, stage.now)
    assert stage.contest.turn.best == 0


def test_space_pauses_the_clock_and_nothing_counts_meanwhile():
    stage = Stage().press("space").wait(3.1).wait(0.9, 20).press("space")
    left = stage.contest.remaining_s(stage.now)
    assert stage.phase is Phase.PAUSED
    stage.wait(100, 99)
    assert stage.contest.remaining_s(stage.now) == left
    stage.press("space").wait(0.5, 30)
    assert stage.phase is Phase.TURN
    stage.wait(1, 30)
    assert stage.phase is Phase.RESULT
    assert stage.ranks[0] == (1, "Ada", 30)


def test_space_in_a_countdown_goes_back_to_the_card():
    stage = Stage().press("space").wait(1).press("space").wait(60)
    assert stage.phase is Phase.TITLE
    assert stage.play(10).press("space").wait(1).press("space").wait(60).phase is Phase.RESULT
    assert stage.play(20).ranks == [(1, "Grace", 20), (2, "Ada", 10)]


def test_n_ends_a_turn_and_goes_to_the_next_player():
    stage = Stage().press("n").wait(3.1).wait(0.5, 33).press("n")
    assert (stage.phase, stage.contest.upcoming) == (Phase.RESULT, ("Grace", 1))
    assert stage.press("n").phase is Phase.COUNTDOWN
    assert stage.ranks[0] == (1, "Ada", 33)


def test_b_plays_the_turn_again_and_voids_the_first():
    stage = Stage().play(80).press("b").wait(3.1)
    assert stage.contest.turn.player == "Ada"
    assert stage.contest.take_voided() == ["t1"]
    assert stage.contest.take_voided() == []
    stage.wait(2, 20)
    assert stage.ranks == [(1, "Ada", 20), (None, "Grace", 0)]
    assert stage.contest.upcoming == ("Grace", 1)


def test_b_taken_back_before_the_turn_starts_leaves_it_as_it_was():
    stage = Stage().play(80).press("b").wait(1).press("space")
    assert (stage.phase, stage.contest.upcoming) == (Phase.RESULT, ("Grace", 1))
    assert stage.contest.take_voided() == []
    assert stage.ranks[0] == (1, "Ada", 80)


def test_s_instead_of_a_turn_again_leaves_it_as_it_was():
    stage = Stage().play(80).press("b").wait(1).press("s")
    assert (stage.phase, stage.contest.upcoming) == (Phase.RESULT, ("Grace", 1))
    assert stage.contest.take_voided() == []
    assert stage.play(50).ranks == [(1, "Ada", 80), (2, "Grace", 50)]


def test_cancelling_b_twice_continues_where_the_contest_was():
    stage = Stage("Ada", "Grace", "Cy").play(80).play(50).press("b", "b")
    assert stage.contest.upcoming == ("Ada", 1)
    assert stage.press("space").contest.upcoming == ("Cy", 1)
    assert stage.contest.take_voided() == []
    stage.press("b", "b", "s", "s")
    assert stage.contest.upcoming == ("Cy", 1)
    assert stage.play(60).ranks == [(1, "Ada", 80), (2, "Cy", 60), (3, "Grace", 50)]


def test_after_b_twice_and_the_first_again_the_second_may_stay():
    stage = Stage().play(80).play(50).press("b", "b").wait(3.1).wait(2, 20)
    assert stage.contest.upcoming == ("Grace", 1)
    assert stage.press("s").contest.upcoming is None
    assert stage.contest.take_voided() == ["t1"]
    assert stage.ranks == [(1, "Grace", 50), (2, "Ada", 20)]


def test_b_in_a_turn_starts_it_again_and_after_the_podium_the_last():
    stage = Stage("Ada").press("space").wait(3.1).wait(1, 90).press("b")
    assert (stage.phase, stage.contest.upcoming) == (Phase.COUNTDOWN, ("Ada", 1))
    stage.wait(3.1).wait(2, 30).press("space")
    assert stage.phase is Phase.PODIUM
    assert stage.press("b").phase is Phase.COUNTDOWN
    assert stage.wait(3.1).wait(2, 35).ranks == [(1, "Ada", 35)]
    assert stage.contest.take_voided() == ["t1", "t2"]


def test_b_before_any_turn_does_nothing():
    assert Stage().press("b").phase is Phase.TITLE
    assert Stage().press("space", "b").phase is Phase.COUNTDOWN


def test_s_skips_a_turn_and_what_was_scored_in_it_does_not_count():
    stage = Stage().press("s")
    assert (stage.phase, stage.contest.upcoming) == (Phase.RESULT, ("Grace", 1))
    stage.press("space").wait(3.1).wait(1, 90).press("s")
    assert stage.contest.take_voided() == ["t2"]
    assert stage.ranks == [(None, "Ada", 0), (None, "Grace", 0)]
    assert stage.press("b").wait(3.1).wait(2, 10).ranks[0] == (1, "Grace", 10)


def test_q_ends_early_and_keeps_what_was_scored():
    stage = Stage().play(40).press("space").wait(3.1).wait(1, 70).press("q")
    assert stage.phase is Phase.ENDED
    assert stage.ranks == [(1, "Grace", 70), (2, "Ada", 40)]
    assert stage.press("space", "n", "b", "s").wait(9).phase is Phase.ENDED


def test_q_early_in_a_turn_keeps_its_score():
    stage = Stage().press("space").wait(3.1).wait(0.1, 70).press("q")
    assert stage.ranks[0] == (1, "Ada", 70)


def test_the_best_of_the_rounds_counts():
    stage = Stage(rounds=2).play(30).play(50)
    assert stage.contest.upcoming == ("Ada", 2)
    stage.play(60).play(10)
    assert stage.ranks == [(1, "Ada", 60), (2, "Grace", 50)]


def test_players_can_be_added_between_turns():
    stage = Stage(rounds=2).play(30)
    stage.contest.add_player("  Bo\n ")
    order = []
    while stage.contest.upcoming:
        order.append(stage.contest.upcoming)
        stage.play(10)
    assert order == [("Grace", 1), ("Bo", 1), ("Ada", 2), ("Grace", 2), ("Bo", 2)]


def test_a_player_added_at_the_podium_plays_on():
    stage = Stage("Ada").play(30).press("space")
    stage.contest.add_player("Grace")
    assert (stage.phase, stage.contest.upcoming) == (Phase.RESULT, ("Grace", 1))
    assert stage.play(40).ranks == [(1, "Grace", 40), (2, "Ada", 30)]


def test_without_keys_the_contest_advances_automatically():
    stage = Stage(hold_s=1.0)
    phases = []
    for _ in range(30 * 20):
        stage.wait(1 / 30, 25)
        if not phases or phases[-1] is not stage.phase:
            phases.append(stage.phase)
    turn = [Phase.COUNTDOWN, Phase.TURN, Phase.RESULT]
    assert phases == [Phase.TITLE, *turn, *turn, Phase.PODIUM, Phase.ENDED]


@pytest.mark.parametrize(
    ("players", "options", "hint"),
    [
        ([], {}, "--player NAME"),
        (["Ada", "Ada"], {}, "Ada 2"),
        (["Ada", " Ada\n"], {}, "Ada 2"),
        (["Ada", "  "], {}, "--player NAME"),
        (["Ada"], {"seconds": 0}, "--seconds"),
        (["Ada"], {"seconds": -3}, "--seconds"),
        (["Ada"], {"seconds": float("nan")}, "--seconds"),
        (["Ada"], {"rounds": 0}, "--rounds"),
        ([f"Player {number}" for number in range(200)], {"rounds": 1000}, "fewer rounds"),
        (["Ada"], {"window_s": 30}, "--window"),
        (["Ada"], {"window_s": -1}, "--window"),
    ],
)
def test_what_cannot_be_played_is_an_error_with_the_option(players, options, hint):
    with pytest.raises(UsageError, match=hint):
        Contest(players, lambda: "t", **options)


@given(st.lists(st.sampled_from(["space", "n", "b", "s", "q", "x", "wait", "turn"]), max_size=40))
def test_no_order_of_keys_breaks_it(keys):
    stage = Stage(rounds=2)
    for key in keys:
        if key == "wait":
            stage.wait(0.5, 30)
        elif key == "turn":
            stage.wait(4, 50)
        else:
            stage.press(key)
        assert 0 <= stage.contest.remaining_s(stage.now) <= 3
    places = stage.contest.standings
    assert sorted(p.player for p in places) == ["Ada", "Grace"]
    counted = {p.turn_id for p in places if p.turn_id}
    assert not counted & set(stage.contest.take_voided())
