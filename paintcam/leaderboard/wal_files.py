"""Watch the two files beside an open SQLite database: its journal, and the index of the journal."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from paintcam.leaderboard.location import file_identity, file_size

__all__ = ["WalFiles"]

_HEADERS = 96
"""Bytes: two copies of one header, at the start of the index."""


class WalFiles:
    """Notices when somebody deletes, replaces or cuts these files, which SQLite itself does not.

    SQLite maps the index into memory: reading a page that was cut off would end the process, with
    a signal that Python cannot catch.

    Args:
        path: Of the database; None if it is not SQLite's.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._files: dict[Path, tuple[int, int]] = {}
        self._size = 0

    def are_replaced(self) -> bool:
        """Return whether a file was deleted or replaced, so that no other process sees it.

        SQLite creates them when the database is first used. It deletes them when nobody has it
        open any longer, so the caller must keep it open.
        """
        if self._path is not None and not self._files:
            names = [self._path.with_name(self._path.name + ending) for ending in ("-wal", "-shm")]
            self._files = {name: found for name in names if (found := file_identity(name))}
        return any(file_identity(name) != found for name, found in self._files.items())

    def restore(self) -> None:
        """Give an index that was cut its size again. Call it before each use of the database.

        What was cut off is now zeros, and what is left may be out of date: without a valid header,
        SQLite builds the index again from the journal.
        """
        for name, identity in self._files.items():
            if name.name.endswith("-shm") and file_identity(name) == identity:
                size, self._size = self._size, max(self._size, file_size(name))
                if file_size(name) < size:
                    with contextlib.suppress(OSError), name.open("r+b") as file:
                        os.truncate(file.fileno(), size)
                        file.write(bytes(_HEADERS))
