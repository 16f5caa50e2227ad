"""Cards in the middle of the picture: title, countdown, podium, and the table of keys."""

from __future__ import annotations

from paintcam.overlay.canvas import Box, Canvas
from paintcam.overlay.hud import KEYS
from paintcam.overlay.palette import SKY, WHITE
from paintcam.overlay.unicode import clean, clusters
from paintcam.overlay.wrapping import holds_all

__all__ = ["draw_headline", "draw_help"]

_STEP = 1.34  # from line to line, in font sizes


def draw_headline(canvas: Canvas, headline: tuple[str, ...], free: Box) -> None:
    """Draw large centred lines, the first the largest, on a plate of their own.

    Args:
        canvas: The picture.
        headline: Any texts; blank ones are skipped.
        free: Where they may stand.
    """
    texts = [text for text in headline if clean(text)]
    if not texts:
        return
    pad = canvas.px(0.05)
    width = free.width - 2 * canvas.px(0.024) - 2 * pad
    # A countdown's digit fills the picture, a name needs its length.
    first = 0.3 if len(clusters(clean(texts[0]))) <= 3 else 0.13
    shrink = 1.0
    while True:
        sizes = [canvas.size((first if i == 0 else 0.056) * shrink) for i in range(len(texts))]
        last = shrink < 0.25
        wraps = [
            canvas.lettering.wrap(text, size, width, 2)
            for text, size in zip(texts, sizes, strict=True)
        ]
        rows = [(line, size) for lines, size in zip(wraps, sizes, strict=True) for line in lines]
        height = sum(round(size * _STEP) for _, size in rows) - (rows[-1][1] // 2 if rows else 0)
        cut = not all(map(holds_all, wraps, texts))
        if last or (height + 2 * pad <= free.height and not (cut and shrink > 0.6)):
            break
        shrink *= 0.88
    while rows and height + 2 * pad > free.height:  # no size is small enough: the first lines count
        height -= round(rows.pop()[1] * _STEP)
    if not rows:
        return
    widest = max(canvas.lettering.width(line, size) for line, size in rows)
    middle = (free.left + free.right) // 2
    top = free.top + (free.height - height - 2 * pad) // 2
    left = max(free.left, middle - widest // 2 - 2 * pad)
    right = min(free.right, middle + widest // 2 + 2 * pad)
    canvas.plate(Box(left, top, right, top + height + 2 * pad), canvas.px(0.04))
    y = top + pad
    for index, (line, size) in enumerate(rows):
        cap = canvas.lettering.digit_height(size)
        x = middle - canvas.lettering.width(line, size) // 2
        canvas.text(line, size, WHITE if index == 0 or size == rows[0][1] else SKY, x, y + cap)
        y += round(size * _STEP)


def draw_help(canvas: Canvas, free: Box) -> None:
    """Draw the table of keys as large as fits, over everything if it is not legible otherwise.

    Args:
        canvas: The picture.
        free: Where it covers nothing.
    """
    whole = canvas.frame.inset(canvas.px(0.02))
    share = 0.034
    while True:
        size = canvas.aside(share)
        row = round(size * 1.45)
        keys = max(canvas.lettering.width(key, size) for key, _ in KEYS)
        acts = max(canvas.lettering.width(act, size) for _, act in KEYS)
        column = keys + row + acts
        # (columns, where): a table beside itself is lower and so may be larger
        tries = [(2, free), (1, free)] + ([(2, whole), (1, whole)] if share < 0.014 else [])
        fitting = [
            (columns, place)
            for columns, place in tries
            if columns * (column + row) + row <= place.width
            and row * (-(-len(KEYS) // columns) + 1) <= place.height
        ]
        if fitting or share < 0.004:
            break
        share *= 0.92
    columns, place = fitting[0] if fitting else (1, whole)
    rows = min(-(-len(KEYS) // columns), max(0, place.height // row - 1))
    width, height = columns * (column + row) + row, row * (rows + 1)
    left = place.left + (place.width - width) // 2
    top = place.top + (place.height - height) // 2
    canvas.plate(Box(left, top, left + width, top + height), canvas.px(0.03))
    first = top + row // 2 + (row + canvas.lettering.digit_height(size)) // 2
    for index, (key, act) in enumerate(KEYS[: columns * rows]):
        x = left + row + (column + row) * (index // rows)
        baseline = first + row * (index % rows)
        canvas.text(key, size, SKY, x, baseline)
        canvas.text(act, size, WHITE, x + keys + row, baseline)
