"""A database that other programs wrote into: what can be read is shown, the rest is counted."""

from __future__ import annotations

import os
import sqlite3
import threading

import pytest

from paintcam.errors import LeaderboardError
from paintcam.leaderboard import Board, Leaderboard, Turn, new_turn_id
from paintcam.leaderboard.submissions import Submissions
from program import paintcam, rows
from ranks import best_of, rank_of

BOARD = Board("a house", "sketch", 0.02, 0.36)
NAMES = ("Ada", "Bo", "Cy")


def turn(player, score, turn_id=None):
    return Turn(turn_id or new_turn_id(), BOARD, player, score, score, 0.2, ("nsfw",))


@pytest.fixture
def path(tmp_path):
    """Ada has 80, Bo 60, Cy 40."""
    path = tmp_path / "data" / "leaderboard.sqlite3"
    with Leaderboard(f"sqlite:///{path}") as leaderboard:
        for index, name in enumerate(NAMES):
            leaderboard.store(turn(name, 80 - 20 * index, f"turn-{name}"))
    return path


def change(path, statement, *values):
    with sqlite3.connect(path) as raw:
        raw.execute("PRAGMA ignore_check_constraints=ON")
        changed = raw.execute(statement, values).rowcount
    raw.close()
    assert changed, statement


RUBBISH = [
    ("score", "rubbish"), ("score", b"\xff"), ("score", -5), ("score", 1e300), ("score", 9e999),
    ("best", "x"), ("best", 101), ("similarity", b"\0"), ("similarity", 1e300),
    ("at", "yesterday"), ("at", b"\x80"), ("at", 5), ("at", "9999-12-31T23:59:59-12:00"),
    ("at", "0001-01-01T00:00:00+14:00"),
    ("guards", "rubbish"), ("guards", "7"), ("guards", "[1]"), ("guards", "[" * 100_000),
    ("guards", b"[]"), ("snapshot", b"\xff\xfe"), ("id", "../../x"), ("id", b"\xff"),
    ("id", "a\x1b[2J"),
]  # fmt: skip


@pytest.mark.parametrize(("column", "value"), RUBBISH, ids=lambda value: repr(value)[:20])
def test_an_invalid_row_is_skipped_and_counted(path, column, value):
    with sqlite3.connect(path) as raw:
        raw.execute("PRAGMA foreign_keys=OFF")
        raw.execute(f"UPDATE paintcam_turns SET {column} = ? WHERE id = 'turn-Bo'", (value,))
        if column == "id":
            raw.execute("UPDATE paintcam_bests SET turn_id = ? WHERE turn_id = 'turn-Bo'", (value,))
    notices: list[str] = []
    with Leaderboard(f"sqlite:///{path}", notices.append) as leaderboard:
        for _ in range(2):  # reported once
            (board,) = leaderboard.top(limit=2)
            assert [(row.rank, row.turn.player) for row in board] == [(1, "Ada"), (3, "Cy")]
        assert leaderboard.rank_of_turn("turn-Bo") is None
        Submissions(leaderboard).best(BOARD, 5)
    assert len(notices) == 1
    assert notices[0].startswith("Cannot show 1 row of")
    assert "\x1b" not in notices[0]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE paintcam_players SET name = x'ff00' WHERE name = 'Bo'",
        "UPDATE paintcam_players SET name = '' WHERE name = 'Bo'",
        "UPDATE paintcam_players SET name = char(27) WHERE name = 'Bo'",
    ],
)
def test_a_player_without_a_readable_name_is_skipped(path, statement):
    change(path, statement)
    with Leaderboard(f"sqlite:///{path}") as leaderboard:
        assert [row.turn.player for row in leaderboard.top()[0]] == ["Ada", "Cy"]


def test_a_name_that_is_not_utf_8_does_not_hide_the_others(path):
    change(path, "UPDATE paintcam_players SET name = CAST(x'426fff' AS TEXT) WHERE name = 'Bo'")
    with Leaderboard(f"sqlite:///{path}") as leaderboard:
        assert [row.turn.player for row in leaderboard.top()[0]] == ["Ada", "Bo�", "Cy"]


@pytest.mark.parametrize(
    "assignment",
    [
        "prompt = x'ff'",
        "encoder = x'ff'",
        "low = 'x'",
        "high = x'00'",
        "low = 5",
        "origin = 'moon'",
    ],
)
def test_an_invalid_board_does_not_hide_other_boards(path, assignment):
    other = Board("a cat", "sketch", 0.02, 0.36)
    url = f"sqlite:///{path}"
    with Leaderboard(url) as leaderboard:
        leaderboard.store(Turn(new_turn_id(), other, "Di", 10, 10, 0.1))
    change(path, f"UPDATE paintcam_boards SET {assignment} WHERE prompt = 'a house'")
    with Leaderboard(url) as leaderboard:
        assert [[row.turn.player for row in rows] for rows in leaderboard.top()] == [["Di"]]
        assert [row.turn.player for row in leaderboard.top("a cat")[0]] == ["Di"]
        assert leaderboard.count("a cat") == 1


@pytest.mark.parametrize(
    "assignment",
    ["players = -40", "players = 'x'", "players = x'ff'", "players = 9223372036854775807",
     "tenths = 'x'", "tenths = -1", "tenths = x'00'", "tenths = 99999"],
)  # fmt: skip
def test_ranks_are_right_although_the_tallies_are_not(path, assignment):
    change(path, f"UPDATE paintcam_tallies SET {assignment} WHERE tenths = 600")
    with Leaderboard(f"sqlite:///{path}") as leaderboard:
        assert list(map(str, leaderboard.top()[0])) == ["1 of 3", "2 of 3", "3 of 3"]
        assert rank_of(leaderboard, BOARD, 50) == (3, 3)
        leaderboard.store(turn("Di", 60.05))
        leaderboard.store(turn("Bo", 61))
        assert leaderboard.forget("turn-Cy")
        assert [row.turn.player for row in leaderboard.top()[0]] == ["Ada", "Bo", "Di"]


@pytest.mark.parametrize("value", ["x", b"\xff", -7, 10**9, 2**62])
def test_an_invalid_best_ranks_nobody_and_is_replaced_by_the_next_turn(path, value):
    change(path, "UPDATE paintcam_bests SET points = ? WHERE turn_id = 'turn-Bo'", value)
    with Leaderboard(f"sqlite:///{path}") as leaderboard:
        assert [row.turn.player for row in leaderboard.top()[0]] == ["Ada", "Cy"]
        if not isinstance(value, int) or value < 0:
            leaderboard.store(turn("Bo", 70))
            assert best_of(leaderboard, BOARD, "Bo").turn.score == 70
        assert leaderboard.delete(player="Bo") >= 1


@pytest.mark.parametrize("value", ["x", b"\xff\x1b", -3])
def test_an_invalid_schema_version_is_a_clear_error(path, value):
    change(path, "UPDATE paintcam_schema SET version = ?", value)
    done = paintcam("leaderboard", cwd=path.parents[1])
    assert done.returncode == 1
    assert "invalid schema version" in done.stderr
    assert "should not happen" not in done.stderr
    assert "\x1b" not in done.stderr


def test_a_turn_with_invalid_columns_is_stored_again(path):
    change(path, "UPDATE paintcam_turns SET score = 'x', best = x'ff' WHERE id = 'turn-Bo'")
    with Leaderboard(f"sqlite:///{path}") as leaderboard:
        leaderboard.store(turn("Bo", 90, "turn-Bo"))
        assert best_of(leaderboard, BOARD, "Bo").turn.score == 90


def test_the_command_shows_what_can_be_read(path):
    change(path, "UPDATE paintcam_turns SET at = x'ff' WHERE id = 'turn-Bo'")
    for option in ("--json", "--csv"):
        done = paintcam("leaderboard", option, cwd=path.parents[1])
        assert done.returncode == 0, done.stderr
        assert "Ada" in done.stdout
        assert "1 row of" in done.stderr
    done = paintcam("leaderboard", "--json", "--top", "1", "--player", "Bo", cwd=path.parents[1])
    assert rows(done.stdout) == []


@pytest.mark.parametrize("limit", [1, 10_001, 2**63, 10**30])
def test_any_limit_works(path, limit):
    with Leaderboard(f"sqlite:///{path}") as leaderboard:
        assert len(leaderboard.top(limit=limit)[0]) == min(limit, 3)


def test_a_limit_beyond_64_bits_is_a_clear_error(path):
    done = paintcam("leaderboard", "--top", "9" * 30, cwd=path.parents[1])
    assert done.returncode != 0
    assert "--top" in done.stderr
    assert "should not happen" not in done.stderr


# --- read-only ---


@pytest.mark.parametrize("downgrade", [False, True])
def test_scores_in_a_read_only_folder_can_be_listed(path, downgrade):
    """Also those of an older schema, which cannot be upgraded there."""
    if downgrade:
        with sqlite3.connect(path) as raw:
            raw.execute("ALTER TABLE paintcam_boards DROP COLUMN origin")
            raw.execute("DROP TABLE paintcam_pictures")
            raw.execute("DROP TABLE paintcam_submissions")
            raw.execute("UPDATE paintcam_schema SET version = 2")
    before = path.read_bytes()
    with _read_only(path) as run:
        done = run("leaderboard", "--json")
        assert done.returncode == 0, done.stderr
        assert [row["player"] for row in rows(done.stdout)] == list(NAMES)
        done = run("leaderboard", "delete", "--all", "--yes")
        assert done.returncode == 1
        assert "cannot be written" in done.stderr
    assert path.read_bytes() == before


class _read_only:  # noqa: N801 - reads as a statement
    """Take away the permission to write, also root's."""

    def __init__(self, path):
        self.path = path

    def __enter__(self):
        import shutil
        import subprocess
        import sys

        from program import environment

        prefix = []
        if os.geteuid() == 0:
            if shutil.which("setpriv") is None:
                pytest.skip("root writes everywhere")
            prefix = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"]
        self.path.chmod(0o444)
        self.path.parent.chmod(0o555)

        def run(*args):
            return subprocess.run(
                [*prefix, sys.executable, "-m", "paintcam", *args],
                cwd=self.path.parents[1],
                env=environment(PAINTCAM_DATA_DIR=str(self.path.parent)),
                capture_output=True,
                text=True,
                check=False,
            )

        return run

    def __exit__(self, *_):
        self.path.parent.chmod(0o755)
        self.path.chmod(0o644)


# --- not a file ---


@pytest.mark.parametrize("kind", ["folder", "fifo", "socket"])
def test_what_is_not_a_file_is_a_clear_error_at_once(tmp_path, kind):
    import socket

    path = tmp_path / "scores.sqlite3"
    if kind == "folder":
        path.mkdir()
    elif kind == "fifo":
        os.mkfifo(path)
    else:
        with socket.socket(socket.AF_UNIX) as bound:
            bound.bind(str(path))
    caught: list[Exception] = []

    def open_it():
        try:
            Leaderboard(f"sqlite:///{path}")
        except LeaderboardError as error:
            caught.append(error)

    thread = threading.Thread(target=open_it, daemon=True)
    thread.start()
    thread.join(10)
    assert not thread.is_alive(), "it waits for a writer"
    assert "scores.sqlite3 is " in str(caught[0])


def test_a_database_replaced_by_a_fifo_during_a_show_fails_and_recovers(path):
    with Leaderboard(f"sqlite:///{path}") as leaderboard:
        path.unlink()
        os.mkfifo(path)
        with pytest.raises(LeaderboardError, match="not a regular file"):
            leaderboard.store(turn("Di", 30))
        path.unlink()
        leaderboard.store(turn("Di", 30))
        assert leaderboard.count() == 1


def test_a_file_deleted_while_a_turn_is_stored_loses_no_turn(path, monkeypatch):
    from paintcam.leaderboard import writes

    with Leaderboard(f"sqlite:///{path}") as leaderboard:
        store = writes.store
        deleted = []

        def store_and_delete(connection, *args, **values):
            done = store(connection, *args, **values)
            if not deleted:
                deleted.append(True)
                for file in path.parent.glob(f"{path.name}*"):
                    file.unlink()
            return done

        monkeypatch.setattr(writes, "store", store_and_delete)
        leaderboard.store(turn("Di", 30))
    with Leaderboard(f"sqlite:///{path}") as leaderboard:
        assert best_of(leaderboard, BOARD, "Di").turn.score == 30


def test_a_file_damaged_during_a_show_is_renamed_and_the_turn_stored_in_a_new_one(path):
    notices: list[str] = []
    with Leaderboard(f"sqlite:///{path}", notices.append) as leaderboard:
        with path.open("r+b") as file:
            file.truncate(4096)
            file.seek(100)
            file.write(b"\xff" * 3000)
        path.with_name(f"{path.name}-wal").write_bytes(b"")
        leaderboard.store(turn("Di", 30))
        assert best_of(leaderboard, BOARD, "Di").turn.score == 30
    assert "damaged" in notices[0]
