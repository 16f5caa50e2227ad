"""Compute figures from similarities; they need no pictures, so each can be checked by hand."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Similarities = NDArray[np.float32]
NOTHING = 57  # the percentile of wrong pairs that scores 0
GOOD, GOOD_SCORE = 90, 80.0  # the percentile of right pairs that scores so much


def recall(similarities: Similarities, right: NDArray[np.int64], at: int) -> float:
    """Percent of rows whose right column is among the ``at`` most similar.

    Args:
        similarities: (pictures, texts).
        right: (pictures,) the column of each picture's own text.
        at: How many guesses count.
    """
    own = similarities[np.arange(len(right)), right]
    better = (similarities > own[:, None]).sum(1)
    return 100 * float((better < at).mean())


def area_under_curve(matching: Similarities, other: Similarities) -> float:
    """Probability that a matching pair is more similar than another pair (ROC AUC)."""
    ordered = np.sort(other, axis=None)
    low, high = (np.searchsorted(ordered, matching, side) for side in ("left", "right"))
    return float((low + high).mean() / (2 * ordered.size))


def best_of(similarities: Similarities, others: int, seed: int) -> float:
    """Percent of pictures (rows) that prefer their own text (the diagonal) to random others."""
    rng = np.random.default_rng(seed)
    count = len(similarities)
    won = []
    for row in range(count):
        wrong = rng.choice(np.delete(np.arange(count), row), others, replace=False)
        won.append(similarities[row, row] > similarities[row, wrong].max())
    return 100 * float(np.mean(won))


def best_among(
    similarities: Similarities, right: NDArray[np.int64], others: int, seed: int
) -> float:
    """Percent of pictures (rows) that prefer their own text to random other texts.

    Args:
        similarities: (pictures, texts).
        right: (pictures,) the column of each picture's own text.
        others: How many other texts to compare with.
        seed: Of their choice.
    """
    rng = np.random.default_rng(seed)
    columns = np.arange(similarities.shape[1])
    won = []
    for row, own in zip(similarities, right, strict=True):
        wrong = rng.choice(np.delete(columns, own), others, replace=False)
        won.append(row[own] > row[wrong].max())
    return 100 * float(np.mean(won))


def share_of_commonest(wrong: NDArray[np.int64], count: int, seed: int) -> tuple[float, float]:
    """Percent of wrong answers that the commonest ones take: found on all, and found on a half.

    With few answers, chance alone makes some common: of 330 even ones among 305 prompts, the ten
    commonest take 12 %. Those of one half are therefore also counted in the other half, which has
    no such bias.

    Args:
        wrong: (N,) what was answered.
        count: How many of the commonest.
        seed: Of 200 random halves.
    """
    if not len(wrong):
        return 0.0, 0.0
    most = np.sort(np.bincount(wrong))[::-1][:count].sum()
    rng = np.random.default_rng(seed)
    shares = []
    for _ in range(200):
        one, other = np.array_split(rng.permutation(wrong), 2)
        often = np.bincount(one, minlength=int(wrong.max()) + 1) + 0.5 * rng.random(wrong.max() + 1)
        shares.append(np.isin(other, np.argsort(often)[-count:]).mean())
    return 100 * float(most / len(wrong)), 100 * float(np.mean(shares))


def similarity_range(right: Similarities, wrong: Similarities) -> tuple[float, float]:
    """Choose the similarities that score 0 and 100, from people's drawings.

    57 of 100 wrong prompts score 0, and a drawing better than nine of ten scores 80.

    Args:
        right: Of drawings with their own prompt.
        wrong: Of drawings with other prompts.
    """
    low, good = float(np.percentile(wrong, NOTHING)), float(np.percentile(right, GOOD))
    return low, low + (good - low) * 100 / GOOD_SCORE


def score(similarities: Similarities, low: float, high: float) -> Similarities:
    """Similarity to 0...100, as the judge does."""
    return 100 * np.clip((similarities - low) / (high - low), 0, 1)


def stages(similarities: Similarities) -> tuple[float, bool]:
    """Judge drawings at growing stages, the first blank and the last finished.

    Args:
        similarities: (drawings, stages), each the mean over some views.

    Returns:
        Percent of drawings whose middle stage lies between blank and finished, and whether the
        mean over all drawings grows at every stage.
    """
    blank, middle, whole = (similarities[:, k] for k in (0, similarities.shape[1] // 2, -1))
    between = (blank <= middle) & (middle <= whole)
    return 100 * float(between.mean()), bool((np.diff(similarities.mean(0)) > 0).all())
