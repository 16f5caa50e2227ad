"""What a source's name means: a camera, a live stream or a file that ends."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal
from urllib.parse import urlsplit
from urllib.request import url2pathname

from paintcam.errors import LIST_CAMERAS, SourceError
from paintcam.folders import expanded
from paintcam.text import clean_text, shown_address

__all__ = ["PICTURE_SUFFIXES", "TIMEOUT_S", "Reference"]

TIMEOUT_S = 1.5
"""How long a network address may be silent while it is opened or read."""
MAX_CAMERA = 2**31 - 1
PICTURE_SUFFIXES = frozenset(
    (".png", ".apng", ".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".bmp", ".dib", ".webp", ".tif")
    + (".tiff", ".ppm", ".pgm", ".pbm", ".pnm", ".pfm", ".gif", ".jp2", ".j2k", ".jpx", ".jpf")
    + (".jpc", ".j2c", ".heic", ".heif", ".hif", ".avif")
)
# A URL whose path ends like this is a file that ends, not a live stream.
VIDEO_SUFFIXES = frozenset(
    (".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".ogv", ".ogg", ".wmv")
    + (".flv", ".3gp", ".gif", ".mts", ".m2ts")
)


@dataclass(frozen=True, slots=True)
class Reference:
    """What a source is.

    Attributes:
        kind: "camera" (index or device path), "stream" (live, by URL) or "file" (path or URL).
        value: What the decoder opens: a camera's index or device path, a file's path, or a URL.
        name: As the audience may read it: a URL without user, password, path and query.
    """

    kind: Literal["camera", "stream", "file"]
    value: int | str
    name: str

    @classmethod
    def parse(cls, text: str) -> Reference:
        """Determine whether a text names a camera, a stream or a file.

        Args:
            text: Camera index, device path, path of a video file, or URL.

        Returns:
            What the text names.

        Raises:
            SourceError: A negative index, a missing or empty file, a folder, or a still picture.
        """
        text = text.strip()
        if re.fullmatch(r"[+-]?[0-9]+", text):
            return _camera(text)
        if re.match(r"file:/(?!//?[^/])|file:///|file://localhost/", text, re.IGNORECASE):
            return _file(url2pathname(urlsplit(text).path))
        if "://" in text:
            try:
                url = urlsplit(text)
            except ValueError:  # an IPv6 address that is cut in two
                raise cls("stream", text, shown_address(text)).cannot_open() from None
            suffix = PurePosixPath(url.path).suffix.lower()
            ends = url.scheme.lower() in ("http", "https", "ftp") and suffix in VIDEO_SUFFIXES
            return cls("file" if ends else "stream", text, shown_address(text))
        if text.startswith("/dev/"):
            return cls("camera", text, clean_text(text))
        return _file(text)

    @property
    def remote(self) -> bool:
        """Whether it is read over the network."""
        return isinstance(self.value, str) and "://" in self.value

    def cannot_open(self) -> SourceError:
        """Return the error of a source that does not open."""
        if self.kind == "camera":
            return SourceError(
                f"Cannot open {self.name}.",
                fix=LIST_CAMERAS,
            )
        if self.remote:
            return SourceError(
                f"Cannot open {self.name}: no video received within {TIMEOUT_S:g} s.",
                fix="Check the address in a browser or player, or pass `--source 0` for the "
                "webcam.",
            )
        return SourceError(
            f"Cannot play {self.name}: not a video, or cut short.",
            fix="Check it in a player, or convert it with `ffmpeg -i FILE video.mp4`.",
        )

    def no_picture(self) -> SourceError:
        """Return the error of a source that opened but never delivered a picture."""
        if self.kind == "camera":
            return SourceError(
                f"{self.name.capitalize()} opened but delivers no frames. Another program "
                "may be using it.",
                fix="Close that program, or run `paintcam cameras` to find another camera.",
            )
        return self.cannot_open()


def _camera(text: str) -> Reference:
    # Python refuses to convert thousands of digits
    index = int(text) if len(text) <= 11 else MAX_CAMERA + 1
    if not 0 <= index <= MAX_CAMERA or (text.startswith("-") and len(text) > 11):
        shown = text if len(text) <= 20 else f"{text[:17]}…"
        raise SourceError(
            f"No camera has the index {shown}.", fix="Run `paintcam cameras` to list cameras."
        )
    return Reference("camera", index, f"camera {index}")


def _file(text: str) -> Reference:
    shown = repr(clean_text(shown_address(text)))
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise SourceError(
            f"Cannot open {shown}: its name is not valid UTF-8.", fix="Rename the file."
        ) from None
    missing = SourceError(
        f"No such file: {shown}.",
        fix="Pass a video file, a URL, or a camera's index from `paintcam cameras`.",
    )
    try:
        path = expanded(text)
        if not text or not path.exists():
            raise missing
        empty = path.stat().st_size == 0
    except (OSError, ValueError):  # too long, or a NUL
        raise missing from None
    if path.is_dir():
        raise SourceError(
            f"{shown} is a folder.", fix=f"Run `paintcam score {text}` to score its pictures."
        )
    if not path.is_file():
        raise SourceError(f"{shown} is not a regular file.", fix="Pass a video file.")
    if path.suffix.lower() in PICTURE_SUFFIXES - {".gif"}:
        raise SourceError(
            f"{shown} is a still picture.", fix=f"Run `paintcam score {text}` to score it."
        )
    if empty:
        raise SourceError(f"{shown} is empty (0 bytes).", fix="Copy or record it again.")
    return Reference("file", str(path), clean_text(path.name))
