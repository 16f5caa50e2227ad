"""What the head of a server's answer says: status, length, range, checksum, version."""

from __future__ import annotations

import base64
import binascii
import re
from typing import TYPE_CHECKING

from paintcam.text import clean_text

if TYPE_CHECKING:
    from requests import Response

__all__ = ["Interrupted", "is_validator", "length_in", "md5_of", "range_in", "status_of"]


class Interrupted(Exception):  # noqa: N818 - not an error yet: the next try resumes
    """The connection was cut, stalled or refused; what was downloaded is kept."""


def status_of(answer: Response) -> str:
    """Return an answer's status for a message, such as "404 Not Found"."""
    return clean_text(f"{answer.status_code} {str(answer.reason or '')[:60]}")


def length_in(text: str) -> int:
    """Parse a length that a server sent.

    Raises:
        Interrupted: It is not one.
    """
    if not re.fullmatch(r"[0-9]{1,15}", text):
        raise Interrupted("the server did not say how long the file is")
    return int(text)


def range_in(header: str) -> tuple[int, int] | None:
    """Parse `Content-Range: bytes 5-9/10` as first byte and total; None if it is invalid."""
    found = re.fullmatch(r"bytes ([0-9]{1,15})-[0-9]{1,15}/([0-9]{1,15})", header)
    return (int(found[1]), int(found[2])) if found else None


def is_validator(text: str) -> bool:
    """Return whether a text is an ETag or date that can be sent back, and a strong one."""
    return bool(re.fullmatch(r"[!-~](?:[ -~]{0,198}[!-~])?", text)) and not text.startswith("W/")


def md5_of(header: str) -> bytes:
    """Find the MD5 in `x-goog-hash: crc32c=…,md5=…` (Google Cloud Storage, XML API), or b"".

    Raises:
        Interrupted: There is one, but it is not valid.
    """
    for item in header.split(","):
        kind, _, value = item.strip().partition("=")
        if kind == "md5":
            try:
                digest = base64.b64decode(value, validate=True)
            except (binascii.Error, ValueError):
                digest = b""
            if len(digest) != 16:
                raise Interrupted("the server sent an invalid checksum (x-goog-hash)")
            return digest
    return b""
