"""Passes frames from the thread that decodes to the thread that reads."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Literal, TypeAlias

from paintcam.frames import Frame
from paintcam.sources.clock import PlaybackClock

__all__ = ["Delivery", "FrameSlot"]

Delivery: TypeAlias = Literal["newest", "every", "timed"]
"""Which frames the reader gets: the newest one, every one, or each one when it is due."""
QUICK_S = 1 / 50
"""Frames closer together than this exceed any display: a late reader skips them at once."""
LATE_S = 0.25
"""Other frames are shown up to this late before they are dropped."""
LOOK_S = 0.25
"""How often a waiting decoder checks whether it was closed."""


class FrameSlot:
    """Holds one frame for another thread.

    Args:
        delivery: Which frames the reader gets; may change before the first frame.
    """

    def __init__(self, delivery: Delivery) -> None:
        self.delivery = delivery
        self._frame: Frame | None = None
        self._changed = threading.Condition()
        self._clock = PlaybackClock()
        self._put_s = -math.inf
        self._closed = False

    @property
    def empty(self) -> bool:
        """Whether no frame is waiting to be read."""
        return self._frame is None

    def close(self) -> None:
        """Wake the waiting threads; `put` and `wait_until` no longer block."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def put(self, frame: Frame) -> None:
        """Wait until the previous frame was taken or is out of date, then replace it."""
        with self._changed:
            while self._frame is not None and not self._closed and self.delivery != "newest":
                wait_s = math.inf
                if self.delivery == "timed":
                    quick = frame.time_s - self._frame.time_s < QUICK_S
                    wait_s = self._until(frame.time_s if quick else self._frame.time_s + LATE_S)
                if wait_s <= 0:
                    break  # the reader is late: it misses the previous frame
                self._changed.wait(min(wait_s, LOOK_S))
            self._frame, self._put_s = frame, frame.time_s
            self._changed.notify_all()

    def may_skip(self, time_s: float) -> bool:
        """Return whether a decoded frame is late, and too close to the previous one to convert."""
        with self._changed:
            quick = self.delivery == "timed" and time_s - self._put_s < QUICK_S
            return quick and self._until(time_s) < 0

    def wait_until(self, time_s: float) -> None:
        """Wait for a time in a played file; return at once in any other delivery."""
        with self._changed:
            while self.delivery == "timed" and not self._closed:
                wait_s = self._until(time_s)
                if wait_s <= 0:
                    return
                self._changed.wait(min(wait_s, LOOK_S))

    def take(self, timeout_s: float, over: Callable[[], bool]) -> Frame | None:
        """Return the next frame that is due.

        Args:
            timeout_s: How long to wait for it.
            over: Returns whether no more frames will come.

        Returns:
            The frame, with `captured_at` set to when it was due if a file is played; None if none
            arrived in time.
        """
        deadline = time.monotonic() + timeout_s
        with self._changed:
            self._clock.enter(time.monotonic())
            try:
                while True:
                    wait_s = math.inf
                    if self._frame is not None:
                        wait_s = self._until(self._frame.time_s) if self.delivery == "timed" else 0
                    left_s = deadline - time.monotonic()
                    if self._frame is not None and wait_s <= 0:
                        return self._taken(self._frame)
                    if left_s <= 0 or (self._frame is None and over()):
                        return None
                    self._changed.wait(min(wait_s, left_s))
            finally:
                self._clock.leave(time.monotonic())

    def _taken(self, frame: Frame) -> Frame:
        self._frame = None
        self._changed.notify_all()
        if self.delivery != "timed":
            return frame
        return replace(frame, captured_at=self._clock.take(frame.time_s, time.monotonic()))

    def _until(self, time_s: float) -> float:
        return self._clock.wait_s(time_s, time.monotonic())
