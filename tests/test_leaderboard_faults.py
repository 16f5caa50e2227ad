"""A database damaged, full, read-only, gone, older or newer: a clear error, nothing lost."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import event

from paintcam.errors import LeaderboardError
from paintcam.leaderboard import Board, Leaderboard, Turn, new_turn_id
from paintcam.leaderboard.location import identity_of, location_of, parse_url
from ranks import best_of

BOARD = Board("a house", "sketch", 0.02, 0.36)


def turn(player="Ada", score=50.0):
    return Turn(new_turn_id(), BOARD, player, score, score, 0.2)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "scores.sqlite3"


@pytest.fixture
def url(path):
    return f"sqlite:///{path}"


def kept_aside(path: Path) -> list[Path]:
    return [p for p in path.parent.glob(f"{path.name}.damaged-*") if p.suffix not in ("-wal",)]


def test_the_default_is_a_file_in_the_data_folder(tmp_path, monkeypatch):
    monkeypatch.delenv("PAINTCAM_DATABASE", raising=False)
    monkeypatch.setenv("PAINTCAM_DATA_DIR", str(tmp_path / "data"))
    with Leaderboard() as leaderboard:
        leaderboard.store(turn())
        assert leaderboard.location == str(tmp_path / "data" / "leaderboard.sqlite3")
    assert (tmp_path / "data" / "leaderboard.sqlite3").read_bytes().startswith(b"SQLite format 3")


def test_the_environment_names_a_database_and_the_option_wins(tmp_path, monkeypatch):
    monkeypatch.setenv("PAINTCAM_DATABASE", f"sqlite:///{tmp_path}/env.sqlite3")
    assert Leaderboard().location == f"{tmp_path}/env.sqlite3"
    assert Leaderboard(f"sqlite:///{tmp_path}/x.sqlite3").location == f"{tmp_path}/x.sqlite3"


def test_sqlite_writes_ahead_and_syncs_its_journal_when_asked(url, path, monkeypatch):
    with Leaderboard(url) as leaderboard:
        with leaderboard._transactions._engine.connect() as connection:
            assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        leaderboard.store(turn())
        synced = []
        fsync = os.fsync
        monkeypatch.setattr(os, "fsync", lambda file: synced.append(os.fstat(file)) or fsync(file))
        leaderboard.sync()
        journal = path.with_name(f"{path.name}-wal").stat()
        assert [(found.st_dev, found.st_ino) for found in synced] == [
            (journal.st_dev, journal.st_ino)
        ]
        assert leaderboard.count() == 1


@pytest.mark.parametrize(
    "database", ["scores.sqlite3", "nonsense", "://", "sqlite://", "sqlite:///:memory:"]
)
def test_a_url_that_keeps_nothing_is_an_error_with_an_example(database):
    with pytest.raises(LeaderboardError, match="sqlite:///"):
        Leaderboard(database)


def test_a_driver_that_is_not_installed_is_named():
    with pytest.raises(LeaderboardError, match="pip install"):
        Leaderboard("oracle+cx_Oracle://u:hunter2@127.0.0.1/x")


@pytest.mark.parametrize(
    "database",
    [
        "postgresql+psycopg://ada:hunter2@127.0.0.1:1/scores",
        "postgresql://127.0.0.1:1/scores?password=hunter2&user=ada",
        "postgres://ada:hunter2@127.0.0.1:1/scores",
    ],
)
def test_an_unreachable_server_is_an_error_without_its_password(database):
    with pytest.raises(LeaderboardError, match=r"127\.0\.0\.1") as caught:
        Leaderboard(database)
    assert "hunter2" not in str(caught.value)
    assert "--database" in str(caught.value)


SECRETS = [
    "postgresql+psycopg://ada:hunt@er2@127.0.0.1:1/scores",
    "postgresql+psycopg://ada:hunt/er2@127.0.0.1:1/scores",
    "postgresql+psycopg://ada:hunt@er2/x@127.0.0.1:1/scores",
    "postgresql+psycopg://ada:hunt?er2@127.0.0.1:1/scores",
    "postgresql+psycopg://ada:hunt%40er2@127.0.0.1:1/scores",
    "postgresql+psycopg://127.0.0.1:1/scores?pwd=hunter2",
    "postgresql+psycopg://127.0.0.1:1/scores?options=-csecret%3Dhunter2",
    "postgresql+psycopg://127.0.0.1:1/scores?sslpassword=hunter2&passfile=/x/hunter2",
    "postgresql+psycopg:/ada:hunter2@127.0.0.1:1/scores",
    "ada:hunter2@127.0.0.1:1/scores",
]


@pytest.mark.parametrize("database", SECRETS)
def test_no_form_of_url_prints_its_password(database):
    with pytest.raises(LeaderboardError) as caught:
        Leaderboard(database)
    assert "hunt" not in str(caught.value)
    assert "er2" not in str(caught.value)


def test_a_location_is_scheme_host_and_port():
    url = parse_url("postgres://ada:hunter2@db.example.org:6543/scores?options=x&sslmode=require")
    assert location_of(url) == "postgresql+psycopg://db.example.org:6543"
    others = [
        "postgres://ada:x@db.example.org:6543/other",
        "postgres://bo:x@db.example.org:6543/scores",
    ]
    assert len({identity_of(parse_url(other)) for other in others} | {identity_of(url)}) == 3


@pytest.mark.parametrize("path", ["{}/what?x/db.sqlite3", "{}/db.sqlite3?", "{}/db.sqlite3?mod=ro"])
def test_a_question_mark_in_a_path_never_opens_another_file(tmp_path, path):
    (tmp_path / "what?x").mkdir()
    with pytest.raises(LeaderboardError, match=r"not an option of SQLite.*without a \?"):
        Leaderboard(f"sqlite:///{path.format(tmp_path)}")
    assert [found.name for found in tmp_path.iterdir()] == ["what?x"]


@pytest.mark.parametrize(
    ("database", "command"),
    [
        ("mysql://u:p@h/x", "pip install 'mysqlclient'"),
        ("mysql+pymysql://u:p@h/x", "pip install 'pymysql'"),
        ("nonsense://u:p@h/x", "not a database that paintcam supports"),
    ],
)
def test_the_hint_for_a_driver_is_a_command_that_works(database, command):
    with pytest.raises(LeaderboardError) as caught:
        Leaderboard(database)
    assert command in str(caught.value)
    assert "ITS DRIVER" not in str(caught.value)


@pytest.mark.parametrize("database", ["sqlite:///file:x?mode=memory&uri=true", "sqlite:///"])
def test_a_database_in_memory_is_refused_in_every_form(database):
    with pytest.raises(LeaderboardError, match="memory"):
        Leaderboard(database)


def test_a_wrong_url_does_not_print_its_password():
    with pytest.raises(LeaderboardError) as caught:
        Leaderboard("postgresql+psycopg//ada:hunter2@host/x")
    assert "hunter2" not in str(caught.value)


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(LeaderboardError, match="file/under"):
        Leaderboard(f"sqlite:///{tmp_path}/file/under/scores.sqlite3")


def test_scores_that_cannot_be_written_can_be_read(path, url):
    with Leaderboard(url) as leaderboard:
        leaderboard.store(turn())
    with Leaderboard(f"sqlite:///file:{path}?mode=ro&uri=true") as leaderboard:
        assert leaderboard.count() == 1
        with pytest.raises(LeaderboardError, match=r"cannot be written.*--database"):
            leaderboard.store(turn())


def test_a_full_disk_is_an_error_and_nothing_stored_is_lost(url):
    with Leaderboard(url) as leaderboard:
        leaderboard.store(turn())

        def fill(connection, _):
            connection.execute("PRAGMA max_page_count=1")  # SQLite raises it to what there is

        event.listen(leaderboard._transactions._engine, "connect", fill)
        leaderboard._transactions._engine.dispose()

        def store_too_much():
            for index in range(2000):
                leaderboard.store(turn(f"p{index}" * 50))

        with pytest.raises(LeaderboardError, match=r"No space.*full.*--database"):
            store_too_much()
        stored = leaderboard.count()
    with Leaderboard(url) as leaderboard:
        assert leaderboard.count() == stored >= 1
        leaderboard.store(turn("room again"))


@pytest.mark.parametrize("spoil", ["header", "zeros", "middle", "cut"])
def test_a_damaged_file_is_kept_aside_byte_for_byte(path, url, spoil):
    with Leaderboard(url) as leaderboard:
        for index in range(200):
            leaderboard.store(turn(f"p{index}"))
    whole = path.read_bytes()
    damaged = {
        "header": b"rubbish!" * 4 + whole[32:],
        "zeros": b"\0" * 100 + whole[100:],
        "middle": whole[:4096] + b"\xff" * (len(whole) - 4096),
        "cut": whole[: 4096 * 3 + 100],
    }[spoil]
    path.write_bytes(damaged)
    notices: list[str] = []
    with Leaderboard(url, notices.append) as leaderboard:
        leaderboard.store(turn("Grace"))
        assert best_of(leaderboard, BOARD, "Grace") is not None
    (kept,) = kept_aside(path)
    assert kept.read_bytes() == damaged
    (notice,) = notices
    assert kept.name in notice
    assert ".recover" in notice


def test_a_foreign_file_is_left_as_it_is(tmp_path):
    path = tmp_path / "thesis.txt"
    path.write_bytes(b"My thesis. " * 1000)
    with pytest.raises(LeaderboardError, match=r"thesis.txt is not a database"):
        Leaderboard(f"sqlite:///{path}")
    assert path.read_bytes() == b"My thesis. " * 1000
    assert list(tmp_path.iterdir()) == [path]


def test_a_database_deleted_during_a_show_is_created_again(path, url):
    with Leaderboard(url) as leaderboard:
        leaderboard.store(turn("Ada"))
        for file in path.parent.iterdir():
            file.unlink()
        leaderboard.store(turn("Grace"))
    with Leaderboard(url) as leaderboard:
        assert leaderboard.count() == 1


def test_a_newer_schema_is_an_error_and_left_alone(path, url):
    Leaderboard(url).close()
    with sqlite3.connect(path) as raw:
        raw.execute("UPDATE paintcam_schema SET version = 99")
    before = path.read_bytes()
    with pytest.raises(
        LeaderboardError, match=r"newer paintcam \(schema 99.*git pull && pip install"
    ):
        Leaderboard(url)
    assert path.read_bytes() == before


_WRITER = """
import sys
from paintcam.leaderboard import Board, Leaderboard, Turn
board = Board("a house", "sketch", 0.02, 0.36)
with Leaderboard(sys.argv[1]) as leaderboard:
    for index in range(100000):
        leaderboard.store(Turn(f"{sys.argv[2]}-{index}", board, f"p{index % 7}", index % 101, 1, 0))
        print(index, flush=True)
"""


def test_kill_9_in_the_middle_of_writing_loses_no_acknowledged_score(path, url):
    Leaderboard(url).close()
    for attempt in range(3):
        process = subprocess.Popen(
            [sys.executable, "-c", _WRITER, url, f"run{attempt}"], stdout=subprocess.PIPE, text=True
        )
        acknowledged = [process.stdout.readline() for _ in range(20 + attempt)]
        process.kill()
        acknowledged += process.stdout.readlines()
        process.wait()
        last = int([line for line in acknowledged if line.endswith("\n")][-1])
        with sqlite3.connect(path) as raw:
            assert raw.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            stored = raw.execute(
                "SELECT count(*) FROM paintcam_turns WHERE id LIKE ?", (f"run{attempt}-%",)
            ).fetchone()[0]
        assert stored >= last + 1
        with Leaderboard(url) as leaderboard:
            assert leaderboard.top()[0][0].of == 7
