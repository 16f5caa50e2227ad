"""The clock of a file that is played. It runs only while frames are read."""

from __future__ import annotations

import math

__all__ = ["PlaybackClock"]

AWAY_S = 0.3
"""The clock goes on this long between two reads; a longer pause stops it."""
LAG_S = 1.0
"""A decoder that falls behind further than this slows the clock down."""


class PlaybackClock:
    """Maps a file's own time to the monotonic clock. Not thread-safe: the caller holds a lock.

    The clock starts with the second read, so the first frame is shown until the reader asks for
    another. It stops while nobody reads, as in a pause.
    """

    def __init__(self) -> None:
        self._zero_at: float | None = None
        self._first_taken = False
        self._left_at: float | None = None

    def enter(self, now: float) -> None:
        """Note that the reader starts to wait for a frame."""
        if self._zero_at is None:
            if self._first_taken:
                self._zero_at = now
        elif self._left_at is not None:
            self._zero_at += max(0.0, now - self._left_at - AWAY_S)
        self._left_at = None

    def leave(self, now: float) -> None:
        """Note that the reader no longer waits."""
        self._left_at = now

    def wait_s(self, time_s: float, now: float) -> float:
        """Return how long it is until a time in the file; 0 or less if it has passed.

        Args:
            time_s: Seconds from the file's first frame.
            now: Monotonic clock.

        Returns:
            Seconds; infinite if the clock has not started.
        """
        if self._zero_at is None:
            return 0.0 if time_s <= 0 else math.inf
        running = now if self._left_at is None else min(now, self._left_at + AWAY_S)
        return time_s - (running - self._zero_at)

    def take(self, time_s: float, now: float) -> float:
        """Note that the reader takes the frame of this time.

        Args:
            time_s: Seconds from the file's first frame; it has passed.
            now: Monotonic clock.

        Returns:
            When the frame was due, on the monotonic clock.
        """
        self._first_taken = True
        if self._zero_at is None:
            return now
        if -self.wait_s(time_s, now) > LAG_S:
            self._zero_at = now - time_s
        return self._zero_at + time_s
