"""The prompt in lines, as large as it can be shown whole."""

from __future__ import annotations

from collections.abc import Callable

from paintcam.overlay.canvas import Box, Canvas
from paintcam.overlay.text import Colour
from paintcam.overlay.unicode import starts_right
from paintcam.overlay.wrapping import holds_all

__all__ = ["COMPACT", "LARGE", "block_height", "fit_lines", "write_lines"]

_STEP = 1.3  # from line to line, in font sizes

# Heights of capitals as shares of the canvas's unit, and the most lines of each. Below 4 % only
# if the prompt can be shown whole: what is too long is cut at a legible size.
LARGE = ((0.06, 1), (0.053, 1), (0.054, 2), (0.047, 3), (0.042, 4))
COMPACT = ((0.045, 1), (0.042, 2))
_WHOLE = ((0.036, 5), (0.031, 6), (0.027, 7))
_WHOLE_NARROW = (*_WHOLE, (0.023, 8))


def fit_lines(
    canvas: Canvas,
    text: str,
    width: int,
    room: float,
    sizes: tuple[tuple[float, int], ...] = LARGE,
    size_of: Callable[[float], int] | None = None,
) -> tuple[int, tuple[str, ...]]:
    """Choose size and line breaks: as large as the text allows, cut only if nothing else helps.

    Args:
        canvas: The picture.
        text: The prompt.
        width: Of the column, in pixels.
        room: The height that there is, in pixels.
        sizes: Heights of capitals to try, and the most lines of each.
        size_of: Returns a font size for such a height; `Canvas.size` by default.

    Returns:
        Font size in pixels, and the lines.
    """
    size_of = size_of or canvas.size
    whole = _WHOLE if sizes is LARGE and canvas.wide else _WHOLE_NARROW
    for share, most in (*sizes, *whole):
        size = size_of(share)
        lines = canvas.lettering.wrap(text, size, width, _fitting(size, most, room))
        if holds_all(lines, text):
            return size, lines
    share, most = sizes[-1]
    size = size_of(share)
    return size, canvas.lettering.wrap(text, size, width, _fitting(size, most, room))


def write_lines(
    canvas: Canvas, lines: tuple[str, ...], size: int, colour: Colour, column: Box
) -> None:
    """Write lines from the column's top; right-to-left text stands at its right edge."""
    baseline = column.top + canvas.lettering.digit_height(size)
    for line in lines:
        x = column.left
        if starts_right(line):
            x = column.right - canvas.lettering.width(line, size)
        canvas.text(line, size, colour, x, baseline)
        baseline += round(size * _STEP)


def block_height(canvas: Canvas, size: int, lines: int) -> int:
    """Return the height from the first line's capitals to the last line's tails, in pixels."""
    if not lines:
        return 0
    return canvas.lettering.digit_height(size) + round(size * _STEP) * (lines - 1) + size // 6


def _fitting(size: int, most: int, room: float) -> int:
    return max(0, min(most, int((room / size - 0.4) // _STEP)))
