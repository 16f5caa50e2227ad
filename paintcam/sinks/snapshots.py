"""Snapshots: the best frame of the session, on disk the moment it happens."""

from __future__ import annotations

import json
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from paintcam.errors import SinkError
from paintcam.folders import write_atomically
from paintcam.frames import Image

__all__ = ["Snapshot", "Snapshots", "write_picture"]


@dataclass(frozen=True)
class Snapshot:
    """Facts to keep, with or without pictures.

    Attributes:
        name: Start of the file names; the same name again replaces the older snapshot.
        facts: What is written as JSON.
        clean: BGR uint8 (H, W, 3) without overlay; None where it must not be kept.
        draw: Makes the picture with overlay, BGR uint8 (H, W, 3); called in the writing thread.
        discarded: Remove what is there instead of writing.
    """

    name: str
    facts: dict[str, Any]
    clean: Image | None = None
    draw: Callable[[], Image] | None = None
    discarded: bool = False


class Snapshots:
    """Writes snapshots in a thread of its own; of one name only the newest.

    Args:
        folder: Made if it is missing.

    Raises:
        SinkError: The folder cannot be made or written to.
    """

    def __init__(self, folder: Path) -> None:
        """Check the folder."""
        self.folder = folder.expanduser()
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self.folder):
                pass
        except OSError as error:
            raise SinkError(
                f"Cannot write snapshots to {str(folder)!r}: {error.strerror}. Pass `--snapshot` a "
                "folder that you may write to."
            ) from error
        self._waiting: dict[str, Snapshot] = {}
        self._changed = threading.Condition()
        self._closing = False
        self.error: SinkError | None = None
        self._thread = threading.Thread(target=self._run, name="paintcam-snapshots", daemon=True)
        self._thread.start()

    def keep(self, snapshot: Snapshot) -> None:
        """Write this one soon; never waits."""
        with self._changed:
            self._waiting[snapshot.name] = snapshot
            self._changed.notify_all()

    def discard(self, name: str) -> None:
        """Remove a snapshot, written or waiting."""
        self.keep(Snapshot(name, {}, discarded=True))

    def close(self) -> None:
        """Write what is waiting. May be called twice."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._thread.join(2.0)

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._closing)
                if not self._waiting:
                    return
                snapshot = self._waiting.pop(next(iter(self._waiting)))
            try:
                if snapshot.discarded:
                    for suffix in (".jpg", "-overlay.jpg", ".json"):
                        (self.folder / f"{snapshot.name}{suffix}").unlink(missing_ok=True)
                    continue
                self.folder.stat()  # gone with its disk: made anew it would lie on another one
                if snapshot.clean is not None:
                    write_picture(self.folder / f"{snapshot.name}.jpg", snapshot.clean)
                if snapshot.draw is not None:
                    write_picture(self.folder / f"{snapshot.name}-overlay.jpg", snapshot.draw())
                facts = json.dumps(snapshot.facts, ensure_ascii=False, indent=1) + "\n"
                write_atomically(self.folder / f"{snapshot.name}.json", facts.encode())
            except OSError as error:
                self.error = SinkError(
                    f"A snapshot could not be written to {self.folder}: {error.strerror}. Free "
                    "some space, or pass `--snapshot` another folder."
                )
            except Exception as error:
                self.error = SinkError(f"A snapshot could not be made: {error}")


def write_picture(path: Path, image: Image) -> None:
    """Write a BGR uint8 (H, W, 3) picture as JPEG, whole or not at all.

    Raises:
        OSError: It cannot be written.
        SinkError: It cannot be encoded.
    """
    import cv2

    ok, encoded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 95])
    if not ok:
        raise SinkError(f"Cannot encode a picture of shape {image.shape} for {path}.")
    write_atomically(path, np.asarray(encoded).tobytes())
