"""The lower third: score, best, prompt and bar; or the labels; or the prompt being typed."""

from __future__ import annotations

import math
from dataclasses import dataclass

from paintcam.overlay.canvas import Box, Canvas
from paintcam.overlay.hud import Hud
from paintcam.overlay.labels import draw_labels
from paintcam.overlay.lower_third import BAR, GAP, PAD, lower_plate, lower_room, lower_width
from paintcam.overlay.palette import GREY, SKY, TRACK, WHITE, score_colour
from paintcam.overlay.text import Colour
from paintcam.overlay.unicode import starts_right
from paintcam.overlay.wrapping import holds_all

__all__ = ["draw_panel"]

_BEST = "best"
_STEP = 1.3  # from line to line, in font sizes
# Digits' heights of score and best, the first that fits. The score stays over 12 %.
_NUMBERS = ((0.15, 0.062), (0.138, 0.052), (0.126, 0.04), (0.122, 0.034))
# The prompt's, with the most lines of each. Never below 4 %: what is too long is cut.
_PROMPTS = ((0.06, 1), (0.053, 1), (0.054, 2), (0.047, 3), (0.042, 4))


def draw_panel(canvas: Canvas, hud: Hud) -> int:
    """Draw the panel at the bottom.

    Returns:
        The y of its top edge; the picture's height where there was nothing to draw.
    """
    if hud.typing is not None:
        return _typing(canvas, hud.typing, hud.caret)
    if hud.labels is not None:
        return draw_labels(canvas, hud.labels)
    number = hud.score is not None or hud.best is not None or not hud.headline
    if not number and not hud.prompt.strip():
        return canvas.height
    return _score(canvas, hud) if number else _prompt_alone(canvas, hud.prompt)


@dataclass(frozen=True, slots=True)
class _Numbers:
    """Score and best, laid out."""

    score: str
    best: str
    size: int
    best_size: int
    width: int
    height: int


def _score(canvas: Canvas, hud: Hud) -> int:
    inner = lower_width(canvas)
    gap = canvas.px(GAP)
    numbers = _numbers(canvas, hud, inner if not canvas.wide else round(inner * 0.6))
    column = inner - numbers.width - 2 * gap if canvas.wide else inner
    room = lower_room(canvas) - canvas.px(BAR) - gap
    room -= 0 if canvas.wide else numbers.height + gap
    size, lines = _fit(canvas, hud.prompt, column, room)
    block = _block_height(canvas, size, len(lines))
    below = gap + block if lines else 0
    body = max(numbers.height, block) if canvas.wide else numbers.height + below
    box = lower_plate(canvas, body + gap + canvas.px(BAR))
    inside = box.inset(canvas.px(PAD))
    spare = (body - numbers.height) // 2 if canvas.wide else 0
    _draw_numbers(canvas, hud, numbers, inside.left, inside.top + spare + numbers.height)
    if canvas.wide:
        rule = inside.left + numbers.width + gap
        canvas.fill(Box(rule, inside.top, rule + canvas.px(0.003), inside.top + body), TRACK)
        x, top = rule + gap, inside.top + (body - block) // 2
    else:
        x, top = inside.left, inside.top + numbers.height + gap
    _write(canvas, lines, size, WHITE, Box(x, top, inside.right, inside.bottom))
    track = Box(inside.left, inside.bottom - canvas.px(BAR), inside.right, inside.bottom)
    mark = None if _missing(hud.best) else (hud.best or 0.0) / 100
    score = 0.0 if _missing(hud.score) else (hud.score or 0.0)
    canvas.bar(track, score / 100, score_colour(hud.score), mark)
    return box.top


def _numbers(canvas: Canvas, hud: Hud, room: int) -> _Numbers:
    """Choose the size of score and best: the largest that fits, with room for two digits."""
    score, best = _figure(hud.score), ("" if _missing(hud.best) else _figure(hud.best))
    label = canvas.lettering.width(_BEST, canvas.size(0.022)) if best else 0
    shrink = 1.0
    while True:
        for digit, small in _NUMBERS:
            size, best_size = canvas.size(digit * shrink), canvas.size(small * shrink)
            width = max(2, len(score)) * canvas.lettering.digit_width(size)
            if best:
                number = max(2, len(best)) * canvas.lettering.digit_width(best_size)
                width += canvas.px(GAP) + max(number, min(label, canvas.px(0.16)))
            height = canvas.lettering.digit_height(size)
            if width <= room or shrink < 0.2:
                return _Numbers(score, best, size, best_size, width, height)
        shrink *= 0.85


def _draw_numbers(canvas: Canvas, hud: Hud, numbers: _Numbers, x: int, baseline: int) -> None:
    colour = score_colour(hud.score)
    cells = max(2, len(numbers.score)) * canvas.lettering.digit_width(numbers.size)
    own = len(numbers.score) * canvas.lettering.digit_width(numbers.size)
    canvas.digits(numbers.score, numbers.size, colour, x + (cells - own) // 2, baseline)
    if not numbers.best:
        return
    left = x + cells + canvas.px(GAP)
    canvas.digits(numbers.best, numbers.best_size, WHITE, left, baseline)
    above = baseline - canvas.lettering.digit_height(numbers.best_size) - canvas.px(0.018)
    size = canvas.size(0.022)
    for line in canvas.lettering.wrap(_BEST, size, x + numbers.width - left, 1):
        canvas.text(line, size, GREY, left, above)


def _prompt_alone(canvas: Canvas, prompt: str) -> int:
    room = lower_room(canvas)
    inner = lower_width(canvas)
    size, lines = _fit(canvas, prompt, inner, room)
    box = lower_plate(canvas, _block_height(canvas, size, len(lines)))
    _write(canvas, lines, size, WHITE, box.inset(canvas.px(PAD)))
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
    keys = "Enter takes it · Esc leaves it"
    for help_line in canvas.lettering.wrap(keys, small, inside.width, 1):
        canvas.text(help_line, small, GREY, inside.left, inside.bottom)
    return box.top


def _fit(canvas: Canvas, text: str, width: int, room: float) -> tuple[int, tuple[str, ...]]:
    """Choose size and line breaks: as large as the text allows, cut where nothing else helps."""
    size = 0
    lines: tuple[str, ...] = ()
    for share, most in _PROMPTS:
        size = canvas.size(share)
        fitting = max(0, min(most, int((room / size - 0.4) // _STEP)))
        lines = canvas.lettering.wrap(text, size, width, fitting)
        if holds_all(lines, text):
            break
    return size, lines


def _write(canvas: Canvas, lines: tuple[str, ...], size: int, colour: Colour, column: Box) -> None:
    """Write lines from the column's top; right-to-left text stands at its right edge."""
    baseline = column.top + canvas.lettering.digit_height(size)
    for line in lines:
        x = column.left
        if starts_right(line):
            x = column.right - canvas.lettering.width(line, size)
        canvas.text(line, size, colour, x, baseline)
        baseline += round(size * _STEP)


def _block_height(canvas: Canvas, size: int, lines: int) -> int:
    """From the top of the first line's capitals to the last line's tails."""
    if not lines:
        return 0
    return canvas.lettering.digit_height(size) + round(size * _STEP) * (lines - 1) + size // 6


def _missing(score: float | None) -> bool:
    return score is None or not math.isfinite(score)


def _figure(score: float | None) -> str:
    if score is None or not math.isfinite(score):
        return "–"
    return str(round(min(max(score, 0.0), 100.0)))
