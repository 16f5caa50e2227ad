"""Control characters and spaces: what a terminal may show, and what is stored."""

from __future__ import annotations

import json
import re
import unicodedata
from typing import Any

__all__ = ["clean_text", "json_text", "printable", "prompt_key"]

# Overrides and isolates reverse the rest of a terminal's line; a right-to-left name needs none of
# them. Joiners (emoji, Persian) and the plain marks LRM and RLM stay.
_BIDI = re.compile("[\u202a-\u202e\u2066-\u2069]")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_UNSAFE_IN_JSON = re.compile("[\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_SPACES = re.compile(r"\s+")


def printable(text: str) -> str:
    """Make any text one line that a terminal shows and never interprets.

    Args:
        text: Anything, also with escape sequences, line breaks or half characters in it.

    Returns:
        The text with control characters as spaces, without bidirectional overrides, and with "�"
        for lone surrogates. Runs of spaces stay: columns keep their width.
    """
    shown = _CONTROL.sub(" ", text)
    shown = _BIDI.sub("", shown)
    return _SURROGATE.sub("\N{REPLACEMENT CHARACTER}", shown)


def json_text(value: Any) -> str:  # noqa: ANN401 - any JSON value
    """Write JSON in one line that a terminal shows and never interprets.

    Letters of all scripts stay readable. C1 controls, bidirectional overrides and surrogates are
    escaped, so that a JSON reader gets the text as it was.
    """
    text = json.dumps(value, ensure_ascii=False)
    return _UNSAFE_IN_JSON.sub(lambda found: f"\\u{ord(found.group()):04x}", text)


def clean_text(text: str) -> str:
    """Make any text one printable line, and the same text the same string.

    Args:
        text: Anything that a person or a file supplied.

    Returns:
        One line in Unicode's normal form C without control characters (PostgreSQL refuses NUL),
        with single spaces and none outside; empty if nothing printable was in it.
    """
    return _SPACES.sub(" ", printable(unicodedata.normalize("NFC", text))).strip()


def prompt_key(prompt: str) -> str:
    """Return the key by which two prompts are the same prompt.

    Both encoders put a prompt in lower case before they read it, so case does not count.

    Args:
        prompt: A prompt as typed.

    Returns:
        The cleaned prompt, case folded.
    """
    return clean_text(prompt).casefold()
