"""Whether a Wayland compositor is there: SDL 2 does not report one that has died."""

from __future__ import annotations

import os
import socket
import time
from pathlib import Path

__all__ = ["Connection", "answers"]

_EVERY_S = 1.0


def answers() -> bool:
    """Return whether the compositor that WAYLAND_DISPLAY names accepts a connection."""
    folder = os.environ.get("XDG_RUNTIME_DIR", "")
    address = Path(folder) / os.environ.get("WAYLAND_DISPLAY", "wayland-0")
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(0.5)
        try:
            connection.connect(str(address))
        except OSError:
            return False
    return True


class Connection:
    """Watches the compositor, with a look once a second.

    Attributes:
        destroyed: Never: a Wayland compositor does not destroy a window by itself.
        frame: Width of the window's frame on the left and at the top, which SDL does not know here.
    """

    destroyed = False
    frame = (0, 0)

    def __init__(self) -> None:
        self._lost = False
        self._next_at = time.monotonic() + _EVERY_S

    @property
    def lost(self) -> bool:
        """Whether the compositor is gone."""
        return self.check() if time.monotonic() >= self._next_at else self._lost

    def check(self) -> bool:
        """Return whether the compositor is gone, by a look at this moment."""
        self._next_at = time.monotonic() + _EVERY_S
        self._lost = self._lost or not answers()
        return self._lost
