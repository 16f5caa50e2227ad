"""How paintcam connects to a database: a driver, its options, what is set on each connection."""

from __future__ import annotations

import contextlib
import sqlite3
from typing import TYPE_CHECKING

from sqlalchemy import URL, Connection, Engine, create_engine, event, exc

from paintcam.errors import LeaderboardError

if TYPE_CHECKING:
    import psycopg

__all__ = ["connect_to", "decoded", "on_sqlite_connect", "set_up_sqlite"]

# SQLite waits longer and longer between its own tries, so a long wait gets even longer: the
# caller starts again before that.
_BUSY_S = 0.1

_INSTALLED_BY = {
    "MySQLdb": "mysqlclient",
    "cx_Oracle": "cx_Oracle",
    "psycopg": "paintcam[postgres]",
    "psycopg2": "psycopg2-binary",
}
"""What pip calls a driver that Python imports under another name."""


def connect_to(url: URL) -> Engine:
    """Build the engine of a URL; it connects when it is first used.

    Raises:
        LeaderboardError: Its driver is unknown or not installed.
    """
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
        set_up_sqlite(engine)
    elif url.drivername == "postgresql+psycopg":
        event.listen(engine, "connect", _on_psycopg_connect)
    return engine


def set_up_sqlite(engine: Engine) -> None:
    """Set what SQLite's connections and transactions need."""
    event.listen(engine, "connect", on_sqlite_connect)
    event.listen(engine, "begin", _on_sqlite_begin)


class _LenientText:
    """Reads PostgreSQL's texts; psycopg's own loader has the same attributes."""

    format = 0  # as text

    def __init__(self, oid: int, context: object) -> None:
        pass

    def load(self, data: bytes) -> str:
        return decoded(bytes(data))


def _on_psycopg_connect(connection: psycopg.Connection, _: object) -> None:
    if connection.info.parameter_status("server_encoding") == "SQL_ASCII":
        # It takes any bytes, and would refuse to return what is not UTF-8.
        connection.execute("SET client_encoding TO 'SQL_ASCII'")
        connection.commit()
        for kind in ("text", "varchar"):
            connection.adapters.register_loader(kind, _LenientText)


def on_sqlite_connect(connection: sqlite3.Connection, _: object) -> None:
    """Set what one connection needs."""
    # Python sends BEGIN too late and never as IMMEDIATE, so paintcam sends it.
    connection.isolation_level = None
    connection.text_factory = decoded
    with contextlib.closing(connection.cursor()) as cursor:
        cursor.execute("PRAGMA foreign_keys=ON")
        # In WAL mode this survives any end of the process; `Leaderboard.sync` is for power cuts.
        cursor.execute("PRAGMA synchronous=NORMAL")


def decoded(text: bytes) -> str:
    """Read a database's text, whatever its bytes."""
    # One name that is not UTF-8 would otherwise end every query that returns it.
    return text.decode("utf-8", "replace")


def _on_sqlite_begin(connection: Connection) -> None:
    # SQLite refuses a writer that began as a reader at once, instead of letting it wait.
    writes = connection.get_execution_options().get("paintcam_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
