"""A panel with labels instead of a prompt: a live bar for each."""

from __future__ import annotations

import math
from collections.abc import Mapping

from paintcam.overlay.canvas import Box, Canvas
from paintcam.overlay.compact import Panel, side_column
from paintcam.overlay.layouts import Layout
from paintcam.overlay.lower_third import BAR, PAD, lower_plate, lower_room, lower_width
from paintcam.overlay.palette import GREEN, GREY

__all__ = ["draw_labels"]

# Heights of the names' capitals: as large as the longest name and the number of labels allow.
_SIZES = (0.062, 0.05, 0.042, 0.036, 0.03, 0.026, 0.022, 0.018)
_COLUMN = 0.5


def draw_labels(canvas: Canvas, labels: Mapping[str, float], layout: Layout) -> Panel:
    """Draw a row for each label; the likeliest ones if not all fit.

    Args:
        canvas: The picture.
        labels: Label → probability, 0…1.
        layout: Where the panel stands; only a column at a side differs from the lower third.

    Returns:
        Which parts of the picture are still free.
    """
    if not labels:
        return Panel(canvas.height, canvas.frame, canvas.frame)
    side = layout.kind == "side"
    pad = canvas.px(PAD)
    column = side_column(canvas, layout.left, canvas.px(_COLUMN)) if side else canvas.frame
    inner = column.width - 2 * pad if side else lower_width(canvas)
    room = 0.7 * canvas.height if side else lower_room(canvas)
    beside = canvas.wide and not side  # the bar stands beside the name, else below it
    size, name, percent = _columns(canvas, labels, inner, room, beside=beside)
    row, gap = _row(canvas, size, beside=beside)
    ranked = sorted(labels, key=lambda label: _share(labels[label]), reverse=True)
    most = max(1, int((room + gap) // row))
    # In the order given, not by probability: bars that change places cannot be followed.
    shown = [label for label in labels if label in ranked[:most]]
    if side:
        top = max(0, column.bottom - (row * len(shown) - gap) - 2 * pad)
        box = column._replace(top=top)
        canvas.plate(box, canvas.px(0.024))
    else:
        box = lower_plate(canvas, row * len(shown) - gap)
    inside = box.inset(pad)
    for index, label in enumerate(shown):
        colour = GREEN if label == ranked[0] else GREY
        line = inside._replace(top=inside.top + index * row)
        _draw_row(canvas, label, _share(labels[label]), colour, size, line, name, percent, beside)
    if not side:
        free = canvas.frame._replace(bottom=box.top)
        return Panel(box.top, free, free)
    free = canvas.frame
    free = free._replace(left=box.right) if layout.left else free._replace(right=box.left)
    return Panel(box.top, free, column._replace(bottom=box.top))


def _draw_row(
    canvas: Canvas,
    label: str,
    value: float,
    colour: tuple[int, int, int],
    size: int,
    line: Box,
    name: int,
    percent: int,
    beside: bool,
) -> None:
    cap = canvas.lettering.digit_height(size)
    for text in canvas.lettering.wrap(label, size, name, 1):
        canvas.text(text, size, colour, line.left, line.top + cap)
    figure = f"{100 * value:.0f} %"
    start = line.right - canvas.lettering.width(figure, size)
    canvas.text(figure, size, colour, start, line.top + cap)
    if beside:
        gap, thick = canvas.px(0.036), round(cap * 0.7)
        top = line.top + (cap - thick) // 2
        bar = Box(line.left + name + gap, top, line.right - percent - gap, top + thick)
    else:
        top = line.top + cap + _below(canvas, size)
        bar = Box(line.left, top, line.right, top + min(canvas.px(BAR), cap // 2))
    canvas.bar(bar, value, colour)


def _row(canvas: Canvas, size: int, *, beside: bool) -> tuple[int, int]:
    """Return the height of a row with the gap below it, and the gap."""
    cap = canvas.lettering.digit_height(size)
    if beside:
        gap = min(canvas.px(0.036), cap)
        return cap + gap, gap
    gap = round(0.8 * cap)
    return cap + _below(canvas, size) + min(canvas.px(BAR), cap // 2) + gap, gap


def _below(canvas: Canvas, size: int) -> int:
    return max(2, round(0.45 * canvas.lettering.digit_height(size)))


def _columns(
    canvas: Canvas, labels: Mapping[str, float], inner: int, room: float, *, beside: bool
) -> tuple[int, int, int]:
    """Choose the labels' size, and the widths of their names and of the percentages."""
    for share in _SIZES:
        size = canvas.size(share)
        percent = canvas.lettering.width("100 %", size)
        name = round(inner * 0.4) if beside else inner - percent - canvas.px(0.02)
        row, gap = _row(canvas, size, beside=beside)
        fits = len(labels) * row - gap <= room
        if fits and all(canvas.lettering.width(label, size) <= name for label in labels):
            break
    return size, name, percent


def _share(probability: float) -> float:
    return min(max(probability, 0.0), 1.0) if math.isfinite(probability) else 0.0
