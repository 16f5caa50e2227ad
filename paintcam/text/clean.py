"""Control characters and spaces: what a terminal may show, and what is stored."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable
from typing import Any

__all__ = ["clean_text", "json_text", "printable", "prompt_key"]

# Overrides and isolates reverse the rest of a terminal's line; a right-to-left name needs none of
# them, and joiners (emoji, Persian) and the plain marks LRM and RLM stay. What is invisible makes
# two different names look the same; of the tags, those in the flags of England and Wales stay.
_INVISIBLE = re.compile(
    "[\u00ad\u180e\u200b\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]"
    "|(?<![\U0001f3f4\U000e0020-\U000e007e])[\U000e0000-\U000e007f]+"
)
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_NO_CHARACTER = re.compile(
    "[\ud800-\udfff\ufdd0-\ufdef"
    + "".join(
        f"{chr(plane + 0xFFFE)}{chr(plane + 0xFFFF)}" for plane in range(0, 0x110000, 0x10000)
    )
    + "]"
)
_UNSAFE_IN_JSON = re.compile(
    f"{_NO_CHARACTER.pattern}|[\x7f-\x9f\u2028\u2029]|{_INVISIBLE.pattern.partition('|')[0]}"
    "|[\U000e0000-\U000e007f]"
)
_MANY_MARKS = re.compile(r"[^\w\x00-\u02ff]{9,}")
_SPACES = re.compile(r"\s+")

MOST_MARKS = 8
"""Accents on one letter; no script has more. A hundred thousand cover the lines above."""


def printable(text: str) -> str:
    """Make any text one line that a terminal shows and never interprets.

    Args:
        text: Anything, also with escape sequences, line breaks or half characters in it.

    Returns:
        The text with control characters as spaces, without bidirectional overrides and invisible
        characters, with "�" for lone surrogates and what is no character, and with at most
        `MOST_MARKS` accents on a letter. Runs of spaces stay: columns keep their width.
    """
    shown = _CONTROL.sub(" ", text)
    if shown.isascii():
        return shown
    shown = _NO_CHARACTER.sub("\N{REPLACEMENT CHARACTER}", _INVISIBLE.sub("", shown))
    return _MANY_MARKS.sub(lambda found: _with_few_marks(found.group(), lambda _mark: ""), shown)


def _with_few_marks(text: str, instead: Callable[[str], str]) -> str:
    """Replace the marks past `MOST_MARKS` in a row."""
    kept, marks = [], 0
    for character in text:
        marks = marks + 1 if unicodedata.category(character) in ("Mn", "Me", "Cf") else 0
        kept.append(instead(character) if marks > MOST_MARKS else character)
    return "".join(kept)


def _escaped(text: str) -> str:
    return json.dumps(text)[1:-1]


def json_text(value: Any) -> str:  # noqa: ANN401 - any JSON value
    """Write JSON in one line that a terminal shows and never interprets.

    Letters of all scripts stay readable. Controls, overrides, surrogates and what is invisible are
    escaped, so that a JSON reader gets the text as it was.
    """
    text = json.dumps(value, ensure_ascii=False)
    text = _UNSAFE_IN_JSON.sub(lambda found: _escaped(found.group()), text)
    return _MANY_MARKS.sub(lambda found: _with_few_marks(found.group(), _escaped), text)


def clean_text(text: str) -> str:
    """Make any text one printable line, and the same text the same string.

    Args:
        text: Anything that a person or a file supplied.

    Returns:
        One line in Unicode's normal form C without control characters (PostgreSQL refuses NUL),
        with single spaces and none outside; empty if nothing printable was in it.
    """
    return _SPACES.sub(" ", unicodedata.normalize("NFC", printable(text))).strip()


def prompt_key(prompt: str) -> str:
    """Return the key by which two prompts are the same prompt.

    Both encoders put a prompt in lower case before they read it, so case does not count.

    Args:
        prompt: A prompt as typed.

    Returns:
        The cleaned prompt, case folded.
    """
    return clean_text(prompt).casefold()
