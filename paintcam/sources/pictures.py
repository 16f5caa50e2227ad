"""Still pictures: finding and reading them."""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from paintcam.errors import SourceError
from paintcam.frames import Frame, to_bgr

__all__ = ["SUFFIXES", "find_pictures", "read_picture"]

SUFFIXES = {".png", ".jpg", ".jpeg", ".bmp", ".webp", ".tif", ".tiff", ".ppm", ".pgm"}


def find_pictures(paths: Iterable[Path]) -> list[Path]:
    """List files as given, and folders by the pictures in them, sorted, with sub-folders.

    Raises:
        SourceError: A path that is not there, or a folder without pictures.

    Example:
        >>> from pathlib import Path
        >>> from paintcam import find_pictures
        >>> [path.name for path in find_pictures([Path("drawings")])]
        ['house.png']
    """
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            inside = sorted(p for p in path.rglob("*") if p.suffix.lower() in SUFFIXES)
            if not inside:
                raise SourceError(
                    f"No pictures in {str(path)!r}: paintcam reads {', '.join(sorted(SUFFIXES))}."
                )
            found += inside
        elif path.exists():
            found.append(path)
        else:
            raise SourceError(f"No such file: {str(path)!r}. Check the name, or pass a folder.")
    return found


def read_picture(path: Path, index: int = 0) -> Frame:
    """Read a picture file, turned as its camera meant it.

    Args:
        path: Any format that OpenCV reads; grey, 16-bit and alpha are made BGR on white.
        index: Becomes the frame's.

    Returns:
        The picture as a frame.

    Raises:
        SourceError: Not a picture, damaged, or not readable.

    Example:
        >>> from pathlib import Path
        >>> from paintcam import read_picture
        >>> read_picture(Path("drawing.png")).image.ndim
        3
    """
    import cv2

    try:
        # not imread: it cannot open every name on Windows
        content = np.frombuffer(path.read_bytes(), np.uint8)
    except OSError as error:
        raise SourceError(f"Cannot read {str(path)!r}: {error.strerror}.") from error
    # IMREAD_UNCHANGED keeps alpha, but also leaves a photograph lying on its side
    image = cv2.imdecode(content, cv2.IMREAD_UNCHANGED) if content.size else None
    if image is not None and (image.ndim == 2 or image.shape[2] == 3):
        image = cv2.imdecode(content, cv2.IMREAD_ANYDEPTH | cv2.IMREAD_COLOR)
    if image is None:
        raise SourceError(
            f"Cannot read {str(path)!r}: not a picture, or damaged. Open it in a viewer, or save "
            "it again as PNG or JPEG."
        )
    return Frame(to_bgr(image), index, time.monotonic(), 0.0)
