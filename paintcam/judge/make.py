"""Puts the usual judge together: encoder, guards and sheet finder.

The judge, the guards and the sheet finder do not know each other; this is where they meet.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Literal, TypeAlias

from paintcam.encoders.base import Encoder, ScoreRange
from paintcam.errors import UsageError
from paintcam.judge.guard_prompts import NsfwPromptGuard, PromptCheck
from paintcam.judge.handwriting import HandwritingGuard
from paintcam.judge.judge import Guard, Judge

__all__ = ["GUARDS", "NSFW_MISSING", "Pictures", "make_judge"]

GUARDS = ("handwriting", "nsfw")
NSFW_MISSING = "the nsfw guard is inactive: pip install 'paintcam[nsfw]', or --model clip"

Pictures: TypeAlias = Literal["live", "video", "stills"]
"""What is judged: a live stream, every frame of a file, or pictures without a common story."""


def make_judge(
    encoder: Encoder,
    prompt: str | None = None,
    *,
    labels: Sequence[str] = (),
    score_range: ScoreRange | None = None,
    guards: Collection[str] = GUARDS,
    crop: bool = True,
    pictures: Pictures = "live",
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
        pictures: What will be judged.

    Raises:
        PromptError: A prompt or label is blank, too long, or refused by a guard.
        UsageError: An unknown guard, or prompt and labels misused.
    """
    unknown = sorted(set(guards) - set(GUARDS))
    if unknown:
        raise UsageError(f'No guard is called "{unknown[0]}". There are: {", ".join(GUARDS)}.')
    running: list[Guard] = []
    if "handwriting" in guards:
        running.append(HandwritingGuard(encoder))
    if "nsfw" in guards:
        guard = _nsfw_guard(encoder, pictures)
        running += [guard] if guard is not None else []
    finder = None
    if crop:
        from paintcam.judge.sheet.finder import SheetFinder

        slow = pictures == "live" and encoder.info.slow  # some 4 frames of 30
        finder = SheetFinder(steady=pictures != "stills", pace=8 if slow else 1)
    return Judge(
        encoder,
        prompt,
        labels=labels,
        score_range=score_range,
        guards=running,
        sheet_finder=finder,
        check_prompts=PromptCheck(encoder).refuse if "nsfw" in guards else None,
    )


def _nsfw_guard(encoder: Encoder, pictures: Pictures) -> Guard | None:
    if encoder.info.knows_nsfw:
        return NsfwPromptGuard(encoder)
    from paintcam.judge.nsfw import NsfwClassifierGuard, open_classifier

    classify = open_classifier()
    return None if classify is None else NsfwClassifierGuard(classify, live=pictures == "live")
