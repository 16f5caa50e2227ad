"""Where the scores are: URLs, the data folder, the file."""

from __future__ import annotations

import contextlib
import os
import stat
from pathlib import Path
from urllib.parse import unquote

from sqlalchemy import URL, exc, make_url

from paintcam.errors import LeaderboardError
from paintcam.folders import data_folder
from paintcam.text import printable

__all__ = [
    "file_identity",
    "file_size",
    "identity_of",
    "location_of",
    "parse_url",
    "secrets_of",
    "sqlite_path",
]

_SQLITE_OPTIONS = {
    "cache", "cached_statements", "check_same_thread", "detect_types", "immutable",
    "isolation_level", "mode", "nolock", "psow", "timeout", "uri", "vfs",
}  # fmt: skip
_HARMLESS = {"application_name", "connect_timeout", "host", "hostaddr", "port", "sslmode"}
_HIDDEN_IN_IDENTITY = ("pass", "secret", "token")


def parse_url(database: str | None) -> URL:
    """Read a database's URL.

    Args:
        database: Any SQLAlchemy URL; None for `PAINTCAM_DATABASE` or, if that is not set, the
            SQLite file in the data folder.

    Raises:
        LeaderboardError: It is not a URL, or the database would not keep anything.
    """
    text = database or os.environ.get("PAINTCAM_DATABASE")
    if not text:
        return URL.create("sqlite", database=str(data_folder() / "leaderboard.sqlite3"))
    # The text itself stays out of every message: it may hold a password.
    try:
        url = make_url(text)
        backend = url.get_backend_name()
    except (exc.ArgumentError, ValueError):
        raise LeaderboardError(
            "The database must be a URL.",
            fix="Pass `--database sqlite:///scores.sqlite3` or "
            "`--database postgresql+psycopg://USER:PASSWORD@HOST/NAME`.",
        ) from None
    if backend == "sqlite":
        _check_sqlite(url, text)
    elif "@" in f"{url.host}{url.database}" or "@" in f"{url.username}":
        raise LeaderboardError(
            "The user, host or name in the database URL contains an @.",
            fix="Write @ as %40 and / as %2F in the user and the password.",
        )
    if backend in ("postgres", "postgresql") and "+" not in url.drivername:
        return url.set(drivername="postgresql+psycopg")  # as hosts such as Supabase print it
    return url


def location_of(url: URL) -> str:
    """Return a URL that is safe to print: scheme, host and port; the path alone for SQLite."""
    path = sqlite_path(url)
    if path is not None:
        return printable(str(path))
    host = url.host or url.query.get("host") or ""
    host = f"[{host}]" if ":" in host else str(host)
    port = f":{url.port}" if url.port else ""
    return printable(f"{url.drivername}://{host}{port}")


def identity_of(url: URL) -> str:
    """Return what distinguishes this database from others. Do not print it.

    Queues in the data folder are named by it, so it must never change for a URL.
    """
    path = sqlite_path(url)
    if path is not None:
        return str(path.absolute())
    query = {
        name: "***" if any(word in name.lower() for word in _HIDDEN_IN_IDENTITY) else value
        for name, value in url.query.items()
    }
    return url.set(query=query).render_as_string(hide_password=True)


def sqlite_path(url: URL) -> Path | None:
    """Return the file of a SQLite URL, or None for other databases."""
    if url.get_backend_name() != "sqlite" or url.database is None:
        return None
    if url.database.startswith("file:"):
        return Path(unquote(url.database.removeprefix("file:")))
    return Path(url.database)


def file_identity(path: Path | None) -> tuple[int, int] | None:
    """Return what distinguishes one file from another under the same name.

    Returns:
        Device and inode; None if there is no regular file that can be reached.
    """
    if path is None:
        return None
    with contextlib.suppress(OSError, ValueError):
        found = path.stat()
        if stat.S_ISREG(found.st_mode):
            return found.st_dev, found.st_ino
    return None


def file_size(path: Path | None) -> int:
    """Return the size of a file in bytes, 0 if there is none."""
    if path is not None:
        with contextlib.suppress(OSError, ValueError):
            return path.stat().st_size
    return 0


def secrets_of(url: URL) -> list[str]:
    """List what must never be printed of a URL, not even if a driver quotes it."""
    queried = (str(value) for name, value in url.query.items() if name not in _HARMLESS)
    return [secret for secret in (url.password, *queried) if secret]


def _check_sqlite(url: URL, text: str) -> None:
    # SQLAlchemy drops what it does not know after a "?", and would open another file.
    for field in text.partition("?")[2].split("&") if "?" in text else []:
        name = field.partition("=")[0]
        if name not in _SQLITE_OPTIONS:
            raise LeaderboardError(
                f'"{printable(name)}" after the ? in the database URL is not an option of SQLite.',
                fix="Use a path without a ?, such as `sqlite:///scores.sqlite3`.",
            )
    name = (url.database or "").removeprefix("file:")
    if name in ("", ":memory:") or url.query.get("mode") == "memory":
        raise LeaderboardError(
            "A database in memory does not keep scores.",
            fix="Pass a file: `--database sqlite:///scores.sqlite3`.",
        )
