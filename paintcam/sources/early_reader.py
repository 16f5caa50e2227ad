"""Reads a camera or stream until `VideoSource` is imported, for which nobody has to wait.

`VideoSource` imports supervision and SciPy, more than everything else that a first picture needs.
"""

from __future__ import annotations

import contextlib
import sys
import threading
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from paintcam.sources.capture import Capture

__all__ = ["EarlyReader", "is_imported"]

MODULE = "streamvision.camera.video_source"
IMPORT_AFTER = 90
"""Pictures that are read before the import begins, which take most cameras three seconds. By then
the first one is on the screen and the first verdict is there, which the import would delay."""


def is_imported() -> bool:
    """Return whether `VideoSource` can be used at once."""
    module = sys.modules.get(MODULE)
    return module is not None and hasattr(module, "VideoSource")


class EarlyReader:
    """Reads a capture in a thread of its own, as `VideoSource` does. The newest picture counts.

    Args:
        capture: An open capture. It is released at the end, unless it is handed over.
    """

    def __init__(self, capture: Capture) -> None:
        """Start reading."""
        self._capture = capture
        self._changed = threading.Condition()
        self._newest: npt.NDArray[np.generic] | None = None
        self._over = self._handed_over = False
        self._closing = threading.Event()
        self._imported = threading.Event()
        self._thread = threading.Thread(target=self._run, name="paintcam-capture", daemon=True)
        self._thread.start()

    @property
    def over(self) -> bool:
        """Whether no more pictures follow the last one that `read` returned."""
        with self._changed:
            return self._over and self._newest is None

    @property
    def handed_over(self) -> bool:
        """Whether it is over because `VideoSource` can read the capture, which is still open."""
        with self._changed:
            return self._handed_over

    def read(self, timeout_s: float) -> npt.NDArray[np.generic] | None:
        """Return the newest picture, as the capture delivers it; None if none arrived in time."""
        with self._changed:
            self._changed.wait_for(lambda: self._over or self._newest is not None, timeout_s)
            newest, self._newest = self._newest, None
            return newest

    def close(self) -> None:
        """Release the capture; waits for a driver that hangs."""
        self._closing.set()
        self._thread.join()
        if self._handed_over:
            self._capture.release()

    def _run(self) -> None:
        read = 0
        # whatever a driver raises ends the connection, and the next one is opened
        with contextlib.suppress(Exception):
            while not self._closing.is_set() and not self._imported.is_set():
                ok, picture = self._capture.retrieve() if self._capture.grab() else (False, None)
                if not ok:
                    break
                with self._changed:
                    self._newest = picture
                    self._changed.notify_all()
                read += 1
                if read == IMPORT_AFTER:
                    threading.Thread(target=self._import, daemon=True).start()
        handed_over = self._imported.is_set()
        if not handed_over:
            with contextlib.suppress(Exception):  # as above
                self._capture.release()
        with self._changed:
            self._over, self._handed_over = True, handed_over
            self._changed.notify_all()

    def _import(self) -> None:
        try:
            import_module(MODULE)
        finally:
            self._imported.set()  # an import that failed fails again where it can be reported
