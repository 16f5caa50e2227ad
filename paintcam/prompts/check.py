"""Check prompts that a machine wrote: short, English, drawable, fit for all ages."""

from __future__ import annotations

import json
import re
from functools import cache
from importlib import resources

from paintcam.text import clean_text

__all__ = ["is_unsafe", "problem_of"]

_COUNT = (2, 14)
_LETTERS = (8, 80)
_SHAPE = re.compile(r"[A-Za-z][A-Za-z0-9 ,'’-]*")


@cache
def _words(kind: str) -> frozenset[str]:
    # "english": every prompt has one of these; "foreign": words of other languages.
    file = resources.files("paintcam") / "assets" / "prompts" / "words.json"
    return frozenset(json.loads(file.read_text(encoding="utf-8"))[kind])


@cache
def _unsafe() -> re.Pattern[str]:
    # Whole words, also with endings that do not change them: "butt" is not in "butter".
    forms = "|".join(re.escape(word) for word in sorted(_words("unsafe")))
    return re.compile(rf"\b(?:{forms})(?:s|es|ed|ing)?\b", re.IGNORECASE)


def is_unsafe(text: str) -> bool:
    """Return whether a text has a word that is not for all ages."""
    return _unsafe().search(text) is not None


def problem_of(prompt: str) -> str | None:
    """Find out why a prompt that a machine wrote should not be shown on a stage.

    Args:
        prompt: One prompt.

    Returns:
        The reason in a few words, or None if the prompt is fine.
    """
    text = clean_text(prompt)
    words = re.findall(r"[a-z]+", text.lower())
    if not _LETTERS[0] <= len(text) <= _LETTERS[1]:
        return f"{len(text)} characters instead of {_LETTERS[0]} to {_LETTERS[1]}"
    if not _COUNT[0] <= len(words) <= _COUNT[1]:
        return f"{len(words)} words instead of {_COUNT[0]} to {_COUNT[1]}"
    if not _SHAPE.fullmatch(text):
        return "not a plain phrase"
    if _words("foreign") & set(words) or not _words("english") & set(words):
        return "not English"
    if _words("about_prompts") & set(words):
        return "talks about prompts"
    if is_unsafe(text):
        return "not for all ages"
    return None
