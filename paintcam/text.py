"""Names and prompts as people type them, made safe to keep, compare and print."""

from __future__ import annotations

import re
import unicodedata

__all__ = ["clean_text", "prompt_key"]

# Overrides and isolates turn the rest of a terminal's line around; a right-to-left name needs none
# of them. Joiners (emoji, Persian) and the plain marks LRM and RLM stay.
_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_SPACES = re.compile(r"\s+")


def _shown(character: str) -> str:
    category = unicodedata.category(character)
    if category == "Cs":
        return "\N{REPLACEMENT CHARACTER}"
    if category == "Cc":
        return " "
    return "" if character in _TURNING else character


def clean_text(text: str) -> str:
    """Make any text one printable line, and the same text the same string.

    Unicode's normal form C; control characters (a terminal obeys them, PostgreSQL refuses NUL)
    become spaces, runs of space one; what is no character at all (a lone surrogate) becomes "�".

    Args:
        text: Anything a person or a file gave.

    Returns:
        One line without outer spaces; empty where nothing printable was in it.
    """
    kept = (_shown(character) for character in unicodedata.normalize("NFC", text))
    return _SPACES.sub(" ", "".join(kept)).strip()


def prompt_key(prompt: str) -> str:
    """What two prompts have in common when they are the same prompt.

    Both encoders put a prompt in lower case before they read it, so case does not count.

    Args:
        prompt: A prompt as typed.

    Returns:
        The cleaned prompt, case folded.
    """
    return clean_text(prompt).casefold()
