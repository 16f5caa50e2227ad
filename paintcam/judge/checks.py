"""Checks the settings of a judge: prompt or labels, score range, names of guards.

Each check stands here once. The command line runs the same checks before it opens a camera.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Collection, Sequence

from paintcam.encoders.base import EncoderInfo, ScoreRange
from paintcam.errors import PromptError, UsageError

__all__ = [
    "GUARDS",
    "check_guards",
    "check_labels",
    "check_question",
    "check_range",
    "unknown_words",
]

GUARDS = ("handwriting", "nsfw")
"""Names of all guards, in the order in which they run."""


def check_question(prompt: str | None, labels: Sequence[str] = ()) -> tuple[str, ...]:
    """Check that there is either a prompt or labels.

    Args:
        prompt: What the drawing should show, or None.
        labels: Two or more, or none.

    Returns:
        The labels without the spaces around them.

    Raises:
        UsageError: Both or neither, one label, or a label twice.
        PromptError: The prompt or a label is blank.
    """
    if labels and prompt is not None:
        raise UsageError(
            f'A prompt ("{prompt}") and labels cannot be used together.',
            fix="Pass one `--prompt`, or `--label` at least twice.",
        )
    if labels:
        return check_labels(labels)
    if prompt is None:
        raise UsageError(
            "There is neither a prompt nor labels to judge against.",
            fix='Pass `--prompt "a house"`, or `--label` at least twice.',
        )
    if not prompt.strip():
        raise PromptError(
            f"The prompt {prompt!r} is blank.", fix='Pass one such as `--prompt "a house"`.'
        )
    return ()


def check_labels(labels: Sequence[str]) -> tuple[str, ...]:
    """Return labels without the spaces around them.

    Raises:
        PromptError: A label is blank.
        UsageError: There is only one, or one of them twice.
    """
    names = tuple(label.strip() for label in labels)
    if not names:
        return ()
    if "" in names:
        raise PromptError("A label is blank.", fix='Pass words, such as `--label "hot dog"`.')
    if len(names) == 1:
        raise UsageError(
            f'At least two labels are needed (got only "{names[0]}").',
            fix=f'Pass another: `--label "{names[0]}" --label "not {names[0]}"`.',
        )
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise UsageError(f'The label "{twice}" appears twice.', fix="Pass each label once.")
    return names


def unknown_words(encoder: EncoderInfo, texts: Sequence[str]) -> str:
    """Return a warning about prompts or labels of which the encoder knows no word; "" if none."""
    if not encoder.words:
        return ""
    plain = (unicodedata.normalize("NFKD", text).casefold() for text in texts)
    plain = (re.sub("[\u0300-\u036f]", "", text) for text in plain)
    unknown = [
        text for text, bare in zip(texts, plain, strict=True) if not re.search(encoder.words, bare)
    ]
    if not unknown:
        return ""
    named = ", ".join(f'"{text}"' for text in unknown)
    return f"The encoder {encoder.name} knows no word of {named}: scores mean nothing. Use English."


def check_range(score_range: ScoreRange) -> ScoreRange:
    """Return a score range whose low end is below its high end, both finite.

    Raises:
        UsageError: It is not.
    """
    low, high = score_range
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise UsageError(
            f"The score range {low:g} {high:g} is not valid: LOW must be below HIGH.",
            fix="Pass two similarities, such as `--range 0.08 0.48`.",
        )
    return low, high


def check_guards(names: Collection[str]) -> None:
    """Check that every name belongs to a guard.

    Raises:
        UsageError: One does not.
    """
    unknown = sorted(set(names) - set(GUARDS))
    if unknown:
        raise UsageError(
            f'There is no guard named "{unknown[0]}".', fix=f"Use one of: {', '.join(GUARDS)}."
        )
