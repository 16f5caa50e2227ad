"""What the overlay must know of writing: clusters, emoji, and the order of mixed directions."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache

__all__ = [
    "clean",
    "clusters",
    "is_emoji",
    "is_rtl",
    "is_space",
    "levels",
    "needed",
    "pieces",
    "visual_order",
]

_LONGEST = 600  # more than any frame can show in letters that can be read
_JOINER = "\u200d"
_NON_JOINER = "\u200c"
_TEXT_STYLE, _EMOJI_STYLE = "\ufe0e", "\ufe0f"
_KEYCAP = "\u20e3"


@lru_cache(maxsize=256)
def clean(text: str) -> str:
    """Make any text one line: NFC, single spaces, nothing that cannot be drawn."""
    line = "".join(
        " " if c.isspace() or unicodedata.category(c) == "Cc" else c
        for c in text[:_LONGEST]
        if unicodedata.category(c) != "Cs" and (unicodedata.category(c) != "Cf" or _shapes(c))
    )
    return unicodedata.normalize("NFC", " ".join(line.split()))


def clusters(text: str) -> list[str]:
    """Part text into what a reader takes for one letter: marks, joiners, flags, skin tones."""
    parts: list[str] = []
    for c in text:
        last = parts[-1] if parts else ""
        flag = _is_indicator(c) and len(last) == 1 and _is_indicator(last)
        if last and (_continues(c) or last.endswith(_JOINER) or flag):
            parts[-1] += c
        else:
            parts.append(c)
    return parts


def needed(cluster: str) -> str:
    """Give the characters of a cluster that must have a glyph: joiners and variants need none."""
    return "".join(
        c for c in cluster if not _shapes(c) and c not in (_TEXT_STYLE, _EMOJI_STYLE) and c != " "
    )


def is_space(cluster: str) -> bool:
    """Tell whether a cluster is blank."""
    return not needed(cluster)


def is_emoji(cluster: str) -> bool:
    """Tell whether a cluster asks to be drawn as a picture."""
    first = cluster[0]
    if _TEXT_STYLE in cluster:
        return False
    if _EMOJI_STYLE in cluster or _KEYCAP in cluster or _is_indicator(first):
        return True
    return (
        0x1F300 <= ord(first) <= 0x1FAFF
        or first in "⌚⌛⏩⏰⏳☔♿⚓⚡⚽⚾⛄⛅⛔⛪⛲⛳⛵⛺⛽✅✊✋✨❌❎❓❗⭐⭕"
    )


def pieces(text: str) -> Iterator[str]:
    """Part text where a line may break: after spaces and hyphens, and between ideographs."""
    piece = ""
    for cluster in clusters(text):
        wide = unicodedata.east_asian_width(cluster[0]) in "WF" and not is_emoji(cluster)
        closing = unicodedata.category(cluster[0]) in ("Pe", "Po", "Pf")
        if piece and (piece[-1] in " -–—/" or (wide and not closing)) and cluster != " ":
            yield piece
            piece = ""
        piece += cluster
    if piece:
        yield piece


def levels(parts: Sequence[str]) -> list[int]:
    """Give each cluster its embedding level: even reads left to right, odd right to left.

    The Unicode Bidirectional Algorithm (UAX #9) without explicit embeddings and mirrored
    brackets: rules P2-P3 for the line, W2 and W7 for numbers, N1-N2 for what has no direction of
    its own, I1-I2 for the levels.
    """
    kinds = [_direction(part) for part in parts]
    base = _base(kinds)
    if "R" not in kinds:
        return [0] * len(parts)
    result: list[int | None] = []
    strong = "R" if base else "L"
    for kind in kinds:
        if kind in ("L", "R"):
            strong = kind
        if kind == "R":
            result.append(1)
        elif kind == "L" or (kind == "N" and strong == "L"):
            result.append(2 if base else 0)
        else:
            result.append(2 if kind == "N" else None)
    # A number in right-to-left text counts as such for the blanks beside it.
    sides = [_side(kind, level, base) for kind, level in zip(kinds, result, strict=True)]
    before = base
    for i, side in enumerate(sides):
        if side is None:
            after = next((s for s in sides[i:] if s is not None), base)
            rtl = before if before == after else base
            result[i] = 1 if rtl else (2 if base else 0)
        else:
            before = side
    return [level or 0 for level in result]


@lru_cache(maxsize=256)
def is_rtl(text: str) -> bool:
    """Tell whether a line of this text begins at the right: its first letter decides."""
    return _base([_direction(c) for c in text]) == 1


def visual_order(depths: Sequence[int]) -> list[int]:
    """Give the order in which runs of these levels stand from left to right (UAX #9, rule L2)."""
    order = list(range(len(depths)))
    for depth in range(max(depths, default=0), 0, -1):
        start = 0
        while start < len(order):
            end = start
            while end < len(order) and depths[order[end]] >= depth:
                end += 1
            order[start:end] = reversed(order[start:end])
            start = max(end, start + 1)
    return order


def _base(kinds: Sequence[str]) -> int:
    return next((int(kind == "R") for kind in kinds if kind in ("L", "R")), 0)


def _side(kind: str, level: int | None, base: int) -> int | None:
    if level is None:
        return None
    return int(level == 1 or (kind == "N" and (level == 2)))


def _direction(cluster: str) -> str:
    """Strong left, strong right, a number, or nothing ("")."""
    kind = unicodedata.bidirectional(cluster[0])
    if kind in ("R", "AL"):
        return "R"
    return {"L": "L", "EN": "N", "AN": "N"}.get(kind, "")


def _continues(c: str) -> bool:
    return (
        unicodedata.category(c) in ("Mn", "Mc", "Me")
        or c in (_JOINER, _NON_JOINER)
        or 0x1F3FB <= ord(c) <= 0x1F3FF
        or 0xE0020 <= ord(c) <= 0xE007F
    )


def _shapes(c: str) -> bool:
    """Format characters that change how their neighbours are drawn: kept, the others are not."""
    return c in (_JOINER, _NON_JOINER) or 0xE0020 <= ord(c) <= 0xE007F


def _is_indicator(c: str) -> bool:
    return 0x1F1E6 <= ord(c[0]) <= 0x1F1FF
