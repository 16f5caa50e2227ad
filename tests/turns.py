"""Turns of test processes: many run side by side, and one that measures time runs alone."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows: tests that measure time take their chance
    fcntl = None


class Turns:
    """A lock that processes share, or that one has alone.

    Args:
        folder: Where the lock's two files are; the same for all processes.
    """

    def __init__(self, folder: Path) -> None:
        self._door = folder / "door"
        self._room = folder / "room"

    @contextlib.contextmanager
    def of(self, *, alone: bool) -> Iterator[None]:
        """Wait for a turn, and keep it."""
        if fcntl is None:
            yield
            return
        with self._room.open("w") as room:
            # Everybody waits at the door in turn, so that whoever is to be alone is not passed over
            # again and again by those who share.
            with self._door.open("w") as door:
                fcntl.flock(door, fcntl.LOCK_EX)
                fcntl.flock(room, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
            yield
