"""Ends a command early: Ctrl-C, SIGTERM, a closed terminal, a reader of stdout that has gone.

A signal only sets an event. Raising an exception instead could leave an import half done, whose
lock then blocks the interpreter forever. The code that works checks the event: a run ends as with
`q`, downloads and batches stop between two steps. Code that does not check it within `PATIENCE_S`
is ended from outside.

This module is imported before all others, so it imports the standard library alone.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from paintcam.cli.report import JsonReport, TextReport
    from paintcam.run.every_frame import EveryFrame
    from paintcam.run.live import Live, Summary

__all__ = [
    "EXIT_CODE",
    "before_leaving",
    "check_stop",
    "conduct",
    "exit_code",
    "install",
    "interruptible",
    "when_stopped",
]

EXIT_CODE = 130
PATIENCE_S = 1.0
"""How long the main thread may take to notice a signal; an import of torch takes longer."""
ENDING_S = 10.0
"""How long a run may take to end before another signal ends it at once."""

NAMES = ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGBREAK")

_stopping = threading.Event()
_noticed = threading.Event()
_on_stop: list[Callable[[], None]] = []
_before_leaving: list[Callable[[], None]] = []


def install(early: list[int]) -> None:
    """Watch for signals from now on, whatever the main thread does when one comes.

    Args:
        early: Handlers append the signals that came before; they go on doing so.
    """
    reader, writer = socket.socketpair()
    writer.setblocking(False)
    # the interpreter writes the number here at once, even while it is inside a library
    signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
    threading.Thread(
        target=_watch, args=(reader, writer), name="paintcam-signals", daemon=True
    ).start()
    # registered first, so it is called last
    atexit.register(_ignore_signals)
    if early:
        with contextlib.suppress(OSError):
            writer.send(bytes(early))


def check_stop() -> None:
    """End the command here if a signal asked for it.

    Raises:
        KeyboardInterrupt: A signal came.
    """
    if _stopping.is_set():
        _noticed.set()
        raise KeyboardInterrupt


@contextlib.contextmanager
def when_stopped(callback: Callable[[], None]) -> Iterator[None]:
    """Call back on a signal instead of ending the command; at once if one arrived earlier."""
    _on_stop.append(callback)
    try:
        if _stopping.is_set():
            _noticed.set()
            callback()
        yield
    finally:
        _on_stop.remove(callback)
        _stopping.clear()  # this signal has been handled
        _noticed.set()


@contextlib.contextmanager
def before_leaving(callback: Callable[[], None]) -> Iterator[None]:
    """Call back if the command is ended from outside: the main thread hangs in a library."""
    _before_leaving.append(callback)
    try:
        yield
    finally:
        _before_leaving.remove(callback)


@contextlib.contextmanager
def interruptible() -> Iterator[None]:
    """Let Ctrl-C interrupt at once while the terminal waits for an answer."""
    check_stop()
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def conduct(
    loop: Live | EveryFrame,
    report: JsonReport | TextReport | None = None,
    *,
    summarize: bool = False,
) -> Summary:
    """Run a loop to its end; a signal ends it as `q` does.

    Args:
        loop: Built, not yet run.
        report: Gets the summary if the run ends in an error after its first verdict.
        summarize: Give it the summary in any case, because what comes next may hang.
    """
    from paintcam.cli.output import when_reader_leaves
    from paintcam.errors import PaintcamError
    from paintcam.folders import forget_last_run

    def stop_if_unwatched() -> None:
        presenter = loop.presenter
        if presenter.window is None and presenter.recording is None:
            loop.stop()

    try:
        with when_stopped(loop.stop), when_reader_leaves(stop_if_unwatched):
            summary = loop.run()
        if report is not None and summarize:
            report.summary(summary)
        forget_last_run()
        return summary
    except PaintcamError:
        if report is not None and loop.presenter.state.snapshot().scored:
            report.summary(loop.summary())  # the best is printed before the error
            forget_last_run()
        raise


def exit_code(loop: Live | EveryFrame) -> int:
    """Return 1 if the recording or a snapshot of a run could not be written whole, else 0."""
    return 0 if loop.presenter.complete else 1


def _watch(reader: socket.socket, _writer: socket.socket) -> None:
    numbers = {int(getattr(signal, name)) for name in NAMES if hasattr(signal, name)}
    first_at: float | None = None
    while received := reader.recv(64):
        if not numbers & set(received):
            continue
        now = time.monotonic()
        first_at = now if first_at is None else first_at
        _noticed.clear()
        _stopping.set()
        callbacks = list(_on_stop)
        for callback in callbacks:
            callback()
        if callbacks and now - first_at < ENDING_S:
            continue
        if not _noticed.wait(PATIENCE_S):
            _leave()


def _ignore_signals() -> None:
    """Keep the exit code: an interpreter that ends gives signals their default effect again."""
    for name in NAMES:
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)


def _leave() -> None:
    for callback in _before_leaving:
        with contextlib.suppress(Exception):  # nothing may keep the command from ending
            callback()
    with contextlib.suppress(OSError):
        if os.isatty(2):
            os.write(2, b"\x1b[?25h")  # a progress bar hides the cursor
    os._exit(EXIT_CODE)
