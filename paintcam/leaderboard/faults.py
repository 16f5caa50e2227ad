"""Faults of a database: which errors pass, which mean damage, and how to report the others."""

from __future__ import annotations

import contextlib
import re
import sqlite3
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from sqlalchemy import URL, exc

from paintcam.errors import OTHER_DATABASE, LeaderboardError
from paintcam.leaderboard.location import file_identity, location_of, secrets_of, sqlite_path
from paintcam.text import hide_secrets, printable

__all__ = [
    "RefusedError",
    "check_file",
    "checked",
    "damage_notice",
    "is_damage",
    "is_passing",
    "is_read_only",
    "is_table_missing",
    "set_aside",
    "translated",
]

# Whole phrases: a trigger may report "malformed JSON".
_DAMAGED = ("image is malformed", "malformed database schema", "not a database")
_CHECK_S = 1.0
_READ_ONLY = ("readonly", "read-only", "unable to open")


class RefusedError(LeaderboardError):
    """The database works, but does not take this row."""


def is_damage(error: Exception) -> bool:
    """Return whether SQLite reports its file as damaged, or as no database at all."""
    cause = error.orig if isinstance(error, exc.DBAPIError) else error
    if isinstance(cause, UnicodeDecodeError):
        return True  # the name of a table, in SQLite's error about its malformed schema
    return isinstance(cause, sqlite3.Error) and any(word in str(cause) for word in _DAMAGED)


def is_read_only(error: Exception) -> bool:
    """Return whether SQLite can perhaps read its file, but not write it."""
    return any(word in str(error) for word in _READ_ONLY)


def is_table_missing(error: exc.DBAPIError) -> bool:
    """Return whether a table is gone: dropped, or with the file's whole content."""
    undefined = getattr(error.orig, "sqlstate", None) == "42P01"
    return undefined or "no such table" in str(error.orig)


def is_passing(error: exc.DBAPIError) -> bool:
    """Return whether the same transaction may succeed when it is run again."""
    if isinstance(error, exc.IntegrityError) or error.connection_invalidated:
        return True  # another process stored the same board or player first; or a stale connection
    if getattr(error.orig, "sqlstate", None) in ("40001", "40P01", "55P03"):
        return True  # PostgreSQL: serialisation, deadlock, lock not available
    code = error.orig.args[0] if error.orig is not None and error.orig.args else None
    return code in (1205, 1213) or "locked" in str(error.orig)  # MySQL's two; SQLite's one


def check_file(path: Path) -> None:
    """Refuse what SQLite would wait for or write into: a folder, FIFO, socket or device.

    Args:
        path: Of the SQLite database; it need not exist.

    Raises:
        LeaderboardError: Something other than a regular file is there.
    """
    with contextlib.suppress(OSError):
        if path.exists() and not path.is_file():
            kind = "a folder" if path.is_dir() else "not a regular file"
            raise LeaderboardError(
                f"{path} is {kind}, so it cannot hold the scores.",
                fix=f"Move it away, or {OTHER_DATABASE}.",
            )


def checked(path: Path) -> bool | None:
    """Read SQLite's whole file; returns whether it is sound, None if that takes too long."""
    deadline = time.monotonic() + _CHECK_S
    # A connection of its own: others have pages in their caches.
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.set_progress_handler(lambda: time.monotonic() > deadline, 10_000)
        try:
            return bool(connection.execute("PRAGMA integrity_check(1)").fetchone() == ("ok",))
        except (sqlite3.Error, UnicodeDecodeError) as error:
            return False if is_damage(error) else None


def set_aside(url: URL, damaged: tuple[int, int] | None) -> Path | None:
    """Rename a damaged SQLite file and what is left of its journal.

    Args:
        url: Of the SQLite database.
        damaged: Identity of the damaged file. Another file in its place is not touched.

    Returns:
        Where it is now; None if another process has just renamed it.

    Raises:
        LeaderboardError: It is a file of some other kind, or cannot be renamed.
    """
    path = sqlite_path(url)
    assert path is not None
    check_file(path)
    with contextlib.suppress(OSError), path.open("rb") as file:
        head = file.read(16)
        named_as_one = path.suffix in (".sqlite", ".sqlite3")
        if not named_as_one and not head.startswith(b"SQLite format 3"):
            raise LeaderboardError(
                f"{path} is not a database. It was not changed.",
                fix=f"Move it away, or {OTHER_DATABASE}.",
            )
    if file_identity(path) != damaged:
        return None
    kept = path.with_name(f"{path.name}.damaged-{datetime.now():%Y%m%d-%H%M%S-%f}")
    try:
        # The journal first: SQLite would replay what is left of it into the new file.
        for suffix in ("-wal", "-shm", ""):
            with contextlib.suppress(FileNotFoundError):
                path.with_name(path.name + suffix).rename(kept.with_name(kept.name + suffix))
    except OSError as error:
        raise LeaderboardError(
            f"The scores in {path} are damaged, and the file cannot be renamed ({error.strerror}).",
            fix=f"Move the file away, or {OTHER_DATABASE}.",
        ) from None
    return kept


def damage_notice(path: Path, kept: Path | None, turns: int) -> str:
    """Say what was done with a damaged file, and how to recover what was not read of it.

    Args:
        path: Where it was.
        kept: From `set_aside`.
        turns: How many turns were read from it into the new file.
    """
    if kept is None:
        return f"{path} was damaged. Another paintcam has just renamed it."
    read = f" with the {turns:,} turn(s) that can still be read" if turns else ""
    return (
        f"The scores in {path} are damaged. The file was renamed to {kept.name}, and a new one was "
        f"created{read}. To recover {'more' if turns else 'scores'}, run "
        f"`sqlite3 {kept} .recover | sqlite3 recovered.sqlite3`."
    )


@contextlib.contextmanager
def translated(url: URL) -> Iterator[None]:
    """Turn a database's errors into `LeaderboardError`, without any secret of the URL."""
    try:
        yield
    except (exc.SQLAlchemyError, OSError, UnicodeEncodeError) as error:
        raise _readable(url, error) from None
    except Exception as error:
        # What a driver raises below SQLAlchemy: its own classes, a separate tree per driver.
        if type(error).__module__.partition(".")[0] not in ("sqlite3", "psycopg"):
            raise
        raise _readable(url, error) from None


def _readable(url: URL, error: Exception) -> LeaderboardError:
    cause = error.orig if isinstance(error, exc.DBAPIError) and error.orig else error
    # without SQLAlchemy's link and PostgreSQL's quotation of the statement
    text = re.split(r"\(Background on this error|\n(?:LINE|CONTEXT)\b", str(cause))[0]
    reason = " ".join(printable(hide_secrets(_without(secrets_of(url), text))).split())
    reason = reason.rstrip(".?!")
    where = location_of(url)
    lower = reason.lower()
    if "readonly" in lower or "read-only" in lower or "permission denied" in lower:
        what, fix = f"The scores in {where} cannot be written: {reason}.", "Make it writable"
    elif "is full" in lower or "no space" in lower:
        what, fix = f"No space for the scores in {where}: {reason}.", "Free some space"
    elif "unable to open" in lower:
        what, fix = f"Cannot open the scores in {where}: {reason}.", "Check the path"
    elif "locked" in lower:
        what = f"The scores in {where} are in use: {reason}."
        fix = "Close the other program that uses them"
    elif "has no equivalent" in lower:
        what = f"The database {where} cannot store every letter: {reason}."
        fix = "Create one with ENCODING 'UTF8'"
    elif sqlite_path(url) is None:
        what, fix = f"Cannot use the database {where}: {reason}.", "Check that it runs"
    else:
        what = f"Cannot use the scores in {where}: {reason}."
        fix = "Check that the file is paintcam's"
    of_row = isinstance(error, exc.DataError | exc.IntegrityError | UnicodeEncodeError)
    kind = RefusedError if of_row else LeaderboardError
    return kind(what, fix=f"{fix}, or {OTHER_DATABASE}.")


def _without(secrets: list[str], text: str) -> str:
    for secret in secrets:
        text = text.replace(secret, "***")
    return text
