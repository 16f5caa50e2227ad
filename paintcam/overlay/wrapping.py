"""Breaking text into lines that fit a column."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import TypeAlias

from paintcam.overlay.unicode import clean, clusters, pieces

__all__ = ["holds_all", "last_part", "wrapped"]

_Measure: TypeAlias = Callable[[str], int]


def wrapped(text: str, width: int, lines: int, measure: _Measure) -> tuple[str, ...]:
    """Break clean text at spaces, hyphens and between ideographs, and long words anywhere.

    Lines are about equally long, so that a prompt does not end with one word on its own line.

    Args:
        text: One line without control characters.
        width: Of the column, in the unit of `measure`.
        lines: At most this many; the last one is cut with … if there would be more.
        measure: Returns the length of a text.

    Returns:
        The lines; none if not even … fits.
    """
    found = tuple(_greedy(text, width, lines, measure))
    if len(found) < 2 or not holds_all(found, text):
        return found
    narrow = max(measure(line) for line in found) // 2
    while width - narrow > 1:  # the narrowest column with as many lines lies between
        middle = (narrow + width) // 2
        tried = tuple(_greedy(text, middle, len(found), measure))
        if holds_all(tried, text):
            found, width = tried, middle
        else:
            narrow = middle
    return found


@lru_cache(maxsize=256)
def holds_all(lines: tuple[str, ...], text: str) -> bool:
    """Return whether wrapped lines hold the whole text."""
    return "".join(lines).replace(" ", "") == clean(text).replace(" ", "")


def _greedy(text: str, width: int, lines: int, measure: _Measure) -> Iterator[str]:
    if lines < 1 or width < 1:
        return
    parts = list(pieces(text))
    line = ""
    while parts:
        piece = parts.pop(0)
        if measure((line + piece).rstrip()) <= width:
            line += piece
            continue
        if lines == 1:
            yield from _cut(line + piece, width, measure)
            return
        if not line.strip():
            line, piece = _split(piece, width, measure)
            if not line:
                return
        yield line.strip()
        parts.insert(0, piece)
        line = ""
        lines -= 1
    if line.strip():
        yield line.strip()


def last_part(text: str, width: int, measure: _Measure) -> str:
    """Cut text at its start, with …, so that its end fits."""
    if measure(text) <= width:
        return text
    parts = clusters(clean(text))
    while parts and measure("…" + "".join(parts)) > width:
        del parts[: max(1, len(parts) // 16)]
    return "…" + "".join(parts)


def _cut(text: str, width: int, measure: _Measure) -> Iterator[str]:
    room = width - measure("…")
    if room >= 0:
        yield _split(text, room, measure)[0].rstrip() + "…"


def _split(text: str, width: int, measure: _Measure) -> tuple[str, str]:
    """Split text before the first cluster that no longer fits."""
    parts = clusters(text)
    low, high = 0, len(parts)
    while low < high:  # the number of clusters that fit lies between low and high
        middle = (low + high + 1) // 2
        if measure("".join(parts[:middle])) <= width:
            low = middle
        else:
            high = middle - 1
    return "".join(parts[:low]), "".join(parts[low:])
