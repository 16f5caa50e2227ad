"""Puts the usual judge together: encoder, guards and sheet finder.

The judge, the guards and the sheet finder do not know each other; this is where they meet.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from paintcam.encoders import Encoder, ScoreRange
from paintcam.errors import UsageError
from paintcam.judge import Judge

__all__ = ["GUARDS", "make_judge"]

GUARDS = ("handwriting", "nsfw")


def make_judge(
    encoder: Encoder,
    prompt: str | None = None,
    *,
    labels: Sequence[str] = (),
    score_range: ScoreRange | None = None,
    guards: Collection[str] = GUARDS,
    crop: bool = True,
) -> Judge:
    """Make a judge as the command line wants it.

    Args:
        encoder: Loaded already.
        prompt: What the drawing should show; None with labels.
        labels: Two or more, instead of a prompt.
        score_range: Similarities that become 0 and 100; the encoder's own where None.
        guards: Which of `GUARDS` to run; one that cannot run here is left out, and missing from
            the judge's `active_guards`.
        crop: Find the sheet of paper and judge it alone.

    Raises:
        PromptError: A prompt or label is blank, too long, or refused by a guard.
        UsageError: An unknown guard, or prompt and labels misused.
    """
    unknown = sorted(set(guards) - set(GUARDS))
    if unknown:
        raise UsageError(f'No guard is called "{unknown[0]}". There are: {", ".join(GUARDS)}.')
    return Judge(encoder, prompt, labels=labels, score_range=score_range)
