"""A queue of turns in local files, for a database that fails in the middle of a show."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import stat
import tempfile
import uuid
from collections.abc import Callable
from pathlib import Path

from paintcam.errors import LeaderboardError
from paintcam.folders import data_folder, read_small_file
from paintcam.leaderboard.faults import RefusedError
from paintcam.leaderboard.kept import turns_of_ended_runs
from paintcam.leaderboard.leaderboard import Leaderboard
from paintcam.leaderboard.records import Turn, points_of
from paintcam.leaderboard.writes import TurnTakenError

__all__ = ["TurnQueue"]


class TurnQueue:
    """Turns that wait for their database: one small file each, written once and never changed.

    So nothing needs a lock. Any number of processes may put and drain at the same time, a file is
    whole or absent, and a turn that two of them store is stored once.

    Args:
        database: What the turns wait for, as `Leaderboard.identity` gives it. Each database has its
            own queue: what was played for one is never stored in another.
        folder: Where queues are. By default `queue` in the data folder or, if that cannot be
            written, a folder of this user's in the system's temporary folder.
    """

    def __init__(self, database: str, folder: Path | None = None) -> None:
        digest = hashlib.sha256(database.encode("utf-8", "surrogatepass")).hexdigest()[:16]
        self._spare = _spare_folder() if folder is None else None
        roots = [folder or data_folder() / "queue", *([self._spare] if self._spare else [])]
        self._folders = [root / digest for root in roots]
        self._reported: set[str] = set()
        self.folder = self._folders[0]
        """Where the newest turn was put."""
        self.kept_folder = roots[0].with_name("kept") / digest
        """Where runs keep a copy of what they have stored."""

    def __len__(self) -> int:
        return len({_turn_id(path) for path in self._files()})

    def put(self, turn: Turn) -> None:
        """Keep a turn. When it returns, the file is on the disk.

        Raises:
            LeaderboardError: No folder can be written.
        """
        failures: list[str] = []
        for folder in self._folders:
            try:
                self._put(folder, turn)
            except OSError as error:
                failures.append(f"{folder}: {error.strerror or error}")
            else:
                self.folder = folder
                return
        raise LeaderboardError(
            f"The score of {turn.player} ({turn.score:.2f}) cannot be queued "
            f"({'; '.join(failures)}).",
            fix="Set PAINTCAM_DATA_DIR to a folder that can be written.",
        )

    def drop(self, turn_id: str) -> None:
        """Delete a turn that was taken back."""
        for path in self._files():
            if path.name.startswith(f"{turn_id}."):
                with contextlib.suppress(OSError):
                    path.unlink(missing_ok=True)

    def drain(
        self, leaderboard: Leaderboard, notice: Callable[[str], None] = lambda _: None
    ) -> int:
        """Store the queued turns, oldest first, and what killed runs had stored.

        Args:
            leaderboard: Where to store.
            notice: Called with a sentence about each file that is renamed because it cannot be
                stored, now or ever, and once about each that stays because this database refuses
                it.

        Returns:
            How many turns were stored.

        Raises:
            LeaderboardError: The database failed. What is not stored yet stays in the queue.
        """
        again = self._store_kept(leaderboard)
        stored: list[Path] = []
        try:
            for path in self._files():
                try:
                    leaderboard.store(_turn_in(path))
                    stored.append(path)
                except FileNotFoundError:
                    pass  # another process was faster
                except (OSError, ValueError, TurnTakenError) as error:
                    with contextlib.suppress(OSError):
                        path.rename(path.with_suffix(".damaged"))
                        notice(f"A queued score was renamed to {path.stem}.damaged: {error}")
                except RefusedError as error:  # of this turn alone: the others must not wait for it
                    if path.name not in self._reported:
                        self._reported.add(path.name)
                        notice(f"A queued score stays in {path}. {error}")
        finally:
            if stored:
                leaderboard.sync()  # on the disk there before it leaves the disk here
                for path in stored:
                    with contextlib.suppress(OSError):
                        path.unlink(missing_ok=True)
        return len(again | {_turn_id(path) for path in stored})

    def _store_kept(self, leaderboard: Leaderboard) -> set[str]:
        """Store what killed runs have kept; returns the ids of turns that had been lost."""
        lost: set[str] = set()
        for path, turns in turns_of_ended_runs(self.kept_folder):
            for _ in range(2):  # a file that is damaged is replaced by a new one
                for turn in turns:
                    with contextlib.suppress(TurnTakenError):
                        if not leaderboard.repair(turn):
                            lost.add(turn.id)
                            leaderboard.store(turn)
                leaderboard.sync()
                if leaderboard.is_sound():
                    with contextlib.suppress(OSError):
                        path.unlink(missing_ok=True)
                    break
        return lost

    def _put(self, folder: Path, turn: Turn) -> None:
        # An id has no dot, so one turn's files are never taken for another's.
        raised = f"{turn.id}.{points_of(turn.score):05d}"
        half = folder / f"{raised}.{uuid.uuid4().hex[:8]}.half"
        folder.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        folder.mkdir(exist_ok=True, mode=0o700)
        self._check(folder)
        try:
            with half.open("x", encoding="utf-8") as file:
                file.write(turn.as_json())
                file.flush()
                os.fsync(file.fileno())
            kept = half.rename(half.with_suffix(".json"))
        except OSError:
            with contextlib.suppress(OSError):
                half.unlink(missing_ok=True)
            raise
        _sync(folder)
        for older in self._files():
            same_turn = older.name.startswith(f"{turn.id}.") and older.name != kept.name
            if same_turn and older.name.split(".")[1] <= raised.split(".")[1]:
                with contextlib.suppress(OSError):
                    older.unlink(missing_ok=True)

    def _check(self, folder: Path) -> None:
        # Anyone can write to the system's temporary folder, and can predict the name of ours.
        if folder.parent == self._spare and hasattr(os, "getuid"):
            for path in (folder.parent, folder):
                found = path.lstat()
                if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
                    raise PermissionError(errno.EPERM, "it belongs to another user")

    def _files(self) -> list[Path]:
        found: list[Path] = []
        for folder in self._folders:
            # A folder that cannot be read has nothing that can be stored.
            with contextlib.suppress(OSError):
                self._check(folder)
                with os.scandir(folder) as entries:
                    found += [
                        Path(entry.path)
                        for entry in entries
                        if entry.name.endswith(".json") and entry.is_file(follow_symlinks=False)
                    ]
        return sorted(found, key=lambda path: path.name)


def _turn_id(path: Path) -> str:
    return path.name.partition(".")[0]


def _turn_in(path: Path) -> Turn:
    return Turn.from_json(read_small_file(path).decode("utf-8"))


def _spare_folder() -> Path | None:
    user = os.getuid() if hasattr(os, "getuid") else "user"  # Windows has one for each user
    with contextlib.suppress(OSError):  # no temporary folder can be written
        return Path(tempfile.gettempdir()) / f"paintcam-queue-{user}"
    return None


def _sync(folder: Path) -> None:
    # Windows cannot open folders, and does not need this.
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
