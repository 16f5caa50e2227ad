"""Opening the database of the scores and upgrading its schema."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import URL, Connection, Engine, create_engine, event, exc
from sqlalchemy.pool import StaticPool

from paintcam.errors import OTHER_DATABASE, UPDATE, LeaderboardError
from paintcam.leaderboard import schema
from paintcam.leaderboard.answers import AnswerLimit
from paintcam.leaderboard.faults import (
    check_file,
    is_damage,
    is_read_only,
    set_aside,
    translated,
)
from paintcam.leaderboard.location import file_identity, location_of, sqlite_path
from paintcam.leaderboard.read_only import read_into

if TYPE_CHECKING:
    import psycopg

__all__ = ["open_engine"]

# SQLite waits longer and longer between its own tries, so a long wait gets even longer: the
# caller starts again before that.
_BUSY_S = 0.1
_PATIENCE_S = 30.0

_INSTALLED_BY = {
    "MySQLdb": "mysqlclient",
    "cx_Oracle": "cx_Oracle",
    "psycopg": "paintcam[postgres]",
    "psycopg2": "psycopg2-binary",
}
"""What pip calls a driver that Python imports under another name."""


def open_engine(url: URL, notice: Callable[[str], None]) -> Engine:
    """Connect to a database and upgrade its schema.

    A damaged SQLite file is renamed, and a new one is created. One that can only be read is read
    into memory, so that its scores can be listed whatever its schema.

    Args:
        url: From `parse_url`.
        notice: Called with a message for the user.

    Raises:
        LeaderboardError: It cannot be reached, read or created, or its schema is newer.
    """
    path = sqlite_path(url)
    if path is not None:
        _make_folder(path)
    engine = _create(url)
    deadline = time.monotonic() + _PATIENCE_S
    with translated(url):
        while True:
            before = file_identity(path)
            try:
                if path is not None:
                    check_file(path)
                _prepare(engine, url)
                return engine
            except LeaderboardError:
                engine.dispose()
                raise
            except Exception as error:
                engine.dispose()
                if path is not None and is_damage(error):
                    notice(set_aside(url, before))
                elif path is not None and is_read_only(error) and file_identity(path):
                    return _open_copy(path, url, error)
                elif "locked" not in str(error) or time.monotonic() > deadline:
                    raise
            time.sleep(0.05)


def _make_folder(path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise LeaderboardError(
            f"Cannot create the folder {path.parent} for the scores ({error.strerror}).",
            fix=f"Make it writable, or {OTHER_DATABASE}.",
        ) from None


def _create(url: URL) -> Engine:
    options: dict[str, object] = {"timeout": _BUSY_S}
    if url.get_backend_name() == "postgresql":
        # No prepared statements: poolers such as Supabase's lose them between two transactions.
        # The timeouts end a wait on a network that has gone.
        options = {
            "connect_timeout": 5,
            "tcp_user_timeout": 5000,
            "keepalives_idle": 5,
            "keepalives_interval": 2,
            "keepalives_count": 2,
        }
        if url.drivername == "postgresql+psycopg":
            # Python would fail at a letter that is not in the database's own encoding.
            options |= {"prepare_threshold": None, "client_encoding": "utf8"}
    elif url.get_backend_name() != "sqlite":
        options = {}
    try:
        if url.get_dialect().is_async:
            raise exc.NoSuchModuleError
        engine = create_engine(url, connect_args=options)
    except exc.NoSuchModuleError:
        raise LeaderboardError(
            f"{url.drivername} is not a database that paintcam supports.",
            fix="Use sqlite:///PATH, or run `pip install 'paintcam[postgres]'` and use "
            "postgresql+psycopg://USER:PASSWORD@HOST/NAME.",
        ) from None
    except ImportError as error:
        module = (error.name or url.drivername).partition(".")[0]
        raise LeaderboardError(
            f"The driver for {url.drivername} is not installed.",
            fix=f"Run `pip install '{_INSTALLED_BY.get(module, module)}'`, "
            "or leave `--database` out to use SQLite.",
        ) from None
    if url.get_backend_name() == "sqlite":
        event.listen(engine, "connect", _on_sqlite_connect)
        event.listen(engine, "begin", _on_sqlite_begin)
    elif url.drivername == "postgresql+psycopg":
        event.listen(engine, "connect", _on_psycopg_connect)
    return engine


class _LenientText:
    """Reads PostgreSQL's texts; psycopg's own loader has the same attributes."""

    format = 0  # as text

    def __init__(self, oid: int, context: object) -> None:
        pass

    def load(self, data: bytes) -> str:
        return _decoded(bytes(data))


def _on_psycopg_connect(connection: psycopg.Connection, _: object) -> None:
    if connection.info.parameter_status("server_encoding") == "SQL_ASCII":
        # It takes any bytes, and would refuse to return what is not UTF-8.
        connection.execute("SET client_encoding TO 'SQL_ASCII'")
        connection.commit()
        for kind in ("text", "varchar"):
            connection.adapters.register_loader(kind, _LenientText)


def _on_sqlite_connect(connection: sqlite3.Connection, _: object) -> None:
    # Python sends BEGIN too late and never as IMMEDIATE, so paintcam sends it.
    connection.isolation_level = None
    connection.text_factory = _decoded
    with contextlib.closing(connection.cursor()) as cursor:
        cursor.execute("PRAGMA foreign_keys=ON")
        # In WAL mode this survives any end of the process; `Leaderboard.sync` is for power cuts.
        cursor.execute("PRAGMA synchronous=NORMAL")


def _decoded(text: bytes) -> str:
    # One name that is not UTF-8 would otherwise end every query that returns it.
    return text.decode("utf-8", "replace")


def _on_sqlite_begin(connection: Connection) -> None:
    # SQLite refuses a writer that began as a reader at once, instead of letting it wait.
    writes = connection.get_execution_options().get("paintcam_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _prepare(engine: Engine, url: URL) -> None:
    if url.get_backend_name() == "sqlite":
        _use_wal(engine)
    with AnswerLimit() as limit, engine.connect() as connection:
        limit.watch(connection)
        try:
            version = schema.read_version(connection)
        except ValueError as error:
            raise LeaderboardError(
                f"The scores in {location_of(url)} have an invalid schema version ({error}).",
                fix=f"Restore a backup, or {OTHER_DATABASE}.",
            ) from None
    if version > schema.VERSION:
        raise LeaderboardError(
            f"The scores in {location_of(url)} were written by a newer paintcam (schema {version}; "
            f"this one knows {schema.VERSION}).",
            fix=f"{UPDATE}, or {OTHER_DATABASE}.",
        )
    if version < schema.VERSION:
        writing = engine.execution_options(paintcam_writes=True)
        with AnswerLimit() as limit, writing.begin() as connection:
            limit.watch(connection)
            schema.migrate(connection)


def _use_wal(engine: Engine) -> None:
    # The mode lasts in the file. Readers then never wait for a writer, nor a writer for readers.
    raw = engine.raw_connection()
    try:
        cursor = raw.cursor()
        cursor.execute("PRAGMA journal_mode")
        if cursor.fetchall() != [("wal",)]:
            cursor.execute("PRAGMA journal_mode=WAL")
    except sqlite3.OperationalError as error:
        if "readonly" not in str(error):
            raise  # else old scores can still be shown; storing reports the error
    finally:
        raw.close()


def _open_copy(path: Path, url: URL, cause: Exception) -> Engine:
    """Read a file that cannot be written, or whose folder cannot, into memory."""
    engine = create_engine(
        "sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False}
    )
    raw = engine.raw_connection()
    try:
        copy = raw.driver_connection
        assert isinstance(copy, sqlite3.Connection)
        read_into(copy, path)
    except (sqlite3.Error, OSError):
        raise cause from None
    finally:
        raw.close()
    event.listen(engine, "connect", _on_sqlite_connect)
    event.listen(engine, "begin", _on_sqlite_begin)
    _on_sqlite_connect(copy, None)
    _prepare(engine, url)
    copy.execute("PRAGMA query_only=ON")  # "attempt to write a readonly database"
    return engine
