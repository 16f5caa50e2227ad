"""HTTP as uvicorn speaks it, with a time limit for clients that send headers byte by byte."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

from paintcam.text import hide_secrets, printable

__all__ = ["HurriedProtocol", "RequestLog"]

_HEADERS_S = 15.0


class HurriedProtocol(H11Protocol):
    """Closes a connection whose request is not complete in time.

    uvicorn has a timeout between two requests alone. The body has one of its own, in the
    application.
    """

    _hurry: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for the first request."""
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Take bytes; a request that has begun must end in time."""
        super().data_received(data)
        if self._is_answering:
            self._stop()
        elif self._hurry is None:
            self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the timer."""
        self._stop()
        super().connection_lost(exc)

    @property
    def _is_answering(self) -> bool:
        upgraded = self.transport.get_protocol() is not self
        return upgraded or (self.cycle is not None and not self.cycle.response_complete)

    def _wait(self) -> None:
        self._hurry = self.loop.call_later(_HEADERS_S, self._expire)

    def _stop(self) -> None:
        if self._hurry is not None:
            self._hurry.cancel()
            self._hurry = None

    def _expire(self) -> None:
        self._hurry = None
        if not self._is_answering and self.timeout_keep_alive_task is None:
            self.transport.abort()


class RequestLog(logging.Formatter):
    """One line per request: the path without its query, and no header."""

    def format(self, record: logging.LogRecord) -> str:
        """Write one line."""
        arguments: Any = record.args
        if isinstance(arguments, tuple) and len(arguments) == 5:
            client, method, path, _, status = arguments
            return printable(f"{client} {method} {str(path).partition('?')[0]} {status}")
        error = record.exc_info[1] if record.exc_info else None
        detail = f": {type(error).__name__}: {error}" if error else ""
        return hide_secrets(printable(record.getMessage() + detail))
