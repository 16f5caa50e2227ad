"""Turns of test processes: many run side by side, and one that measures time runs alone."""

from __future__ import annotations

from pathlib import Path
from typing import IO

try:
    import fcntl
except ImportError:  # Windows: tests that measure time take their chance
    fcntl = None


class Turns:
    """A turn that processes have side by side, or that one of them has alone.

    Args:
        folder: Where the two files are that they lock; the same for all processes.
    """

    def __init__(self, folder: Path) -> None:
        self._door = folder / "door"
        self._room = folder / "room"
        self._held: IO[str] | None = None

    def take(self, *, alone: bool) -> None:
        """Wait for a turn, unless this process still has one."""
        if fcntl is None or self._held is not None:
            return
        room = self._room.open("w")
        # All wait at the door, so that whoever is to be alone is not passed over again and again by
        # those who share.
        with self._door.open("w") as door:
            fcntl.flock(door, fcntl.LOCK_EX)
            fcntl.flock(room, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        self._held = room

    def end(self) -> None:
        """Let others have their turn."""
        if self._held is not None:
            self._held.close()
            self._held = None
