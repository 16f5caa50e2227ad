"""Files in the model cache, opened so that nothing planted there can mislead or block paintcam.

A link in the place of a cache file is never followed, a FIFO never waited for, and a file that has
a second name elsewhere (a hard link) never written to.
"""

from __future__ import annotations

import errno
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from paintcam.errors import ModelError

__all__ = [
    "check_space",
    "clear_place",
    "is_below",
    "is_regular",
    "make_folder",
    "open_to_write",
    "read_small",
    "writable",
]

# a system that lacks a flag lacks that kind of file as well
_SAFELY = (
    getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_BINARY", 0)
    | getattr(os, "O_CLOEXEC", 0)
)


def is_regular(path: Path) -> bool:
    """Return whether a path is a file with content: no folder, FIFO, socket or device."""
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except (OSError, ValueError):
        return False


def read_small(path: Path, most: int = 1 << 20) -> bytes:
    """Read a file that paintcam wrote.

    Args:
        path: The file.
        most: A longer file is not ours.

    Raises:
        OSError: It cannot be opened, or is a link.
        ValueError: It is not a regular file, or too long.
    """
    descriptor = os.open(path, os.O_RDONLY | _SAFELY)
    with os.fdopen(descriptor, "rb") as file:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode) or found.st_size > most:
            raise ValueError(f"{path} was not written by paintcam")
        return file.read(most)


def clear_place(path: Path) -> None:
    """Clear a path for a cache file: remove what is not an ordinary file.

    A link is removed itself; what it points to stays as it is.

    Raises:
        ModelError: A folder is there.
        OSError: It cannot be removed.
    """
    try:
        found = path.lstat()
    except FileNotFoundError:
        return
    if stat.S_ISDIR(found.st_mode):
        raise ModelError(f"{path} is a folder instead of a file.", fix="Remove it.")
    if not stat.S_ISREG(found.st_mode) or found.st_nlink > 1:
        path.unlink()


def make_folder(folder: Path, root: Path) -> None:
    """Make a folder in the cache, and refuse a link, which may lead anywhere.

    Args:
        folder: Below `root`.
        root: The cache, which may be a link itself: the user has put it there.

    Raises:
        ModelError: A link is there, or on the way.
        OSError: It cannot be made.
    """
    for path in (folder, *folder.parents):
        if path == root:
            break
        if path.is_symlink():
            raise ModelError(
                f"{path} is a link instead of a folder.",
                fix="Remove it. To keep models elsewhere, set PAINTCAM_CACHE_DIR.",
            )
    folder.mkdir(parents=True, exist_ok=True)


def open_to_write(path: Path, *, keep: bool) -> BinaryIO:
    """Open a file of ours for writing.

    Args:
        path: The file; `clear_place` was called for it.
        keep: Whether its content stays. Otherwise it starts empty.

    Raises:
        OSError: It cannot be opened.
    """
    if not keep:
        path.unlink(missing_ok=True)
    flags = os.O_RDWR | _SAFELY | (0 if keep else os.O_CREAT | os.O_EXCL)
    return os.fdopen(os.open(path, flags, 0o666), "r+b")


def is_below(folder: str) -> bool:
    """Return whether a path leads to a folder below the one that it starts from."""
    path = Path(folder)
    inside = bool(path.parts) and not path.is_absolute() and ".." not in path.parts
    return inside and not path.drive and folder.isprintable()


def check_space(folder: Path, needed: int) -> None:
    """Refuse to begin what a disk has no room for.

    Raises:
        OSError: Fewer bytes are free than needed.
    """
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise OSError(errno.ENOSPC, f"{needed / 1e6:.0f} MB needed, {free / 1e6:.0f} MB free")


@contextmanager
def writable(folder: Path) -> Iterator[None]:
    """Describe what a full disk or a folder without permission raises.

    Raises:
        ModelError: The folder cannot be written.
    """
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise ModelError(
                f"The disk is full: {error.strerror} in {folder}.",
                fix="Free some space, or set PAINTCAM_CACHE_DIR to a folder on another disk, and "
                "run the same command again to resume.",
            ) from error
        raise ModelError(
            f"Cannot write to {folder} ({error.strerror or error}).",
            fix="Set PAINTCAM_CACHE_DIR to a folder that you may write to.",
        ) from error
