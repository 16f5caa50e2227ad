"""An encoder that cannot be reached: reported once, and tried again a moment later."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from paintcam.errors import UnavailableError

__all__ = ["Patience"]

RETRY_S = 1.0
"""Pause before an encoder that cannot be reached is tried again, with the newest frame."""

_Arguments = ParamSpec("_Arguments")
_Result = TypeVar("_Result")


class Patience:
    """Tries what needs the encoder; one thread, which `stop` ends from any other.

    Args:
        on_trouble: Called with an error that may pass, and with None once it has.
    """

    def __init__(self, on_trouble: Callable[[UnavailableError | None], None]) -> None:
        self._on_trouble = on_trouble
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._trouble: UnavailableError | None = None

    @property
    def trouble(self) -> UnavailableError | None:
        """Why the encoder cannot be reached; None if it can."""
        with self._lock:
            return self._trouble

    def stop(self) -> None:
        """Do not wait any longer."""
        self._stopping.set()

    def attempt(
        self,
        work: Callable[_Arguments, _Result],
        *arguments: _Arguments.args,
        **more: _Arguments.kwargs,
    ) -> _Result | None:
        """Do a piece of work; if the encoder cannot be reached, report it and wait a moment.

        Returns:
            What the work returned; None if the encoder could not be reached.
        """
        try:
            result = work(*arguments, **more)
        except UnavailableError as error:
            self._report(error)
            self._stopping.wait(RETRY_S)
            return None
        self._report(None)
        return result

    def insist(self, work: Callable[[], _Result], wait_s: float | None) -> _Result | None:
        """Repeat a piece of work until it is done; None if `stop` came first.

        Args:
            work: Returns anything but None.
            wait_s: The longest time; None for no limit.

        Raises:
            UnavailableError: The encoder could not be reached for so long.
        """
        started = time.monotonic()
        while not self._stopping.is_set():
            if (result := self.attempt(work)) is not None:
                return result
            trouble = self.trouble
            if trouble is not None and wait_s is not None and time.monotonic() - started > wait_s:
                raise trouble
        return None

    def _report(self, error: UnavailableError | None) -> None:
        with self._lock:
            before, self._trouble = self._trouble, error
        if (before is None) != (error is None):
            self._on_trouble(error)
