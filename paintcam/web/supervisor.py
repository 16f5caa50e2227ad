"""Keeps the server process alive on one port.

The listening socket belongs to the supervisor. While a dead server is replaced, phones wait in its
queue instead of being refused, and no other program can take the port.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from paintcam.encoders.isolated import python_command
from paintcam.errors import PaintcamError
from paintcam.web.address import ServeError
from paintcam.web.settings import WebSettings

__all__ = ["Supervisor"]

_CODE = "from paintcam.web.server import main; main()"
_END_S = 8.0
_PAUSES_S = (0.1, 0.5, 1.0, 2.0)
_HEALTHY_S = 20.0
_TICK_S = 0.1
_HUNG_S = 30.0


class Supervisor:
    """Runs the server, again and again, until `stop`.

    Args:
        settings: For the server.
        listening: Bound and listening.
        ready: Called with the server's message when visitors can be served for the first time.
        notice: Receives what the presenter should know, in a sentence.
    """

    def __init__(
        self,
        settings: WebSettings,
        listening: socket.socket,
        ready: Callable[[dict[str, Any]], None],
        notice: Callable[[str], None],
    ) -> None:
        self._settings = settings
        self._listening = listening
        self._ready = ready
        self._notice = notice
        self._stopping = threading.Event()
        self._heard = threading.Event()
        self._was_ready = False
        self._failure: PaintcamError | None = None
        self._host, self._port = listening.getsockname()[:2]
        if os.name != "posix":
            listening.close()  # not inherited there: the server binds the same port itself

    def stop(self) -> None:
        """End the server, and `run`. May be called from a signal handler or another thread."""
        self._stopping.set()

    def run(self) -> None:
        """Serve until `stop`.

        Raises:
            PaintcamError: The server could not be started at all.
        """
        deaths = 0
        while not self._stopping.is_set():
            started = time.monotonic()
            code = self._run_once()
            if self._stopping.is_set():
                return
            if not self._was_ready:
                raise self._failure or ServeError(
                    f"The server process ended with code {code} before it was ready.",
                    fix="Run `paintcam doctor` to check this computer.",
                )
            deaths = 0 if time.monotonic() - started > _HEALTHY_S else deaths + 1
            why = f": {self._failure.what.rstrip('.')}" if self._failure else ""
            self._notice(f"The server process ended (code {code}){why}. Starting it again.")
            self._stopping.wait(_PAUSES_S[min(deaths, len(_PAUSES_S) - 1)])

    def _run_once(self) -> int:
        self._failure = None
        self._heard.clear()
        inherited: dict[str, Any] = {"close_fds": False}
        if os.name == "posix":
            # Ctrl-C in the terminal is the supervisor's to handle.
            inherited = {"pass_fds": [self._listening.fileno()], "start_new_session": True}
        process = subprocess.Popen(
            python_command(_CODE),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            **inherited,
        )
        assert process.stdin is not None
        assert process.stdout is not None
        first = {
            "settings": asdict(self._settings),
            "host": self._host,
            "port": self._port,
            "socket": self._listening.fileno(),
        }
        with contextlib.suppress(OSError):
            process.stdin.write(json.dumps(first) + "\n")
            process.stdin.flush()
        reader = threading.Thread(target=self._read, args=(process.stdout,), daemon=True)
        reader.start()
        self._wait_for_end(process)
        with contextlib.suppress(OSError):
            process.stdin.close()  # the server ends by itself when nobody holds this any more
        try:
            code = process.wait(_END_S)
        except subprocess.TimeoutExpired:
            process.kill()
            code = process.wait()
        reader.join(2)
        return code

    def _wait_for_end(self, process: subprocess.Popen[str]) -> None:
        """Wait until it ends, or should end, or says nothing any more: then it is killed."""
        silent_s: float | None = None  # None until it serves: loading may take minutes
        while process.poll() is None and not self._stopping.wait(_TICK_S):
            if self._heard.is_set():
                self._heard.clear()
                silent_s = 0.0
            elif silent_s is not None:
                silent_s += _TICK_S  # not by the clock: a laptop that slept has not waited
                if silent_s > _HUNG_S:
                    self._failure = ServeError(f"It did not respond for {_HUNG_S:g} s.")
                    process.kill()
                    return

    def _read(self, stream: Any) -> None:  # noqa: ANN401 - a text stream
        for line in stream:
            try:
                message = json.loads(line)
            except ValueError:
                continue  # a library that prints
            if message.get("type") in ("ready", "alive"):
                self._heard.set()
            if message.get("type") == "ready" and not self._was_ready:
                self._was_ready = True
                self._ready(message)
            elif message.get("type") == "notice":
                self._notice(str(message["text"]))
            elif message.get("type") == "error":
                self._failure = ServeError(str(message["what"]), fix=str(message["fix"]))
