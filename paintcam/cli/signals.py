"""Ctrl-C and SIGTERM, from the first import to the last line."""

from __future__ import annotations

import signal
import threading
from types import FrameType

__all__ = ["install", "stopping"]

stopping = threading.Event()
"""Whether somebody asked for the end; some imports swallow the exception that says so."""


def install() -> None:
    """Until a run's loop takes over, both signals interrupt what is going on."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    stopping.set()
    raise KeyboardInterrupt
