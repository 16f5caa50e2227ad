"""A SQLite file damaged in mid-show: the program lives, and what it stored is not lost."""

from __future__ import annotations

import os
import random
import sqlite3
import subprocess
import sys

import pytest

from paintcam.leaderboard import (
    Board,
    Leaderboard,
    Submissions,
    Turn,
    TurnQueue,
    TurnWriter,
    new_turn_id,
)
from paintcam.leaderboard.kept import KeptTurns, turns_of_ended_runs

BOARD = Board("a house", "sketch", 0.02, 0.36)


def turn(player="Ada", score=50.0, turn_id=None):
    return Turn(turn_id or new_turn_id(), BOARD, player, score, score, 0.2)


@pytest.fixture
def path(tmp_path, monkeypatch):
    """200 earlier players."""
    monkeypatch.setenv("PAINTCAM_DATA_DIR", str(tmp_path / "data"))
    path = tmp_path / "scores.sqlite3"
    with Leaderboard(f"sqlite:///{path}") as leaderboard:
        for index in range(200):
            leaderboard.store(turn(f"p{index}", index % 50, f"old-{index}"))
    return path


def players(path, notices=None):
    """List the players as the next command does."""
    notices = [] if notices is None else notices
    with Leaderboard(f"sqlite:///{path}", notices.append) as leaderboard:
        TurnQueue(leaderboard.identity).drain(leaderboard, notices.append)
        return {row.turn.player for board in leaderboard.top(limit=1000) for row in board}


def index_of(path):
    return path.with_name(f"{path.name}-shm")


def overwrite(path, pages):
    rubbish = random.Random(5).randbytes(4096)
    with path.open("r+b") as file:
        for page in pages:
            file.seek(page * 4096)
            file.write(rubbish)


def everywhere(path):
    overwrite(path, range(1, path.stat().st_size // 4096))


DAMAGES = {
    "every page but the first": everywhere,
    "some pages": lambda path: overwrite(path, range(2, path.stat().st_size // 4096, 3)),
    "the first page": lambda path: overwrite(path, [0]),
    "the index cut off": lambda path: os.truncate(index_of(path), 0),
    "the index cut in half": lambda path: os.truncate(index_of(path), 16384),
    "the index deleted": lambda path: index_of(path).unlink(),
    "the index overwritten": lambda path: overwrite(index_of(path), range(8)),
}

SHOW = """
import os, sys
from paintcam.leaderboard import Board, Leaderboard, Turn, TurnWriter
board = Board("a house", "sketch", 0.02, 0.36)
leaderboard = Leaderboard(sys.argv[1])
writer = TurnWriter(leaderboard, print)
for name in sys.argv[3:]:
    writer.put(Turn(f"turn-{name}", board, name, 50, 50, 0.2))
    while not writer.flush(1): pass
    print("stored", flush=True)
    sys.stdin.readline()
if sys.argv[2] == "killed":
    os.kill(os.getpid(), 9)
writer.close()
writer.check()
leaderboard.close()
"""


@pytest.mark.skipif(os.name != "posix", reason="an open file cannot be changed there")
@pytest.mark.parametrize("end", ["killed", "ends"])
@pytest.mark.parametrize("after", [["Cy"], []], ids=["one turn follows", "nothing follows"])
@pytest.mark.parametrize("kind", DAMAGES)
def test_turns_shown_as_stored_survive_a_file_damaged_in_mid_show(path, kind, after, end):
    command = [sys.executable, "-c", SHOW, f"sqlite:///{path}", end, "Bo", *after]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=dict(os.environ)
    ) as show:
        assert show.stdin is not None
        assert show.stdout is not None
        for name in ("Bo", *after):
            while (line := show.stdout.readline()) != "stored\n":
                assert line, "it ended"
            if name == "Bo":
                DAMAGES[kind](path)
            show.stdin.write("\n")
            show.stdin.flush()
    assert show.returncode == (-9 if end == "killed" else 0)
    assert {"Bo", *after} <= players(path)
    assert not list((path.parent / "data").glob("kept/*/*.kept")), "a copy was left"


def test_what_can_be_read_of_a_damaged_file_is_in_the_new_one(path):
    web = Board("a house", "sketch", 0.02, 0.36, "web")
    with Leaderboard(f"sqlite:///{path}") as leaderboard:
        drawings = Submissions(leaderboard)
        for name, score, state in (("low", 20, "shown"), ("high", 90, "hidden")):
            drawn = Turn(f"web-{name}", web, "Wu", score, score, 0.2, player_id="visitor")
            assert drawings.store(drawn, name.encode() * 3000, state)
    content = path.read_bytes()
    (page,) = (
        page
        for page in range(len(content) // 4096)
        if b"old-60" in (held := content[page * 4096 : (page + 1) * 4096]) and b"+00:00" in held
    )
    overwrite(path, [page])
    notices: list[str] = []
    with Leaderboard(f"sqlite:///{path}", notices.append) as leaderboard:
        found = leaderboard.top(limit=1000)
        kept = leaderboard.count()
        assert 120 < kept < 202
        assert sum(map(len, found)) == kept - 1, "the hidden drawing does not rank"
        drawings = Submissions(leaderboard)
        assert drawings.picture("web-high") == b"high" * 3000
        assert drawings.standing(web, Turn("x", web, "Wu", 1, 1, 0, player_id="visitor").player_key)
        leaderboard.store(turn("Grace", 99))
        assert leaderboard.top()[0][0].turn.player == "Grace"
    (notice,) = notices
    assert f"with the {kept} turn(s)" in notice
    assert ".recover" in notice


def test_a_name_of_a_table_that_is_not_unicode_is_damage(path):
    content = path.read_bytes()
    start = content.index(b"CREATE TABLE paintcam_turns")
    path.write_bytes(content[:start] + b"\xe9\xe9" + content[start + 2 :])
    notices: list[str] = []
    players(path, notices)
    assert "The file was renamed" in notices[0]


def alter(path, statement):
    with sqlite3.connect(path) as raw:
        raw.execute("PRAGMA foreign_keys=OFF")
        raw.execute(statement)
    raw.close()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE paintcam_turns SET score = 1e-300 WHERE id = 'turn-Bo'",
        "UPDATE paintcam_turns SET score = x'00' WHERE id = 'turn-Bo'",
        "UPDATE paintcam_players SET name = 'B' WHERE name = 'Bo'",
    ],
)
@pytest.mark.parametrize("killed", [False, True])
def test_a_score_altered_where_sqlite_sees_no_damage_is_right_after_the_show(
    path, statement, killed
):
    with Leaderboard(f"sqlite:///{path}") as leaderboard:
        writer = TurnWriter(leaderboard, lambda _: None)
        writer.put(turn("Bo", 80, "turn-Bo"))
        assert writer.flush(20)
        if killed:
            writer._confirm = lambda: None
        alter(path, statement)
        writer.close()
    assert "Bo" in players(path)
    with Leaderboard(f"sqlite:///{path}") as leaderboard:
        assert leaderboard.top(player="Bo")[0][0].turn.score == 80


def test_a_player_deleted_during_a_show_stays_deleted(path):
    with Leaderboard(f"sqlite:///{path}") as leaderboard:
        writer = TurnWriter(leaderboard, lambda _: None)
        writer.put(turn("Bo", 80))
        assert writer.flush(20)
        with Leaderboard(f"sqlite:///{path}") as other:
            assert other.delete(player="Bo") == 1
        writer.close()
    assert "Bo" not in players(path)


def test_a_turn_taken_back_does_not_return_after_the_run_was_killed(path):
    with Leaderboard(f"sqlite:///{path}") as leaderboard:
        writer = TurnWriter(leaderboard, lambda _: None)
        writer._confirm = lambda: None
        for name in ("Bo", "Cy"):
            writer.put(turn(name, 80, f"turn-{name}"))
        assert writer.flush(20)
        writer.forget("turn-Bo")
        assert writer.flush(20)
        writer.close()
    everywhere(path)
    found = players(path)
    assert "Cy" in found
    assert "Bo" not in found


def test_only_the_copies_of_runs_that_have_ended_are_read(tmp_path):
    copy = KeptTurns(tmp_path)
    copy.add([turn("Bo", 10, "bo"), turn("Cy", 20, "cy")])
    copy.add([turn("Bo", 30, "bo")])
    copy.forget(["cy"])
    if os.name == "posix":
        assert list(turns_of_ended_runs(tmp_path)) == []
        os.mkfifo(tmp_path / "0.kept")
        (tmp_path / "1.kept").symlink_to("/dev/zero")
    copy.close()
    (tmp_path / "2.kept").write_bytes(b'\xff\n[]\n{"id": 1}\n' + b"[" * 5000)
    found = {path.name: turns for path, turns in turns_of_ended_runs(tmp_path)}
    assert found.pop("2.kept") == []
    ((only,),) = found.values()
    assert (only.player, only.score) == ("Bo", 30)
