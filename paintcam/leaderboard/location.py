"""Where the scores are: URLs, the data folder, the file."""

from __future__ import annotations

import contextlib
import os
import re
from pathlib import Path

from sqlalchemy import URL, exc, make_url

from paintcam.errors import LeaderboardError
from paintcam.folders import data_folder

__all__ = ["file_identity", "location_of", "parse_url", "secrets_of", "sqlite_path"]

_SECRET = re.compile(r"pass|secret|token", re.IGNORECASE)


def parse_url(database: str | None) -> URL:
    """Read a database's URL.

    Args:
        database: Any SQLAlchemy URL; None for `PAINTCAM_DATABASE`, or else the SQLite file in the
            data folder.

    Raises:
        LeaderboardError: Not a URL, or one of a database that keeps nothing.
    """
    text = database or os.environ.get("PAINTCAM_DATABASE")
    if not text:
        return URL.create("sqlite", database=str(data_folder() / "leaderboard.sqlite3"))
    # The text itself stays out of the message: it may hold a password.
    try:
        url = make_url(text)
    except (exc.ArgumentError, ValueError):
        raise LeaderboardError(
            "The database given is not a URL. Pass one such as "
            "`--database sqlite:///scores.sqlite3` or `--database postgresql+psycopg://USER:PASSWORD@HOST/NAME`."
        ) from None
    if url.get_backend_name() in ("postgres", "postgresql") and "+" not in url.drivername:
        return url.set(drivername="postgresql+psycopg")  # as hosts such as Supabase print it
    if url.get_backend_name() == "sqlite" and url.database in (None, "", ":memory:"):
        raise LeaderboardError(
            "A database in memory keeps nothing. Pass a file: `--database sqlite:///scores.sqlite3`."
        )
    return url


def location_of(url: URL) -> str:
    """A URL as it may be printed: no password, also none in the query; a bare path for SQLite."""
    path = sqlite_path(url)
    if path is not None:
        return str(path)
    query = {name: "***" if _SECRET.search(name) else value for name, value in url.query.items()}
    return url.set(query=query).render_as_string(hide_password=True)


def sqlite_path(url: URL) -> Path | None:
    """The file of a SQLite URL; None for other databases."""
    if url.get_backend_name() != "sqlite" or url.database is None:
        return None
    return Path(url.database.removeprefix("file:"))


def file_identity(path: Path | None) -> tuple[int, int] | None:
    """What tells one file from another under the same name; None where there is none."""
    if path is None:
        return None
    with contextlib.suppress(OSError):
        found = path.stat()
        return found.st_dev, found.st_ino
    return None


def secrets_of(url: URL) -> list[str]:
    """What must never be printed of a URL, also where a driver quotes it."""
    queried = (str(value) for name, value in url.query.items() if _SECRET.search(name))
    return [secret for secret in (url.password, *queried) if secret]
