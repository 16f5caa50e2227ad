"""Keep a copy of what a run has stored until the database has been read again at its end."""

from __future__ import annotations

import contextlib
import io
import json
import os
import stat
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path

from paintcam.leaderboard.records import Turn

__all__ = ["KeptTurns", "turns_of_ended_runs"]

_LARGEST = 64 << 20


class KeptTurns:
    """Turns that the database has confirmed, to store again if its file is damaged later.

    A run that ends normally stores them again itself; after any other end, the next paintcam that
    opens the database does. The file is created with the first turn. It is locked while the run
    lives, so that no other process takes it. Where it cannot be written, the run goes on without
    it, because the database has the turns.

    Args:
        folder: Where the file is created.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path: Path | None = None
        self._file: io.FileIO | None = None

    def __bool__(self) -> bool:
        return self._file is not None

    def add(self, turns: Sequence[Turn]) -> None:
        """Keep turns, or what they have risen to."""
        self._append([turn.as_json() for turn in turns])

    def forget(self, turn_ids: Sequence[str]) -> None:
        """Never store turns again that were taken back."""
        if self:
            self._append([json.dumps({"forgotten": turn_id}) for turn_id in turn_ids])

    def remove(self) -> None:
        """Delete the file: all of its turns are in the database."""
        self.close()
        if self._path is not None:
            with contextlib.suppress(OSError):
                self._path.unlink()

    def close(self) -> None:
        """Leave the file to the next paintcam. May be called twice."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _append(self, lines: list[str]) -> None:
        with contextlib.suppress(OSError):
            if not lines:
                return
            if self._file is None:
                self._create()
            assert self._file is not None
            # A line that a full disk cut short must not spoil the next one.
            self._file.write("".join(f"\n{line}" for line in lines).encode())
            os.fsync(self._file.fileno())

    def _create(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = self._folder / f"{uuid.uuid4().hex}.kept"
        # Locked before it has the name that others look for. Windows locks by itself what is open.
        new = path.with_suffix(".new") if os.name == "posix" else path
        file = new.open("xb", buffering=0)
        _lock(file.fileno())
        if new != path:
            new.rename(path)
        self._path, self._file = path, file


def turns_of_ended_runs(folder: Path) -> Iterator[tuple[Path, list[Turn]]]:
    """Read the files of runs that did not end as they should.

    Args:
        folder: Where they are.

    Yields:
        Each file, which the caller deletes when its turns are stored, and its turns.
    """
    for path in sorted(folder.glob("*.kept")):
        flags = os.O_RDONLY
        for name in ("O_NONBLOCK", "O_NOFOLLOW", "O_BINARY"):
            flags |= getattr(os, name, 0)
        with contextlib.suppress(OSError), os.fdopen(os.open(path, flags), "rb") as file:
            if stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                _lock(file.fileno())  # fails while its run lives
                yield path, _turns_in(file.read(_LARGEST))


def _turns_in(text: bytes) -> list[Turn]:
    turns: dict[str, Turn] = {}
    for line in text.splitlines():
        # The last one may be cut, and anybody may have written into the file.
        with contextlib.suppress(ValueError, TypeError, KeyError, RecursionError):
            forgotten = json.loads(line)
            if "forgotten" in forgotten:
                turns.pop(forgotten["forgotten"], None)
            else:
                turn = Turn.from_json(line.decode())
                turns[turn.id] = turn
    return list(turns.values())


def _lock(descriptor: int) -> None:
    if os.name == "posix":
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
