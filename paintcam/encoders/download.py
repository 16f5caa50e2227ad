"""One file over HTTP: resumed where it was cut, verified, and put in place in one step."""

from __future__ import annotations

import base64
import errno
import hashlib
import json
import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from paintcam.errors import ModelError

if TYPE_CHECKING:
    from requests import Response

__all__ = ["Interrupted", "fetch", "length_of", "writable"]

CHUNK = 1 << 16
# Seconds to connect, and between two pieces: bad Wi-Fi stalls, and a stall is resumed.
TIMEOUT = (10.0, 15.0)


class Interrupted(Exception):  # noqa: N818 - no error yet: the next try goes on from here
    """The connection was cut, stalled or refused; what came is kept."""


@dataclass(frozen=True, slots=True)
class _Part:
    """A file half here: its bytes, and a note on whose half it is."""

    path: Path
    note: Path

    def validator(self) -> str:
        """The ETag or date under which the bytes came; empty where none was sent."""
        try:
            return str(json.loads(self.note.read_text(encoding="utf-8"))["validator"])
        except (OSError, ValueError, KeyError, TypeError):
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
    """Bring one file, going on from `<target>.part` where an earlier try was cut.

    Args:
        url: Where it is; only its host is ever shown, since a signed URL is a key.
        target: Where it goes: it appears there whole or not at all.
        progress: Told the bytes that are here and the bytes in all; what it raises passes
            through, and the part stays.
        check: Raises `ModelError` where the finished part is not what it should be.

    Raises:
        Interrupted: The connection failed; calling again goes on from there.
        ModelError: The file does not match its checksum, or cannot be written.
    """
    import requests

    part = _Part(target.with_name(target.name + ".part"), target.with_name(target.name + ".note"))
    with writable(target.parent):
        # The last byte is asked for again: a part that is already whole gets an answer as well,
        # and with it the checksum.
        have, validator = max(part.size() - 1, 0), part.validator()
        headers = {"Accept-Encoding": "identity"}
        if have and validator:
            headers |= {"Range": f"bytes={have}-", "If-Range": validator}
        try:
            with requests.get(url, headers=headers, stream=True, timeout=TIMEOUT) as answer:
                total, digest = _receive(answer, part, have, progress)
        except requests.RequestException as error:
            raise Interrupted(_plain(error)) from error
        if part.size() != total:
            raise Interrupted(f"{part.size()} of {total} bytes came")
        if digest and _md5(part.path) != digest:
            part.drop()
            raise ModelError(
                f"{target.name} came damaged: its MD5 is not the one that was sent with it. "
                "It was removed; run the same command again."
            )
        try:
            check(part.path)
        except ModelError:
            part.drop()
            raise
        _put_in_place(part, target)


def length_of(url: str) -> int:
    """Ask how long a file is: by its first byte, since a signed URL is good for GET alone.

    Raises:
        Interrupted: No answer, or none that tells.
    """
    import requests

    headers = {"Accept-Encoding": "identity", "Range": "bytes=0-0"}
    try:
        with requests.get(url, headers=headers, stream=True, timeout=TIMEOUT) as answer:
            if answer.status_code == 206:
                return int(answer.headers["Content-Range"].rpartition("/")[2])
            if answer.status_code == 200:
                return int(answer.headers["Content-Length"])
    except requests.RequestException as error:
        raise Interrupted(_plain(error)) from error
    except (KeyError, ValueError) as error:
        raise Interrupted("the server did not say how long the file is") from error
    raise Interrupted(f"the server answered {answer.status_code} {answer.reason}")


def _receive(
    answer: Response, part: _Part, have: int, progress: Callable[[int, int], None]
) -> tuple[int, bytes]:
    """Write the body behind what is here; give the length in all and the MD5, where sent."""
    if answer.status_code == 416:  # the part is longer than the file
        part.drop()
        raise Interrupted("the file changed on the server")
    if answer.status_code >= 400:
        raise Interrupted(f"the server answered {answer.status_code} {answer.reason}")
    if answer.status_code == 206:
        told = re.fullmatch(r"bytes (\d+)-\d+/(\d+)", answer.headers.get("Content-Range", ""))
        if told is None or int(told[1]) != have:
            part.drop()
            raise Interrupted("the server sent another range than was asked for")
        total = int(told[2])
    else:
        have = 0
        total = int(answer.headers.get("Content-Length", "-1"))
        if total < 0:
            raise Interrupted("the server did not say how long the file is")
    _room(part.path.parent, total - have)
    # Written first: a part without its note is never resumed.
    validator = answer.headers.get("ETag") or answer.headers.get("Last-Modified") or ""
    validator = "" if validator.startswith("W/") else validator  # If-Range takes strong ones only
    part.note.write_text(json.dumps({"validator": validator}), encoding="utf-8")
    with part.path.open("r+b" if have else "wb") as file:
        file.seek(have)
        progress(have, total)
        for piece in answer.iter_content(CHUNK):
            file.write(piece)
            have += len(piece)
            progress(have, total)
        file.flush()
        os.fsync(file.fileno())
    return total, _goog_md5(answer.headers.get("x-goog-hash", ""))


def _goog_md5(header: str) -> bytes:
    """The MD5 in `x-goog-hash: crc32c=…,md5=…` (Google Cloud Storage, XML API), or nothing."""
    for item in header.split(","):
        kind, _, value = item.strip().partition("=")
        if kind == "md5":
            return base64.b64decode(value)
    return b""


def _md5(path: Path) -> bytes:
    digest = hashlib.md5(usedforsecurity=False)
    with path.open("rb") as file:
        while piece := file.read(1 << 20):
            digest.update(piece)
    return digest.digest()


def _put_in_place(part: _Part, target: Path) -> None:
    """Rename, and make the rename outlive a power cut."""
    part.path.replace(target)
    part.note.unlink(missing_ok=True)
    if os.name == "posix":
        folder = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _room(folder: Path, wanted: int) -> None:
    free = shutil.disk_usage(folder).free
    if free < wanted:
        raise OSError(errno.ENOSPC, f"{wanted / 1e6:.0f} MB wanted, {free / 1e6:.0f} MB free")


@contextmanager
def writable(folder: Path) -> Iterator[None]:
    """Turn what a full disk or a closed folder raises into words.

    Raises:
        ModelError: The folder cannot be written.
    """
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise ModelError(
                f"The disk is full: {error.strerror} in {folder}. Free some space, or set "
                "PAINTCAM_CACHE_DIR to a folder on another disk, and run the same command again: "
                "it goes on where it stopped."
            ) from error
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST):
            raise ModelError(
                f"Cannot write to {folder} ({error.strerror}). Set PAINTCAM_CACHE_DIR to a folder "
                "that you may write to."
            ) from error
        raise


def _plain(error: Exception) -> str:
    """An HTTP error in words without the URL: a signed one is a key."""
    return type(error).__name__.replace("Error", "").replace("Exception", "") or "failed"
