"""The lower third with labels instead of a prompt: a live bar for each."""

from __future__ import annotations

import math
from collections.abc import Mapping

from paintcam.overlay.canvas import Box, Canvas
from paintcam.overlay.lower_third import BAR, PAD, lower_plate, lower_room, lower_width
from paintcam.overlay.palette import GREEN, GREY

__all__ = ["draw_labels"]

# Heights of the names' capitals: as large as the longest name allows.
_LABELS = (0.062, 0.05, 0.042, 0.036, 0.03)


def draw_labels(canvas: Canvas, labels: Mapping[str, float]) -> int:
    """Draw a row for each label; the likeliest ones where not all fit.

    Args:
        canvas: The picture.
        labels: Label → probability, 0…1.

    Returns:
        The y of the panel's top edge; the picture's height where there are no labels.
    """
    ranked = sorted(labels, key=lambda label: _share(labels[label]), reverse=True)
    if not ranked:
        return canvas.height
    size, name, percent = _label_columns(canvas, ranked)
    cap, gap = canvas.lettering.digit_height(size), canvas.px(0.036)
    row = cap + gap if canvas.wide else cap + 2 * gap + canvas.px(BAR)
    most = max(1, int(lower_room(canvas) // row))
    # The order given, not the order of the day: bars that change places cannot be followed.
    shown = [label for label in labels if label in ranked[:most]]
    box = lower_plate(canvas, row * len(shown) - gap)
    inside = box.inset(canvas.px(PAD))
    top = inside.top
    for label in shown:
        value = _share(labels[label])
        colour = GREEN if label == ranked[0] else GREY
        for line in canvas.lettering.wrap(label, size, name, 1):
            canvas.text(line, size, colour, inside.left, top + cap)
        figure = f"{100 * value:.0f} %"
        start = inside.right - canvas.lettering.width(figure, size)
        canvas.text(figure, size, colour, start, top + cap)
        if canvas.wide:
            thick = round(cap * 0.7)
            bar = Box(inside.left + name + gap, top + (cap - thick) // 2, 0, 0)
            bar = bar._replace(right=inside.right - percent - gap, bottom=bar.top + thick)
        else:
            bar = Box(inside.left, top + cap + gap, inside.right, top + cap + gap + canvas.px(BAR))
        canvas.bar(bar, value, colour)
        top += row
    return box.top


def _label_columns(canvas: Canvas, labels: list[str]) -> tuple[int, int, int]:
    """Choose the labels' size, and the widths of their names and of the per cents."""
    inner = lower_width(canvas)
    shares = _LABELS if len(labels) <= 2 else _LABELS[1:] if len(labels) <= 4 else _LABELS[2:]
    for share in shares:
        size = canvas.size(share)
        percent = canvas.lettering.width("100 %", size)
        name = round(inner * 0.4) if canvas.wide else inner - percent - canvas.px(0.02)
        if all(canvas.lettering.width(label, size) <= name for label in labels):
            break
    return size, name, percent


def _share(probability: float) -> float:
    return min(max(probability, 0.0), 1.0) if math.isfinite(probability) else 0.0
