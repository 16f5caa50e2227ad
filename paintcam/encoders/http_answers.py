"""What a server's answer says: status, length, checksum; and errors without the address.

The address of a download is signed, and that of a server may hold a key: neither is ever shown.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import TYPE_CHECKING

from paintcam.text import clean_text

if TYPE_CHECKING:
    from requests import Response

__all__ = ["Interrupted", "length_in", "md5_of", "plain_error", "status_of"]


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


def plain_error(error: Exception) -> str:
    """Describe an HTTP error without the URL: a signed one is a key."""
    name = type(error).__name__
    if isinstance(error, ValueError):
        return "the address is not valid"
    if "Timeout" in name:
        return "the server timed out"
    if name in ("ProtocolError", "IncompleteRead", "ChunkedEncodingError"):
        return "the connection was cut"
    return f"the connection failed ({name})"
