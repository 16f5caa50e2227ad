"""The plate of the lower third: where it stands and how much it may cover."""

from __future__ import annotations

from paintcam.overlay.canvas import Box, Canvas

__all__ = ["BAR", "GAP", "PAD", "lower_plate", "lower_room", "lower_width"]

# Shares of the canvas's unit: a bar's thickness, the gap between parts, the plate's padding.
BAR, GAP, PAD = 0.02, 0.024, 0.028
_MARGIN, _RADIUS = 0.024, 0.024
# The most of the picture's height, in landscape and in portrait: the drawing must be visible.
_TALLEST = (0.52, 0.58)


def lower_width(canvas: Canvas) -> int:
    """Return the width inside the plate, in pixels."""
    return canvas.width - 2 * canvas.px(_MARGIN) - 2 * canvas.px(PAD)


def lower_room(canvas: Canvas) -> float:
    """Return the largest height inside the plate, in pixels."""
    return canvas.height * _TALLEST[0 if canvas.wide else 1] - 2 * canvas.px(PAD)


def lower_plate(canvas: Canvas, inner_height: int) -> Box:
    """Draw the plate with this height inside, and return its box."""
    margin = canvas.px(_MARGIN)
    bottom = canvas.height - margin
    top = max(0, bottom - inner_height - 2 * canvas.px(PAD))
    box = Box(margin, top, canvas.width - margin, bottom)
    canvas.plate(box, canvas.px(_RADIUS))
    return box
