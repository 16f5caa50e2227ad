"""One file over HTTP: resumed if it was cut, verified, and put in place in one step."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from paintcam.encoders.cache_files import (
    check_space,
    clear_place,
    open_to_write,
    read_small,
    writable,
)
from paintcam.encoders.http_answers import (
    Interrupted,
    is_validator,
    length_in,
    md5_of,
    range_in,
    status_of,
)
from paintcam.errors import ModelError
from paintcam.network import reason_of

if TYPE_CHECKING:
    from requests import Response

__all__ = ["CHANGED", "fetch", "length_of"]

CHUNK = 1 << 16
# Seconds to connect, and between two pieces: bad Wi-Fi stalls, and a stalled download is resumed.
TIMEOUT = (10.0, 15.0)
HEAD_S = 30.0
"""Longest time to the first byte of a file, redirects included."""
# A connection that brings fewer bytes than this within that many seconds counts as stalled.
SLOWEST = (1 << 16, 30.0)
AGAIN = "Run the same command again."
CHANGED = "the file changed on the server"


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
            kept = str(json.loads(read_small(self.note))["validator"])
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return ""
        return kept if is_validator(kept) else ""

    def size(self) -> int:
        return self.path.stat().st_size if self.path.exists() else 0

    def drop(self) -> None:
        self.path.unlink(missing_ok=True)
        self.note.unlink(missing_ok=True)


def fetch(
    url: str,
    target: Path,
    length: int,
    *,
    progress: Callable[[int, int], None],
    check: Callable[[Path], None],
) -> None:
    """Download one file, resuming from `<target>.part` if an earlier try was cut.

    Args:
        url: Its address. Only the host is ever shown, since a signed URL is a key.
        target: Where it goes: it appears there complete or not at all.
        length: What `length_of` returned for it, bytes.
        progress: Called with the bytes on disk and the total. An exception that it raises passes
            through, and the part stays.
        check: Raises `ModelError` if the complete part is not what it should be.

    Raises:
        Interrupted: The connection failed; another call resumes.
        ModelError: The file does not match its checksum, or cannot be written.
    """
    from paintcam.encoders.http_calls import HttpCalls

    part = _Part(target.with_name(target.name + ".part"), target.with_name(target.name + ".note"))
    with writable(target.parent):
        part.prepare()
        clear_place(target)
        # The last byte is requested again: a complete part gets an answer as well, and with it the
        # checksum.
        have, validator = max(part.size() - 1, 0), part.validator()
        headers = {}
        if have and validator:
            headers = {"Range": f"bytes={have}-", "If-Range": validator}
        with HttpCalls().open(
            "GET", url, limit_s=HEAD_S, timeout=TIMEOUT, headers=headers
        ) as answer:
            digest = _receive(answer, part, have, length, progress)
        if part.size() != length:
            raise Interrupted(f"{part.size()} of {length} bytes received")
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
    from paintcam.encoders.http_calls import HttpCalls

    with HttpCalls().open(
        "GET", url, limit_s=HEAD_S, timeout=TIMEOUT, headers={"Range": "bytes=0-0"}
    ) as answer:
        if answer.status_code == 206:
            return length_in(answer.headers.get("Content-Range", "").rpartition("/")[2])
        if answer.status_code == 200:
            return length_in(answer.headers.get("Content-Length", ""))
        raise Interrupted(f"the server answered {status_of(answer)}")


def _receive(
    answer: Response,
    part: _Part,
    have: int,
    length: int,
    progress: Callable[[int, int], None],
) -> bytes:
    """Append the body to the part; return the MD5 if the server sent one."""
    if answer.status_code == 416:  # the part is longer than the file
        part.drop()
        raise Interrupted(CHANGED)
    if answer.status_code not in (200, 206):
        raise Interrupted(f"the server answered {status_of(answer)}")
    if answer.status_code == 206:
        span = range_in(answer.headers.get("Content-Range", ""))
        if span is None or span[0] != have:
            part.drop()
            raise Interrupted("the server sent a different range than requested")
        total = span[1]
    else:
        have = 0
        # in chunks, also the places between them have to be read, and each may take forever
        chunked = "Transfer-Encoding" in answer.headers
        total = length_in("" if chunked else answer.headers.get("Content-Length", ""))
    if total != length:
        part.drop()
        raise Interrupted(CHANGED)
    digest = md5_of(answer.headers.get("x-goog-hash", ""))
    check_space(part.path.parent, total - have)
    # Written first: a part without its note is never resumed.
    validator = answer.headers.get("ETag") or answer.headers.get("Last-Modified") or ""
    validator = validator if is_validator(validator) else ""
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
    return digest


def _pieces(answer: Response) -> Iterator[bytes]:
    """Read the body as it arrives.

    Raises:
        Interrupted: It is cut, or arrives too slowly.
    """
    least, within_s = SLOWEST
    since, came = time.monotonic(), 0
    while True:
        try:
            # a whole chunk would hide a server that sends a byte per second
            piece = answer.raw.read1(CHUNK)
        except Exception as error:  # those of urllib3, http.client and ssl share no base
            raise Interrupted(reason_of(error)) from None
        if not piece:
            return
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
