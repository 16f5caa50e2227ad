"""Opening the database of the scores and upgrading its schema."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import URL, Connection, Engine, create_engine, event, exc
from sqlalchemy.pool import StaticPool

from paintcam.errors import OTHER_DATABASE, UPDATE, LeaderboardError
from paintcam.leaderboard import schema
from paintcam.leaderboard.faults import (
    check_file,
    is_damage,
    is_read_only,
    set_aside,
    translated,
)
from paintcam.leaderboard.location import file_identity, location_of, sqlite_path

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
            options["prepare_threshold"] = None
    elif url.get_backend_name() != "sqlite":
        options = {}
    try:
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
    return engine


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
    with engine.connect() as connection:
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
        with engine.execution_options(paintcam_writes=True).begin() as connection:
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
        _read_into(copy, path)
    except sqlite3.Error:
        raise cause from None
    finally:
        raw.close()
    event.listen(engine, "connect", _on_sqlite_connect)
    event.listen(engine, "begin", _on_sqlite_begin)
    _on_sqlite_connect(copy, None)
    _prepare(engine, url)
    copy.execute("PRAGMA query_only=ON")  # "attempt to write a readonly database"
    return engine


def _read_into(copy: sqlite3.Connection, path: Path) -> None:
    # In a folder that is not writable, SQLite opens a file in WAL mode only with the option
    # which declares that nobody else writes it.
    for options in ("mode=ro", "mode=ro&immutable=1"):
        try:
            source = sqlite3.connect(f"{path.absolute().as_uri()}?{options}", uri=True)
            with contextlib.closing(source):
                source.backup(copy)
            return
        except sqlite3.OperationalError as error:
            last = error
    raise last
