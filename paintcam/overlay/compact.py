"""The panel in little room, beside a sheet of paper: a column at a side, or corner and lines."""

from __future__ import annotations

from typing import NamedTuple

from paintcam.overlay.canvas import Box, Canvas
from paintcam.overlay.hud import Hud
from paintcam.overlay.layouts import Layout
from paintcam.overlay.numbers import LARGE, SMALL, draw_bar, draw_numbers, fit_numbers
from paintcam.overlay.palette import WHITE
from paintcam.overlay.prompt_lines import COMPACT, block_height, fit_lines, write_lines

__all__ = ["Panel", "draw_above", "draw_corner", "draw_side", "side_column"]

# Shares of the canvas's unit.
_MARGIN, _RADIUS = 0.024, 0.02
_PAD, _GAP, _BAR = 0.018, 0.014, 0.014
_COLUMN, _BROAD_COLUMN = 0.4, 0.56
_LONGEST_BRIEF = 0.5  # of the picture's width
_TALLEST_STRIP = 0.3  # of the picture's height
_SIDE_SIZES = ((0.05, 3), (0.042, 6))


class Panel(NamedTuple):
    """Where the panel has left room.

    Attributes:
        limit: y that nothing at the top may pass.
        free: Where a headline may stand.
        notes: Where notes may stand, from its lower edge on.
        at_right: Notes stand at the right, where the panel is.
    """

    limit: int
    free: Box
    notes: Box
    at_right: bool = False


def side_column(canvas: Canvas, left: bool, width: int) -> Box:
    """Return the column at a side, from top to bottom, within the margins."""
    margin = canvas.px(_MARGIN)
    frame = canvas.frame.inset(margin)
    if left:
        return frame._replace(right=min(frame.right, frame.left + width))
    return frame._replace(left=max(frame.left, frame.right - width))


def draw_side(canvas: Canvas, hud: Hud, layout: Layout) -> Panel:
    """Draw numbers, bar and prompt below each other at a side."""
    pad, gap = canvas.aside_px(_PAD), canvas.px(0.024)
    room = canvas.px(_BROAD_COLUMN if layout.broad else _COLUMN) - 2 * pad
    numbers = fit_numbers(canvas, hud, max(room, canvas.width // 3), LARGE[1:])
    room = max(room, numbers.width)
    column = side_column(canvas, layout.left, room + 2 * pad)
    most = 0.62 * canvas.height - numbers.height
    size, lines = fit_lines(canvas, hud.prompt, room, most, _SIDE_SIZES)
    block = block_height(canvas, size, len(lines))
    bar = canvas.aside_px(_BAR)
    height = numbers.height + gap + bar + (gap + block if lines else 0)
    box = column._replace(top=max(0, column.bottom - height - 2 * pad))
    canvas.plate(box, canvas.px(_RADIUS))
    inside = box.inset(pad)
    top = inside.top + numbers.height
    draw_numbers(canvas, hud, numbers, inside.left, top)
    top += gap
    draw_bar(canvas, hud, inside._replace(top=top, bottom=top + bar))
    write_lines(canvas, lines, size, WHITE, inside._replace(top=top + bar + gap))
    beside = canvas.frame
    beside = beside._replace(left=box.right) if layout.left else beside._replace(right=box.left)
    notes = Box(column.left, 0, column.right, box.top)
    return Panel(box.top, beside, notes, at_right=not layout.left)


def draw_corner(canvas: Canvas, hud: Hud, layout: Layout) -> Panel:
    """Draw what stands at the bottom; `draw_above` draws the rest."""
    bottom = canvas.height - canvas.px(_MARGIN)
    tops = [canvas.height]
    place = canvas.frame.inset(canvas.px(_MARGIN))
    if not layout.numbers_above:
        box = _numbers(canvas, hud, layout, bottom, up=True)
        tops.append(box.top)
        place, bottom = _rest(canvas, place, box, layout, box.top - canvas.aside_px(_GAP), bottom)
    if not layout.prompt_above:
        strip = _strip(canvas, hud.prompt, place, bottom, layout, up=True)
        tops += [strip.top] if strip else []
    free = canvas.frame._replace(bottom=min(tops))
    return Panel(free.bottom, free, free, at_right=not layout.left)


def draw_above(canvas: Canvas, hud: Hud, layout: Layout, top: int) -> int:
    """Draw what stands at the top.

    Args:
        canvas: The picture.
        hud: What to show.
        layout: Where the panel stands.
        top: y from which on the picture is free.

    Returns:
        The y from which on it is free afterwards.
    """
    ends = [top]
    place = canvas.frame.inset(canvas.px(_MARGIN))
    if layout.numbers_above:
        box = _numbers(canvas, hud, layout, top, up=False)
        ends.append(box.bottom + canvas.aside_px(_GAP))
        place, top = _rest(canvas, place, box, layout, ends[-1], top)
    if layout.prompt_above:
        strip = _strip(canvas, hud.prompt, place, top, layout, up=False)
        ends += [strip.bottom + canvas.aside_px(_GAP)] if strip else []
    return max(ends)


def _rest(
    canvas: Canvas, place: Box, numbers: Box, layout: Layout, beyond: int, same: int
) -> tuple[Box, int]:
    """Return where the prompt may stand with the numbers: beside them, or above or below."""
    gap = canvas.aside_px(_GAP)
    if not canvas.wide:
        return place, beyond
    if layout.left:
        return place._replace(left=numbers.right + gap), same
    return place._replace(right=numbers.left - gap), same


def _numbers(canvas: Canvas, hud: Hud, layout: Layout, y: int, *, up: bool) -> Box:
    pad, gap, bar = canvas.aside_px(_PAD), canvas.aside_px(_GAP), canvas.aside_px(_BAR)
    margin = canvas.px(_MARGIN)
    numbers = fit_numbers(canvas, hud, canvas.width - 2 * margin - 2 * pad, SMALL, canvas.aside)
    width, height = numbers.width + 2 * pad, numbers.height + gap + bar + 2 * pad
    left = margin if layout.left else canvas.width - margin - width
    top = max(0, y - height) if up else y
    box = Box(left, top, left + width, top + height)
    canvas.plate(box, canvas.px(_RADIUS))
    inside = box.inset(pad)
    draw_numbers(canvas, hud, numbers, inside.left, inside.top + numbers.height)
    draw_bar(canvas, hud, inside._replace(top=inside.bottom - bar))
    return box


def _strip(
    canvas: Canvas, prompt: str, place: Box, y: int, layout: Layout, *, up: bool
) -> Box | None:
    pad = canvas.aside_px(_PAD)
    room = _TALLEST_STRIP * canvas.height - 2 * pad
    if layout.brief:
        size = canvas.aside(COMPACT[1][0])
        width = min(place.width, round(_LONGEST_BRIEF * canvas.width)) - 2 * pad
        lines = canvas.lettering.wrap(prompt, size, width, 1)
    else:
        size, lines = fit_lines(canvas, prompt, place.width - 2 * pad, room, COMPACT, canvas.aside)
    if not lines:
        return None
    widest = max(canvas.lettering.width(line, size) for line in lines)
    width = widest + 2 * pad
    height = block_height(canvas, size, len(lines)) + 2 * pad
    left = place.left if layout.left else place.right - width
    top = max(0, y - height) if up else y
    box = Box(left, top, left + width, top + height)
    canvas.plate(box, canvas.px(_RADIUS))
    write_lines(canvas, lines, size, WHITE, box.inset(pad))
    return box
