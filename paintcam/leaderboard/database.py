"""Opening the scores' database and bringing it up to date."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable

from sqlalchemy import URL, Connection, Engine, create_engine, event, exc

from paintcam.errors import LeaderboardError
from paintcam.leaderboard import schema
from paintcam.leaderboard.faults import ELSEWHERE, is_damage, set_aside, translated
from paintcam.leaderboard.location import file_identity, location_of, sqlite_path

__all__ = ["open_engine"]

# SQLite's own waiting tries ever more seldom, so that whoever waits long waits longer: the caller
# begins anew before that.
_BUSY_S = 0.1
_PATIENCE_S = 30.0


def open_engine(url: URL, notice: Callable[[str], None]) -> Engine:
    """Connect to a database and bring its schema up to date.

    A damaged SQLite file is kept aside under another name, and a new one begun.

    Args:
        url: From `parse_url`.
        notice: Told what a person should know, in a sentence.

    Raises:
        LeaderboardError: It cannot be reached, read or written, or is of a newer schema.
    """
    path = sqlite_path(url)
    if path is not None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise LeaderboardError(
                f"Cannot make the folder {path.parent} for the scores: {error.strerror}. "
                f"Make it writable, or {ELSEWHERE}."
            ) from None
    engine = _create(url)
    deadline = time.monotonic() + _PATIENCE_S
    with translated(url):
        while True:
            before = file_identity(path)
            try:
                _prepare(engine, url)
                return engine
            except Exception as error:
                engine.dispose()
                if path is not None and is_damage(error):
                    notice(set_aside(url, before))
                elif "locked" not in str(error) or time.monotonic() > deadline:
                    raise
            time.sleep(0.05)


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
    except (exc.NoSuchModuleError, ImportError):
        extra = "paintcam[postgres]" if url.get_backend_name() == "postgresql" else "ITS DRIVER"
        raise LeaderboardError(
            f"The driver for {url.drivername} is not installed. "
            f"Run `pip install '{extra}'`, or leave `--database` out for SQLite."
        ) from None
    if url.get_backend_name() == "sqlite":
        event.listen(engine, "connect", _on_sqlite_connect)
        event.listen(engine, "begin", _on_sqlite_begin)
    return engine


def _on_sqlite_connect(connection: object, _: object) -> None:
    # Python's own BEGIN comes too late and is never IMMEDIATE; paintcam sends it itself.
    connection.isolation_level = None  # type: ignore[attr-defined]
    cursor = connection.cursor()  # type: ignore[attr-defined]
    cursor.execute("PRAGMA foreign_keys=ON")
    # In WAL mode this survives any end of the process; `Leaderboard.sync` is for power cuts.
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.close()


def _on_sqlite_begin(connection: Connection) -> None:
    # A writer that begins as a reader cannot wait for its turn: SQLite refuses it at once.
    writes = connection.get_execution_options().get("paintcam_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _prepare(engine: Engine, url: URL) -> None:
    if url.get_backend_name() == "sqlite":
        _use_wal(engine)
    with engine.connect() as connection:
        version = schema.read_version(connection)
    if version > schema.VERSION:
        raise LeaderboardError(
            f"The scores in {location_of(url)} were written by a newer paintcam (schema {version}; "
            f"this one knows {schema.VERSION}). "
            f"Run `pip install --upgrade paintcam`, or {ELSEWHERE}."
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
            raise  # else old scores can still be shown; storing says that it cannot
    finally:
        raw.close()
