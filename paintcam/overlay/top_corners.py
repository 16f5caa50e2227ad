"""The upper corners: state, encoder, frame rates; clock, player; the hint for the keys."""

from __future__ import annotations

from paintcam.overlay.canvas import Box, Canvas
from paintcam.overlay.hud import Hud
from paintcam.overlay.palette import AMBER, GREY, SKY, WHITE
from paintcam.overlay.text import Colour

__all__ = ["draw_top"]


def draw_top(canvas: Canvas, hud: Hud, bottom: int) -> int:
    """Draw both corners.

    Args:
        canvas: The picture.
        hud: What to show.
        bottom: y at which the panel begins.

    Returns:
        The y below which the picture is free.
    """
    margin = canvas.px(0.024)
    limit = bottom - canvas.px(0.012)
    whole = canvas.width - 2 * margin
    hint = "" if hud.help else "? keys"
    right = _Column(canvas, canvas.width - margin, margin, limit, at_right=True)
    turn = bool(hud.clock or hud.player)
    if hud.clock:
        right.chip(hud.clock, 0.075, WHITE, whole)
    if hud.player:
        right.chip(hud.player, 0.04, SKY, round(whole * 0.6) if canvas.wide else whole)
    if not turn:
        right.chip(hint, 0.022, GREY, whole // 2)
    left = _Column(canvas, margin, margin, limit, at_right=False)
    room = whole - right.widest - (margin if right.widest else 0)
    if room < canvas.px(0.3):  # a narrow picture: below each other
        left.top, room = right.top, whole
    shown = f"{hud.fps[0]:.0f} shown · {hud.fps[1]:.0f} scored per second" if hud.fps else ""
    left.chip(hud.state, 0.036, AMBER, room)
    left.chip(
        " · ".join(part for part in (hud.model, hint if turn else "") if part), 0.022, GREY, room
    )
    left.chip(shown, 0.022, GREY, room)
    return max(left.top, right.top)


class _Column:
    """Draw chips below each other in a corner."""

    def __init__(self, canvas: Canvas, x: int, top: int, limit: int, *, at_right: bool) -> None:
        self._canvas = canvas
        self._x = x
        self._limit = limit
        self._at_right = at_right
        self.top = top
        self.widest = 0

    def chip(self, text: str, share: float, colour: Colour, room: int) -> None:
        """Draw one line on a plate, or nothing if there is no room."""
        canvas = self._canvas
        size = canvas.aside(share)
        cap = canvas.lettering.digit_height(size)
        pad = max(cap // 2 + 1, canvas.px(0.014))
        lines = canvas.lettering.wrap(text, size, room - 2 * pad, 1)
        if not lines or self.top + cap + 2 * pad > self._limit:
            return
        width = canvas.lettering.width(lines[0], size) + 2 * pad
        left = self._x - width if self._at_right else self._x
        box = Box(left, self.top, left + width, self.top + cap + 2 * pad)
        canvas.plate(box, canvas.px(0.016))
        canvas.text(lines[0], size, colour, left + pad, box.bottom - pad)
        self.top = box.bottom + canvas.px(0.012)
        self.widest = max(self.widest, width)
