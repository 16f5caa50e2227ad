"""One file over HTTP: resumed if it was cut, verified, and put in place in one step."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from paintcam.encoders.cache_files import clear_place, open_to_write, read_small
from paintcam.encoders.http_answers import (
    Interrupted,
    length_in,
    md5_of,
    plain_error,
    status_of,
)
from paintcam.errors import ModelError

if TYPE_CHECKING:
    from requests import Response

__all__ = ["fetch", "length_of", "writable"]

CHUNK = 1 << 16
# Seconds to connect, and between two pieces: bad Wi-Fi stalls, and a stalled download is resumed.
TIMEOUT = (10.0, 15.0)
# A connection that brings fewer bytes than this within that many seconds counts as stalled.
SLOWEST = (1 << 16, 30.0)
AGAIN = "Run the same command again."


@dataclass(frozen=True, slots=True)
class _Part:
    """A file that is partly downloaded, and a note of the version that it belongs to."""

    path: Path
    note: Path

    def prepare(self) -> None:
        """Remove links, FIFOs and the like that are in the place of our files."""
        clear_place(self.path)
        clear_place(self.note)

    def validator(self) -> str:
        """Return the ETag or date that the server sent with the bytes; empty if it sent none."""
        try:
            return str(json.loads(read_small(self.note))["validator"])
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return ""

    def size(self) -> int:
        return self.path.stat().st_size if self.path.exists() else 0

    def drop(self) -> None:
        self.path.unlink(missing_ok=True)
        self.note.unlink(missing_ok=True)


def fetch(
    url: str,
    target: Path,
    *,
    progress: Callable[[int, int], None],
    check: Callable[[Path], None],
) -> None:
    """Download one file, resuming from `<target>.part` if an earlier try was cut.

    Args:
        url: Its address. Only the host is ever shown, since a signed URL is a key.
        target: Where it goes: it appears there complete or not at all.
        progress: Called with the bytes on disk and the total. An exception that it raises passes
            through, and the part stays.
        check: Raises `ModelError` if the complete part is not what it should be.

    Raises:
        Interrupted: The connection failed; another call resumes.
        ModelError: The file does not match its checksum, or cannot be written.
    """
    import requests
    import urllib3

    part = _Part(target.with_name(target.name + ".part"), target.with_name(target.name + ".note"))
    with writable(target.parent):
        part.prepare()
        clear_place(target)
        # The last byte is requested again: a complete part gets an answer as well, and with it the
        # checksum.
        have, validator = max(part.size() - 1, 0), part.validator()
        headers = {"Accept-Encoding": "identity"}
        if have and validator:
            headers |= {"Range": f"bytes={have}-", "If-Range": validator}
        try:
            with requests.get(url, headers=headers, stream=True, timeout=TIMEOUT) as answer:
                total, digest = _receive(answer, part, have, progress)
        except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
            raise Interrupted(plain_error(error)) from error
        if part.size() != total:
            raise Interrupted(f"{part.size()} of {total} bytes received")
        if digest and _md5(part.path) != digest:
            part.drop()
            raise ModelError(
                f"The downloaded {target.name} is damaged (its MD5 differs from the server's). It "
                "was removed.",
                fix=AGAIN,
            )
        try:
            check(part.path)
        except ModelError:
            part.drop()
            raise
        _put_in_place(part, target)


def length_of(url: str) -> int:
    """Ask for the length of a file, by its first byte: a signed URL is valid for GET alone.

    Raises:
        Interrupted: No answer, or one without a length.
    """
    import requests

    headers = {"Accept-Encoding": "identity", "Range": "bytes=0-0"}
    try:
        with requests.get(url, headers=headers, stream=True, timeout=TIMEOUT) as answer:
            if answer.status_code == 206:
                return length_in(answer.headers.get("Content-Range", "").rpartition("/")[2])
            if answer.status_code == 200:
                return length_in(answer.headers.get("Content-Length", ""))
            raise Interrupted(f"the server answered {status_of(answer)}")
    except (requests.RequestException, ValueError) as error:  # ValueError: an invalid URL
        raise Interrupted(plain_error(error)) from error


def _receive(
    answer: Response, part: _Part, have: int, progress: Callable[[int, int], None]
) -> tuple[int, bytes]:
    """Append the body to the part; return the total length and the MD5 if the server sent one."""
    if answer.status_code == 416:  # the part is longer than the file
        part.drop()
        raise Interrupted("the file changed on the server")
    if answer.status_code not in (200, 206):
        raise Interrupted(f"the server answered {status_of(answer)}")
    if answer.status_code == 206:
        span = re.fullmatch(r"bytes (\d+)-\d+/(\d+)", answer.headers.get("Content-Range", ""))
        if span is None or int(span[1]) != have:
            part.drop()
            raise Interrupted("the server sent a different range than requested")
        total = length_in(span[2])
    else:
        have = 0
        total = length_in(answer.headers.get("Content-Length", ""))
    digest = md5_of(answer.headers.get("x-goog-hash", ""))
    _check_space(part.path.parent, total - have)
    # Written first: a part without its note is never resumed.
    validator = answer.headers.get("ETag") or answer.headers.get("Last-Modified") or ""
    validator = "" if validator.startswith("W/") else validator  # If-Range takes strong ones only
    with open_to_write(part.note, keep=False) as note:
        note.write(json.dumps({"validator": validator}).encode())
    with open_to_write(part.path, keep=have > 0) as file:
        file.seek(have)
        progress(have, total)
        for piece in _pieces(answer):
            file.write(piece)
            have += len(piece)
            progress(have, total)
            if have > total:
                break
        file.truncate()
        file.flush()
        os.fsync(file.fileno())
    if have > total:
        part.drop()
        raise Interrupted("the server sent more than it announced")
    return total, digest


def _pieces(answer: Response) -> Iterator[bytes]:
    """Read the body as it arrives.

    Raises:
        Interrupted: It arrives too slowly.
    """
    least, within_s = SLOWEST
    since, came = time.monotonic(), 0
    # a whole chunk would hide a server that sends a byte per second; `read1` does not wait for it
    while piece := answer.raw.read1(CHUNK):
        yield piece
        came += len(piece)
        now = time.monotonic()
        if came >= least:
            since, came = now, 0
        elif now - since > within_s:
            raise Interrupted(f"less than {least >> 10} KiB within {within_s:.0f} s")


def _md5(path: Path) -> bytes:
    digest = hashlib.md5(usedforsecurity=False)
    with path.open("rb") as file:
        while piece := file.read(1 << 20):
            digest.update(piece)
    return digest.digest()


def _put_in_place(part: _Part, target: Path) -> None:
    """Rename, and make the rename survive a power cut."""
    part.path.replace(target)
    part.note.unlink(missing_ok=True)
    if os.name == "posix":
        folder = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _check_space(folder: Path, needed: int) -> None:
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
