"""Make prompts compare fairly: lower those that are near every drawing, or were trained on more.

Some prompts ("knife", "bat") are near every drawing. They have a large *pull*, which is the mean
cosine of a prompt with the drawings of a bank that are nearest to it. From the similarity of a
picture and a prompt, joint.py subtracts a share of what the prompt's pull has above the ordinary
one. Source: the mean over nearest neighbours is that of CSLS (Conneau et al. 2018, section 2.3), on
the text's side alone.

More is subtracted in proportion to how much the picture looks *drawn by hand*. A category that
people's drawings were trained on has an advantage over all other prompts when people draw, but not
among printed pictures:

- A prompt loses that advantage as far as it is *familiar*, that is, near the name of such a
  category. Source: calibrated stacking (Chao et al. 2016, section 3.2).
- Any other prompt loses its *margin* over the margin of ordinary prompts. Margin is how far the
  prompt exceeds the best of the trained categories, as a mean over the drawings of the bank where
  it does so most. A prompt with a large margin would win many drawings of other things.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from .roles import Array, Linear

SHARE = 0.33  # of the pull
NEAREST = 30  # drawings of the bank that count
PER_CATEGORY = 4  # drawings of a category in the bank
ADVANTAGE = 0.045  # cosine, of a category that was trained on
MOST_RAISED = 0.01  # cosine, of drawings by hand: a prompt far from all drawings gains no more
FAMILIAR, FAMILIAR_WIDTH = 0.75, 0.03  # cosine with its name at which a prompt is half familiar
ORDINARY = 1000  # names whose median margin is the ordinary one
SEED = 20
PENALTY = 0.05  # of the regression that tells drawings by hand from printed pictures
# What its logarithm of the odds is multiplied by, and what is then subtracted from it, so that a
# printed picture that looks a little like a drawing by hand counts as printed.
STEEP, DOUBT = 2.0, 1.5


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


@dataclass(frozen=True, slots=True)
class Bank:
    """Drawings by people, and what ordinary prompts are to them.

    ``drawings``: unit-norm embeddings, (B, D). ``names``: of the names of the categories that were
    trained on, (K, D). ``pull`` and ``margin``: of ordinary prompts, which keep their similarities.
    """

    drawings: Array
    names: Array
    pull: float = 0.0
    margin: float = 0.0

    @property
    def best(self) -> Array:
        """The cosine of each drawing with the nearest of the names, (B,)."""
        found: Array = (self.drawings @ self.names.T).max(1)
        return found

    def pulls(self, texts: Array) -> Array:
        """Return how near each text (T, D) is to drawings in general, (T,)."""
        return _largest(texts @ self.drawings.T)

    def margins(self, texts: Array) -> Array:
        """Return how far each text (T, D) exceeds the names where it does so most, (T,)."""
        return _largest(texts @ self.drawings.T - self.best)


def measure(drawings: Array, names: Array, texts: Array, ordinary: Array) -> Bank:
    """Make a bank.

    Args:
        drawings: Unit-norm embeddings of drawings, (B, D).
        names: Of the categories that were trained on, (K, D).
        texts: Whose mean pull is the ordinary one, (T, D).
        ordinary: Of other names, whose median margin is the ordinary one, (O, D).
    """
    bank = Bank(drawings, names)
    return replace(
        bank,
        pull=float(bank.pulls(texts).mean()),
        margin=float(np.median(bank.margins(ordinary))),
    )


def _largest(rows: Array) -> Array:
    """Return the mean of the largest entries of each row."""
    found: Array = np.sort(rows, axis=1)[:, -NEAREST:].mean(1)
    return found


def fit_by_hand(drawn: Array, printed: Array, rounds: int = 30) -> Linear:
    """Tell drawings by people from printed pictures: logistic regression by Newton's method.

    Args:
        drawn: Unit-norm embeddings of people's drawings, (N, D).
        printed: Of printed pictures, (M, D).
        rounds: Of Newton's method.

    Returns:
        (D, 1) to the logarithm of the odds that somebody drew it, made steeper and lower.
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
    weight *= STEEP
    weight[-1] -= DOUBT
    return Linear(weight[:-1, None].astype(np.float32), weight[-1:].astype(np.float32))
