"""PostgreSQL that is frozen, locked, refuses, or has another encoding: reported in time."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
import uuid

import psycopg
import pytest

import postgres
from paintcam.errors import LeaderboardError
from paintcam.leaderboard import Board, Leaderboard, Turn, TurnQueue, TurnWriter, answers
from paintcam.leaderboard import new_turn_id as new_id

BOARD = Board("a house", "sketch", 0.02, 0.36)
NAMES = ("Ada", "李 🎨", "Cy")


def turn(player="Ada", score=50.0):
    return Turn(new_id(), BOARD, player, score, score, 0.2, ("nsfw",))


@pytest.fixture(scope="module")
def server():
    with contextlib.ExitStack() as stack:
        try:
            yield stack.enter_context(postgres.server())
        except postgres.NoPostgresError as reason:
            pytest.skip(str(reason))


@pytest.fixture(autouse=True)
def _data(tmp_path, monkeypatch):
    monkeypatch.setenv("PAINTCAM_DATA_DIR", str(tmp_path / "data"))


class Database:
    """A database of its own, and a way to change it from outside."""

    def __init__(self, server, options=""):
        self._server = server.replace("+psycopg", "")
        self.name = f"test_{uuid.uuid4().hex}"
        self.url = server.removesuffix("/postgres") + f"/{self.name}"
        self.run(f"CREATE DATABASE {self.name} {options}", on="postgres")

    def run(self, *statements, on=None):
        address = self._server.removesuffix("/postgres") + f"/{on or self.name}"
        with psycopg.connect(address, autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement)


ENCODING = "ENCODING '{}' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0"


def test_a_database_in_latin_1_is_refused_before_the_show_and_can_be_listed(server):
    database = Database(server, ENCODING.format("LATIN1"))
    with Leaderboard(database.url) as leaderboard:
        with pytest.raises(LeaderboardError, match="cannot store every letter") as caught:
            leaderboard.check_writable()
        assert "UTF8" in caught.value.fix
        queue = TurnQueue(leaderboard.identity)
        for name in NAMES:
            queue.put(turn(name))
        notices: list[str] = []
        assert queue.drain(leaderboard, notices.append) == 2
        assert len(queue) == 1, "the one that it refuses stays, and delays no other"
        assert len(notices) == 1
        assert {row.turn.player for row in leaderboard.top()[0]} == {"Ada", "Cy"}


def test_a_database_in_sql_ascii_works_and_one_odd_name_hides_no_other(server):
    database = Database(server, ENCODING.format("SQL_ASCII"))
    with Leaderboard(database.url) as leaderboard:
        leaderboard.check_writable()
        for name in NAMES:
            leaderboard.store(turn(name))
        database.run(r"UPDATE paintcam_players SET name = E'C\xff' WHERE name = 'Cy'")
        assert {row.turn.player for row in leaderboard.top()[0]} == {"Ada", "李 🎨", "C�"}


@pytest.mark.parametrize(
    "rights",
    [
        "GRANT SELECT, UPDATE ON ALL TABLES IN SCHEMA public TO {0}",
        "GRANT ALL ON ALL TABLES IN SCHEMA public TO {0}",  # not of the sequences
        "ALTER ROLE {0} SET default_transaction_read_only = on",
    ],
)
def test_a_role_without_rights_is_refused_before_the_show(server, rights):
    database = Database(server)
    Leaderboard(database.url).close()
    role = f"weak_{uuid.uuid4().hex}"
    database.run(
        f"CREATE ROLE {role} LOGIN",
        f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}",
        rights.format(role),
    )
    with (
        Leaderboard(database.url.replace("paintcam@", f"{role}@")) as leaderboard,
        pytest.raises(LeaderboardError, match="cannot be written") as caught,
    ):
        leaderboard.check_writable()
    assert "LINE" not in str(caught.value)


def test_a_table_that_another_program_locks_is_reported_in_time(server, monkeypatch):
    monkeypatch.setattr(answers, "_LIMIT_S", 1.0)
    database = Database(server)
    with Leaderboard(database.url) as leaderboard:
        leaderboard.store(turn())
        with psycopg.connect(database.url.replace("+psycopg", "")) as other:
            other.execute("LOCK TABLE paintcam_turns IN ACCESS EXCLUSIVE MODE")
            for ask in (leaderboard.top, lambda: leaderboard.store(turn("Bo"))):
                with pytest.raises(LeaderboardError, match="does not answer"):
                    ask()
            other.rollback()
        leaderboard.store(turn("Bo"))
        assert leaderboard.count() == 2


def test_tables_dropped_during_a_show_lose_no_turn_of_it(server):
    database = Database(server)
    notices: list[str] = []
    with Leaderboard(database.url, notices.append) as leaderboard:
        writer = TurnWriter(leaderboard, notices.append)
        writer.put(turn("Ada"))
        assert writer.flush(30)
        database.run("DROP SCHEMA public CASCADE", "CREATE SCHEMA public")
        writer.put(turn("Bo"))
        assert writer.flush(30)
        writer.close()
        assert leaderboard.count() == 2, notices


def test_a_driver_that_cannot_be_used_here_is_refused():
    with pytest.raises(LeaderboardError, match="not a database that paintcam supports"):
        Leaderboard("postgresql+psycopg_async://paintcam@127.0.0.1:1/x")


@pytest.mark.skipif(os.name != "posix", reason="there is no way to freeze a process")
def test_a_server_that_freezes_during_a_show_does_not_keep_it_from_ending(server, monkeypatch):
    """Its system still takes what is sent to it, so a driver would wait for ever."""
    from paintcam.contest.look_up import look_up

    monkeypatch.setattr(answers, "_LIMIT_S", 60.0)
    database = Database(server)
    notices: list[str] = []
    with Leaderboard(database.url) as leaderboard:
        writer = TurnWriter(leaderboard, notices.append)
        played = turn()
        writer.put(played)
        assert writer.flush(30)
        with psycopg.connect(database.url.replace("+psycopg", "")) as connection:
            query = "SELECT pid FROM pg_stat_activity WHERE datname = %s AND pid <> %s"
            backends = connection.execute(query, (database.name, connection.info.backend_pid))
            frozen = [pid for (pid,) in backends]
        assert frozen
        for pid in frozen:
            os.kill(pid, signal.SIGSTOP)
        try:
            started = time.monotonic()
            assert look_up(leaderboard, [played.id], 0.3) == {}
            assert time.monotonic() - started < 30, "it waited for the driver"
            monkeypatch.setattr(answers, "_LIMIT_S", 2.0)
            results: list[object] = []
            asking = threading.Thread(target=lambda: results.append(leaderboard.count()))
            asking.start()
            asking.join(30)
            assert results == [1], "another connection gives the answer"
        finally:
            for pid in frozen:
                os.kill(pid, signal.SIGCONT)
        writer.close()
