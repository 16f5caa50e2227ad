"""From an embedding to a verdict: similarity, score, and the findings of the guards.

The judge imports neither the sheet finder nor the guards: it takes them as objects. `make_judge`
in `paintcam.judge.make` builds the usual one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from paintcam.encoders.base import Embeddings, Encoder, ScoreRange
from paintcam.errors import PromptError, UsageError
from paintcam.frames import Frame
from paintcam.judge.checks import check_question, check_range, unknown_words
from paintcam.judge.crops import Crop, Cropper
from paintcam.judge.explain import Explaining
from paintcam.judge.guard import Finding, Guard, Guarding, SheetFinder
from paintcam.judge.patch_map import PatchExplaining, PatchMaps
from paintcam.judge.verdict import Verdict, flags_of, score_of, shares_of

__all__ = ["Finding", "Guard", "Judge", "SheetFinder", "Verdict", "score_of"]


class Judge:
    """Scores frames against a prompt, or classifies them by labels. One thread at a time.

    Args:
        encoder: Embeds the prompt or labels now, frames later.
        prompt: What the drawing should show.
        labels: Two or more, instead of a prompt: the zero-shot classifier.
        score_range: Similarities that become 0 and 100; the encoder's own if None.
        guards: Built for this encoder.
        sheet_finder: Finds the sheet, which is then judged alone; None judges the whole frame.
        check_prompts: Raises a PromptError for a prompt or label that is not safe for work.
        guards_later: Does a piece of building the guards per call; returns None until they are
            built. They replace `guards` and `check_prompts` then.

    Raises:
        PromptError: A prompt or label is blank, too long for the encoder, or refused by
            `check_prompts`.
        UsageError: Prompt and labels together, neither, one label, a label twice, low ≥ high.

    Example:
        >>> import paintcam
        >>> judge = paintcam.Judge(paintcam.load_encoder("sketch"), "a house")
        >>> judge.set_prompt("a fish")
        >>> judge.prompt
        'a fish'
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
        guards_later: Callable[[], Guarding | None] | None = None,
    ) -> None:
        self._encoder = encoder
        self._maps = PatchMaps(encoder)
        self._crops = Cropper(sheet_finder)
        self._guards = tuple(guards)
        self._check_prompts = check_prompts
        self._guards_later = guards_later
        self._score_range = check_range(score_range or encoder.info.score_range)
        self._labels = check_question(prompt, labels)
        self._prompt = prompt
        self._texts = self._embed(self._labels or (prompt or "",))

    @property
    def runs_on(self) -> str:
        """What runs the encoder, such as "onnx on cpu"."""
        return self._encoder.info.runs_on

    @property
    def prompt(self) -> str | None:
        """The prompt that frames are scored against; None with labels."""
        return self._prompt

    @property
    def warning(self) -> str:
        """A warning about a prompt of which the encoder knows no word; "" if there is none."""
        return unknown_words(self._encoder.info, self._labels or (self._prompt or "",))

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels that frames are classified by; empty with a prompt."""
        return self._labels

    @property
    def score_range(self) -> ScoreRange:
        """Similarities that become score 0 and 100."""
        return self._score_range

    @property
    def active_guards(self) -> tuple[str, ...]:
        """Names of the guards that are running."""
        return tuple(guard.name for guard in self._guards)

    @property
    def guards_pending(self) -> bool:
        """Whether guards are still being built: verdicts are then to be reviewed later."""
        return self._guards_later is not None

    def build_guards(self) -> bool:
        """Do a piece of building the guards that are pending. Between frames, same thread.

        Returns:
            Whether they run from now on.

        Raises:
            PromptError: The guards refuse the prompt.
            ModelError: The encoder cannot run.
        """
        built = None if self._guards_later is None else self._guards_later()
        if built is None:
            return False
        self._guards_later = None
        self._guards, self._check_prompts = tuple(built.guards), built.check_prompts
        if self._check_prompts is not None:
            self._check_prompts(self._labels or (self._prompt or "",))
        for guard in self._guards:
            guard.prepare(self._texts)
        return True

    @property
    def explains_live(self) -> bool:
        """Whether every frame can be explained, at next to no cost."""
        return self._prompt is not None and self._maps.live

    def explain(
        self, frame: Frame, region: npt.NDArray[np.float32] | None = None
    ) -> Explaining | PatchExplaining | None:
        """Begin to explain a frame's score; None with labels. Between frames, same thread.

        Args:
            frame: The frame.
            region: Corners of what was judged in it, if that is known.
        """
        if self._prompt is None:
            return None
        crops = self._crops
        crop = crops.last(frame) if region is None else crops.again(frame, region, counts=True)
        question = (crop.picture, self._prompt, self._score_range, crop.region)
        if self._maps.live:
            return PatchExplaining(self._maps, *question)
        return Explaining(self._encoder, *question)

    def review(self, frame: Frame, verdict: Verdict) -> Verdict:
        """Judge a frame again with the guards that run now, from the embedding in its verdict."""
        if verdict.embedding is None:
            return verdict
        crop = self._crops.again(frame, verdict.region, verdict.counts)
        return self._verdict(frame, crop, verdict.embedding)

    def set_prompt(self, prompt: str) -> None:
        """Judge against another prompt from the next frame on. Between frames, same thread.

        Raises:
            PromptError: Blank, too long for the encoder, or refused by `check_prompts`. The old
                prompt stays.
            UsageError: The judge classifies by labels.
        """
        if self._labels:
            raise UsageError(
                "This run classifies by labels and has no prompt.",
                fix="Start again with `--prompt` to score.",
            )
        check_question(prompt)
        self._texts = self._embed((prompt,))
        self._prompt = prompt

    def judge(self, frames: Sequence[Frame]) -> list[Verdict]:
        """Judge frames, in the order given.

        Returns:
            One verdict per frame. A frame whose embedding is zero or not a number gets none, so
            the list may be shorter.

        Raises:
            ModelError: The encoder cannot run.
        """
        if not frames:
            return []
        crops = [self._crops.crop(frame) for frame in frames]
        embeddings = self._maps.encode([crop.picture for crop in crops])
        verdicts = []
        for frame, crop, embedding in zip(frames, crops, embeddings, strict=True):
            norm = float(np.linalg.norm(embedding))
            if norm > 0 and math.isfinite(norm):
                verdicts.append(self._verdict(frame, crop, embedding / norm))
        return verdicts

    def _verdict(self, frame: Frame, crop: Crop, embedding: npt.NDArray[np.float32]) -> Verdict:
        similarities = np.clip(self._texts @ embedding, -1.0, 1.0).astype(np.float64)
        findings = [guard.check(frame, crop.picture, embedding) for guard in self._guards]
        penalty = sum(finding.penalty for finding in findings)
        # With labels a penalty removes only the lead: a page that says "hot dog" is neither.
        judged = similarities - penalty
        if self._labels:
            judged = np.maximum(judged, similarities.min())
        best, scale = int(np.argmax(judged)), self._encoder.info.logit_scale
        blocked = any(finding.blocked for finding in findings)
        return Verdict(
            frame=frame.index,
            time_s=frame.time_s,
            captured_at=frame.captured_at,
            similarity=float(similarities[best]),
            score=0.0 if blocked else score_of(float(judged[best]), *self._score_range),
            flags=flags_of(findings, float(similarities[best]), self._score_range),
            blocked=blocked,
            region=crop.region,
            labels=shares_of(self._labels, judged, scale) if self._labels else None,
            embedding=embedding,
            counts=crop.counts,
        )

    def _embed(self, texts: Sequence[str]) -> Embeddings:
        if self._check_prompts is not None:
            self._check_prompts(texts)
        embeddings = self._encoder.encode_text(texts)
        norms = np.linalg.norm(embeddings, axis=1)
        usable = np.isfinite(norms) & (norms > 0)
        if not usable.all():
            raise PromptError(
                f'The encoder returned no usable embedding for "{texts[int(usable.argmin())]}".',
                fix="Try different wording.",
            )
        unit: Embeddings = (embeddings / norms[:, None]).astype(np.float32)
        for guard in self._guards:
            guard.prepare(unit)
        return unit
