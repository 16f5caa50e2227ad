"""From an embedding to a verdict: similarity, score, and what the guards say of it.

The judge imports neither the sheet finder nor the guards: it takes them as objects. `make_judge`
in `paintcam.judge.make` puts the usual ones together.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from paintcam.encoders.base import Embeddings, Encoder, ScoreRange
from paintcam.errors import PromptError, UsageError
from paintcam.frames import Frame, Image
from paintcam.judge.verdict import Finding, Verdict, score_of

__all__ = ["Finding", "Guard", "Judge", "SheetFinder", "Verdict", "checked_labels", "score_of"]

NOTICEABLE = 3
"""Points that a penalty must cost before the picture speaks of it."""


class Guard(Protocol):
    """Looks at every frame beside the prompt; all its methods are called by the scorer's thread."""

    @property
    def name(self) -> str:
        """As `--no-guard` takes it."""

    def prepare(self, texts: Embeddings) -> None:
        """Take new prompts: unit-norm float32 (P, D), one row a prompt or label."""

    def check(self, frame: Frame, seen: Image, embedding: npt.NDArray[np.float32]) -> Finding:
        """Look at one frame.

        Args:
            frame: As the source gave it.
            seen: What of it was embedded: the rectified sheet, or the whole, BGR uint8 (H, W, 3).
            embedding: Of that, unit-norm float32 (D,).
        """


class SheetFinder(Protocol):
    """Finds the paper that somebody holds up."""

    def find(self, image: Image) -> npt.NDArray[np.float32] | None:
        """Corners of the sheet in a BGR uint8 picture, float32 (4, 2), or None."""

    def rectify(self, image: Image, corners: npt.NDArray[np.float32]) -> Image:
        """The sheet seen from the front, BGR uint8 and square."""


class Judge:
    """Scores frames against a prompt, or tells labels apart. One thread at a time.

    Args:
        encoder: Embeds prompts now, frames later.
        prompt: What the drawing should show.
        labels: Two or more, instead of a prompt: the zero-shot classifier.
        score_range: Similarities that become 0 and 100; the encoder's own where None.
        guards: Already made for this encoder, and truly running.
        sheet_finder: Judge the sheet alone where one is found; None judges the whole frame.
        check_prompts: Raises a PromptError for a prompt or label that is not fit for a stage.

    Raises:
        PromptError: A prompt or label is blank or too long for the encoder, or a guard refuses it.
        UsageError: Prompt and labels together, neither, one label, a label twice, low ≥ high.
    """

    def __init__(
        self,
        encoder: Encoder,
        prompt: str | None = None,
        *,
        labels: Sequence[str] = (),
        score_range: ScoreRange | None = None,
        guards: Sequence[Guard] = (),
        sheet_finder: SheetFinder | None = None,
        check_prompts: Callable[[Sequence[str]], None] | None = None,
    ) -> None:
        self._encoder = encoder
        self._guards = tuple(guards)
        self._sheet_finder = sheet_finder
        self._check_prompts = check_prompts
        self._score_range = _checked_range(score_range or encoder.info.score_range)
        self._logit_scale = encoder.info.logit_scale
        self._labels = checked_labels(labels)
        self._prompt: str | None = None
        if self._labels:
            if prompt is not None:
                raise UsageError(
                    f'A prompt ("{prompt}") and labels exclude each other. Pass one --prompt, or '
                    "two or more --label."
                )
            self._texts = self._embed(self._labels)
        elif prompt is None:
            raise UsageError(
                'Nothing to judge against. Pass --prompt "a house", or two or more --label.'
            )
        else:
            self.set_prompt(prompt)

    @property
    def prompt(self) -> str | None:
        """What is scored against; None with labels."""
        return self._prompt

    @property
    def labels(self) -> tuple[str, ...]:
        """What is told apart; empty with a prompt."""
        return self._labels

    @property
    def score_range(self) -> ScoreRange:
        """Similarities that become score 0 and 100."""
        return self._score_range

    @property
    def active_guards(self) -> tuple[str, ...]:
        """Names of the guards that are really running."""
        return tuple(guard.name for guard in self._guards)

    def set_prompt(self, prompt: str) -> None:
        """Judge against another prompt from the next frame on. Between frames, same thread.

        Raises:
            PromptError: Blank, too long for the encoder, or refused by a guard. The old prompt
                stays.
            UsageError: The judge tells labels apart.
        """
        if self._labels:
            raise UsageError("This run tells labels apart. Start again with --prompt to score.")
        self._texts = self._embed((prompt,))
        self._prompt = prompt

    def judge(self, frames: Sequence[Frame]) -> list[Verdict]:
        """Judge frames, in the order given.

        Returns:
            A verdict a frame; none for a frame whose embedding is no number or zero, so that the
            list may be shorter.

        Raises:
            ModelError: The encoder cannot run.
        """
        if not frames:
            return []
        seen = [self._crop(frame.image) for frame in frames]
        embeddings = self._encoder.encode_image([picture for picture, _ in seen])
        verdicts = []
        for frame, (picture, region), embedding in zip(frames, seen, embeddings, strict=True):
            norm = float(np.linalg.norm(embedding))
            if norm > 0 and math.isfinite(norm):
                verdicts.append(self._verdict(frame, picture, region, embedding / norm))
        return verdicts

    def _crop(self, image: Image) -> tuple[Image, npt.NDArray[np.float32] | None]:
        if self._sheet_finder is None:
            return image, None
        corners = self._sheet_finder.find(image)
        if corners is None:
            return image, None
        return self._sheet_finder.rectify(image, corners), corners

    def _verdict(
        self,
        frame: Frame,
        picture: Image,
        region: npt.NDArray[np.float32] | None,
        embedding: npt.NDArray[np.float32],
    ) -> Verdict:
        similarities = np.clip(self._texts @ embedding, -1.0, 1.0).astype(np.float64)
        findings = [guard.check(frame, picture, embedding) for guard in self._guards]
        penalty = sum(finding.penalty for finding in findings)
        # Of labels the penalty takes the lead alone: a page that says "hot dog" is neither.
        judged = (
            np.maximum(similarities - penalty, similarities.min())
            if self._labels
            else similarities - penalty
        )
        best = int(np.argmax(judged))
        blocked = any(finding.blocked for finding in findings)
        return Verdict(
            frame=frame.index,
            time_s=frame.time_s,
            captured_at=frame.captured_at,
            similarity=float(similarities[best]),
            score=0.0 if blocked else score_of(float(judged[best]), *self._score_range),
            flags=self._flags(findings, float(similarities[best])),
            blocked=blocked,
            region=region,
            labels=self._probabilities(judged) if self._labels else None,
        )

    def _flags(self, findings: Sequence[Finding], similarity: float) -> tuple[str, ...]:
        flags = []
        for finding in findings:
            fair = score_of(similarity, *self._score_range)
            lost = fair - score_of(similarity - finding.penalty, *self._score_range)
            if finding.blocked:
                flags.append(finding.words)
            elif round(lost) >= NOTICEABLE:
                flags.append(f"{finding.words}: −{lost:.0f}")
        return tuple(flags)

    def _probabilities(self, similarities: npt.NDArray[np.float64]) -> dict[str, float]:
        # Radford et al. 2021, section 3.1.2: softmax of the cosines over the temperature.
        logits = self._logit_scale * similarities
        weights = np.exp(logits - logits.max())
        shares = weights / weights.sum()
        return dict(zip(self._labels, (float(share) for share in shares), strict=True))

    def _embed(self, texts: Sequence[str]) -> Embeddings:
        for text in texts:
            if not text.strip():
                raise PromptError('The prompt is blank. Pass one such as --prompt "a house".')
        if self._check_prompts is not None:
            self._check_prompts(texts)
        embeddings = self._encoder.encode_text(texts)
        norms = np.linalg.norm(embeddings, axis=1, keepdims=True)
        if not (np.isfinite(norms).all() and (norms > 0).all()):
            raise PromptError(f'The encoder makes nothing of "{texts[0]}". Try other words.')
        unit: Embeddings = (embeddings / norms).astype(np.float32)
        for guard in self._guards:
            guard.prepare(unit)
        return unit


def _checked_range(score_range: ScoreRange) -> ScoreRange:
    low, high = score_range
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise UsageError(f"--range {low:g} {high:g}: LOW must be below HIGH, as in 0.08 0.48.")
    return low, high


def checked_labels(labels: Sequence[str]) -> tuple[str, ...]:
    """Give labels without the spaces around them; none are none.

    Raises:
        PromptError: One is blank.
        UsageError: There is only one, or one stands there twice.
    """
    names = tuple(label.strip() for label in labels)
    if not names:
        return ()
    if "" in names:
        raise PromptError('A label is blank. Pass words, such as --label "hot dog".')
    if len(names) == 1:
        raise UsageError(
            f'One label, "{names[0]}", leaves nothing to choose. Pass another: '
            f'--label "{names[0]}" --label "not {names[0]}".'
        )
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise UsageError(f'The label "{twice}" was given twice. Pass each label once.')
    return names
