"""The podium: every player's drawing with place, name and score, side by side."""

from __future__ import annotations

from dataclasses import dataclass

from paintcam.frames import Image
from paintcam.overlay.canvas import Box, Canvas
from paintcam.overlay.hud import PodiumCard
from paintcam.overlay.palette import GREY, SKY, TRACK, WHITE

__all__ = ["MOST", "draw_podium"]

MOST = 12
"""Players that are shown; the rest is counted."""
_TITLES = (0.075, 0.065, 0.055, 0.045, 0.035, 0.025)
_TEXT = 0.05, 0.026  # of the picture's height: largest and smallest text under a drawing
_STEP = 1.32  # from line to line, in font sizes
_WIDE = 4 / 3  # a drawing's usual shape


def draw_podium(
    canvas: Canvas, headline: tuple[str, ...], cards: tuple[PodiumCard, ...], free: Box
) -> None:
    """Draw a title, a grid of cards and a hint on one plate.

    Args:
        canvas: The picture.
        headline: The title, and a hint for the last line.
        cards: All players that played, best first.
        free: Where they may stand.
    """
    if free.width < 8 or free.height < 8:
        return
    canvas.plate(free, canvas.px(0.03))
    inside = free.inset(canvas.px(0.024))
    title, *hints = headline or ("",)
    top = _draw_title(canvas, title, inside)
    grid = _grid(canvas, inside._replace(top=top), len(cards))
    rest = len(cards) - grid.shown
    foot = [f"and {rest} more"] if rest else []
    bottom = inside.bottom
    size = canvas.aside(_TEXT[1])
    for line in canvas.lettering.wrap(" · ".join([*foot, *hints]), size, inside.width, 1):
        x = (inside.left + inside.right - canvas.lettering.width(line, size)) // 2
        canvas.text(line, size, GREY, x, bottom)
        bottom -= round(size * _STEP)
    area = inside._replace(top=top, bottom=bottom)
    for index, card in enumerate(cards[: grid.shown]):
        _draw_card(canvas, card, _cell(area, grid, index), grid.size)


@dataclass(frozen=True, slots=True)
class _Grid:
    """How cards are arranged.

    Attributes:
        shown: Cards that fit.
        columns: Cards per row.
        rows: Number of rows.
        size: Font size of the texts, pixels.
    """

    shown: int
    columns: int
    rows: int
    size: int


def _grid(canvas: Canvas, area: Box, count: int) -> _Grid:
    """Choose the arrangement with the largest drawings; fewer cards where texts get too small."""
    smallest = canvas.aside(_TEXT[1])
    height = area.height - round(smallest * _STEP)  # without the hint
    for shown in range(min(count, MOST), 0, -1):
        best: tuple[float, _Grid] | None = None
        for columns in range(1, shown + 1):
            rows = -(-shown // columns)
            wide, high = area.width / columns, height / rows
            size = max(smallest, min(canvas.aside(_TEXT[0]), round(high * 0.12)))
            room = high - 2 * size * _STEP
            across = min(wide * 0.94, room * _WIDE)
            # A name needs about five letters, a drawing twice the height of its text.
            if wide < 5.5 * size or room < 2 * size:
                continue
            if best is None or across > best[0]:
                best = across, _Grid(shown, columns, rows, size)
        if best is not None:
            return best[1]
    return _Grid(min(count, 1), 1, 1, smallest)


def _cell(area: Box, grid: _Grid, index: int) -> Box:
    row, column = divmod(index, grid.columns)
    in_row = min(grid.columns, grid.shown - row * grid.columns)
    wide, high = area.width / grid.columns, area.height / grid.rows
    left = area.left + (area.width - in_row * wide) / 2 + column * wide  # a short row is centred
    top = area.top + row * high
    return Box(round(left), round(top), round(left + wide), round(top + high))


def _draw_title(canvas: Canvas, title: str, inside: Box) -> int:
    """Draw the title in one line; return the y below it."""
    for share in _TITLES:
        size = canvas.aside(share)
        lines = canvas.lettering.wrap(title, size, inside.width, 1)
        if canvas.lettering.width(title, size) <= inside.width and size * 4 < inside.height:
            break
    cap = canvas.lettering.digit_height(size)
    for line in lines:
        x = (inside.left + inside.right - canvas.lettering.width(line, size)) // 2
        canvas.text(line, size, WHITE, x, inside.top + cap)
    return inside.top + round(cap + 0.4 * size)


def _draw_card(canvas: Canvas, card: PodiumCard, cell: Box, size: int) -> None:
    gap = max(2, round(0.03 * cell.width))
    inner = Box(cell.left + gap, cell.top, cell.right - gap, cell.bottom - size // 2)
    cap = canvas.lettering.digit_height(size)
    baseline = inner.bottom - size // 5
    score = f"{card.place}. {card.score}" if card.place else card.score
    for text, colour in ((score, SKY), (card.player, WHITE)):
        for line in canvas.lettering.wrap(text, size, inner.width, 1):
            x = (inner.left + inner.right - canvas.lettering.width(line, size)) // 2
            canvas.text(line, size, colour, x, baseline)
        baseline -= round(size * _STEP)
    bottom = baseline + round(size * _STEP) - cap - size // 3
    _draw_picture(canvas, card.picture, inner._replace(bottom=bottom))


def _draw_picture(canvas: Canvas, picture: Image | None, box: Box) -> None:
    """Fit a picture into a box, centred; without one draw an empty frame."""
    import cv2

    if box.width < 4 or box.height < 4:
        return
    height, width = (3, 4) if picture is None else picture.shape[:2]
    scale = min(box.width / width, box.height / height)
    wide, high = max(1, int(width * scale)), max(1, int(height * scale))
    left, top = (box.left + box.right - wide) // 2, (box.top + box.bottom - high) // 2
    place = Box(left, top, left + wide, top + high)
    if picture is None:
        canvas.fill(place, TRACK)
        return
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    canvas.picture[place.top : place.bottom, place.left : place.right] = cv2.resize(
        picture, (wide, high), interpolation=way
    )
