"""Still pictures: finding and reading them."""

from __future__ import annotations

import os
import re
import stat
import time
import warnings
from collections.abc import Collection, Iterable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
import numpy.typing as npt

from paintcam.errors import SourceError
from paintcam.frames import Frame, Image, to_bgr
from paintcam.sources.reference import PICTURE_SUFFIXES
from paintcam.text import printable

if TYPE_CHECKING:
    from PIL import Image as PillowImage

__all__ = [
    "MAX_PIXELS",
    "OTHER_SUFFIXES",
    "SUFFIXES",
    "find_pictures",
    "left_out",
    "pictures_in",
    "read_picture",
]

SUFFIXES = PICTURE_SUFFIXES
"""What a picture's file name ends with, in lower case."""
OTHER_SUFFIXES = frozenset(
    (".svg", ".pdf", ".psd", ".xcf", ".kra", ".ai", ".eps", ".ico", ".tga", ".jxl", ".qoi", ".dng")
    + (".cr2", ".cr3", ".nef", ".arw", ".raf", ".rw2", ".orf", ".exr", ".hdr")
)
"""What pictures are called that paintcam does not read."""
MAX_PIXELS = 100_000_000
"""Larger pictures are refused before they are decoded."""

# Pillow's names of what is read. Others run programs (EPS) or are no drawings.
_FORMATS = ("PNG", "JPEG", "BMP", "WEBP", "TIFF", "PPM", "GIF", "JPEG2000", "AVIF", "HEIF")
_HEIC_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")
_SAVE_AGAIN = "Open it in a viewer, or save it again as PNG or JPEG."


def find_pictures(paths: Iterable[Path | str]) -> list[Path]:
    """List files as named, and folders by the pictures in them, sorted, with subfolders.

    Args:
        paths: Files and folders. Hidden files and folders inside a folder are skipped, such as
            the "._" files that a Mac leaves on a memory stick.

    Returns:
        Pictures to read. A file that was named is in it whatever its suffix.

    Raises:
        SourceError: A blank name, a path that does not exist, or a folder without pictures.

    Example:
        >>> from pathlib import Path
        >>> from paintcam import find_pictures
        >>> [path.name for path in find_pictures([Path("drawings")])]
        ['house.png']
    """
    found: list[Path] = []
    for name in paths:
        path = Path(name)
        shown = repr(printable(str(name)))
        try:
            there = bool(str(name).strip()) and path.exists()
        except (OSError, ValueError):  # too long a name, or a NUL in it
            there = False
        if there and path.is_dir():
            inside = pictures_in(path)
            if not inside:
                raise SourceError(
                    f"No pictures in {shown}.",
                    fix=f"Add pictures that end in {', '.join(sorted(SUFFIXES))}.",
                )
            found += inside
        elif there:
            found.append(path)
        else:
            raise SourceError(f"No such file: {shown}.", fix="Check the name, or pass a folder.")
    return found


def pictures_in(folder: Path, suffixes: Collection[str] = SUFFIXES) -> list[Path]:
    """List the pictures in a folder and its subfolders, sorted; hidden ones are skipped.

    Args:
        folder: What cannot be listed in it, or goes away meanwhile, is left out.
        suffixes: What their names end with, in lower case.
    """
    found = []
    for inner, folders, names in os.walk(folder):  # `Path.rglob` raises if a folder goes away
        folders[:] = [name for name in folders if not name.startswith(".")]
        found += [
            path
            for path in (Path(inner, name) for name in names if not name.startswith("."))
            if path.suffix.lower() in suffixes
        ]
    return sorted(found)


def left_out(paths: Iterable[Path | str]) -> str:
    """Say which pictures in these folders are of a kind that paintcam does not read; "" if none."""
    others = [
        path
        for name in paths
        if Path(name).is_dir()
        for path in pictures_in(Path(name), OTHER_SUFFIXES)
    ]
    if not others:
        return ""
    names = ", ".join(path.name for path in others[:3])
    more = f" and {len(others) - 3} more" if len(others) > 3 else ""
    return f"Left out {names}{more}: paintcam does not read this kind. Save as PNG or JPEG."


def read_picture(path: Path, index: int = 0) -> Frame:
    """Read a picture file upright, as its camera meant it.

    Args:
        path: PNG, JPEG, BMP, WebP, TIFF, PPM, GIF (first picture), JPEG 2000, AVIF or, with
            `paintcam[heic]`, HEIC; grey, 16-bit and alpha become BGR on white.
        index: Becomes the frame's.

    Returns:
        The picture as a frame.

    Raises:
        SourceError: Not a picture, damaged, more than `MAX_PIXELS`, not a regular file, not
            readable, or of a format whose decoder is not installed.

    Example:
        >>> from pathlib import Path
        >>> from paintcam import read_picture
        >>> read_picture(Path("drawing.png")).image.ndim
        3
    """
    shown = repr(printable(str(path)))
    try:
        mode = path.stat().st_mode
        if not stat.S_ISREG(mode):  # opening a FIFO would block forever
            kind = "it is a folder" if stat.S_ISDIR(mode) else "it is not a regular file"
            raise SourceError(f"Cannot read {shown}: {kind}.", fix="Pass a picture file.")
        with path.open("rb") as file:
            image = _decode(file, shown)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "this is not a valid name"
        raise SourceError(f"Cannot read {shown}: {reason}.", fix="Check the file.") from error
    return Frame(image, index, time.monotonic(), 0.0)


def _decode(file: BinaryIO, shown: str) -> Image:
    """Decode an open file; `shown` names it in errors."""
    from PIL import Image as PillowImage

    _load_plugins()
    start = file.read(32)
    file.seek(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # damaged metadata; the size is checked here
        try:
            known = [name for name in _FORMATS if name in PillowImage.OPEN]
            # Given a path, Pillow maps the file to memory and garbles grey TIFFs.
            with PillowImage.open(file, formats=known) as opened:
                width, height = opened.size
                if width * height <= MAX_PIXELS:
                    return to_bgr(_pixels(_upright(opened)))
        except PillowImage.DecompressionBombError as error:
            number = re.search(r"\d+", str(error))
            width, height = int(number.group()) if number else MAX_PIXELS + 1, 1
        except Exception as error:  # Pillow's decoders raise anything for damaged files
            raise _unreadable(shown, start) from error
    raise SourceError(
        f"{shown} is too large: {width * height / 1e6:.0f} megapixels, more than "
        f"{MAX_PIXELS / 1e6:.0f}.",
        fix="Save it again at a smaller size.",
    )


def _upright(image: PillowImage.Image) -> PillowImage.Image:
    from PIL import ImageOps

    image.load()
    try:
        return ImageOps.exif_transpose(image)
    except Exception:  # damaged metadata is no reason to refuse a picture
        return image


def _pixels(image: PillowImage.Image) -> npt.NDArray[Any]:
    """Return grey, BGR or BGRA pixels in uint8, uint16 or float."""
    mode = image.mode
    if mode == "I":  # 16 bits in 32
        return np.asarray(image).clip(0, 65535).astype(np.uint16)
    if mode.startswith("I;16"):
        return np.asarray(image).astype(np.uint16)
    if mode in ("L", "F") and "transparency" not in image.info:
        return np.asarray(image)
    has_alpha = "A" in mode or "a" in mode or "transparency" in image.info
    pixels = np.asarray(image.convert("RGBA" if has_alpha else "RGB"))
    return pixels[:, :, [2, 1, 0, 3]] if has_alpha else pixels[:, :, ::-1]


@cache
def _load_plugins() -> None:
    from PIL import Image as PillowImage

    PillowImage.init()
    try:
        from pi_heif import register_heif_opener
    except ImportError:
        return
    register_heif_opener()


def _unreadable(shown: str, start: bytes) -> SourceError:
    """Return the error for a file that could not be decoded."""
    from PIL import features

    if len(start) == 0:
        return SourceError(f"Cannot read {shown}: it is empty (0 bytes).", fix=_SAVE_AGAIN)
    brands = [start[at : at + 4] for at in range(8, len(start), 4)] if start[4:8] == b"ftyp" else []
    if b"avif" in brands and not features.check("avif"):
        return SourceError(
            f"Cannot read {shown}: this version of Pillow cannot read AVIF.",
            fix="Run `pip install --upgrade pillow`.",
        )
    if any(brand in _HEIC_BRANDS for brand in brands) and b"avif" not in brands:
        try:
            import pi_heif  # noqa: F401
        except ImportError:
            return SourceError(
                f"Cannot read {shown}: HEIC support is not installed.",
                fix="Run `pip install 'paintcam[heic]'`.",
            )
    return SourceError(f"Cannot read {shown}: not a picture, or damaged.", fix=_SAVE_AGAIN)
