"""Scripts of which no installed font has letters, and the packages that bring them."""

from __future__ import annotations

import sys
import unicodedata

from paintcam.overlay.fonts import InstalledFonts

__all__ = ["font_package", "scripts_without_font", "writing_of"]

_CJK = {"CJK": "Chinese", "HIRAGANA": "Japanese", "KATAKANA": "Japanese", "HANGUL": "Korean"}
_SAMPLES = {
    "Chinese": "画",
    "Japanese": "か",
    "Korean": "집",
    "Arabic": "ب",
    "Hebrew": "ב",
    "Devanagari": "घ",
    "Bengali": "ঘ",
    "Tamil": "க",
    "Thai": "บ",
    "emoji": "🏠",
}


def writing_of(cluster: str, *, emoji: bool) -> str:
    """Name the writing that a cluster belongs to: "Japanese", "Thai", "emoji"."""
    if emoji:
        return "emoji"
    word = unicodedata.name(cluster[0], "UNKNOWN").split()[0].split("-")[0]
    return _CJK.get(word, word.capitalize())


def font_package(writing: str) -> str:
    """Name the package (of Debian and Ubuntu) or else the font that has a writing's letters."""
    if sys.platform != "linux":
        return "Noto Color Emoji" if writing == "emoji" else f"a Noto font for {writing}"
    if writing in _CJK.values():
        return "fonts-noto-cjk"
    return "fonts-noto-color-emoji" if writing == "emoji" else "fonts-noto-core"


def scripts_without_font(installed: InstalledFonts | None = None) -> list[str]:
    """List the widely used writings of which this machine has no font."""
    fonts = installed or InstalledFonts()
    return [
        writing
        for writing, letter in _SAMPLES.items()
        if next(fonts.find(letter, emoji=writing == "emoji"), None) is None
    ]
