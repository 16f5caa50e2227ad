"""A queue of turns in local files, for a database that does not answer in the middle of a show."""

from __future__ import annotations

import contextlib
import hashlib
import os
import uuid
from pathlib import Path

from paintcam.errors import LeaderboardError
from paintcam.folders import data_folder
from paintcam.leaderboard.leaderboard import Leaderboard
from paintcam.leaderboard.records import Turn, points_of

__all__ = ["TurnQueue"]


class TurnQueue:
    """Turns that wait for their database: one small file each, written once and never changed.

    So there is nothing to lock: any number of processes may put and drain at the same time, a file
    is whole or not there, and a turn that two of them store is stored once.

    Args:
        location: The database they wait for, as `Leaderboard.location` gives it. Each has its own
            queue: what was played for one is never stored in another.
        folder: Where queues are; `queue` in the data folder by default.
    """

    def __init__(self, location: str, folder: Path | None = None) -> None:
        digest = hashlib.sha256(location.encode()).hexdigest()[:16]
        self.folder = (folder or data_folder() / "queue") / digest

    def __len__(self) -> int:
        return len(self._files())

    def put(self, turn: Turn) -> None:
        """Keep a turn; when it returns, the file is on the disk.

        Raises:
            LeaderboardError: The folder cannot be written.
        """
        # An id has no dot, so that one turn's files are never taken for another's.
        raised = f"{turn.id}.{points_of(turn.score):05d}"
        half = self.folder / f"{raised}.{uuid.uuid4().hex[:8]}.half"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with half.open("w", encoding="utf-8") as file:
                file.write(turn.as_json())
                file.flush()
                os.fsync(file.fileno())
            half.rename(half.with_suffix(".json"))
            self._sync_folder()
        except OSError as error:
            raise LeaderboardError(
                f"The score of {turn.player} cannot be kept in {self.folder}: {error.strerror}. "
                "Set PAINTCAM_DATA_DIR to a folder that can be written."
            ) from None
        for older in self.folder.glob(f"{turn.id}.*.json"):
            if older.name < raised:
                older.unlink(missing_ok=True)

    def drop(self, turn_id: str) -> None:
        """Let go of a turn that was taken back."""
        for file in self.folder.glob(f"{turn_id}.*.json"):
            with contextlib.suppress(OSError):
                file.unlink(missing_ok=True)

    def drain(self, leaderboard: Leaderboard) -> int:
        """Store what waits, oldest first. A file that cannot be read is kept aside.

        Returns:
            How many were stored.

        Raises:
            LeaderboardError: The database does not take them; what is not stored yet stays here.
        """
        stored: list[Path] = []
        try:
            for path in self._files():
                try:
                    leaderboard.store(Turn.from_json(path.read_text(encoding="utf-8")))
                    stored.append(path)
                except FileNotFoundError:
                    pass  # another process was faster
                except (OSError, ValueError):
                    with contextlib.suppress(OSError):
                        path.rename(path.with_suffix(".damaged"))
        finally:
            if stored:
                leaderboard.sync()  # what leaves the disk here is on the disk there
                for path in stored:
                    path.unlink(missing_ok=True)
        return len(stored)

    def _files(self) -> list[Path]:
        return sorted(self.folder.glob("*.json")) if self.folder.is_dir() else []

    def _sync_folder(self) -> None:
        # Windows cannot open folders, and needs no sync of theirs.
        with contextlib.suppress(OSError):
            descriptor = os.open(self.folder, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
