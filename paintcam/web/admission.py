"""How many drawings may be under way."""

from __future__ import annotations

import time

from paintcam.web.judging import BATCH

__all__ = ["Admission", "BusyError"]

_MOST_WAITING = 64
_WAIT_S = 0.7


class BusyError(Exception):
    """Too many drawings are waiting.

    Attributes:
        retry_after_s: When to try again.
    """

    def __init__(self, retry_after_s: int) -> None:
        super().__init__(f"Many drawings are waiting. Try again in {retry_after_s} s.")
        self.retry_after_s = retry_after_s


class Admission:
    """Bounds how many drawings are under way, so that the last one is answered in about a second.

    Entered by every request that has brought a drawing: whoever sends slowly holds no place. Used
    from the event loop alone.
    """

    def __init__(self) -> None:
        self._waiting = 0
        self._done_s = 0.05  # moving average of the time between two finished drawings
        self._last = 0.0

    @property
    def most(self) -> int:
        """How many drawings may be under way now."""
        return max(BATCH, min(_MOST_WAITING, int(_WAIT_S / self._done_s)))

    def check(self) -> None:
        """Refuse a drawing before it is read.

        Raises:
            BusyError: Enough are under way.
        """
        if self._waiting >= self.most:
            raise BusyError(1 + self._waiting // 32)

    def __enter__(self) -> None:
        self.check()
        if self._waiting == 0:
            self._last = time.monotonic()
        self._waiting += 1

    def __exit__(self, *_: object) -> None:
        self._waiting -= 1
        now = time.monotonic()
        self._done_s += 0.05 * (min(2.0, now - self._last) - self._done_s)
        self._last = now
