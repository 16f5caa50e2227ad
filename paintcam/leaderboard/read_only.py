"""Reads a SQLite file that cannot be written, or whose folder cannot."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import tempfile
from pathlib import Path

__all__ = ["read_into"]


def read_into(copy: sqlite3.Connection, path: Path) -> None:
    """Copy all that is stored into a database in memory.

    Args:
        copy: The database in memory.
        path: The file.

    Raises:
        OSError: The file cannot be read.
        sqlite3.Error: It is no database.
    """
    journals = [path.with_name(path.name + ending) for ending in ("-wal", "-journal")]
    with contextlib.suppress(sqlite3.OperationalError):
        return _back_up(f"{path.absolute().as_uri()}?mode=ro", copy)
    if not any(journal.is_file() and journal.stat().st_size for journal in journals):
        # In such a folder, SQLite opens a file in WAL mode only with the option which declares
        # that nobody else writes it.
        return _back_up(f"{path.absolute().as_uri()}?mode=ro&immutable=1", copy)
    # A run that was killed left its newest scores in the journal: SQLite reads it where it can
    # write.
    with tempfile.TemporaryDirectory(prefix="paintcam-") as folder:
        for file in (path, *journals):
            if file.is_file():
                shutil.copyfile(file, Path(folder) / file.name)
        return _back_up((Path(folder) / path.name).as_uri(), copy)


def _back_up(uri: str, copy: sqlite3.Connection) -> None:
    with contextlib.closing(sqlite3.connect(uri, uri=True)) as source:
        source.backup(copy)
