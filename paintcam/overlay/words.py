"""The nouns of a prompt, each written where the picture shows it, with its score."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from paintcam.overlay.canvas import Box, Canvas
from paintcam.overlay.hud import PlacedText
from paintcam.overlay.palette import WHITE

__all__ = ["draw_words", "place_texts"]

# Shares of the canvas's unit.
_SIZES = (0.034, 0.028, 0.023, 0.018)
_PAD, _RADIUS, _DOT = 0.012, 0.012, 0.008
_STEPS = 24  # directions in which a free place is looked for


def place_texts(
    texts: Sequence[str], peaks: Sequence[tuple[float, float]], region: npt.NDArray[np.float32]
) -> tuple[PlacedText, ...]:
    """Find the places of texts in a picture.

    Args:
        texts: The texts.
        peaks: Where each belongs in the region, (x, y) as shares of it, 0…1.
        region: Corners of that part of the picture, float32 (4, 2) in pixels (x, y), clockwise
            from the top left.
    """
    import cv2

    if not texts:
        return ()
    unit = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32)
    onto = cv2.getPerspectiveTransform(unit, np.asarray(region, np.float32))
    places = cv2.perspectiveTransform(np.array([peaks], np.float32), onto)[0]
    return tuple(
        PlacedText(text, float(x), float(y)) for text, (x, y) in zip(texts, places, strict=True)
    )


def draw_words(canvas: Canvas, words: Sequence[PlacedText]) -> None:
    """Write each text at its place, or as near to it as nothing else is covered.

    A text that finds no room is left out.

    Args:
        canvas: The picture, with everything else on it already.
        words: The most important first.
    """
    taken = list(canvas.plates)
    for word in words:
        if not (math.isfinite(word.x) and math.isfinite(word.y)):
            continue
        for share in _SIZES:
            size = canvas.aside(share)
            box = _free_box(canvas, word, size, taken)
            if box is not None:
                _draw(canvas, word, size, box)
                taken.append(box)
                break


def _draw(canvas: Canvas, word: PlacedText, size: int, box: Box) -> None:
    x, y = round(word.x), round(word.y)
    inside = box.left <= x < box.right and box.top <= y < box.bottom
    if not inside:  # a dot shows the place that the text had to leave
        dot = canvas.px(_DOT)
        for radius, colour in ((dot + 2, (16, 16, 16)), (dot, WHITE)):
            canvas.fill(Box(x - radius, y - radius, x + radius, y + radius), colour)
    canvas.plate(box, canvas.px(_RADIUS))
    pad = canvas.px(_PAD)
    cap = canvas.lettering.digit_height(size)
    canvas.text(word.text, size, WHITE, box.left + pad, box.top + pad + cap)


def _free_box(canvas: Canvas, word: PlacedText, size: int, taken: Sequence[Box]) -> Box | None:
    """Find the plate nearest to a text's place that covers nothing that is taken."""
    pad = canvas.px(_PAD)
    width = canvas.lettering.width(word.text, size) + 2 * pad
    height = canvas.lettering.digit_height(size) + 2 * pad
    frame = canvas.frame.inset(2)
    if width > frame.width or height > frame.height:
        return None
    for x, y in _places(word, height, math.hypot(canvas.width, canvas.height)):
        left = min(max(round(x - width / 2), frame.left), frame.right - width)
        top = min(max(round(y - height / 2), frame.top), frame.bottom - height)
        box = Box(left, top, left + width, top + height)
        if not any(_overlap(box.inset(-2), other) for other in taken):
            return box
    return None


def _places(word: PlacedText, step: int, reach: float) -> Iterator[tuple[float, float]]:
    yield word.x, word.y
    for ring in range(1, math.ceil(2 * reach / step) + 1):
        for turn in range(_STEPS):
            angle = 2 * math.pi * turn / _STEPS - math.pi / 2
            distance = ring * step / 2
            yield word.x + distance * math.cos(angle), word.y + distance * math.sin(angle)


def _overlap(one: Box, other: Box) -> bool:
    across = one.left < other.right and other.left < one.right
    return across and one.top < other.bottom and other.top < one.bottom
