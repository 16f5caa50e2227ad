"""Find the direction of handwriting, along which the handwriting guard measures.

It is Fisher's discriminant on embeddings of the finished tower, between pages of handwriting and
everything else that is filmed, drawings with a word on them and empty paper included. Handwriting
is a direction of an encoder's space, as Materzyńska et al. 2022 found for CLIP. It is learned from
pictures, because the text tower's embedding of the word points only roughly there.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from . import neutral, webcam
from .dataset import Steps
from .exported import ExportedTower
from .losses import NEUTRAL
from .network import DIM

PAGES, WORDED, EMPTY, BATCHES = 2000, 200, 120, 16
SHRINK = 0.1  # of the mean variance, added to every direction's
SEED = 29


def direction(tower: ExportedTower, steps: Steps, last: int) -> NDArray[np.float32]:
    """Return the unit-norm direction from other pictures to pages of handwriting, float32 (D,).

    The dimensions that joint.py adds are zero in it: they say nothing about writing.

    Args:
        tower: The exported towers.
        steps: Makes training samples, at their hardest from step ``last`` on.
        last: The first step that was not trained on.
    """
    rng = np.random.default_rng(SEED)
    batches = [steps[last + k] for k in range(BATCHES)]
    kept = [batch["images"][batch["kinds"] != NEUTRAL].numpy() for batch in batches]
    drawn = [tower.images(iter(frames)) for frames in kept]
    pages = tower.images(_pages(steps, rng))
    others = np.concatenate(
        [*drawn, tower.images(_worded(steps, rng)), tower.images(_empty(steps, rng))]
    )
    dims = pages.shape[1]
    others, pages = others[:, :DIM], pages[:, :DIM]
    spread = np.cov(others.T) + np.cov(pages.T)
    spread += SHRINK * np.trace(spread) / len(spread) * np.eye(len(spread))
    found = np.linalg.solve(spread, pages.mean(0) - others.mean(0)).astype(np.float32)
    found = np.pad(found, (0, dims - len(found)))
    # Rounded, so that sums in another order give the same file.
    unit: NDArray[np.float32] = (found / np.linalg.norm(found)).round(6)
    return unit


def _pages(steps: Steps, rng: Generator) -> Iterator[NDArray[np.uint8]]:
    for _ in range(PAGES):
        text = steps.any_text(rng)
        yield neutral.frame("handwriting", rng, steps.size, steps.handwriting, steps.texts[text])


def _empty(steps: Steps, rng: Generator) -> Iterator[NDArray[np.uint8]]:
    for kind in ("paper", "paper", "room", "face", "hand"):
        for _ in range(EMPTY):
            yield neutral.frame(kind, rng, steps.size, steps.handwriting)


def _worded(steps: Steps, rng: Generator) -> Iterator[NDArray[np.uint8]]:
    for _ in range(WORDED):
        page, caption = steps.any_page(rng)
        ink = rng.integers(0, 80, 3).tolist()
        page = steps.handwriting.write(page, steps.texts[caption], rng, ink)
        yield webcam.look(page, rng, steps.size)
