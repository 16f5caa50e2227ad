"""Opening the database of the scores and upgrading its schema."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import URL, Engine, create_engine, exc
from sqlalchemy.pool import StaticPool

from paintcam.errors import OTHER_DATABASE, UPDATE, LeaderboardError
from paintcam.leaderboard import schema
from paintcam.leaderboard.answers import AnswerLimit
from paintcam.leaderboard.drivers import connect_to, on_sqlite_connect, set_up_sqlite
from paintcam.leaderboard.faults import (
    check_file,
    damage_notice,
    is_damage,
    is_read_only,
    set_aside,
    translated,
)
from paintcam.leaderboard.location import file_identity, location_of, sqlite_path
from paintcam.leaderboard.read_only import read_into
from paintcam.leaderboard.salvage import salvage

__all__ = ["open_engine"]

_PATIENCE_S = 30.0


def open_engine(
    url: URL, notice: Callable[[str], None], damaged: tuple[int, int] | None = None
) -> Engine:
    """Connect to a database and upgrade its schema.

    A damaged SQLite file is renamed, and what can be read of it is stored in a new one. A file that
    can only be read is read into memory, so that its scores can be listed whatever its schema.

    Args:
        url: From `parse_url`.
        notice: Called with a message for the user.
        damaged: Identity of the file if it is known to be damaged.

    Raises:
        LeaderboardError: It cannot be reached, read or created, or its schema is newer.
    """
    path = sqlite_path(url)
    if path is not None:
        _make_folder(path)
    engine = connect_to(url)
    deadline = time.monotonic() + _PATIENCE_S
    is_aside, kept = False, None
    with translated(url):
        while True:
            before = file_identity(path)
            try:
                if path is not None:
                    check_file(path)
                    if damaged is not None:
                        is_aside, kept, damaged = True, set_aside(url, damaged), None
                _prepare(engine, url)
                if path is not None and is_aside:
                    notice(damage_notice(path, kept, _salvage(engine, kept)))
                return engine
            except LeaderboardError:
                engine.dispose()
                raise
            except Exception as error:
                engine.dispose()
                if path is not None and is_damage(error):
                    damaged = before
                elif path is not None and is_read_only(error) and file_identity(path):
                    return _open_copy(path, url, error)
                elif "locked" not in str(error) or time.monotonic() > deadline:
                    raise
            time.sleep(0.05)


def _salvage(engine: Engine, kept: Path | None) -> int:
    if kept is not None:
        with (
            contextlib.suppress(exc.SQLAlchemyError, sqlite3.Error, OSError),
            engine.execution_options(paintcam_writes=True).begin() as connection,
        ):
            return salvage(connection, kept)
    return 0  # the damaged file is still there, and the notice names it


def _make_folder(path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise LeaderboardError(
            f"Cannot create the folder {path.parent} for the scores ({error.strerror}).",
            fix=f"Make it writable, or {OTHER_DATABASE}.",
        ) from None


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
    set_up_sqlite(engine)
    on_sqlite_connect(copy, None)
    _prepare(engine, url)
    copy.execute("PRAGMA query_only=ON")  # "attempt to write a readonly database"
    return engine
