"""Make prompts compare fairly: lower those that are near every drawing, or were trained on more.

Two things are subtracted from the similarity of a picture and a prompt; joint.py says how the
graphs do it:

- a share of the prompt's *pull*. Some prompts ("knife", "bat") are near every drawing. Pull is the
  mean cosine with the drawings of a bank that are nearest. Source: the mean over nearest neighbours
  is that of CSLS (Conneau et al. 2018, section 2.3), on the text's side alone.
- more of it, and the prompt's *familiarity*, in proportion to how much the picture looks *drawn by
  hand*. A prompt that names a category of people's drawings that was trained on has an advantage
  over all others when people draw, but not among printed pictures. Source: calibrated stacking
  (Chao et al. 2016, section 3.2).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from .roles import Linear

Array = NDArray[np.float32]
SHARE, SHARE_BY_HAND = 0.33, 0.45  # of the pull: always subtracted, and more from drawings by hand
NEAREST = 30  # drawings of the bank that count
PER_CATEGORY = 4  # drawings of a category in the bank
ADVANTAGE = 0.018  # cosine, of a category that was trained on
MOST_RAISED = 0.01  # cosine, of drawings by hand: a prompt far from all drawings gains no more
FAMILIAR, FAMILIAR_WIDTH = 0.75, 0.03  # cosine with its name at which half of it is subtracted
PENALTY = 0.05  # of the regression that tells drawings by hand from printed pictures


def choose_bank(names: Sequence[str], trained: Sequence[int]) -> list[int]:
    """Choose the drawings of the bank: the first few of every category.

    Args:
        names: The category of each drawing.
        trained: Numbers of the drawings that may be chosen.
    """
    taken: Counter[str] = Counter()
    chosen = []
    for number in trained:
        if taken[names[number]] < PER_CATEGORY:
            taken[names[number]] += 1
            chosen.append(number)
    return chosen


def pull(bank: Array, texts: Array) -> Array:
    """Return how near each text is to drawings in general, (T,).

    Args:
        bank: Unit-norm embeddings of drawings, (B, D).
        texts: Unit-norm embeddings of texts, (T, D).
    """
    nearest: Array = np.sort(texts @ bank.T, axis=1)[:, -NEAREST:].mean(1)
    return nearest


def familiarity(names: Array, texts: Array) -> Array:
    """Return how much each text names a category that was trained on, 0...1, (T,).

    Args:
        names: Unit-norm embeddings of the categories' names, (K, D).
        texts: Unit-norm embeddings of texts, (T, D).
    """
    nearest = (texts @ names.T).max(1)
    found: Array = 1 / (1 + np.exp(-(nearest - FAMILIAR) / FAMILIAR_WIDTH))
    return found


def fit_by_hand(drawn: Array, printed: Array, rounds: int = 30) -> Linear:
    """Tell drawings by people from printed pictures: logistic regression by Newton's method.

    Args:
        drawn: Unit-norm embeddings of people's drawings, (N, D).
        printed: Of printed pictures, (M, D).
        rounds: Of Newton's method.

    Returns:
        (D, 1) to the logarithm of the odds that somebody drew it.
    """
    x = np.concatenate([drawn, printed]).astype(np.float64)
    x = np.concatenate([x, np.ones((len(x), 1))], 1)
    y = np.repeat([1.0, 0.0], [len(drawn), len(printed)])
    penalty = np.full(x.shape[1], PENALTY)
    penalty[-1] = 0
    weight = np.zeros(x.shape[1])
    for _ in range(rounds):
        chance = 1 / (1 + np.exp(-x @ weight))
        slope = x.T @ (chance - y) + penalty * weight
        curve = (x * (chance * (1 - chance))[:, None]).T @ x + np.diag(penalty)
        weight -= np.linalg.solve(curve + 1e-9 * np.eye(len(curve)), slope)
    return Linear(weight[:-1, None].astype(np.float32), weight[-1:].astype(np.float32))
