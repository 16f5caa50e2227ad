"""Snapshots: the best frame of the session, saved to disk at once."""

from __future__ import annotations

import contextlib
import errno
import json
import tempfile
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from glob import escape
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np

from paintcam.errors import SinkError
from paintcam.folders import expanded, write_atomically
from paintcam.frames import Image
from paintcam.sinks.new_file import check_name
from paintcam.text import printable

__all__ = ["Snapshot", "Snapshots", "write_picture"]

CLOSE_S = 2.0


@dataclass(frozen=True)
class Snapshot:
    """What is known about a frame, with or without pictures of it.

    Attributes:
        name: Start of the file names; the same name again replaces the older snapshot.
        facts: What is written as JSON.
        clean: BGR uint8 (H, W, 3) without overlay; None if it must not be kept.
        draw: Draws the picture with overlay, BGR uint8 (H, W, 3); called in the writing thread.
        discarded: Remove the existing files instead of writing.
    """

    name: str
    facts: dict[str, Any]
    clean: Image | None = None
    draw: Callable[[], Image] | None = None
    discarded: bool = False


class Snapshots:
    """Writes snapshots in a separate thread, only the newest of each name.

    Args:
        folder: Created if it is missing.

    Attributes:
        folder: Where pictures go.
        error: What went wrong last, naming the lost snapshot; None if nothing did. Whoever
            reports it sets it back to None.

    Raises:
        SinkError: The folder cannot be created or written to, or its name is not valid UTF-8.
    """

    def __init__(self, folder: Path) -> None:
        """Check the folder."""
        check_name(folder)
        self.folder = expanded(folder)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self.folder):
                pass
        except OSError as error:
            raise SinkError(
                f"Cannot write snapshots to {printable(str(folder))!r}: {_reason(error)}.",
                fix="Choose a folder that you may write to.",
            ) from error
        self._waiting: dict[str, Snapshot] = {}
        self._changed = threading.Condition()
        self._closing = False
        self._claims: list[Path] = []
        self.error: SinkError | None = None
        self._thread = threading.Thread(target=self._run, name="paintcam-snapshots", daemon=True)
        self._thread.start()

    def claim(self, start: str) -> str:
        """Reserve the start of file names for this run until `close`.

        Args:
            start: The preferred one, such as the time of day. Two runs may start in one second.

        Returns:
            The start itself, or with "-2", "-3" … if another run uses it.
        """
        for number in count(1):
            free = start if number == 1 else f"{start}-{number}"
            marker = self.folder / f".{free}.run"
            try:
                marker.touch(exist_ok=False)
            except FileExistsError:
                continue
            except OSError:
                return f"{start}-{uuid.uuid4().hex[:8]}"
            self._claims.append(marker)
            if not any(self.folder.glob(f"{escape(free)}-*")):
                return free
        raise AssertionError("numbers are endless")

    def keep(self, snapshot: Snapshot) -> None:
        """Queue this one for writing; never waits."""
        with self._changed:
            self._waiting[snapshot.name] = snapshot
            self._changed.notify_all()

    def discard(self, name: str) -> None:
        """Remove a snapshot, written or waiting."""
        self.keep(Snapshot(name, {}, discarded=True))

    def close(self) -> None:
        """Write what is waiting, for two seconds at most. May be called twice."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._thread.join(CLOSE_S)
        with self._changed:
            lost = [snapshot.name for snapshot in self._waiting.values() if not snapshot.discarded]
            self._waiting.clear()
        if lost:
            self.error = SinkError(
                f"Snapshots could not be written to {printable(str(self.folder))} in time: "
                f"{', '.join(lost)}.",
                fix="Choose a folder on a faster disk.",
            )
        for marker in self._claims:
            with contextlib.suppress(OSError):
                marker.unlink(missing_ok=True)

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._closing)
                if not self._waiting:
                    return
                snapshot = self._waiting.pop(next(iter(self._waiting)))
            try:
                self._write(snapshot)
            except Exception as error:
                self.error = self._lost(snapshot.name, error)

    def _write(self, snapshot: Snapshot) -> None:
        if snapshot.discarded:
            for suffix in (".jpg", "-overlay.jpg", ".json"):
                (self.folder / f"{snapshot.name}{suffix}").unlink(missing_ok=True)
            return
        # a folder that vanished with its disk, created again, would lie on another one
        self.folder.stat()
        if snapshot.clean is not None:
            write_picture(self.folder / f"{snapshot.name}.jpg", snapshot.clean)
        if snapshot.draw is not None:
            write_picture(self.folder / f"{snapshot.name}-overlay.jpg", snapshot.draw())
        facts = json.dumps(snapshot.facts, ensure_ascii=False, indent=1) + "\n"
        content = facts.encode("utf-8", errors="replace")
        write_atomically(self.folder / f"{snapshot.name}.json", content)

    def _lost(self, name: str, error: Exception) -> SinkError:
        folder = printable(str(self.folder))
        what = f"The snapshot {name} could not be written to {folder}: {_reason(error)}."
        fix = "Check the folder, or choose another one."
        if isinstance(error, FileNotFoundError | NotADirectoryError) and not self.folder.is_dir():
            what = f"The snapshot {name} could not be written: the folder {folder} is gone."
            fix = "Create the folder again or reconnect its disk; later snapshots are written."
        elif isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            fix = "Free some space, or choose another folder."
        return SinkError(what, fix=fix)


def _reason(error: Exception) -> str:
    reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return printable(reason).rstrip(".")


def write_picture(path: Path, image: Image) -> None:
    """Write a BGR uint8 (H, W, 3) picture as JPEG, whole or not at all.

    Raises:
        OSError: It cannot be written.
        SinkError: It cannot be encoded.
    """
    import cv2

    ok, encoded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 95])
    if not ok:
        raise SinkError(f"Cannot encode a picture of shape {image.shape} as JPEG.")
    write_atomically(path, np.asarray(encoded).tobytes())
