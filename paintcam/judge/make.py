"""Builds the usual judge from encoder, guards and sheet finder.

These parts do not know each other; this module connects them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Literal, TypeAlias

from paintcam.encoders.base import Encoder, ScoreRange
from paintcam.judge import nsfw
from paintcam.judge.checks import GUARDS, check_guards
from paintcam.judge.guard import Guard, Guarding
from paintcam.judge.handwriting import HandwritingGuard
from paintcam.judge.judge import Judge
from paintcam.judge.prompt_check import PromptCheck, refuse_words
from paintcam.judge.references import References

__all__ = ["GUARDS", "NSFW_MISSING", "Pictures", "make_judge", "nsfw_can_run"]

NSFW_MISSING = "The nsfw guard is inactive. Run `pip install 'paintcam[nsfw]'`, or use CLIP."

Pictures: TypeAlias = Literal["live", "video", "stills"]
"""What is judged: a live stream, every frame of a file, or unrelated pictures.

Example:
    >>> import paintcam
    >>> judge = paintcam.make_judge(paintcam.load_encoder("sketch"), "a house", pictures="stills")
"""


def make_judge(
    encoder: Encoder,
    prompt: str | None = None,
    *,
    labels: Sequence[str] = (),
    score_range: ScoreRange | None = None,
    guards: Collection[str] = GUARDS,
    crop: bool = True,
    pictures: Pictures = "live",
    score_first: bool = False,
) -> Judge:
    """Build a judge as the command line does.

    Args:
        encoder: A loaded encoder.
        prompt: What the drawing should show; None with labels.
        labels: Two or more, instead of a prompt.
        score_range: Similarities that become 0 and 100; the encoder's own if None.
        guards: Which of `GUARDS` to run. A guard that cannot run here is left out, and is missing
            from the judge's `active_guards`.
        crop: Find the sheet of paper and judge only that.
        pictures: What will be judged.
        score_first: Where the guards' references are not embedded yet, return a judge without
            guards: its `build_guards`, called between frames, builds them.

    Raises:
        PromptError: A prompt or label is blank, too long, or refused by a guard.
        UsageError: An unknown guard, prompt and labels together or neither, a bad range.

    Example:
        >>> import paintcam
        >>> from pathlib import Path
        >>> encoder = paintcam.load_encoder("sketch")
        >>> judge = paintcam.make_judge(encoder, "a house", pictures="stills")
        >>> (verdict,) = judge.judge([paintcam.read_picture(Path("drawing.png"))])
        >>> 0 <= verdict.score <= 100
        True
    """
    check_guards(guards)
    references = References(encoder, guards)

    def build() -> Guarding | None:
        return _guarding(references, guards, pictures) if references.advance() else None

    built = None
    if references.complete or not score_first:
        while built is None:
            built = build()
    finder = None
    if crop:
        from paintcam.judge.sheet.finder import SheetFinder

        finder = SheetFinder(steady=pictures != "stills")
    return Judge(
        encoder,
        prompt,
        labels=labels,
        score_range=score_range,
        guards=() if built is None else built.guards,
        sheet_finder=finder,
        check_prompts=_early_check(guards) if built is None else built.check_prompts,
        guards_later=build if built is None else None,
    )


def _guarding(encoder: Encoder, guards: Collection[str], pictures: Pictures) -> Guarding:
    running: list[Guard] = []
    if "handwriting" in guards:
        running.append(HandwritingGuard(encoder))
    if "nsfw" not in guards:
        return Guarding(running)
    if encoder.info.knows_nsfw:
        running.append(nsfw.NsfwPromptGuard(encoder))
    elif (classify := nsfw.open_classifier()) is not None:
        running.append(nsfw.NsfwClassifierGuard(classify, live=pictures == "live"))
    return Guarding(running, PromptCheck(encoder).refuse)


def nsfw_can_run(encoder: Encoder) -> bool:
    """Return whether the nsfw guard can check pictures with this encoder here."""
    return encoder.info.knows_nsfw or nsfw.classifier_installed()


def _early_check(guards: Collection[str]) -> Callable[[Sequence[str]], None] | None:
    """Return the check of prompts that needs no embeddings."""
    return refuse_words if "nsfw" in guards else None
