"""Storing beside a show: it never waits, and what the database refuses outlives the process."""

from __future__ import annotations

import json
import threading
import time

import pytest

from paintcam.errors import LeaderboardError
from paintcam.leaderboard import (
    Board,
    Leaderboard,
    ScoreRecorder,
    Turn,
    TurnQueue,
    TurnWriter,
    new_turn_id,
)
from ranks import best_of

BOARD = Board("a house", "sketch", 0.02, 0.36)


def turn(player="Ada", score=50.0, turn_id=None):
    return Turn(turn_id or new_turn_id(), BOARD, player, score, score, 0.2, ("handwriting",))


class FailingLeaderboard(Leaderboard):
    """A real one whose database can be taken away and given back."""

    def __init__(self, url):
        super().__init__(url)
        self.gone = False
        self.hangs = threading.Event()
        self.hangs.set()

    def store(self, turn):
        self.hangs.wait()
        if self.gone:
            raise LeaderboardError("The database is gone.")
        super().store(turn)


@pytest.fixture
def leaderboard(tmp_path, monkeypatch):
    monkeypatch.setenv("PAINTCAM_DATA_DIR", str(tmp_path / "data"))
    with FailingLeaderboard(f"sqlite:///{tmp_path}/scores.sqlite3") as opened:
        yield opened
        opened.hangs.set()


def wait_until(condition):
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_maximum_is_stored_the_moment_it_rises(leaderboard):
    writer = TurnWriter(leaderboard, lambda _: None)
    keeper = ScoreRecorder(writer, BOARD, "Ada", ("nsfw",), snapshot="a.png")
    for score, fair in [(20, 10), (60, 40), (30, 40), (float("nan"), 99)]:
        keeper.offer(score, score / 300, fair)
    wait_until(lambda: (s := best_of(leaderboard, BOARD, "Ada")) is not None and s.turn.score == 40)
    stored = best_of(leaderboard, BOARD, "Ada").turn
    assert (stored.best, stored.similarity, stored.id) == (60, 0.2, keeper.turn_id)
    assert (stored.guards, stored.snapshot) == (("nsfw",), "a.png")
    writer.close()
    writer.close()
    assert leaderboard.count() == 1


def test_offering_never_waits_for_a_database_that_hangs(leaderboard):
    notices: list[str] = []
    leaderboard.hangs.clear()
    writer = TurnWriter(leaderboard, notices.append)
    keeper = ScoreRecorder(writer, BOARD, "Ada")
    queue = TurnQueue(leaderboard.location)
    for score in range(50):
        keeper.offer(score, 0.1, score)
    wait_until(lambda: len(queue) == 1)  # on the disk, though the database has not answered yet
    (file,) = queue.folder.glob("*.json")
    assert json.loads(file.read_text())["score"] == 49
    writer.close()
    assert "1 score(s) wait" in notices[-1]
    assert "paintcam leaderboard" in notices[-1]


def test_a_database_that_fails_in_mid_show_gets_all_when_it_is_back(leaderboard):
    notices: list[str] = []
    writer = TurnWriter(leaderboard, notices.append)
    writer.put(turn("Ada", 30))
    assert writer.flush(20)
    leaderboard.gone = True
    grace = turn("Grace", 40)
    writer.put(grace)
    writer.put(turn("Bo", 45))
    queue = TurnQueue(leaderboard.location)
    wait_until(lambda: len(queue) == 2)
    writer.put(turn("Grace", 60, grace.id))
    wait_until(lambda: len(queue) == 2 and any(".06000." in p.name for p in queue.folder.iterdir()))
    assert notices == [f"The database is gone. The show goes on: scores wait in {queue.folder}."]
    leaderboard.gone = False
    assert writer.flush(20)
    wait_until(lambda: len(queue) == 0)
    writer.close()
    (board,) = leaderboard.top()
    assert [(row.turn.player, row.turn.score) for row in board] == [
        ("Grace", 60),
        ("Bo", 45),
        ("Ada", 30),
    ]
    assert notices[1:] == [f"All scores are stored in {leaderboard.location}."]


def test_what_waits_is_stored_by_the_next_run(leaderboard):
    leaderboard.gone = True
    writer = TurnWriter(leaderboard, lambda _: None)
    writer.put(turn("Ada", 30))
    writer.close()
    leaderboard.gone = False
    later = TurnWriter(leaderboard, lambda _: None)
    wait_until(lambda: leaderboard.count() == 1)
    wait_until(lambda: len(TurnQueue(leaderboard.location)) == 0)
    later.close()


def test_a_turn_that_is_played_again_is_taken_back(leaderboard):
    writer = TurnWriter(leaderboard, lambda _: None)
    first, second = turn("Ada", 80), turn("Ada", 20)
    writer.put(first)
    writer.forget(first.id)
    writer.put(second)
    assert writer.flush(20)
    writer.close()
    assert best_of(leaderboard, BOARD, "Ada").turn == second


def test_a_turn_taken_back_while_the_database_was_away_stays_away(leaderboard):
    leaderboard.gone = True
    writer = TurnWriter(leaderboard, lambda _: None)
    first = turn("Ada", 80)
    writer.put(first)
    queue = TurnQueue(leaderboard.location)
    wait_until(lambda: len(queue) == 1)
    writer.forget(first.id)
    leaderboard.gone = False
    assert writer.flush(20)
    writer.close()
    assert leaderboard.count() == 0


def test_a_turn_taken_back_while_the_database_is_away_is_not_stored_by_the_next_run(leaderboard):
    """Neither from a database that fails nor from one that hangs."""
    queue = TurnQueue(leaderboard.location)
    for leaderboard.gone in (True, False):
        if not leaderboard.gone:
            leaderboard.hangs.clear()
        writer = TurnWriter(leaderboard, lambda _: None)
        first, second = turn("Ada", 80), turn("Ada", 20)
        writer.put(first)
        wait_until(lambda: len(queue) == 1)
        writer.forget(first.id)
        writer.put(second)
        writer.close()
        (file,) = queue.folder.glob("*.json")
        assert json.loads(file.read_text())["id"] == second.id
        file.unlink()


def test_draining_a_queue_twice_stores_once(leaderboard):
    queue = TurnQueue(leaderboard.location)
    ada = turn("Ada", 30)
    queue.put(ada)
    queue.put(turn("Ada", 20, ada.id))
    assert queue.drain(leaderboard) == 2
    assert queue.drain(leaderboard) == 0
    assert best_of(leaderboard, BOARD, "Ada").turn == ada


def test_a_queue_belongs_to_one_database(leaderboard):
    TurnQueue("postgresql+psycopg://a:***@h/x").put(turn())
    assert len(TurnQueue(leaderboard.location)) == 0


@pytest.mark.parametrize("rubbish", ["", "{", "[]", "null", '{"id": "a"}', "\x00"])
def test_a_damaged_file_in_the_queue_is_kept_aside_and_holds_nothing_up(leaderboard, rubbish):
    queue = TurnQueue(leaderboard.location)
    queue.put(turn("Ada", 30))
    (queue.folder / "20200101-bad.00000.x.json").write_text(rubbish)
    assert queue.drain(leaderboard) == 1
    assert len(queue) == 0
    assert [p.name for p in queue.folder.iterdir()] == ["20200101-bad.00000.x.damaged"]


def test_a_queue_that_cannot_be_written_says_so_and_the_show_goes_on(leaderboard, tmp_path):
    (tmp_path / "file").write_text("")
    queue = TurnQueue(leaderboard.location, tmp_path / "file")
    with pytest.raises(LeaderboardError, match="PAINTCAM_DATA_DIR"):
        queue.put(turn())
    notices: list[str] = []
    leaderboard.gone = True
    writer = TurnWriter(leaderboard, notices.append, queue)
    writer.put(turn())
    wait_until(lambda: len(notices) == 2)
    leaderboard.gone = False
    writer.put(turn("Bo"))
    assert writer.flush(20)
    writer.close()
    assert leaderboard.count() == 2
