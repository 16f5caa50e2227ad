"""The website's clock. It starts with the computer's, and does not jump when that one is set."""

from __future__ import annotations

import time

__all__ = ["now"]

_STARTED_AT = time.time() - time.monotonic()


def now() -> float:
    """Return seconds since 1970 by the computer's clock as it was when this process started."""
    return _STARTED_AT + time.monotonic()
