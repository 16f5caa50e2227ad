"""Ends the wait for a database server that is frozen, or locked by somebody else."""

from __future__ import annotations

import contextlib
import socket
import threading
import time

from sqlalchemy import Connection, event

__all__ = ["AnswerLimit"]

_LIMIT_S = 60.0


class AnswerLimit:
    """Cuts the connection of one transaction whose server takes too long for an answer.

    A driver waits for ever: the operating system of a frozen server still confirms that it has
    received the question. A context manager. SQLite has no connection to cut, and a limit of its
    own.

    Attributes:
        exceeded: Whether the connection was cut.
    """

    def __init__(self, limit_s: float | None = None) -> None:
        self.exceeded = False
        self._limit_s = _LIMIT_S if limit_s is None else limit_s
        self._deadline = 0.0
        self._ended = threading.Event()

    def watch(self, connection: Connection) -> None:
        """Begin to watch a connection; each statement has the whole time."""
        driver = connection.connection.driver_connection
        if driver is None or not hasattr(driver, "fileno"):
            return
        # its own handle: the driver may close the other at any moment
        handle = socket.fromfd(driver.fileno(), socket.AF_INET, socket.SOCK_STREAM)
        self._extend()
        event.listen(connection, "before_cursor_execute", self._extend)
        threading.Thread(
            target=self._wait, args=(handle,), name="paintcam-answers", daemon=True
        ).start()

    def __enter__(self) -> AnswerLimit:
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()

    def _extend(self, *_: object) -> None:
        self._deadline = time.monotonic() + self._limit_s

    def _wait(self, handle: socket.socket) -> None:
        with handle:
            while (left_s := self._deadline - time.monotonic()) > 0:
                if self._ended.wait(left_s):
                    return
            self.exceeded = True
            with contextlib.suppress(OSError):  # it has gone by itself
                handle.shutdown(socket.SHUT_RDWR)
