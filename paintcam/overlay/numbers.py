"""Score and best, as large numbers."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from paintcam.overlay.canvas import Box, Canvas
from paintcam.overlay.hud import Hud
from paintcam.overlay.palette import GREY, WHITE, score_colour

__all__ = ["LARGE", "SMALL", "Numbers", "draw_bar", "draw_numbers", "fit_numbers"]

# Digits' heights of score and best, the first that fits. The score stays over 12 %.
LARGE = ((0.15, 0.062), (0.138, 0.052), (0.126, 0.04), (0.122, 0.034))
SMALL = LARGE[-1:]

_BEST = "best"
_GAP = 0.024


@dataclass(frozen=True, slots=True)
class Numbers:
    """Score and best, laid out; sizes of fonts, width and height in pixels."""

    score: str
    best: str
    size: int
    best_size: int
    width: int
    height: int


def fit_numbers(
    canvas: Canvas,
    hud: Hud,
    room: int,
    heights: tuple[tuple[float, float], ...] = LARGE,
    size_of: Callable[[float], int] | None = None,
) -> Numbers:
    """Choose the size of score and best: the largest that fits, with room for two digits.

    Args:
        canvas: The picture.
        hud: Holds score and best.
        room: The width that there is, in pixels.
        heights: Of the digits of score and best, as shares of the canvas's unit.
        size_of: Returns a font size for such a share; `Canvas.size` by default.
    """
    size_of = size_of or canvas.size
    score, best = _figure(hud.score), ("" if _missing(hud.best) else _figure(hud.best))
    label = canvas.lettering.width(_BEST, canvas.size(0.022)) if best else 0
    shrink = 1.0
    while True:
        for digit, small in heights:
            size, best_size = size_of(digit * shrink), size_of(small * shrink)
            width = max(2, len(score)) * canvas.lettering.digit_width(size)
            if best:
                number = max(2, len(best)) * canvas.lettering.digit_width(best_size)
                width += canvas.px(_GAP) + max(number, min(label, canvas.px(0.16)))
            height = canvas.lettering.digit_height(size)
            if width <= room or shrink < 0.2:
                return Numbers(score, best, size, best_size, width, height)
        shrink *= 0.85


def draw_numbers(canvas: Canvas, hud: Hud, numbers: Numbers, x: int, baseline: int) -> None:
    """Draw score and best, from `x` on a baseline."""
    colour = score_colour(hud.score)
    cells = max(2, len(numbers.score)) * canvas.lettering.digit_width(numbers.size)
    own = len(numbers.score) * canvas.lettering.digit_width(numbers.size)
    canvas.digits(numbers.score, numbers.size, colour, x + (cells - own) // 2, baseline)
    if not numbers.best:
        return
    left = x + cells + canvas.px(_GAP)
    canvas.digits(numbers.best, numbers.best_size, WHITE, left, baseline)
    above = baseline - canvas.lettering.digit_height(numbers.best_size) - canvas.px(0.018)
    size = canvas.size(0.022)
    for line in canvas.lettering.wrap(_BEST, size, x + numbers.width - left, 1):
        canvas.text(line, size, GREY, left, above)


def draw_bar(canvas: Canvas, hud: Hud, track: Box) -> None:
    """Draw the score as a bar, with a mark where the best is."""
    mark = None if _missing(hud.best) else (hud.best or 0.0) / 100
    score = 0.0 if _missing(hud.score) else (hud.score or 0.0)
    canvas.bar(track, score / 100, score_colour(hud.score), mark)


def _missing(score: float | None) -> bool:
    return score is None or not math.isfinite(score)


def _figure(score: float | None) -> str:
    if score is None or not math.isfinite(score):
        return "–"
    return str(round(min(max(score, 0.0), 100.0)))
