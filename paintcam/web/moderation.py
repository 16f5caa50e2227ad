"""What may be shown: guards, the presenter's approval, the word list, the age of drawings."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection
from datetime import datetime, timedelta, timezone

from paintcam.judge.verdict import Verdict
from paintcam.leaderboard import State, Submissions
from paintcam.prompts import is_unsafe
from paintcam.text import clean_text
from paintcam.web.settings import Moderation

__all__ = [
    "ANONYMOUS",
    "NameRefusedError",
    "checked_name",
    "delete_old",
    "effective",
    "first_state",
]

ANONYMOUS = "Anonymous"
_MOST_LETTERS = 40
_MOST_MARKS = 3


class NameRefusedError(ValueError):
    """A nickname that is not shown on a stage."""


def effective(moderation: Moderation, guards: Collection[str]) -> Moderation:
    """Return the moderation that is possible with the running guards.

    Args:
        moderation: The requested moderation.
        guards: Names of the guards that really run.

    Returns:
        "approve" instead of "auto" where no guard looks at pictures.
    """
    return "approve" if moderation == "auto" and "nsfw" not in guards else moderation


def first_state(moderation: Moderation, verdict: Verdict) -> State:
    """Return the state of a drawing that has just been judged."""
    if verdict.blocked:
        return "hidden"
    return "waiting" if moderation == "approve" else "shown"


def checked_name(name: str) -> str:
    """Return a nickname as it is stored and shown.

    Control and bidi-override characters go, towers of combining marks are cut, and a long name is
    shortened.

    Args:
        name: What a visitor typed; may be anything.

    Raises:
        NameRefusedError: It has a word that is not suitable for a stage.
    """
    kept: list[str] = []
    marks = 0
    for character in clean_text(name):
        marks = marks + 1 if unicodedata.combining(character) else 0
        if marks <= _MOST_MARKS:
            kept.append(character)
    text = "".join(kept)[:_MOST_LETTERS].strip()
    if not any(unicodedata.category(character)[0] in "LNPS" for character in text):
        return ANONYMOUS
    if is_unsafe(text):
        raise NameRefusedError("This nickname cannot be shown. Choose another one.")
    return text


def delete_old(submissions: Submissions, keep_days: float) -> int:
    """Delete drawings older than a number of days; returns how many."""
    before = datetime.now(timezone.utc) - timedelta(days=keep_days)
    return submissions.delete(submissions.ids(before=before))
