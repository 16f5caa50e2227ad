"""How many requests one visitor, and one address, may send.

A hall shares one address. So visitors are distinguished by their cookie first, and the limit by
address is generous. All of it is kept in memory; nothing of it is stored.
"""

from __future__ import annotations

import math
import time
from collections import Counter

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter, RateLimiter

__all__ = ["Limits", "TooManyError"]

# a minute: by cookie, by address
_PER_MINUTE = {
    "draw": (30, 6_000),
    "strokes": (30, 6_000),
    "read": (1_200, 120_000),
    "delete": (6, 600),
    "live": (40, 12_000),
    "enter": (20, 20),
    "control": (600, 600),
}
_PAGES_OPEN = (8, 3_000)


class TooManyError(Exception):
    """A limit was reached.

    Attributes:
        retry_after_s: When to try again.
    """

    def __init__(self, retry_after_s: int) -> None:
        super().__init__(f"Too many requests. Try again in {retry_after_s} s.")
        self.retry_after_s = retry_after_s


class Limits:
    """Counts requests of the last minute, and pages that are open now."""

    def __init__(self) -> None:
        self._limiter: RateLimiter = FixedWindowRateLimiter(MemoryStorage())
        self._open: Counter[str] = Counter()

    def check(self, what: str, visitor: str, address: str) -> None:
        """Count one request.

        Args:
            what: Kind of the request, a key of the table above.
            visitor: The cookie's id; empty where there is none yet.
            address: Where the request came from.

        Raises:
            TooManyError: There were too many within a minute.
        """
        by_visitor, by_address = (RateLimitItemPerMinute(count) for count in _PER_MINUTE[what])
        for limit, key in ((by_visitor, visitor), (by_address, f"@{address}")):
            if key and not self._limiter.hit(limit, what, key):
                reset = self._limiter.get_window_stats(limit, what, key).reset_time
                raise TooManyError(max(1, math.ceil(reset - time.time())))

    def enter(self, visitor: str, address: str) -> None:
        """Count a page that opens its connection for live news.

        Raises:
            TooManyError: This visitor or address has too many open.
        """
        keys = (visitor, f"@{address}")
        if any(self._open[key] >= most for key, most in zip(keys, _PAGES_OPEN, strict=True) if key):
            raise TooManyError(30)
        self._open.update(key for key in keys if key)

    def leave(self, visitor: str, address: str) -> None:
        """Count a page that closed its connection."""
        for key in (visitor, f"@{address}"):
            if self._open[key] > 1:
                self._open[key] -= 1
            else:
                del self._open[key]
