"""The panel: score, best, prompt and bar; or the labels; or the prompt being typed."""

from __future__ import annotations

from paintcam.overlay.canvas import Box, Canvas
from paintcam.overlay.compact import Panel, draw_corner, draw_side
from paintcam.overlay.hud import Hud
from paintcam.overlay.labels import draw_labels
from paintcam.overlay.layouts import Layout
from paintcam.overlay.lower_third import BAR, GAP, PAD, lower_plate, lower_room, lower_width
from paintcam.overlay.numbers import draw_bar, draw_numbers, fit_numbers
from paintcam.overlay.palette import GREY, SKY, TRACK, WHITE
from paintcam.overlay.prompt_lines import block_height, fit_lines, write_lines

__all__ = ["draw_panel", "is_score"]


def draw_panel(canvas: Canvas, hud: Hud, layout: Layout) -> Panel:
    """Draw what of the panel stands at the bottom or at a side.

    Args:
        canvas: The picture.
        hud: What to show.
        layout: Where the panel stands.

    Returns:
        Which parts of the picture are still free.
    """
    if hud.typing is not None:
        return _below(canvas, _typing(canvas, hud.typing, hud.caret))
    if hud.labels is not None:
        return draw_labels(canvas, hud.labels, layout)
    if not is_score(hud):
        top = _prompt_alone(canvas, hud.prompt) if hud.prompt.strip() else canvas.height
        return _below(canvas, top)
    if layout.kind == "side":
        return draw_side(canvas, hud, layout)
    if layout.kind == "corner":
        return draw_corner(canvas, hud, layout)
    return _below(canvas, _lower_third(canvas, hud))


def is_score(hud: Hud) -> bool:
    """Return whether the panel shows a score, and not labels, a title's prompt or typed text."""
    number = hud.score is not None or hud.best is not None or not hud.headline
    return number and hud.typing is None and hud.labels is None


def _below(canvas: Canvas, top: int) -> Panel:
    free = canvas.frame._replace(bottom=top)
    return Panel(top, free, free)


def _lower_third(canvas: Canvas, hud: Hud) -> int:
    inner = lower_width(canvas)
    gap = canvas.px(GAP)
    numbers = fit_numbers(canvas, hud, inner if not canvas.wide else round(inner * 0.6))
    column = inner - numbers.width - 2 * gap if canvas.wide else inner
    room = lower_room(canvas) - canvas.px(BAR) - gap
    room -= 0 if canvas.wide else numbers.height + gap
    size, lines = fit_lines(canvas, hud.prompt, column, room)
    block = block_height(canvas, size, len(lines))
    below = gap + block if lines else 0
    body = max(numbers.height, block) if canvas.wide else numbers.height + below
    box = lower_plate(canvas, body + gap + canvas.px(BAR))
    inside = box.inset(canvas.px(PAD))
    spare = (body - numbers.height) // 2 if canvas.wide else 0
    draw_numbers(canvas, hud, numbers, inside.left, inside.top + spare + numbers.height)
    if canvas.wide:
        rule = inside.left + numbers.width + gap
        canvas.fill(Box(rule, inside.top, rule + canvas.px(0.003), inside.top + body), TRACK)
        x, top = rule + gap, inside.top + (body - block) // 2
    else:
        x, top = inside.left, inside.top + numbers.height + gap
    write_lines(canvas, lines, size, WHITE, Box(x, top, inside.right, inside.bottom))
    draw_bar(canvas, hud, inside._replace(top=inside.bottom - canvas.px(BAR)))
    return box.top


def _prompt_alone(canvas: Canvas, prompt: str) -> int:
    size, lines = fit_lines(canvas, prompt, lower_width(canvas), lower_room(canvas))
    box = lower_plate(canvas, block_height(canvas, size, len(lines)))
    write_lines(canvas, lines, size, WHITE, box.inset(canvas.px(PAD)))
    return box.top


def _typing(canvas: Canvas, text: str, caret_at: int | None) -> int:
    size, small, gap = canvas.size(0.05), canvas.size(0.024), canvas.px(0.03)
    cap, hint = (canvas.lettering.digit_height(s) for s in (size, small))
    line = canvas.px(0.004)
    box = lower_plate(canvas, hint + gap + cap + gap + line + gap + hint)
    inside = box.inset(canvas.px(PAD))
    for title in canvas.lettering.wrap("New prompt", small, inside.width, 1):
        canvas.text(title, small, SKY, inside.left, inside.top + hint)
    baseline = inside.top + hint + gap + cap
    caret = canvas.px(0.006)
    if caret_at is not None and caret_at < len(text):
        # the cursor stands in the text: a bar there, and as much of what follows as fits
        before = canvas.lettering.tail(text[:caret_at], size, inside.width * 3 // 4)
        shown = "".join(canvas.lettering.wrap(f"{before}|{text[caret_at:]}", size, inside.width, 1))
    else:
        shown = canvas.lettering.tail(text, size, inside.width - 3 * caret)
    # A trailing space has no ink, but the caret has to move.
    length = canvas.text(shown, size, WHITE, inside.left, baseline)
    length += canvas.lettering.space_width(size) if text.endswith(" ") else 0
    if caret_at is None or caret_at >= len(text):
        left = min(inside.left + length + caret, inside.right - caret)
        canvas.fill(Box(left, baseline - round(cap * 1.2), left + caret, baseline + cap // 5), SKY)
    canvas.fill(Box(inside.left, baseline + gap, inside.right, baseline + gap + line), SKY)
    keys = "Enter: confirm · Esc: cancel"
    for help_line in canvas.lettering.wrap(keys, small, inside.width, 1):
        canvas.text(help_line, small, GREY, inside.left, inside.bottom)
    return box.top
