"""Tell who is where: "a cat riding a dog" from "a dog riding a cat".

Pooling forgets places, and sentence embeddings hardly change when two things swap places, so both
captions fit a picture equally. What tells them apart is linear in both towers. It is fitted here in
closed form, on scenes of training pictures:

- A picture's last map, its upper half less its lower half, shows what is above less what is below.
- A caption's embedding shows its first thing less its second one, and which of the two is above:
  the first in "on", "riding" and "above", the second in "under" and "in front of", neither in
  "and".

Both are expressed in the directions in which names differ most. joint.py says where they go.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import captions, pages
from .testsets import Frame, Stage

Array = NDArray[np.float32]
DIRECTIONS = 128
SCENES, SINGLES, SENTENCES = 4000, 800, 8000
LAYOUTS = ("ride", "hold", "eat", "under", "front")
LOWER = {"under", "front"}  # layouts whose first thing is below
FIRST_BELOW = {"{a} under {b}", "{a} below {b}", "{a} in front of {b}"}
PICTURE_RIDGE, TEXT_RIDGE, GATE_RIDGE = 1.0, 0.003, 0.01  # of the mean variance
GATE_GAIN = 1.3  # regression shrinks towards the mean
SEED = 31


@dataclass(frozen=True, slots=True)
class Linear:
    """``x @ weight + bias``."""

    weight: Array
    bias: Array

    def __call__(self, x: Array) -> Array:
        """Apply it to rows."""
        return x @ self.weight + self.bias


@dataclass(frozen=True, slots=True)
class Roles:
    """Maps to what is above less what is below, (N, :data:`DIRECTIONS`).

    ``picture`` takes the difference of a map's halves (N, 1280). ``text`` and ``gate`` take text
    embeddings (N, D): a text's roles are ``clip(gate, −1, 1) · text``.
    """

    picture: Linear
    text: Linear
    gate: Linear

    def of_texts(self, texts: Array) -> Array:
        """Return the roles of texts."""
        return np.clip(self.gate(texts), -1, 1) * self.text(texts)


@dataclass(frozen=True, slots=True)
class Scenes:
    """Training pictures to learn from: two in each scene, and single ones."""

    pairs: list[tuple[int, int]]
    layouts: list[str]
    singles: list[int]

    def frames(self, stage: Stage) -> Iterator[Frame]:
        """Show the scenes, then the single pictures."""
        raster = stage.drawer.store.raster
        for k, (pair, layout) in enumerate(zip(self.pairs, self.layouts, strict=True)):
            rng = np.random.default_rng((SEED, k))
            layers = [np.asarray(raster[i]) for i in pair]
            page = pages.arrange(pages.empty_page("white", rng), layers, layout, rng)
            yield stage.small(page)
        yield from stage.singles(self.singles, "clean", SEED)


def choose(pictures: Sequence[int]) -> Scenes:
    """Choose scenes and single pictures from the numbers of training pictures."""
    rng = random.Random(SEED)
    pairs = [(a, b) for a, b in (rng.sample(pictures, 2) for _ in range(SCENES))]
    return Scenes(pairs, rng.choices(LAYOUTS, k=SCENES), rng.sample(pictures, SINGLES))


def fit(
    scenes: Scenes, halves: Array, names: Sequence[str], embed: Callable[[list[str]], Array]
) -> Roles:
    """Fit the maps.

    Args:
        scenes: What the pictures show.
        halves: (scenes + singles, 1280), the upper half of each map less its lower half.
        names: Of every picture.
        embed: Embeds texts, unit-norm (N, D).
    """
    shown = sorted({names[i] for pair in scenes.pairs for i in pair})
    of_name = embed([captions.with_article(name) for name in shown])
    number = {name: k for k, name in enumerate(shown)}
    first, second = (of_name[[number[names[p[k]]] for p in scenes.pairs]] for k in (0, 1))
    above = np.array([-1.0 if layout in LOWER else 1.0 for layout in scenes.layouts], np.float32)
    texts, differences, signs = _sentences(shown, of_name, embed)
    basis = np.linalg.svd(differences, full_matrices=False)[2][:DIRECTIONS].T
    nothing = np.zeros((len(scenes.singles), basis.shape[1]), np.float32)
    shown_above = above[:, None] * (first - second) @ basis
    picture = _ridge(halves, np.concatenate([shown_above, nothing]), PICTURE_RIDGE)
    ordered = signs != 0
    nothing = np.zeros((len(of_name), basis.shape[1]), np.float32)
    text = _ridge(
        np.concatenate([texts[ordered], of_name]),
        np.concatenate([differences[ordered] @ basis, nothing]),
        TEXT_RIDGE,
    )
    asked = GATE_GAIN * np.concatenate([signs, np.zeros(len(of_name), np.float32)])[:, None]
    gate = _ridge(np.concatenate([texts, of_name]), asked, GATE_RIDGE)
    return Roles(picture, text, gate)


def _sentences(
    names: list[str], of_name: Array, embed: Callable[[list[str]], Array]
) -> tuple[Array, Array, Array]:
    """Write captions of two things.

    Returns:
        Their embeddings (N, D), the first thing's name less the second one's (N, D), and 1 where
        the first one is above, −1 where it is below, 0 where nothing says so (N,).
    """
    rng = random.Random(SEED)
    relations = sorted({text for texts in captions.RELATIONS.values() for text in texts})
    written, order, signs = [], [], []
    for _ in range(SENTENCES):
        a, b = rng.sample(range(len(names)), 2)
        relation = rng.choice(relations)
        written.append(captions.scene_caption(relation, names[a], names[b]))
        order.append((a, b) if relation.index("{a}") < relation.index("{b}") else (b, a))
        below = relation in FIRST_BELOW
        signs.append(0.0 if relation in captions.SYMMETRIC else -1.0 if below else 1.0)
    first, second = np.array(order).T
    return embed(written), of_name[first] - of_name[second], np.array(signs, np.float32)


def _ridge(x: NDArray[Any], y: NDArray[Any], strength: float) -> Linear:
    """Fit y from x by least squares with a penalty, in proportion to the mean variance."""
    x_mean, y_mean = x.mean(0, dtype=np.float64), y.mean(0, dtype=np.float64)
    centred = x - x_mean
    spread = centred.T @ centred
    spread += strength * np.trace(spread) / len(spread) * np.eye(len(spread))
    weight = np.linalg.solve(spread, centred.T @ (y - y_mean))
    return Linear(weight.astype(np.float32), (y_mean - x_mean @ weight).astype(np.float32))
