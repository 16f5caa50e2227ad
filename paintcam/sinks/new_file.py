"""Creates new files, so that no run overwrites what another one wrote."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from io import FileIO
from itertools import count
from pathlib import Path

from paintcam.errors import SinkError
from paintcam.text import printable

__all__ = ["check_name", "create_new", "is_at", "remove"]

_FLAGS = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)


def check_name(path: Path) -> None:
    """Refuse a name that is not valid UTF-8, as in old zip archives, or has a NUL in it.

    Raises:
        SinkError: It is one of those.
    """
    try:
        valid = b"\0" not in str(path).encode("utf-8")
    except UnicodeEncodeError:
        valid = False
    if not valid:
        raise SinkError(
            f"Cannot write to {printable(str(path))!r}: its name is not valid UTF-8.",
            fix="Choose another name.",
        )


def create_new(path: Path) -> tuple[Path, FileIO]:
    """Create a file exclusively: an existing file or link is neither opened nor followed.

    Args:
        path: The preferred name; its folder exists.

    Returns:
        The name, "talk-2.mp4" or the next one if "talk.mp4" is taken, and the open, empty file.

    Raises:
        OSError: No file can be created there.
    """
    for free in _names(path):
        with contextlib.suppress(FileExistsError):
            return free, os.fdopen(os.open(free, _FLAGS, 0o666), "r+b", buffering=0)
    raise AssertionError("names are endless")


def is_at(path: Path, file: FileIO) -> bool:
    """Return whether the path still leads to this open file, not removed or replaced."""
    try:
        return os.path.samestat(path.lstat(), os.fstat(file.fileno()))
    except OSError:
        return False


def remove(path: Path, file: FileIO) -> None:
    """Close a file, and remove it if it is still at its path."""
    ours = is_at(path, file)
    file.close()
    if ours:
        with contextlib.suppress(OSError):
            path.unlink()


def _names(path: Path) -> Iterator[Path]:
    yield path
    for number in count(2):
        yield path.with_stem(f"{path.stem}-{number}")
