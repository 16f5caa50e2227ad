"""How many requests one visitor, and one address, may send.

A hall shares one address. So visitors are distinguished by their cookie first, and the limit by
address is generous. All of it is kept in memory; nothing of it is stored.
"""

from __future__ import annotations

import contextlib
import math
import time
from collections import Counter
from collections.abc import Iterator

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter, RateLimiter

from paintcam.web.clock import now

__all__ = ["Limits", "TooManyError"]

# a minute: by cookie, by address
_PER_MINUTE = {
    "draw": (30, 6_000),
    "strokes": (30, 6_000),
    "read": (1_200, 120_000),
    "delete": (6, 600),
    "live": (40, 12_000),
    "enter": (20, 300),
    "control": (600, 600),
}
# at a time: by cookie, by address, in all
_AT_ONCE = {
    "pages": (8, 3_000, 20_000),
    "uploads": (3, 300, 600),
}
_JUMP_S = 5.0


class TooManyError(Exception):
    """A limit was reached.

    Attributes:
        retry_after_s: When to try again.
    """

    def __init__(self, retry_after_s: int) -> None:
        super().__init__(f"Too many requests. Try again in {retry_after_s} s.")
        self.retry_after_s = retry_after_s


class Limits:
    """Counts requests of the last minute, and what is under way now."""

    def __init__(self) -> None:
        self._storage = MemoryStorage()
        self._limiter: RateLimiter = FixedWindowRateLimiter(self._storage)
        self._under_way: Counter[str] = Counter()
        self._clock_ahead_s = time.time() - now()

    def check(self, what: str, visitor: str, address: str) -> None:
        """Count one request.

        Args:
            what: Kind of the request, a key of the table above.
            visitor: The cookie's id; empty if there is none yet.
            address: Where the request came from.

        Raises:
            TooManyError: There were too many within a minute.
        """
        self._forget_at_a_jump()
        by_visitor, by_address = (RateLimitItemPerMinute(count) for count in _PER_MINUTE[what])
        for limit, key in ((by_visitor, visitor), (by_address, f"@{address}")):
            if key and not self._limiter.hit(limit, what, key):
                reset = self._limiter.get_window_stats(limit, what, key).reset_time
                raise TooManyError(max(1, math.ceil(reset - time.time())))

    @contextlib.contextmanager
    def under_way(self, what: str, visitor: str, address: str) -> Iterator[None]:
        """Count something while it lasts.

        Args:
            what: A key of the second table above.
            visitor: The cookie's id; empty if there is none yet.
            address: Where the request came from.

        Raises:
            TooManyError: This visitor, this address or the hall has too many at once.
        """
        keys = [f"{what} {key}" for key in (visitor, f"@{address}", "*") if key]
        most = _AT_ONCE[what][-len(keys) :]
        if any(self._under_way[key] >= limit for key, limit in zip(keys, most, strict=True)):
            raise TooManyError(30 if what == "pages" else 2)
        self._under_way.update(keys)
        try:
            yield
        finally:
            self._under_way.subtract(keys)
            for key in keys:
                if self._under_way[key] == 0:
                    del self._under_way[key]

    def _forget_at_a_jump(self) -> None:
        # The library counts by the computer's clock. Where that is set back by an hour, a limit
        # that was reached would last an hour.
        ahead_s = time.time() - now()
        if abs(ahead_s - self._clock_ahead_s) > _JUMP_S:
            self._clock_ahead_s = ahead_s
            self._storage.reset()
