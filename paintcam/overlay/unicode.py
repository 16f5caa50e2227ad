"""What the overlay must know about writing: clusters, emoji, and the order of mixed directions."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache

__all__ = [
    "clean",
    "clusters",
    "display_order",
    "is_emoji",
    "is_space",
    "needed",
    "pieces",
    "starts_right",
]

_LONGEST = 600  # more than any picture can show in legible letters
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
    """Split text into what a reader takes for one letter: with marks, joiners, skin tones."""
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
    """Return the characters of a cluster that need a glyph, unlike joiners and variants."""
    return "".join(
        c for c in cluster if not _shapes(c) and c not in (_TEXT_STYLE, _EMOJI_STYLE) and c != " "
    )


def is_space(cluster: str) -> bool:
    """Return whether a cluster is blank."""
    return not needed(cluster)


def is_emoji(cluster: str) -> bool:
    """Return whether a cluster is to be drawn as a picture."""
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
    """Split text where a line may break: after spaces and hyphens, and between ideographs."""
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


def display_order(parts: Sequence[str]) -> list[tuple[str, bool]]:
    """Order the clusters of a line as they stand from left to right.

    Args:
        parts: Clusters in reading order.

    Returns:
        (cluster, whether it is read from right to left); brackets in such text are mirrored.

    Source: Unicode Bidirectional Algorithm (UAX #9), by python-bidi.
    """
    if not any(_is_rtl(part) or unicodedata.bidirectional(part[0]) == "AN" for part in parts):
        return [(part, False) for part in parts]
    from bidi import get_display

    # python-bidi orders characters, and does not say which of two equal ones is which: what must be
    # found again is replaced by characters of the same kind that nobody writes.
    tokens = list(_stand_ins(parts))
    pairs = list(zip(_pairs(parts), _PAIRS, strict=False))
    for (opening, closing), (left, right) in pairs:
        tokens[opening], tokens[closing] = left, right
    line = get_display("".join(tokens))
    texts = dict(zip(tokens, parts, strict=True))
    for _, (left, right) in pairs:
        if line.index(right) < line.index(left):
            texts[left], texts[right] = texts[right], texts[left]
    return [(part, _is_rtl(part)) for part in (texts.get(c, c) for c in line)]


# By bidirectional class: rare ideographs, Mende Kikakui, mathematical Arabic, and so on.
_POOLS = {
    "L": range(0x20000, 0x21000),
    "R": range(0x1E800, 0x1E8C5),
    "AL": range(0x1EE80, 0x1EE9C),
    "EN": range(0x1D7CE, 0x1D800),
    "AN": range(0x10E60, 0x10E7F),
    "ON": range(0x2500, 0x2580),
}
_PAIRS = tuple(zip("⁅⁽₍❨❪❬❮❰❲❴⟦⟪⟬⟮", "⁆⁾₎❩❫❭❯❱❳❵⟧⟫⟭⟯", strict=True))


def _stand_ins(parts: Sequence[str]) -> Iterator[str]:
    """Yield a character for each cluster: itself, or an unused one of the same direction."""
    used = set("".join(parts))
    found: dict[str, str] = {}
    for part in parts:
        if len(part) > 1 and part not in found:
            pool = _POOLS.get(unicodedata.bidirectional(part[0]), _POOLS["ON"])
            found[part] = next((c for c in map(chr, pool) if c not in used), part[0])
            used.add(found[part])
        yield found.get(part, part)


def _pairs(parts: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Yield the positions of brackets that belong together."""
    opened: list[int] = []
    for i, part in enumerate(parts):
        if part in ("(", "[", "{"):
            opened.append(i)
        elif part in (")", "]", "}") and opened:
            yield opened.pop(), i


@lru_cache(maxsize=256)
def starts_right(text: str) -> bool:
    """Return whether a line of this text starts at the right: its first letter decides."""
    if not any(map(_is_rtl, text)):
        return False
    from bidi import get_base_level

    return bool(get_base_level(text))


def _is_rtl(cluster: str) -> bool:
    return unicodedata.bidirectional(cluster[0]) in ("R", "AL")


def _continues(c: str) -> bool:
    return (
        unicodedata.category(c) in ("Mn", "Mc", "Me")
        or c in (_JOINER, _NON_JOINER)
        or 0x1F3FB <= ord(c) <= 0x1F3FF
        or 0xE0020 <= ord(c) <= 0xE007F
    )


def _shapes(c: str) -> bool:
    """Return whether a format character changes how its neighbours are drawn."""
    return c in (_JOINER, _NON_JOINER) or 0xE0020 <= ord(c) <= 0xE007F


def _is_indicator(c: str) -> bool:
    return 0x1F1E6 <= ord(c[0]) <= 0x1F1FF
