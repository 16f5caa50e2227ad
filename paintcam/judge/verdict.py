"""The judge's verdict on a frame, and the one place where similarity becomes score."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from paintcam.encoders.base import ScoreRange
from paintcam.judge.guard import Finding

__all__ = ["Verdict", "flags_of", "score_of", "shares_of"]

NOTICEABLE = 3
"""Points that a penalty must cost before the picture mentions it."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The judge's verdict on one frame.

    Attributes:
        frame: Index of the frame.
        time_s: The frame's position in seconds.
        captured_at: Monotonic clock, seconds, when the frame was received.
        similarity: Cosine of picture and prompt, −1…1, before any guard.
        score: 0…100, the number shown.
        flags: What the guards did, as labels on the picture ("handwriting detected: −18").
        blocked: The picture must not be shown: its score is 0 and it is pixelated.
        region: Corners of what was judged, float32 (4, 2) in pixels of the frame (x, y), clockwise
            from the top left; None for the encoder's own crop of the whole frame.
        labels: With labels instead of a prompt: label → probability, summing to 1. Similarity and
            score are then those of the most probable label.
        embedding: Of what was judged, unit-norm float32 (D,).
        counts: Whether a maximum may rise by it. False while a sheet that just appeared is not
            confirmed: the score is shown, but does not count.
        held: What was shown since the verdict before: scores of the pictures that the frames look
            like, and their shares of that time. Empty where that is not known.

    Example:
        >>> from paintcam import Verdict
        >>> verdict = Verdict(frame=0, time_s=0.0, captured_at=0.0, similarity=0.28, score=50.0)
        >>> verdict.blocked
        False
    """

    frame: int
    time_s: float
    captured_at: float
    similarity: float
    score: float
    flags: tuple[str, ...] = ()
    blocked: bool = False
    region: npt.NDArray[np.float32] | None = field(default=None, compare=False)
    labels: Mapping[str, float] | None = None
    embedding: npt.NDArray[np.float32] | None = field(default=None, compare=False, repr=False)
    counts: bool = True
    held: tuple[tuple[float, float], ...] = ()


def score_of(similarity: float, low: float, high: float) -> float:
    """Rescale a similarity to the score that is shown.

    The only place where similarity becomes score. CLIP's similarities are conservative: over
    20,000 drawings on paint.wtf they lay between 0.08 and 0.48.

    Args:
        similarity: Cosine, −1…1, finite.
        low: The similarity that scores 0.
        high: The similarity that scores 100.

    Returns:
        0…100.

    Example:
        >>> from paintcam import score_of
        >>> round(score_of(0.28, low=0.08, high=0.48))
        50
    """
    return 100.0 * max(0.0, min(1.0, (similarity - low) / (high - low)))


def shares_of(
    labels: Sequence[str], similarities: npt.NDArray[np.float64], logit_scale: float
) -> dict[str, float]:
    """Turn similarities with labels into probabilities.

    Args:
        labels: L labels.
        similarities: Cosines, float64 (L,).
        logit_scale: Factor of the cosines before the softmax.

    Returns:
        Label → probability, summing to 1.

    Source: Radford et al. 2021, section 3.1.2: softmax of the cosines over the temperature.
    """
    logits = logit_scale * similarities
    weights = np.exp(logits - logits.max())
    shares = weights / weights.sum()
    return dict(zip(labels, (float(share) for share in shares), strict=True))


def flags_of(
    findings: Sequence[Finding], similarity: float, score_range: ScoreRange
) -> tuple[str, ...]:
    """Return what guards did, as labels on the picture.

    Args:
        findings: Of all guards, on one frame.
        similarity: Of that frame, −1…1, before any guard.
        score_range: Similarities that become 0 and 100.
    """
    flags = []
    for finding in findings:
        without = score_of(similarity, *score_range)
        lost = without - score_of(similarity - finding.penalty, *score_range)
        if finding.blocked:
            flags.append(finding.words)
        elif round(lost) >= NOTICEABLE:
            flags.append(f"{finding.words}: −{lost:.0f}")
    return tuple(flags)
