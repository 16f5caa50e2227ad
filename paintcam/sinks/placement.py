"""Where the window was and how large, from one run to the next."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Sequence

from paintcam.folders import data_folder, write_atomically
from paintcam.frames import Image

__all__ = ["FIRST_WH", "first_wh", "fitted", "recall", "remember"]

FIRST_WH = (1280, 720)
"""The window's first size at most, in points: it fits a projector's screen."""
_NAME = "window.json"
_SMALLEST = 120
_BARS = 64
"""What a title bar and a desktop's panel take of a display's height, in points."""


def first_wh(image: Image, desktops: Sequence[tuple[int, int]]) -> tuple[int, int]:
    """Return the size of a window for a picture: as large as it is, if every display has room."""
    height, width = image.shape[:2]
    most_wide = min(FIRST_WH[0], *(wide for wide, _ in desktops))
    most_high = min(FIRST_WH[1], *(high - _BARS for _, high in desktops))
    scale = min(1.0, most_wide / width, most_high / height)
    return max(1, round(width * scale)), max(1, round(height * scale))


def fitted(picture: Image, width: int, height: int) -> tuple[int, int]:
    """Return the size at which a whole picture fits into a window, in pixels."""
    scale = min(width / picture.shape[1], height / picture.shape[0])
    return (
        max(1, min(width, round(picture.shape[1] * scale))),
        max(1, min(height, round(picture.shape[0] * scale))),
    )


def remember(
    size: tuple[int, int] | None,
    position: Sequence[int],
    desktops: Sequence[tuple[int, int]],
) -> None:
    """Save size and position; a folder that cannot be written to forgets them.

    Args:
        size: Width and height in points; None if the user has not chosen one.
        position: The upper left corner on the desktop of all displays, in points.
        desktops: Width and height of each display.
    """
    placed = {"size": size, "position": list(position), "desktops": list(map(list, desktops))}
    with contextlib.suppress(OSError):
        write_atomically(data_folder() / _NAME, (json.dumps(placed) + "\n").encode())


def recall(
    desktops: Sequence[tuple[int, int]],
) -> tuple[tuple[int, int] | None, tuple[int, int] | None]:
    """Return the saved size and position; None if there is none that fits these displays."""
    try:
        placed = json.loads((data_folder() / _NAME).read_text(encoding="utf-8"))
        if placed["desktops"] != list(map(list, desktops)):
            return None, None  # the display it was on may be disconnected
        left, top = map(int, placed["position"])
        size = placed["size"] and (int(placed["size"][0]), int(placed["size"][1]))
    except (OSError, ValueError, TypeError, KeyError, IndexError):
        return None, None
    largest = [max(sides) for sides in zip(*desktops, strict=True)]
    if size and not all(
        _SMALLEST <= side <= most for side, most in zip(size, largest, strict=True)
    ):
        size = None
    return size, (left, top)
