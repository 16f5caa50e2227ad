"""Every text that a person reads is plain English, and names an option only where options are."""

from __future__ import annotations

import re

import pytest

from text_kinds import texts

TEXTS = texts()
OLD_WORDS = re.compile(
    r"\b(mend(s|ed)?|anew|tells? apart|is no use|wish(ed)?|told|as of now|nobody is here|"
    r"cannot be\.|frames a second)\b",
    re.IGNORECASE,
)
"""Odd words that texts once had; see style.md's rule 3."""


def test_the_list_holds_messages_fixes_help_and_the_picture():
    """A few of each, from all over."""
    kinds = {text.kind for text in TEXTS}
    assert kinds >= {"message", "fix", "help", "command", "printed", "picture"}
    packages = {text.place.split("/")[0] for text in TEXTS}
    assert packages >= {"cli", "contest", "encoders", "judge", "leaderboard", "run", "sources"}
    assert len(TEXTS) > 300


@pytest.mark.parametrize("kind", ["message", "fix", "help", "command", "printed", "picture"])
def test_no_text_has_odd_words(kind):
    """Plain modern technical English."""
    assert [text for text in TEXTS if text.kind == kind and OLD_WORDS.search(text.text)] == []


def test_a_fix_is_a_sentence_that_starts_with_a_verb():
    """Run, Pass, Install, Check …: a capital letter in front, a full stop at the end."""
    fixes = [text for text in TEXTS if text.kind == "fix" and text.text[0] not in "{`"]
    assert [text for text in fixes if not re.match(r"[A-Z][a-z]+ ", text.text)] == []
    assert [text for text in fixes if text.text.rstrip()[-1] not in ".}/?`'"] == []


def test_no_text_has_two_spaces_in_a_row():
    """They come from literals that are joined wrongly."""
    prose = [text for text in TEXTS if text.kind in ("message", "fix", "help")]
    assert [text for text in prose if re.search(r"\S {2,}\S", text.text)] == []


def test_no_message_outside_the_command_line_names_an_option():
    """A Python caller has parameters, not flags; `fix` may say what to pass."""
    outside = [
        text for text in TEXTS if text.kind == "message" and not text.place.startswith("cli/")
    ]
    assert [text for text in outside if re.search(r"(?<![\w-])--[a-z]", text.text)] == []
