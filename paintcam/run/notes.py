"""The messages on the picture, each for some seconds."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable

__all__ = ["NOTE_S", "Notes"]

NOTE_S = 6.0
"""How long a message stays on the picture, in seconds."""


class Notes:
    """Messages with the time at which they go. Not thread-safe: its owner locks it.

    Args:
        first: Messages at the start, which stay twice as long.
    """

    def __init__(self, first: Iterable[str]) -> None:
        until = time.monotonic() + 2 * NOTE_S
        self._notes = deque(((text, until) for text in first), maxlen=16)

    def add(self, text: str) -> None:
        """Show a message from now on."""
        self._notes.append((text, time.monotonic() + NOTE_S))

    def current(self) -> tuple[str, ...]:
        """Return the messages that are on the picture now."""
        now = time.monotonic()
        return tuple(text for text, until in self._notes if until > now)
