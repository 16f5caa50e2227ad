"""A SQLite file that another program altered or replaced: refused at once, or nothing lost."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys

import pytest

from paintcam.errors import LeaderboardError
from paintcam.leaderboard import Board, Leaderboard, Submissions, Turn, TurnWriter, new_turn_id

BOARD = Board("a house", "sketch", 0.02, 0.36)
TABLES = ("schema", "boards", "players", "turns", "bests", "tallies", "submissions", "pictures")


def turn(player="Ada", score=50.0, turn_id=None):
    return Turn(turn_id or new_turn_id(), BOARD, player, score, score, 0.2, ("nsfw",))


@pytest.fixture
def path(tmp_path, monkeypatch):
    """Ada has 80."""
    monkeypatch.setenv("PAINTCAM_DATA_DIR", str(tmp_path / "data"))
    path = tmp_path / "scores.sqlite3"
    with Leaderboard(f"sqlite:///{path}") as leaderboard:
        leaderboard.store(turn("Ada", 80, "turn-Ada"))
    return path


def alter(path, *statements):
    with sqlite3.connect(path) as raw:
        raw.execute("PRAGMA foreign_keys=OFF")
        raw.execute("PRAGMA legacy_alter_table=ON")
        for statement in statements:
            raw.execute(statement)
    raw.close()


def as_view(table):
    return (f"ALTER TABLE {table} RENAME TO old", f"CREATE VIEW {table} AS SELECT * FROM old")


def trigger(table, action):
    return (f"CREATE TRIGGER t BEFORE INSERT ON paintcam_{table} BEGIN SELECT {action}; END",)


ALTERED = {
    "table missing": ("DROP TABLE paintcam_tallies",),
    "column renamed": ("ALTER TABLE paintcam_turns RENAME COLUMN snapshot TO photo",),
    "view": as_view("paintcam_players"),
    "no keys": (
        "CREATE TABLE copy AS SELECT * FROM paintcam_boards",
        "DROP TABLE paintcam_boards",
        "ALTER TABLE copy RENAME TO paintcam_boards",
    ),
    "trigger that ignores a best": trigger("bests", "RAISE(IGNORE)"),
    "trigger that refuses": trigger("turns", "RAISE(ABORT, 'no more turns')"),
    "trigger that breaks": trigger("turns", "json('x')"),
    "generated column": (
        "ALTER TABLE paintcam_turns ADD COLUMN more TEXT GENERATED ALWAYS AS (json('x')) VIRTUAL",
        "CREATE INDEX more ON paintcam_turns (more)",
    ),
    "name cut by a trigger": (
        "CREATE TRIGGER t AFTER INSERT ON paintcam_players BEGIN"
        " UPDATE paintcam_players SET name = substr(name, 1, 3) WHERE id = new.id; END",
    ),
}


@pytest.mark.parametrize("kind", ALTERED)
def test_a_database_that_takes_no_scores_is_refused_before_the_show_and_left_as_it_is(path, kind):
    if kind == "generated column":
        alter(path, "DELETE FROM paintcam_bests", "DELETE FROM paintcam_turns")
    alter(path, *ALTERED[kind])
    notices: list[str] = []
    with Leaderboard(f"sqlite:///{path}", notices.append) as leaderboard:
        with pytest.raises(LeaderboardError) as caught:
            leaderboard.check_writable()
        assert caught.value.fix
    assert notices == [], "an error that is not damage must not rename the file"


@pytest.mark.parametrize("table", ["submissions", "pictures"])
def test_a_website_whose_database_takes_no_drawings_is_refused_before_anybody_draws(path, table):
    alter(path, *trigger(table, "RAISE(ABORT, 'no')"))
    with Leaderboard(f"sqlite:///{path}") as leaderboard:
        leaderboard.check_writable()  # a contest stores no drawings
        with pytest.raises(LeaderboardError, match="no"):
            Submissions(leaderboard).check_writable()


def test_the_check_before_a_show_leaves_no_trace(path):
    with Leaderboard(f"sqlite:///{path}") as leaderboard:
        leaderboard.check_writable()
        Submissions(leaderboard).check_writable()
        assert leaderboard.count() == 1
    with sqlite3.connect(path) as raw:
        counts = [raw.execute(f"SELECT count(*) FROM paintcam_{t}").fetchone()[0] for t in TABLES]
    assert counts == [1, 1, 1, 1, 1, 1, 0, 0]


def test_an_extra_column_does_no_harm(path):
    alter(path, "ALTER TABLE paintcam_turns ADD COLUMN more TEXT NOT NULL DEFAULT 'x'")
    with Leaderboard(f"sqlite:///{path}") as leaderboard:
        leaderboard.check_writable()
        leaderboard.store(turn("Bo"))
        assert [row.turn.player for row in leaderboard.top()[0]] == ["Ada", "Bo"]


@pytest.mark.parametrize("value", ["text", 5, 99_999_999_999, 1.5])
def test_a_picture_that_is_not_one_is_no_picture(path, value):
    web = Board("a house", "sketch", 0.02, 0.36, "web")
    with Leaderboard(f"sqlite:///{path}") as leaderboard:
        drawings = Submissions(leaderboard)
        drawn = Turn("web-1", web, "Wu", 70, 70, 0.2, player_id="visitor")
        assert drawings.store(drawn, b"png", "shown")
        with sqlite3.connect(path) as raw:
            raw.execute("UPDATE paintcam_pictures SET png = ?, strokes = x'ff'", (value,))
        assert drawings.picture("web-1") is None
        assert drawings.strokes("web-1") is None


# --- in the middle of a show ---


def drop_all(path):
    alter(path, *(f"DROP TABLE paintcam_{table}" for table in TABLES))


def copy_over(path, other):
    """As `cp` does it: the file stays the same one, with other content."""
    path.write_bytes(other.read_bytes() if other.exists() else b"")


def other_database(folder):
    path = folder / "other.sqlite3"
    with sqlite3.connect(path) as raw:
        raw.execute("CREATE TABLE something (else_ TEXT)")
    raw.close()
    return path


REPLACED = {
    "all tables dropped": lambda path: drop_all(path),
    "emptied": lambda path: os.truncate(path, 0),
    "cut in half": lambda path: os.truncate(path, path.stat().st_size // 2),
    "other database copied over": lambda path: copy_over(path, other_database(path.parent)),
    "other database moved over": lambda path: other_database(path.parent).replace(path),
    "journal deleted": lambda path: path.with_name(f"{path.name}-wal").unlink(),
    "journal emptied": lambda path: os.truncate(path.with_name(f"{path.name}-wal"), 0),
    "deleted": lambda path: path.unlink(),
}

KILLED = """
import os, sys
from paintcam.leaderboard import Board, Leaderboard, Turn, TurnWriter
board = Board("a house", "sketch", 0.02, 0.36)
leaderboard = Leaderboard(sys.argv[1])
writer = TurnWriter(leaderboard, print)
for name in ("Bo", "Cy"):
    writer.put(Turn(f"turn-{name}", board, name, 50, 50, 0.2))
    print(writer.flush(30), flush=True)
    sys.stdin.readline()
os.kill(os.getpid(), 9)
"""


@pytest.mark.skipif(os.name != "posix", reason="an open file cannot be replaced there")
@pytest.mark.parametrize("kind", REPLACED)
def test_turns_shown_as_stored_survive_a_replaced_file_and_kill_9(path, kind):
    """Bo's turn is stored before, Cy's after."""
    command = [sys.executable, "-c", KILLED, f"sqlite:///{path}"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=dict(os.environ)
    ) as show:
        assert show.stdin is not None
        assert show.stdout is not None
        assert show.stdout.readline() == "True\n"
        REPLACED[kind](path)
        show.stdin.write("\n")
        show.stdin.flush()
        while (line := show.stdout.readline()) != "True\n":
            assert line, "it ended"
        show.stdin.write("\n")
        show.stdin.flush()
    with Leaderboard(f"sqlite:///{path}") as leaderboard:
        found = {row.turn.player for board in leaderboard.top() for row in board}
    assert {"Bo", "Cy"} <= found


def test_one_row_that_the_database_refuses_does_not_delay_the_others(path):
    alter(path, *trigger("players", "RAISE(ABORT, 'no Bo') WHERE new.name = 'Bo'"))
    notices: list[str] = []
    with Leaderboard(f"sqlite:///{path}", notices.append) as leaderboard:
        writer = TurnWriter(leaderboard, notices.append)
        for name in ("Bo", "Cy"):
            writer.put(turn(name))
        writer.close(4.0)
        writer.check()
        assert leaderboard.count(player="Cy") == 1
    assert any("1 score is queued" in notice for notice in notices), notices
    with Leaderboard(f"sqlite:///{path}", notices.append) as leaderboard:
        from paintcam.leaderboard import TurnQueue

        queue = TurnQueue(leaderboard.identity)
        queue.put(turn("Di"))
        stays: list[str] = []
        for _ in range(2):  # reported once
            queue.drain(leaderboard, stays.append)
        assert leaderboard.count(player="Di") == 1
        assert len(queue) == 1
    assert len(stays) == 1
    assert "no Bo" in stays[0]


# --- read-only ---


def test_the_newest_scores_of_a_killed_run_are_listed_in_a_read_only_folder(path, tmp_path):
    """They are still in the journal, which SQLite does not read where it cannot write."""
    from paintcam.leaderboard.read_only import read_into

    folder = tmp_path / "killed"
    folder.mkdir()
    with sqlite3.connect(path) as running:
        running.execute("PRAGMA wal_autocheckpoint=0")
        running.execute("UPDATE paintcam_players SET name = 'Newest'")
        running.commit()
        for file in (path, path.with_name(f"{path.name}-wal")):
            shutil.copyfile(file, folder / file.name)
    running.close()
    (folder / f"{path.name}-shm").mkdir()  # root writes everywhere: so the file cannot be opened
    with sqlite3.connect(":memory:") as copy:
        read_into(copy, folder / path.name)
        assert copy.execute("SELECT name FROM paintcam_players").fetchall() == [("Newest",)]
    copy.close()
