"""Storing beside a show: it never waits, and what the database refuses outlives the process."""

from __future__ import annotations

import json
import os
import tempfile
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
    monkeypatch.setattr("paintcam.leaderboard.writer._RETRY_S", 0.1)  # or most tests wait for it
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
    assert "1 score is queued in" in notices[-1]
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
    assert notices == [
        f"The database is gone. The run continues, and scores are queued in {queue.folder}."
    ]
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
    assert queue.drain(leaderboard) == 1  # two files, one turn
    assert queue.drain(leaderboard) == 0
    assert best_of(leaderboard, BOARD, "Ada").turn == ada


def test_a_queue_belongs_to_one_database(leaderboard):
    TurnQueue("postgresql+psycopg://a:***@h/x").put(turn())
    assert len(TurnQueue(leaderboard.location)) == 0


@pytest.mark.parametrize("rubbish", ["", "{", "[]", "null", '{"id": "a"}', "\x00"])
def test_a_damaged_file_in_the_queue_is_renamed_and_delays_nothing(leaderboard, rubbish):
    queue = TurnQueue(leaderboard.location)
    queue.put(turn("Ada", 30))
    (queue.folder / "20200101-bad.00000.x.json").write_text(rubbish)
    assert queue.drain(leaderboard) == 1
    assert len(queue) == 0
    assert [p.name for p in queue.folder.iterdir()] == ["20200101-bad.00000.x.damaged"]


def test_a_queue_that_cannot_be_written_is_reported_and_the_show_continues(leaderboard, tmp_path):
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


# --- what must not get lost ---


def replace_database(path, kind):
    """Delete the file, and put something else there."""
    for file in path.parent.glob(f"{path.name}*"):
        file.unlink()
    if kind == "folder":
        path.mkdir()
    elif kind == "fifo":
        os.mkfifo(path)


@pytest.mark.parametrize("kind", ["nothing", "folder", "fifo"])
@pytest.mark.parametrize("rises_again", [False, True])
def test_what_was_stored_before_the_file_was_deleted_is_stored_again_or_queued(
    leaderboard, tmp_path, kind, rises_again
):
    path = tmp_path / "scores.sqlite3"
    writer = TurnWriter(leaderboard, lambda _: None)
    ada, bo = turn("Ada", 30), turn("Bo", 40)
    writer.put(ada)
    writer.put(bo)
    assert writer.flush(20)
    replace_database(path, kind)
    if rises_again:
        writer.put(turn("Ada", 50, ada.id))
    writer.close()
    writer.check()
    queue = TurnQueue(leaderboard.location)
    if kind != "nothing":
        assert len(queue) == 2
        path.rmdir() if kind == "folder" else path.unlink()
        assert queue.drain(leaderboard) == 2
    (board,) = leaderboard.top()
    assert {(row.turn.player, row.turn.score) for row in board} == {
        ("Ada", 50 if rises_again else 30),
        ("Bo", 40),
    }


def test_scores_that_cannot_be_stored_or_queued_are_named_in_an_error(leaderboard, tmp_path):
    """Never counted as "0 scores", and never with exit code 0."""
    (tmp_path / "file").write_text("")
    notices: list[str] = []
    leaderboard.gone = True
    writer = TurnWriter(leaderboard, notices.append, TurnQueue("x", tmp_path / "file"))
    writer.put(turn("Ada", 61.2))
    writer.put(turn("Bo", 7))
    writer.close()
    assert "2 scores are neither stored nor queued: Ada 61.20, Bo 7.00." in notices[-1]
    with pytest.raises(LeaderboardError, match="2 scores are lost"):
        writer.check()


@pytest.mark.parametrize("broken", ["store", "put", "drain", "drop", "sync", "generation"])
def test_an_unexpected_error_ends_no_thread_and_is_reported(leaderboard, monkeypatch, broken):
    queue = TurnQueue(leaderboard.location)
    target = queue if hasattr(queue, broken) else leaderboard
    works = getattr(target, broken)
    fails = [True]

    def fail(*args, **values):
        if fails:
            raise UnicodeEncodeError("utf-8", "\ud800", 0, 1, "surrogates not allowed")
        return works(*args, **values)

    monkeypatch.setattr(target, broken, fail)
    notices: list[str] = []
    if broken == "put":
        leaderboard.gone = True  # else nothing is queued
    with TurnWriter(leaderboard, notices.append, queue) as writer:
        if broken == "drop":
            writer.forget("x")
        writer.put(turn("Ada", 30))
        wait_until(lambda: any("surrogates not allowed" in notice for notice in notices))
        assert all(thread.is_alive() for thread in writer._threads)
        fails.clear()
        leaderboard.gone = False
        assert writer.flush(20)
    writer.check()
    assert best_of(leaderboard, BOARD, "Ada").turn.score == 30


def test_one_turn_that_cannot_be_stored_does_not_delay_the_others(leaderboard, monkeypatch):
    store = leaderboard.store

    def refuse_ada(turn):
        if turn.player == "Ada":
            raise RuntimeError("only this one")
        store(turn)

    monkeypatch.setattr(leaderboard, "store", refuse_ada)
    writer = TurnWriter(leaderboard, lambda _: None)
    writer.put(turn("Ada", 30))
    writer.put(turn("Bo", 40))
    wait_until(lambda: best_of(leaderboard, BOARD, "Bo") is not None)
    writer.close()
    writer.check()  # Ada's waits in the queue
    assert len(TurnQueue(leaderboard.location)) == 1


def test_an_id_of_another_players_turn_is_named_as_lost(leaderboard):
    notices: list[str] = []
    leaderboard.store(turn("Ada", 30, "same"))
    writer = TurnWriter(leaderboard, notices.append)
    writer.put(turn("Bo", 40, "same"))
    writer.put(turn("Cy", 50))
    writer.close()
    assert "Bo 40.00" in notices[-1]
    with pytest.raises(LeaderboardError, match="1 score is lost"):
        writer.check()
    assert {row.turn.player for row in leaderboard.top()[0]} == {"Ada", "Cy"}


@pytest.mark.parametrize("snapshot", ["/shots/\udcff\udcfe.jpg", "\0", "/shots/é\u202e.jpg"])
def test_a_snapshot_with_a_name_that_is_not_unicode_does_not_lose_the_score(leaderboard, snapshot):
    one = Turn(new_turn_id(), BOARD, "Ada", 30, 30, 0.2, ("\udcff",), snapshot=snapshot)
    queue = TurnQueue(leaderboard.location)
    queue.put(one)
    assert queue.drain(leaderboard) == 1
    assert best_of(leaderboard, BOARD, "Ada").turn.score == 30


def test_without_a_data_folder_scores_are_queued_in_the_temporary_folder(
    leaderboard, tmp_path, monkeypatch
):
    (tmp_path / "data").write_text("a file, where a folder should be")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()
    queue = TurnQueue(leaderboard.location)
    queue.put(turn("Ada", 30))
    assert queue.folder.is_relative_to(tmp_path / "tmp")
    assert queue.folder.parent.stat().st_mode & 0o077 == 0
    assert TurnQueue(leaderboard.location).drain(leaderboard) == 1
    assert len(queue) == 0


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="no owners of folders on this platform")
def test_a_queue_that_somebody_else_planted_is_neither_read_nor_written(
    leaderboard, tmp_path, monkeypatch
):
    (tmp_path / "data").write_text("")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "tmp").mkdir()
    (tmp_path / "tmp" / f"paintcam-queue-{os.getuid()}").symlink_to(tmp_path / "elsewhere")
    queue = TurnQueue(leaderboard.location)
    with pytest.raises(LeaderboardError, match="another user"):
        queue.put(turn())
    assert len(queue) == 0
    assert [path.name for path in (tmp_path / "elsewhere").rglob("*.json")] == []


@pytest.mark.parametrize("rubbish", ["fifo", "folder", "link", "huge", "nested", "number", "year"])
def test_invalid_files_in_the_queue_neither_hang_nor_delay_other_scores(leaderboard, rubbish):
    queue = TurnQueue(leaderboard.location)
    queue.put(turn("Ada", 30))
    planted = queue.folder / "20200101-bad.00000.x.json"
    good = turn("Bo").as_json()
    if rubbish == "fifo":
        os.mkfifo(planted)
    elif rubbish == "folder":
        planted.mkdir()
    elif rubbish == "link":
        planted.symlink_to("/dev/zero")
    else:
        planted.write_text(
            {
                "huge": good + " " * 2_000_000,
                "nested": "[" * 100_000,
                "number": good.replace("50.0", "1" + "0" * 400),
                "year": good.replace('"at": "2', '"at": "0'),
            }[rubbish]
        )
    notices: list[str] = []
    assert queue.drain(leaderboard, notices.append) == 1
    assert best_of(leaderboard, BOARD, "Bo") is None
    if planted.with_suffix(".damaged").exists():
        assert ".damaged" in notices[0]
    else:
        assert rubbish in ("fifo", "folder", "link")


def test_two_runs_that_queue_and_store_at_once_lose_and_double_nothing(tmp_path, monkeypatch):
    """Both find what the other has queued."""
    monkeypatch.setenv("PAINTCAM_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setattr("paintcam.leaderboard.writer._RETRY_S", 0.1)  # as above
    boards = [FailingLeaderboard(f"sqlite:///{tmp_path}/scores.sqlite3") for _ in range(2)]
    queue = TurnQueue(boards[0].location)
    writers = []
    for number, board in enumerate(boards):
        board.gone = True
        writers.append(TurnWriter(board, lambda _: None))
        for index in range(20):
            writers[-1].put(turn(f"p{index}", 10 + index, f"run{number}-{index}"))
    wait_until(lambda: len(queue) == 40)
    for board in boards:
        board.gone = False
    for writer in writers:
        writer.put(turn("late", 99))
    for writer in writers:
        writer.close(20)
        writer.check()
    assert len(queue) == 0
    assert boards[0].count() == 42
    (ranks,) = boards[1].top(limit=50)
    assert [row.turn.score for row in ranks] == [99, *range(29, 9, -1)]
    assert {row.of for row in ranks} == {21}
    for board in boards:
        board.close()
