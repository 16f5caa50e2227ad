"""What goes wrong with a database: what passes, what is damage, and how to say the rest."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import URL, exc

from paintcam.errors import LeaderboardError
from paintcam.leaderboard.location import file_identity, location_of, secrets_of, sqlite_path

__all__ = ["ELSEWHERE", "is_damage", "is_passing", "set_aside", "translated"]

ELSEWHERE = "pass `--database sqlite:///OTHER.sqlite3` (or set PAINTCAM_DATABASE)"
_DAMAGED = ("malformed", "not a database")


def is_damage(error: Exception) -> bool:
    """Whether SQLite says that its file is damaged, or no database at all."""
    cause = error.orig if isinstance(error, exc.DBAPIError) else error
    return isinstance(cause, sqlite3.Error) and any(word in str(cause) for word in _DAMAGED)


def is_passing(error: exc.DBAPIError) -> bool:
    """Whether the same transaction may well succeed when tried again."""
    if isinstance(error, exc.IntegrityError) or error.connection_invalidated:
        return True  # another process stored the same board or player first; or a stale connection
    if getattr(error.orig, "sqlstate", None) in ("40001", "40P01", "55P03"):
        return True  # PostgreSQL: serialisation, deadlock, lock not available
    code = error.orig.args[0] if error.orig is not None and error.orig.args else None
    return code in (1205, 1213) or "locked" in str(error.orig)  # MySQL's two; SQLite's one


def set_aside(url: URL, damaged: tuple[int, int] | None) -> str:
    """Give a damaged SQLite file, and what is left of its journal, another name beside it.

    Args:
        url: Of the SQLite database.
        damaged: The file that was found damaged: another in its place is left alone.

    Returns:
        What was done, and how to save what can be saved.

    Raises:
        LeaderboardError: It is some other kind of file, or cannot be renamed.
    """
    path = sqlite_path(url)
    assert path is not None
    with contextlib.suppress(OSError), path.open("rb") as file:
        head = file.read(16)
        named_as_one = path.suffix in (".sqlite", ".sqlite3")
        if not named_as_one and not head.startswith(b"SQLite format 3"):
            raise LeaderboardError(
                f"{path} is not a database; it was left as it is. Move it away, or {ELSEWHERE}."
            )
    if file_identity(path) != damaged:
        return f"{path} was damaged; another paintcam has just kept it aside."
    kept = path.with_name(f"{path.name}.damaged-{datetime.now():%Y%m%d-%H%M%S-%f}")
    try:
        # The journal first: SQLite would replay what is left of it into the new file.
        for suffix in ("-wal", "-shm", ""):
            with contextlib.suppress(FileNotFoundError):
                path.with_name(path.name + suffix).rename(kept.with_name(kept.name + suffix))
    except OSError as error:
        raise LeaderboardError(
            f"The scores in {path} are damaged and cannot be kept aside: {error.strerror}. "
            f"Move the file away, or {ELSEWHERE}."
        ) from None
    return (
        f"The scores in {path} are damaged. The file is kept as {kept.name}, and a new one begun. "
        f"To save what can be saved: `sqlite3 {kept} .recover | sqlite3 recovered.sqlite3`."
    )


@contextlib.contextmanager
def translated(url: URL) -> Iterator[None]:
    """Turn a database's errors into one sentence with the next command, and no password."""
    try:
        yield
    except (exc.SQLAlchemyError, OSError) as error:
        raise LeaderboardError(_sentence(url, error)) from None
    except Exception as error:
        # What a driver raises below SQLAlchemy: its own classes, one tree a driver.
        if type(error).__module__.partition(".")[0] not in ("sqlite3", "psycopg"):
            raise
        raise LeaderboardError(_sentence(url, error)) from None


def _sentence(url: URL, error: Exception) -> str:
    cause = error.orig if isinstance(error, exc.DBAPIError) and error.orig else error
    said = " ".join(str(cause).split()).rstrip(".?!")
    for secret in secrets_of(url):
        said = said.replace(secret, "***")
    where = location_of(url)
    lower = said.lower()
    if "readonly" in lower or "read-only" in lower or "permission denied" in lower:
        return f"The scores in {where} cannot be written: {said}. Make it writable, or {ELSEWHERE}."
    if "is full" in lower or "no space" in lower:
        return f"No room for the scores in {where}: {said}. Free some space, or {ELSEWHERE}."
    if "unable to open" in lower:
        return f"Cannot open the scores in {where}: {said}. Check the path, or {ELSEWHERE}."
    if sqlite_path(url) is None:
        return f"Cannot use the database {where}: {said}. Check that it runs, or {ELSEWHERE}."
    return f"Cannot use the scores in {where}: {said}. Run `paintcam leaderboard`, or {ELSEWHERE}."
