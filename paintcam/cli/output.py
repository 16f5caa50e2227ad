"""Everything that the commands print. Text from outside is cleaned here, and nowhere else."""

from __future__ import annotations

import contextlib
import csv
import errno
import io
import os
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import click

from paintcam.text import csv_cells, hide_secrets, is_address, json_text, printable

__all__ = [
    "give_up_stdout",
    "open_streams",
    "print_as_is",
    "print_csv_row",
    "print_json",
    "print_line",
    "print_table",
    "say",
    "say_lines",
    "stdout_failed",
    "typed_texts",
    "when_reader_leaves",
]

Column: TypeAlias = "str | tuple[str, str]"

MESSAGE = 2_000
"""Longest message in characters: what was typed may be a whole book."""

_LOCK = threading.RLock()
_closed = threading.Event()
_failed = threading.Event()
_hung_up = threading.Event()
_on_failure: list[Callable[[], None]] = []


def open_streams() -> None:
    """Make stdout and stderr usable however the shell set them up. Called once, at the start."""
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            # takes the lowest free number, this one: else the next file to open would take it and
            # get what libraries print
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)
    if sys.stdout is None:
        _closed.set()
        sys.stdout = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - for good
    if sys.stderr is None:
        sys.stderr = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - for good
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # a pipe on Windows has another encoding, in which a score's bar is an error
            stream.reconfigure(encoding="utf-8", errors="replace")


def print_line(text: str = "", *, prefix: str = "") -> None:
    """Print one line on stdout, at once. Any thread.

    Args:
        text: What to print; it is cleaned.
        prefix: Printed before it, with the colours of `click.style` if stdout is a terminal.
    """
    coloured = prefix if _is_terminal() else click.unstyle(prefix)
    _write(f"{coloured}{printable(text)}\n")


def print_as_is(text: str) -> None:
    """Print text of paintcam's own on stdout, with its line breaks and escape sequences."""
    _write(text)


def print_json(row: dict[str, Any]) -> None:
    """Print one JSON object per line on stdout, at once. Any thread."""
    _write(json_text(row) + "\n")


def print_csv_row(cells: Iterable[object], *, quote: bool = True) -> None:
    """Print one line of CSV on stdout.

    Args:
        cells: Texts, which are made harmless for spreadsheets, and numbers, which stay numbers.
        quote: Put every text in quotation marks.
    """
    line = io.StringIO()
    writer = csv.writer(
        line,
        quoting=csv.QUOTE_NONNUMERIC if quote else csv.QUOTE_MINIMAL,
        lineterminator="\n",
    )
    writer.writerow(csv_cells(cells))
    _write(line.getvalue())


def print_table(
    columns: Sequence[Column],
    rows: Iterable[Sequence[str]],
    *,
    title: str = "",
    box: bool = True,
) -> None:
    """Print a table on stdout, as wide as the terminal.

    Args:
        columns: Headings; a heading with "right" or "fold" in a pair is aligned or wrapped so.
        rows: Cells as text, never as markup: a player may be called "[red]".
        title: Above the table.
        box: Draw lines around it.
    """
    from rich.box import HEAVY_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(
        title=Text(printable(title)) if title else None,
        title_justify="left",
        box=HEAVY_HEAD if box else None,
        pad_edge=box,
    )
    for column in columns:
        heading, layout = (column, "") if isinstance(column, str) else column
        table.add_column(
            Text(printable(heading)),
            justify="right" if layout == "right" else "left",
            overflow="fold",
            no_wrap=layout != "fold",
        )
    for row in rows:
        table.add_row(*(Text(printable(cell)) for cell in row))
    page = io.StringIO()
    Console(file=page, width=Console().width, force_terminal=_is_terminal()).print(table)
    _write(page.getvalue())


def say(text: str) -> None:
    """Print a message for a person on stderr. Any thread; never fails."""
    shown = printable(text)
    say_lines(f"paintcam: {shown if len(shown) <= MESSAGE else shown[:MESSAGE] + '…'}")


def say_lines(text: str, typed: Iterable[str] | None = None) -> None:
    """Print lines on stderr that are not paintcam's own, for example Click's; never fails.

    Args:
        text: The lines.
        typed: What the user typed and the lines may quote; by default the addresses in it.
    """
    if typed is None:
        typed = [one for one in typed_texts() if is_address(one)]
    lines = "".join(f"{hide_secrets(printable(line), typed)}\n" for line in text.split("\n"))
    with _LOCK, contextlib.suppress(OSError, ValueError):
        sys.stderr.write(lines)
        sys.stderr.flush()


def typed_texts() -> list[str]:
    """List the words of the command line, and the values after an "="."""
    words = sys.argv[1:]
    return [*words, *(word.partition("=")[2] for word in words if "=" in word)]


def stdout_failed() -> bool:
    """Return whether stdout refused anything; a closed terminal does not count."""
    return _failed.is_set() and not _hung_up.is_set()


@contextlib.contextmanager
def when_reader_leaves(callback: Callable[[], None]) -> Iterator[None]:
    """Call back, from any thread, if the reader of stdout goes away meanwhile."""
    _on_failure.append(callback)
    try:
        yield
    finally:
        _on_failure.remove(callback)


def _is_terminal() -> bool:
    with contextlib.suppress(AttributeError, ValueError):
        return sys.stdout.isatty()
    return False


def _write(text: str) -> None:
    with _LOCK:
        if _failed.is_set():
            return
        try:
            if _closed.is_set():
                raise OSError(0, "it is closed")
            sys.stdout.write(text)
            sys.stdout.flush()
        except (OSError, ValueError) as error:
            give_up_stdout(error)


def give_up_stdout(error: Exception) -> None:
    """Print nothing more on stdout; the command may continue."""
    _failed.set()
    if getattr(error, "errno", 0) == errno.EIO:
        _hung_up.set()
    reader_left = isinstance(error, BrokenPipeError) or _hung_up.is_set()
    if not reader_left:
        reason = getattr(error, "strerror", None) or str(error)
        say(f"Cannot write to stdout ({reason}). Further output is discarded.")
    # what is still in the buffer must not fail again when the interpreter ends
    with contextlib.suppress(OSError, ValueError, AttributeError):
        silent = os.open(os.devnull, os.O_WRONLY)
        os.dup2(silent, sys.stdout.fileno())
        os.close(silent)
    if reader_left:
        for callback in tuple(_on_failure):
            callback()
