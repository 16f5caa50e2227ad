"""Builds the usual judge from encoder, guards and sheet finder.

These parts do not know each other; this module connects them.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Literal, TypeAlias

from paintcam.encoders.base import Encoder, ScoreRange
from paintcam.judge import nsfw
from paintcam.judge.checks import GUARDS, check_guards
from paintcam.judge.guard import Guard
from paintcam.judge.handwriting import HandwritingGuard
from paintcam.judge.judge import Judge
from paintcam.judge.prompt_check import PromptCheck

__all__ = ["GUARDS", "NSFW_MISSING", "Pictures", "make_judge"]

NSFW_MISSING = "The nsfw guard is inactive. Run `pip install 'paintcam[nsfw]'`, or use CLIP."

Pictures: TypeAlias = Literal["live", "video", "stills"]
"""What is judged: a live stream, every frame of a file, or unrelated pictures."""


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
    """Build a judge as the command line does.

    Args:
        encoder: A loaded encoder.
        prompt: What the drawing should show; None with labels.
        labels: Two or more, instead of a prompt.
        score_range: Similarities that become 0 and 100; the encoder's own where None.
        guards: Which of `GUARDS` to run. A guard that cannot run here is left out, and is missing
            from the judge's `active_guards`.
        crop: Find the sheet of paper and judge only that.
        pictures: What will be judged.

    Raises:
        PromptError: A prompt or label is blank, too long, or refused by a guard.
        UsageError: An unknown guard, prompt and labels together or neither, a bad range.
    """
    check_guards(guards)
    running: list[Guard] = []
    if "handwriting" in guards:
        running.append(HandwritingGuard(encoder))
    if "nsfw" in guards:
        guard = _nsfw_guard(encoder, pictures)
        running += [guard] if guard is not None else []
    finder = None
    if crop:
        from paintcam.judge.sheet.finder import SheetFinder

        slow = pictures == "live" and encoder.info.slow  # about 4 frames of 30
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
        return nsfw.NsfwPromptGuard(encoder)
    classify = nsfw.open_classifier()
    return None if classify is None else nsfw.NsfwClassifierGuard(classify, live=pictures == "live")
