"""Breaking text into lines that fit a column, given what measures it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeAlias

from paintcam.overlay.script import clean, clusters, pieces

__all__ = ["last_part", "wrapped"]

_Measure: TypeAlias = Callable[[str], int]


def wrapped(text: str, width: int, lines: int, measure: _Measure) -> Iterator[str]:
    """Break clean text at spaces, hyphens and between ideographs; a word too long anywhere.

    Args:
        text: One line without control characters.
        width: Of the column, in what `measure` gives.
        lines: At most this many; the last one is cut with … where there would be more.
        measure: Gives the length of a text.

    Yields:
        The lines.
    """
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
    """Part text before the first cluster that no longer fits."""
    parts = clusters(text)
    low, high = 0, len(parts)
    while low < high:  # the number of clusters that fit lies between low and high
        middle = (low + high + 1) // 2
        if measure("".join(parts[:middle])) <= width:
            low = middle
        else:
            high = middle - 1
    return "".join(parts[:low]), "".join(parts[low:])
