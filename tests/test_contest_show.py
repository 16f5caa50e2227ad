"""Contests as people run them: from a clip, from a live stream, in a real window with real keys."""

from __future__ import annotations

import json
import sys
import threading
import time
from dataclasses import replace
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from fakes import make_presenter
from mjpeg import Webcam
from paintcam.cli import contest as contest_command
from paintcam.cli.report import JsonReport, TextReport
from paintcam.contest import contest_run
from paintcam.contest.contest_run import ContestShow
from paintcam.contest.phases import Phase
from paintcam.contest.player_run import PlayerShow
from paintcam.contest.rules import Contest
from paintcam.contest.texts import card, joined, podium_title, short
from paintcam.contest.turn_store import TurnStore
from paintcam.errors import ModelError
from paintcam.folders import last_run_name
from paintcam.frames import Frame
from paintcam.judge.explain import Explanation, WordScore
from paintcam.judge.judge import Verdict
from paintcam.leaderboard import Board, Leaderboard, Turn, TurnWriter, new_turn_id
from paintcam.overlay import Hud
from paintcam.overlay.hud import PlacedText
from paintcam.run.live import Summary
from paintcam.sinks.keyboard import DELETE, ENTER, ESCAPE, LEFT, Key
from paintcam.sinks.snapshots import Snapshots
from program import Program, house, paintcam, rows, write_video
from ranks import best_of
from screen import MISSING, Screen

CONTEST = ("contest", "--prompt", "a house", "--model", "sketch")
NAMES = ("'; DROP TABLE paintcam_turns; --", "../../x", "ענת כהן", "👩🏽‍🎨" * 40)
JUDGE = SimpleNamespace(active_guards=("handwriting",), score_range=(0.02, 0.36))
HUD = Hud(prompt="a house", score=40, best=50)


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """A blank sheet, then a house: long enough for two turns."""
    steps = [0] * 40 + [2] * 60 + [4] * 120
    folder = tmp_path_factory.mktemp("clip")
    return write_video(folder / "contest.mp4", [house(step, (320, 240)) for step in steps * 2], 15)


@pytest.fixture
def leaderboard(tmp_path, monkeypatch):
    monkeypatch.setenv("PAINTCAM_DATA_DIR", str(tmp_path / "data"))
    with Leaderboard(f"sqlite:///{tmp_path}/scores.sqlite3") as opened:
        yield opened


class Booth:
    """A contest show with everything real but loop and camera."""

    def __init__(self, leaderboard, *players, snapshots=None, **options):
        options = {"seconds": 0.5, "window_s": 0.0, "countdown_s": 0.0, **options}
        self.contest = Contest(players or ("Ada", "Grace"), new_turn_id, **options)
        self.notes: list[str] = []
        self.ended: list[tuple] = []
        self.store = TurnStore(
            leaderboard, "a house", snapshots, self.notes.append, lambda *e: self.ended.append(e)
        )
        self.show = ContestShow(self.contest, self.store, note=self.notes.append)
        self.count = 0

    def tick(self, state="live"):
        self.show.on_tick(state)
        return self.contest.phase

    def verdict(self, score, later_s=0.0, **values):
        self.count += 1
        image, at_s = np.full((4, 4, 3), self.count, np.uint8), time.monotonic() + later_s
        frame = Frame(image, self.count, at_s, 0.0)
        verdict = Verdict(self.count, 0.0, frame.captured_at, score / 300, score)
        self.show.on_verdict(replace(verdict, **values), None, frame)

    def press(self, *keys):
        for key in keys:
            self.show.on_key(key)
        return self.tick()

    def until(self, *phases):
        self.wait_for(lambda: self.tick() in phases)

    def wait_for(self, condition):
        deadline = time.monotonic() + 20
        while not condition():
            assert time.monotonic() < deadline
            time.sleep(0.005)

    def play(self, *scores):
        self.press(" ")
        self.until(Phase.TURN)
        for score in scores:
            self.verdict(score)
        self.until(Phase.RESULT)

    def close(self):
        self.show.close()
        self.store.close()


@pytest.fixture
def booth(leaderboard):
    opened = Booth(leaderboard)
    opened.store.begin("sketch", JUDGE)
    yield opened
    opened.close()


BOARD = Board("a house", "sketch", 0.02, 0.36)


def test_a_contest_is_stored_ranked_and_shown(booth, leaderboard):
    booth.play(40, 60, 50)
    booth.wait_for(lambda: booth.ended)
    booth.play(70)
    assert booth.show.dress(HUD).headline[0] == "70.00"
    booth.press(" ")
    hud = booth.show.dress(HUD)
    assert hud.headline == ("Grace wins", "Press Q to quit")
    cards = [(card.place, card.player, card.score) for card in hud.podium]
    assert cards == [(1, "Grace", "70.00"), (2, "Ada", "60.00")]
    assert [int(card.picture[0, 0, 0]) for card in hud.podium] == [4, 2]  # each one's own frame
    assert (hud.score, hud.best, hud.clock) == (None, None, "")
    assert booth.press("q") is Phase.ENDED
    assert booth.show.finished
    booth.close()
    (board,) = leaderboard.top()
    assert [(r.turn.player, r.turn.score, r.turn.guards) for r in board] == [
        ("Grace", 70, ("handwriting",)),
        ("Ada", 60, ("handwriting",)),
    ]
    results = [(turn.player, str(place)) for turn, place in booth.ended]
    assert results == [("Ada", "1 of 1"), ("Grace", "1 of 2")]
    assert sorted(booth.store.ranks.values()) == ["1 of 2", "2 of 2"]


def test_a_worse_turn_shows_its_own_rank_and_not_that_of_a_better_one(leaderboard):
    booth = Booth(leaderboard, rounds=2)
    booth.store.begin("sketch", JUDGE)
    for count, score in enumerate((80, 60, 40, 70)):
        booth.play(score)
        booth.wait_for(lambda count=count: len(booth.ended) > count)
    assert "raw best 70.00 · 2 of 2" in booth.show.dress(HUD).headline
    booth.close()
    results = [(turn.score, str(place), place.turn.id == turn.id) for turn, place in booth.ended]
    assert results == [
        (80, "1 of 1", True),
        (60, "2 of 2", True),
        (40, "2 of 2", True),
        (70, "2 of 2", True),
    ]


def test_a_maximum_is_stored_while_the_turn_still_runs(leaderboard):
    booth = Booth(leaderboard, seconds=60)
    booth.store.begin("sketch", JUDGE)
    booth.press(" ")
    booth.until(Phase.TURN)
    booth.verdict(40)
    booth.wait_for(lambda: best_of(leaderboard, BOARD, "Ada") is not None)
    assert booth.tick() is Phase.TURN
    booth.close()


def test_the_photo_finish_is_the_frame_that_was_held(tmp_path, leaderboard):
    snapshots = Snapshots(tmp_path / "shots")
    booth = Booth(leaderboard, NAMES[1], snapshots=snapshots)
    booth.store.begin("sketch", JUDGE)
    booth.play(40, 60, 50)
    assert booth.show.picture(np.zeros((4, 4, 3), np.uint8))[0, 0, 0] == 2
    booth.close()
    stored = best_of(leaderboard, BOARD, NAMES[1]).turn
    assert stored.snapshot == str(tmp_path / "shots" / f"{stored.id}.jpg")
    assert sorted(p.name for p in tmp_path.joinpath("shots").iterdir()) == [
        f"{stored.id}.jpg",
        f"{stored.id}.json",
    ]


def test_a_snapshot_folder_that_vanishes_is_reported_and_the_show_continues(tmp_path, leaderboard):
    snapshots = Snapshots(tmp_path / "shots")
    booth = Booth(leaderboard, "Ada", snapshots=snapshots)
    booth.store.begin("sketch", JUDGE)
    (tmp_path / "shots").rmdir()
    (tmp_path / "shots").write_text("a file where the folder was")
    booth.press(" ")
    booth.until(Phase.TURN)
    booth.verdict(40)
    booth.wait_for(lambda: snapshots.error is not None)
    booth.verdict(60)
    booth.close()
    assert any("snapshot" in note for note in booth.notes)
    assert best_of(leaderboard, BOARD, "Ada").turn.score == 60


def test_x_explains_the_photo_finish_and_saves_it_so(tmp_path, leaderboard):
    booth = Booth(leaderboard, snapshots=Snapshots(tmp_path / "photos"))
    booth.store.begin("sketch", JUDGE)
    assert booth.show.on_key("x")  # nothing may freeze what is played
    assert booth.show.still is None
    booth.play(40, 60)
    assert not booth.show.on_key("x")  # the run explains what is shown
    still = booth.show.still
    assert int(still.frame.image[0, 0, 0]) == 2
    assert still.region.tolist() == [[0, 0], [4, 0], [4, 4], [0, 4]]  # the encoder's crop
    grid = np.ones((7, 7), np.float32)
    booth.show.on_explanation(Explanation(60.0, grid, (WordScore("house", 60.0, (0.5, 0.5)),)))
    word = PlacedText("house 60", 2, 2)
    hud = booth.show.dress(replace(HUD, words=(word,)))
    assert hud.words == (word,)
    assert hud.headline == ()  # the card would cover the map
    assert "Ada" in hud.player
    assert "60.00" in hud.player
    booth.press(" ")
    assert booth.show.still is None
    booth.close()
    plain, explained = (
        next((tmp_path / "photos").glob(f"*{end}")) for end in ("[0-9a-f].jpg", "y.jpg")
    )
    plain, explained = cv2.imread(str(plain)), cv2.imread(str(explained))
    assert np.abs(plain.astype(int) - explained).max() > 30


def test_a_blocked_picture_scores_nothing_and_is_never_the_photo(booth):
    booth.press(" ")
    booth.until(Phase.TURN)
    booth.verdict(99, blocked=True)
    booth.verdict(30)
    booth.until(Phase.RESULT)
    assert booth.contest.turn.score == 30
    assert booth.show.picture(np.zeros((4, 4, 3), np.uint8))[0, 0, 0] == 2


@pytest.mark.parametrize("over", [False, True])
def test_what_rose_while_a_guard_was_still_looking_is_taken_back(tmp_path, leaderboard, over):
    """Score, stored turn and photo-finish; also where the guard answers after the turn."""
    snapshots = Snapshots(tmp_path / "shots")
    booth = Booth(leaderboard, "Ada", snapshots=snapshots, seconds=60)
    booth.store.begin("sketch", JUDGE)
    booth.press(" ")
    booth.until(Phase.TURN)
    booth.verdict(40)
    booth.verdict(90, later_s=10)
    bad = booth.contest.turn.id
    booth.wait_for((tmp_path / "shots" / f"{bad}.jpg").exists)
    booth.wait_for(lambda: leaderboard.count() == 1)
    if over:
        booth.press("n")
        booth.wait_for(lambda: booth.ended)
    booth.verdict(95, later_s=10.5, blocked=True)
    turn = booth.contest.turn
    assert (turn.score, turn.best, turn.similarity) == (40, 40, 40 / 300)
    if not over:
        booth.press("n")
    live = np.zeros((4, 4, 3), np.uint8)
    assert booth.show.picture(live) is live
    booth.close()
    stored = best_of(leaderboard, BOARD, "Ada").turn
    assert (stored.id, stored.score, stored.best) == (turn.id, 40, 40)
    assert stored.snapshot is None
    assert leaderboard.count() == 1
    assert list((tmp_path / "shots").iterdir()) == []


def test_a_photo_from_before_a_blocked_picture_stays(tmp_path, leaderboard):
    shots = Snapshots(tmp_path / "shots")
    booth = Booth(leaderboard, "Ada", snapshots=shots, seconds=60, window_s=1.0)
    booth.store.begin("sketch", JUDGE)
    booth.press(" ")
    booth.until(Phase.TURN)
    for index in range(31):  # the fair maximum rises with the 30th
        booth.verdict(40, later_s=index / 25)
    booth.verdict(90, later_s=10)
    booth.verdict(95, later_s=10.5, blocked=True)
    booth.press("n")
    assert booth.show.picture(np.zeros((4, 4, 3), np.uint8))[0, 0, 0] == 30
    booth.close()
    stored = best_of(leaderboard, BOARD, "Ada").turn
    assert (stored.score, stored.best) == (40, 40)
    assert stored.snapshot == str(tmp_path / "shots" / f"{stored.id}.jpg")
    assert {p.stem for p in (tmp_path / "shots").iterdir()} == {stored.id}


def test_a_turn_played_again_leaves_the_leaderboard(booth, leaderboard):
    booth.play(90)
    booth.press("b")
    booth.until(Phase.TURN)
    booth.verdict(20)
    booth.until(Phase.RESULT)
    booth.close()
    assert best_of(leaderboard, BOARD, "Ada").turn.score == 20
    assert leaderboard.count() == 1


@pytest.mark.parametrize("key", ["b", "s"])
def test_a_turn_that_is_repeated_or_skipped_leaves_no_photo_finish(tmp_path, leaderboard, key):
    """A folder of photo-finishes shows the turns that count."""
    shots = Snapshots(tmp_path / "shots")
    booth = Booth(leaderboard, "Ada", snapshots=shots, seconds=60)
    booth.store.begin("sketch", JUDGE)
    booth.press(" ")
    booth.until(Phase.TURN)
    booth.verdict(90)
    first = booth.contest.turn.id
    booth.wait_for((tmp_path / "shots" / f"{first}.jpg").exists)
    booth.press(key)
    if key == "b":
        booth.until(Phase.TURN)
        booth.verdict(20)
    kept = set() if key == "s" else {booth.contest.turn.id}
    booth.close()
    assert {path.stem for path in (tmp_path / "shots").iterdir()} == kept


def test_a_turn_of_which_everything_was_taken_back_is_not_stored(leaderboard):
    """A row of 0.00 would say that the player scored nothing; nothing of the turn counts."""
    booth = Booth(leaderboard, "Ada", seconds=60)
    booth.store.begin("sketch", JUDGE)
    booth.press(" ")
    booth.until(Phase.TURN)
    booth.verdict(90)
    booth.wait_for(lambda: leaderboard.count() == 1)
    booth.verdict(95, later_s=0.5, blocked=True)
    booth.press("n")
    booth.wait_for(lambda: booth.ended)
    booth.close()
    assert leaderboard.count() == 0


def test_a_score_of_0_is_stored(leaderboard):
    booth = Booth(leaderboard, "Ada")
    booth.store.begin("sketch", JUDGE)
    booth.play(0, 0)
    booth.close()
    assert best_of(leaderboard, BOARD, "Ada").turn.score == 0


def test_the_clock_is_stopped_while_the_model_loads(leaderboard):
    booth = Booth(leaderboard, hold_s=0.0)
    assert booth.press(" ") is Phase.TITLE
    assert booth.press("q") is Phase.ENDED
    booth.close()


def test_a_camera_that_is_lost_stops_the_clock_until_it_is_back(leaderboard):
    booth = Booth(leaderboard, seconds=60)
    booth.store.begin("sketch", JUDGE)
    booth.press(" ")
    booth.until(Phase.TURN)
    assert booth.tick("reconnecting") is Phase.PAUSED
    assert booth.tick("reconnecting") is Phase.PAUSED
    assert booth.tick("live") is Phase.TURN
    booth.press(" ")
    assert booth.tick("reconnecting") is Phase.PAUSED
    assert booth.tick("live") is Phase.PAUSED  # a person paused it; a person goes on
    booth.close()


def test_a_turn_is_drawn_with_its_clock_and_its_maximum(booth):
    booth.press(" ")
    booth.until(Phase.TURN)
    booth.verdict(70)
    hud = booth.show.dress(HUD)
    assert (hud.clock, hud.best, hud.podium) == ("0:01", 70, ())
    assert "Ada" in hud.player


def test_a_player_is_typed_in_the_window(booth):
    presenter = make_presenter(show=booth.show)
    assert not presenter.typing
    assert booth.show.on_key("a")
    assert presenter.typing
    for key in "Boo\x08 nq":
        presenter.press(Key(key), None)
    presenter.press(Key(LEFT), None)
    assert booth.show.dress(HUD).headline[1] == "Bo n|q"
    for key in (DELETE, ENTER):
        presenter.press(Key(key), None)
    assert not presenter.typing
    assert booth.contest.players == ["Ada", "Grace", "Bo n"]
    for key in ("a", "A", "d", "a", ENTER, "a", "x", ESCAPE):
        presenter.press(Key(key), None)
    assert booth.contest.players == ["Ada", "Grace", "Bo n"]
    assert "Ada is already playing" in booth.notes[0]


def test_a_player_s_name_stays_as_it_was_typed(booth):
    """In any script, pasted or by an input method; nothing is capitalised."""
    presenter = make_presenter(show=booth.show)
    for text in ("bell hooks", "Мария", "山田 太郎"):
        for key in ("a", text, ENTER):
            presenter.press(Key(key), None)
    assert booth.contest.players == ["Ada", "Grace", "bell hooks", "Мария", "山田 太郎"]


def test_the_windows_own_keys_are_left_and_the_runs_are_not(booth):
    assert [key for key in "mfhi" if booth.show.on_key(key)] == []
    assert all(booth.show.on_key(key) for key in "rp?")
    assert booth.show.help
    assert "b: repeat the turn" in booth.show.dress(HUD).notes


def test_cards_show_the_state_of_the_contest():
    contest = Contest(["Ada", "Grace"], lambda: "t", rounds=2)
    texts = card(contest, 0.0)
    assert texts.headline == (
        "Ada and Grace",
        "20 seconds per turn, 2 rounds",
        "Press Space to start",
    )
    contest.press("space", 0.0)
    assert (card(contest, 0.5).headline, card(contest, 0.5).player) == (("3",), "Ada · 1 of 2")
    contest.tick(4.0)
    assert card(contest, 4.0).clock == "0:19"
    contest.press("space", 4.0)
    assert card(contest, 4.0).headline == ("paused",)
    contest.press("n", 4.0)
    assert card(contest, 5.0, "586 of 10,187").headline == (
        "0.00",
        "Ada",
        "raw best 0.00 · 586 of 10,187",
        "next: Grace · press Space",
    )
    contest.press("s", 5.0)
    assert card(contest, 5.0, keys=False).headline == ("skipped", "Grace", "next: Ada")


def test_podiums_of_ties_and_of_nobody():
    contest = Contest(["Ada", "Grace"], lambda: "t")
    assert podium_title(contest.standings) == "No turns played"
    for _ in range(2):
        contest.press("space", 0.0)
        contest.tick(3.0)
        contest.press("n", 3.0)
    assert podium_title(contest.standings) == "Ada and Grace tie"


def test_long_names_and_many_names_leave_room():
    assert short("x" * 10_000) == "x" * 23 + "…"
    assert joined([str(n) for n in range(10)]) == "0, 1, 2 and 7 more"


# --- run --player ---


def test_a_run_of_a_player_begins_a_turn_with_each_prompt_and_reset(leaderboard):
    show = PlayerShow(TurnWriter(leaderboard, print), "Ada", "a house", window_s=0)

    def see(score, at):
        show.on_verdict(Verdict(0, at, at, 0.1, score), None, None)

    see(99, 0.0)  # before the model is there nothing can be ranked
    show.begin("sketch", JUDGE)
    see(40, 1.0)
    see(30, 2.0)
    assert not show.on_key("r")
    see(20, 3.0)
    show.on_prompt("a cat")
    see(60, 4.0)
    show.close()
    assert leaderboard.count() == 3
    assert best_of(leaderboard, BOARD, "Ada").turn.score == 40
    assert str(show.standing(leaderboard)) == "1 of 1"
    assert show.standing(leaderboard).turn.board.prompt == "a cat"


def test_a_run_of_a_player_shows_the_rank_of_this_run(leaderboard):
    for player, score in (("Ada", 90.0), ("Bo", 50.0)):
        leaderboard.store(Turn(new_turn_id(), BOARD, player, score, score, 0.2))
    show = PlayerShow(TurnWriter(leaderboard, print), "Ada", "a house", window_s=0)
    show.begin("sketch", JUDGE)
    assert show.standing(leaderboard) is None
    for at, score in enumerate((40, 70, 30)):
        show.on_verdict(Verdict(0, at, at, 0.1, score), None, None)
        show.on_key("r")
    show.close()
    place = show.standing(leaderboard)
    assert (str(place), place.turn.score) == ("1 of 2", 70)


def test_a_run_of_a_player_takes_back_what_rose_while_a_guard_was_still_looking(leaderboard):
    show = PlayerShow(TurnWriter(leaderboard, print), "Ada", "a house", window_s=0.5)

    def see(score, *times, blocked=False):
        for at in times:
            show.on_verdict(Verdict(0, at, at, score / 300, score, blocked=blocked), None, None)

    show.begin("sketch", JUDGE)
    see(40, *np.linspace(1.0, 1.6, 16))
    see(90, *np.linspace(5.0, 5.6, 16))
    see(95, 6.0, blocked=True)
    see(30, *np.linspace(7.0, 7.6, 16))
    show.close()
    stored = best_of(leaderboard, BOARD, "Ada").turn
    assert (stored.score, stored.best, stored.similarity) == (40, 40, 40 / 300)
    assert leaderboard.count() == 1


def test_a_run_of_a_player_stores_no_turn_of_0_after_everything_was_taken_back(leaderboard):
    show = PlayerShow(TurnWriter(leaderboard, print), "Ada", "a house", window_s=0)
    show.begin("sketch", JUDGE)
    show.on_verdict(Verdict(0, 1.0, 1.0, 0.3, 95), None, None)
    show.on_verdict(Verdict(0, 1.4, 1.4, 0.3, 95, blocked=True), None, None)
    show.close()
    assert leaderboard.count() == 0


@pytest.mark.parametrize("gap_s", [2.0, 3.5, 5.0])
def test_a_slow_encoder_fills_the_fair_maximum_during_the_run(leaderboard, gap_s):
    """CLIP on a weak laptop takes seconds for a verdict; the score must not wait for the end."""
    show = PlayerShow(TurnWriter(leaderboard, print), "Ada", "a house")
    show.begin("sketch", JUDGE)
    for index in range(6):
        at = 1 + index * gap_s
        show.on_verdict(Verdict(index, at, at, 0.2, 60), None, None)
    show._writer.flush(5)
    assert best_of(leaderboard, BOARD, "Ada").turn.score == 60
    show.close()


def test_nothing_is_held_across_a_frozen_picture(leaderboard):
    """Ten verdicts before and ten after a pause of four seconds are no half second."""
    show = PlayerShow(TurnWriter(leaderboard, print), "Ada", "a house")
    show.begin("sketch", JUDGE)
    for start, count in ((1.0, 16), (3.0, 10), (7.0, 10), (11.0, 3)):
        for index in range(count):
            at, score = start + index / 30, 60 if start in (3.0, 7.0) else 20
            show.on_verdict(Verdict(0, at, at, score / 300, score), None, None)
    show.close()
    assert best_of(leaderboard, BOARD, "Ada").turn.score == 20


# --- real processes ---


def test_a_contest_from_a_recorded_clip(tmp_path, clip):
    done = paintcam(
        *CONTEST, "--player", NAMES[0], "--player", NAMES[1], "--source", clip, "--view", "none",
        "--seconds", "3", "--hold", "0.2", "--snapshot", "shots", "--record", "show.mkv", "--json",
        cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    printed = rows(done.stdout)
    turns = [row for row in printed if row["type"] == "turn"]
    assert [turn["player"] for turn in turns] == list(NAMES[:2])
    assert all(0 < turn["score"] <= turn["best"] for turn in turns)
    assert printed[-2]["type"] == "podium"
    assert printed[-1]["type"] == "summary"
    assert [p["rank"] for p in printed[-2]["places"]] == [1, 2]
    assert (tmp_path / "show.mkv").stat().st_size > 10_000
    shots = {p.name for p in (tmp_path / "shots").glob("*.jpg")}
    assert shots == {f"{turn['turn']}.jpg" for turn in turns}
    listed = rows(paintcam("leaderboard", "--json", cwd=tmp_path).stdout)
    assert {row["player"] for row in listed} == set(NAMES[:2])
    assert [row["score"] for row in listed] == [p["score"] for p in printed[-2]["places"]]


def test_a_contest_prints_its_podium_for_a_person(tmp_path, clip):
    done = paintcam(
        *CONTEST, "--player", "[red]Ada", "--source", clip, "--view", "none", "--seconds", "1",
        "--hold", "0", cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "[red]Ada" in done.stdout
    assert "1 of 1" in done.stdout


def test_a_clip_that_ends_early_keeps_what_was_scored(tmp_path):
    short_clip = write_video(tmp_path / "short.mp4", [house(4, (320, 240))] * 75, 15)
    done = paintcam(
        *CONTEST, "--player", "Ada", "--player", "Bo", "--source", short_clip, "--view", "none",
        "--seconds", "60", "--hold", "0", "--json", cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    places = rows(done.stdout)[-2]["places"]
    assert [(place["rank"], place["player"]) for place in places] == [(1, "Ada"), (None, "Bo")]
    assert places[0]["score"] > 0


@pytest.mark.parametrize("as_json", [False, True])
@pytest.mark.parametrize("played", [False, True])
def test_an_encoder_that_dies_in_mid_contest_leaves_the_podium(
    tmp_path, monkeypatch, capsys, as_json, played
):
    monkeypatch.setenv("PAINTCAM_DATA_DIR", str(tmp_path / "data"))
    best_alone = tmp_path / "data" / f"{last_run_name()}.json"
    presenter = SimpleNamespace(window=None, state=SimpleNamespace(note=print, model="sketch"))
    loop = SimpleNamespace(presenter=presenter, summary=lambda: Summary(60.0, 9, 9, (), {}))

    def build(options, show, on_judge):
        on_judge("sketch", JUDGE)
        loop.show = show
        return loop, JsonReport("sketch") if as_json else TextReport(course=False)

    def conduct(loop):
        if played:
            loop.show.contest.press("space", time.monotonic() - 3)
            loop.show.on_tick("live")
            frame = Frame(np.zeros((4, 4, 3), np.uint8), 0, time.monotonic(), 0.0)
            loop.show.on_verdict(Verdict(0, 0.0, frame.captured_at, 0.2, 60), None, frame)
            loop.show.on_key("n")
            best_alone.write_text("{}")
        raise ModelError("The encoder is gone.")

    monkeypatch.setattr(contest_command, "build", build)
    monkeypatch.setattr(contest_command, "conduct", conduct)
    with pytest.raises(ModelError, match="The encoder is gone"):
        contest_command.contest(
            prompt="a house", player=["Ada", "Bo"], window=0.0, snapshot=tmp_path, json=as_json
        )
    output = capsys.readouterr().out
    assert not best_alone.exists()
    if not played:
        assert output == ""
    elif as_json:
        by_type = {row["type"]: row for row in rows(output)}
        assert [place["score"] for place in by_type["podium"]["places"]] == [60, 0]
        assert list(by_type)[-2:] == ["podium", "summary"]
    else:
        assert "Ada: 60.00" in output
        assert "a house · sketch" in output


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ((), "--player NAME"),
        (("--player", "Ada", "--player", "Ada"), "Ada 2"),
        (("--player", "Ada", "--seconds", "0"), "--seconds"),
        (("--player", "Ada", "--hold", "-1"), "--hold"),
        (("--player", "Ada", "--database", "nonsense"), "--database"),
        (("--player", "Ada", "--database", "postgresql://a:hunter2@127.0.0.1:1/x"), "127.0.0.1"),
    ],
)
def test_what_cannot_be_played_ends_before_the_camera_opens(tmp_path, args, message):
    done = paintcam(*CONTEST, *args, "--source", "nowhere.mp4", cwd=tmp_path)
    assert done.returncode == 1
    assert message in done.stderr
    assert "hunter2" not in done.stderr
    assert "Traceback" not in done.stderr


def test_run_with_a_player_prints_the_rank(tmp_path, clip):
    args = ("run", "--prompt", "a house", "--model", "sketch", "--view", "none", "-s", clip)
    done = paintcam(*args, "--player", "Ada", "--seconds", "9", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    last = rows(done.stdout)[-1]
    assert (last["player"], last["rank"], last["of"]) == ("Ada", 1, 1)
    assert 0 < last["fair_best"] <= last["best"]
    done = paintcam(*args, "--player", "Bo", "--seconds", "3", cwd=tmp_path)
    assert "of 2 (" in done.stdout


@pytest.fixture
def screen(tmp_path):
    with Screen(tmp_path) as screen:
        yield screen


@pytest.mark.skipif(
    bool(MISSING) or sys.platform != "linux",
    reason=f"needs {', '.join(MISSING) or 'Linux'}: apt-get install xvfb openbox xdotool",
)
def test_a_contest_on_a_live_stream_in_a_window_with_keys(tmp_path, screen):
    """Two players, and one who comes late and is skipped; a turn again; q at the podium."""
    with (
        Webcam([house(4)] * 10) as webcam,
        Program(
            *CONTEST, "--player", "Ada", "--player", "Grace", "--view", "window", "-s", webcam.url,
            "--seconds", "2", "--snapshot", "shots", cwd=tmp_path, DISPLAY=screen.display,
        ) as program,
    ):  # fmt: skip
        screen.window()
        program.until(lambda: len(program.of("verdict")) > 5)
        assert program.of("turn") == []  # nothing starts by itself

        def show(step: int) -> None:
            before = program.of("verdict")[-1]["similarity"]
            webcam.use([house(step)] * 10)
            program.until(lambda: abs(program.of("verdict")[-1]["similarity"] - before) > 0.01)

        show(1)
        screen.key("space")
        program.until(lambda: len(program.of("turn")) == 1)
        show(4)
        screen.key("b")
        program.until(lambda: len(program.of("turn")) == 2)
        screen.key("a", "E", "v", "e", "Return")
        show(2)
        screen.key("space")
        program.until(lambda: len(program.of("turn")) == 3)
        screen.key("s", "space")
        deadline = time.monotonic() + 20
        while screen.shot().std() <= 20:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        screen.key("q")
        assert program.wait() == 0
    turns, podium_row = program.of("turn"), program.rows[-2]
    assert [turn["player"] for turn in turns] == ["Ada", "Ada", "Grace"]
    assert turns[0]["turn"] != turns[1]["turn"]
    assert [(p["rank"], p["player"]) for p in podium_row["places"]] == [
        (1, "Ada"),
        (2, "Grace"),
        (None, "Eve"),
    ]
    listed = rows(paintcam("leaderboard", "--json", cwd=tmp_path).stdout)
    assert [(row["player"], row["turn"]) for row in listed] == [
        ("Ada", turns[1]["turn"]),
        ("Grace", turns[2]["turn"]),
    ]


@pytest.mark.skipif(
    bool(MISSING) or sys.platform != "linux",
    reason=f"needs {', '.join(MISSING) or 'Linux'}: apt-get install xvfb openbox xdotool",
)
def test_n_in_a_run_takes_the_next_prompt(tmp_path, screen):
    """Another prompt, another similarity; a new turn on the leaderboard."""
    with (
        Webcam([house(4)] * 10) as webcam,
        Program(
            "run", "--prompt", "a house", "--model", "sketch", "--view", "window", "-s",
            webcam.url, "--player", "Ada", cwd=tmp_path, DISPLAY=screen.display,
        ) as program,
    ):  # fmt: skip
        screen.window()
        program.until(lambda: len(program.of("verdict")) > 30)
        before = program.of("verdict")[-1]["similarity"]
        screen.key("n")
        program.until(lambda: abs(program.of("verdict")[-1]["similarity"] - before) > 0.05)
        count = len(program.of("verdict"))
        program.until(lambda: len(program.of("verdict")) > count + 30)
        screen.key("q")
        assert program.wait() == 0
    listed = rows(paintcam("leaderboard", "--json", cwd=tmp_path).stdout)
    assert len({row["prompt"] for row in listed}) == 2
    assert "a house" in {row["prompt"] for row in listed}


def test_the_queue_of_a_show_is_stored_by_the_next_command(tmp_path, clip):
    """The database is taken away in mid-show, and comes back afterwards."""
    scores = tmp_path / "folder" / "scores.sqlite3"
    with Program(
        *CONTEST, "--player", "Ada", "--view", "none", "-s", clip, "--seconds", "4", "--hold", "0",
        "--database", f"sqlite:///{scores}", cwd=tmp_path,
    ) as program:  # fmt: skip
        program.until(lambda: program.of("verdict"))
        scores.parent.rename(tmp_path / "away")
        scores.parent.write_text("a file where the folder was")
        assert program.wait(60) == 0
    assert "The run continues" in program.stderr
    place = program.rows[-2]["places"][0]
    scores.parent.unlink()
    (tmp_path / "away").rename(scores.parent)
    done = paintcam("leaderboard", "--json", "--database", f"sqlite:///{scores}", cwd=tmp_path)
    assert "Stored 1 queued score" in done.stderr
    (row,) = rows(done.stdout)
    assert (row["player"], row["score"]) == ("Ada", place["score"])


def test_ending_a_contest_by_a_signal_keeps_what_was_scored(tmp_path, clip):
    with Program(
        *CONTEST, "--player", "Ada", "--view", "none", "-s", clip, "--seconds", "60", "--hold", "0",
        cwd=tmp_path,
    ) as program:  # fmt: skip
        program.until(lambda: any(row["score"] > 5 for row in program.of("verdict")[-40:]))
        time.sleep(4)
        program.process.terminate()
        assert program.wait() == 0
    assert program.rows[-2]["places"][0]["rank"] == 1
    assert json.dumps(program.rows[-1])


@pytest.mark.parametrize("phase", [Phase.COUNTDOWN, Phase.TURN])
def test_the_clock_of_a_turn_stops_while_the_program_is_suspended(booth, monkeypatch, phase):
    """Ctrl-Z, or a window that is being moved: nobody could draw meanwhile."""
    now = time.monotonic()
    monkeypatch.setattr(contest_run, "time", SimpleNamespace(monotonic=lambda: now))
    booth.contest.seconds, booth.contest._countdown_s = 20.0, 3.0
    booth.press(" ")
    for _ in range(40 if phase is Phase.TURN else 10):
        now += 0.1
        booth.tick()
    left_s = booth.contest.remaining_s(now)
    now += 30
    assert booth.tick() is phase
    assert booth.contest.remaining_s(now) == pytest.approx(left_s - contest_run._AWAY_S)


def test_no_thread_is_left_when_a_contest_closes(booth):
    booth.play(10)
    booth.close()
    names = {thread.name for thread in threading.enumerate()}
    assert not {"paintcam-store", "paintcam-queue", "paintcam-rank"} & names
