"""Notes: short lines above the panel, or where they hide less of a sheet of paper."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import numpy as np
import numpy.typing as npt

from paintcam.overlay.canvas import Box, Canvas
from paintcam.overlay.layouts import hidden_share
from paintcam.overlay.palette import AMBER

__all__ = ["draw_notes"]

_MOST = 0.092  # of a sheet, hidden by all that is drawn: a tenth, less what the raster rounds


def draw_notes(
    canvas: Canvas,
    notes: tuple[str, ...],
    places: Sequence[Box],
    *,
    at_right: bool,
    sheet: npt.NDArray[np.float32] | None,
) -> int:
    """Stack the notes from the lower edge of a place on.

    Beside a sheet of paper they move to where they hide less of it. Older ones are left out where
    they would hide too much; the terminal shows them, too.

    Args:
        canvas: The picture, with everything else drawn.
        notes: The oldest first.
        places: Where they may stand, the usual place first.
        at_right: They stand at the right of their place.
        sheet: The sheet's corners, float32 (4, 2), x and y in pixels; None without one.

    Returns:
        The y of their top edge.
    """
    if sheet is None or not notes:
        return _stack(canvas, notes, places[0], at_right=at_right)
    notes = tuple(note for note in notes if note.strip())
    spare = _MOST - hidden_share(canvas.plates, sheet, canvas.width, canvas.height)
    for first in range(len(notes)):
        tries = product(places, (at_right, not at_right), (1, 2), (False, True))
        for place, right, narrow, above in tries:
            plan = Canvas(canvas.picture, canvas.lettering, paint=False)
            box = _part(place, narrow, right=right)
            top = _stack(plan, notes[first:], box, at_right=right)
            if above:
                box = box._replace(bottom=box.top + box.bottom - top)
                plan.plates.clear()
                _stack(plan, notes[first:], box, at_right=right)
            fits = len(plan.plates) == len(notes) - first
            if fits and hidden_share(plan.plates, sheet, canvas.width, canvas.height) <= spare:
                return _stack(canvas, notes[first:], box, at_right=right)
    return places[0].bottom


def _part(place: Box, narrow: int, *, right: bool) -> Box:
    width = place.width // narrow
    if right:
        return place._replace(left=place.right - width)
    return place._replace(right=place.left + width)


def _stack(canvas: Canvas, notes: tuple[str, ...], free: Box, *, at_right: bool) -> int:
    size = canvas.aside(0.028)
    pad, gap = canvas.px(0.018), canvas.px(0.012)
    step, cap = round(size * 1.3), canvas.lettering.digit_height(size)
    bottom = free.bottom
    for note in reversed(notes):
        lines = canvas.lettering.wrap(note, size, free.width - 2 * pad, 2)
        height = cap + step * (len(lines) - 1) + 2 * pad
        if not lines or bottom - height < free.top:
            continue
        widest = max(canvas.lettering.width(line, size) for line in lines)
        width = widest + 2 * pad
        left = free.right - width if at_right else free.left
        box = Box(left, bottom - height, left + width, bottom)
        canvas.plate(box, canvas.px(0.016))
        for index, line in enumerate(lines):
            canvas.text(line, size, AMBER, box.left + pad, box.top + pad + cap + index * step)
        bottom = box.top - gap
    return bottom
