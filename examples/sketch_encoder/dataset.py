"""Makes training batches afresh: every step draws, composes and films new pictures.

A batch is a function of (seed, step) alone, so that an interrupted training goes on where it was.
"""

# mypy: disable-error-code="no-any-return, misc, untyped-decorator"
# Torch and ONNX Runtime have no types: their classes and what they return are Any.

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.random import Generator
from numpy.typing import NDArray

from . import drawing, icon_sets, neutral, pages, webcam
from .drawing import Layer
from .pages import Handwriting, Image
from .pictures import Picture
from .render import Store

WRONG = 3  # explicit wrong captions of a sample
BY_HAND, FILMED = 0.55, 0.5  # how many samples are redrawn, and how many filmed, at the hardest


@dataclass(frozen=True, slots=True)
class Mix:
    """How many samples of each kind a batch has.

    ``pairs`` and ``stages`` count two samples each: two views of one drawing; a part of a drawing
    and the whole.
    """

    singles: int = 60
    pairs: int = 8
    stages: int = 8
    scenes: int = 28
    neutral: int = 8

    @property
    def total(self) -> int:
        """Samples in a batch."""
        return self.singles + 2 * (self.pairs + self.stages) + self.scenes + self.neutral


@dataclass(slots=True)
class Batch:
    """Samples in the order of :class:`Mix`'s fields; the two of a pair stand one after the other.

    ``images`` uint8 RGB (B, S, S, 3); ``captions`` int64 (B,); ``wrong`` int64 (B, 3), -1 for none;
    ``pictures`` int64 (B,), the picture a single shows, -1 else; ``parts`` float32 (B,), how much
    of it is drawn; ``kinds`` uint8 (B,): 0 a picture, 1 a scene, 2 neutral.
    """

    images: list[Image] = field(default_factory=list)
    captions: list[int] = field(default_factory=list)
    wrong: list[list[int]] = field(default_factory=list)
    pictures: list[int] = field(default_factory=list)
    parts: list[float] = field(default_factory=list)
    kinds: list[int] = field(default_factory=list)

    def add(
        self,
        image: Image,
        caption: int,
        wrong: Sequence[int] = (),
        picture: int = -1,
        part: float = 1.0,
        kind: int = 0,
    ) -> None:
        """Append one sample."""
        self.images.append(image)
        self.captions.append(caption)
        self.wrong.append([*wrong, *(-1,) * WRONG][:WRONG])
        self.pictures.append(picture)
        self.parts.append(part)
        self.kinds.append(kind)

    def tensors(self) -> dict[str, torch.Tensor]:
        """Stack everything."""
        return {
            "images": torch.from_numpy(np.stack(self.images)),
            "captions": torch.tensor(self.captions),
            "wrong": torch.tensor(self.wrong),
            "pictures": torch.tensor(self.pictures),
            "parts": torch.tensor(self.parts),
            "kinds": torch.tensor(self.kinds, dtype=torch.uint8),
        }


class Drawer:
    """Draws pictures of the store in random looks; shared by training and evaluation."""

    def __init__(self, store: Store, pictures: list[Picture]) -> None:
        self.store, self.pictures = store, pictures

    def layer(
        self, index: int, rng: Generator, by_hand: float = BY_HAND, chalk: bool = False
    ) -> Layer:
        """Draw one picture: by hand with that probability, else from its raster, altered."""
        picture = self.pictures[index]
        if chalk or rng.random() < by_hand:
            shapes = self.store.shapes(index)
            if shapes:
                return drawing.draw_by_hand(shapes, drawing.random_hand(rng, chalk))
        layer = drawing.recolour(np.asarray(self.store.raster[index]), rng, picture.one_colour)
        return drawing.warp(layer, rng, rng.uniform(0.5, 2.5)) if rng.random() < 0.3 else layer

    def page(self, layer: Layer, kind: str, rng: Generator) -> Image:
        """Put one drawing somewhere on a new page."""
        size = float(rng.uniform(0.42, 1.0))
        spare = max(0.0, 1 - size) / 2
        x, y = (0.5 + rng.uniform(-spare, spare) for _ in range(2))
        layer = layer[:, ::-1] if rng.random() < 0.5 else layer
        return pages.put(pages.empty_page(kind, rng), layer, (x, y, size), rng)


class Steps(torch.utils.data.Dataset[dict[str, torch.Tensor]]):
    """Training steps: item k is the whole batch of step k."""

    def __init__(
        self,
        store: Store,
        pictures: list[Picture],
        plan: dict[str, Any],
        fonts: list[Path],
        mix: Mix,
        size_at: Callable[[int], int],
        hardness_at: Callable[[int], float],
        seed: int,
    ) -> None:
        self.drawer = Drawer(store, pictures)
        self.mix, self.size_at, self.hardness_at, self.seed = mix, size_at, hardness_at, seed
        self.captions = {int(k): v for k, v in plan["of_picture"].items()}
        self.scenes, self.neutral = plan["scenes"], plan["neutral"]
        self.texts = plan["texts"]
        self.indices = np.array(sorted(self.captions))
        weights = np.array([icon_sets.WEIGHT[pictures[i].set] for i in self.indices])
        self.share = np.cumsum(weights / weights.sum())
        redrawable = np.diff(store.of_picture)[self.indices] > 2
        wanted = weights * redrawable
        self.redraw_share = np.cumsum(wanted / wanted.sum())
        self.handwriting = Handwriting(fonts)

    def __getitem__(self, step: int) -> dict[str, torch.Tensor]:
        """Make the batch of one step."""
        cv2.setNumThreads(1)
        rng = np.random.default_rng((self.seed, step % (1 << 32)))
        self.size, self.hardness = self.size_at(step), self.hardness_at(step)
        batch = Batch()
        for _ in range(self.mix.singles):
            index = self._pick(rng, self.share)
            batch.add(
                self._view(self._page(index, rng), rng), self._caption(index, rng), picture=index
            )
        for _ in range(self.mix.pairs):
            self._add_pair(batch, rng)
        for _ in range(self.mix.stages):
            self._add_stages(batch, rng)
        for _ in range(self.mix.scenes):
            self._add_scene(batch, rng)
        for k in range(self.mix.neutral):
            self._add_neutral(batch, k, rng)
        return batch.tensors()

    def any_text(self, rng: Generator) -> int:
        """Choose a caption for a page of handwriting, often a name alone."""
        text = int(rng.integers(len(self.texts)))
        return self.captions[self._pick(rng, self.share)][0] if rng.random() < 0.5 else text

    def any_page(self, rng: Generator) -> tuple[Image, int]:
        """Draw a picture on a page; returns it and its name's caption."""
        index = self._pick(rng, self.share)
        return self._page(index, rng), self.captions[index][0]

    def _pick(self, rng: Generator, share: NDArray[np.float64]) -> int:
        at = int(np.searchsorted(share, rng.random()))
        return int(self.indices[min(at, len(share) - 1)])

    def _caption(self, index: int, rng: Generator) -> int:
        """Choose a caption: mostly the plain name, else with an article, else any."""
        numbers, chance = self.captions[index], rng.random()
        return numbers[
            0 if chance < 0.6 else 1 if chance < 0.8 else int(rng.integers(len(numbers)))
        ]

    def _page(self, index: int, rng: Generator) -> Image:
        kind = pages.random_kind(rng) if rng.random() < self.hardness else "white"
        by_hand = BY_HAND * self.hardness
        layer = self.drawer.layer(index, rng, by_hand, chalk=kind == "blackboard")
        return self.drawer.page(layer, kind, rng)

    def _view(self, page: Image, rng: Generator) -> Image:
        if rng.random() > FILMED * self.hardness:
            return cv2.resize(page, (self.size, self.size), interpolation=cv2.INTER_AREA)
        return webcam.look(page, rng, self.size)

    def _add_pair(self, batch: Batch, rng: Generator) -> None:
        index = self._pick(rng, self.share)
        page, caption = self._page(index, rng), self._caption(index, rng)
        for _ in range(2):
            batch.add(self._view(page, rng), caption, picture=index)

    def _add_stages(self, batch: Batch, rng: Generator) -> None:
        index = self._pick(rng, self.redraw_share)
        hand, caption = drawing.random_hand(rng), self._caption(index, rng)
        shapes = self.drawer.store.shapes(index)
        paper = pages.empty_page(str(rng.choice(("white", "paper", "lined"))), rng)
        spot = (0.5, 0.5, rng.uniform(0.5, 0.95))
        seed = int(rng.integers(1 << 31))
        for part in (float(rng.uniform(0.12, 0.8)), 1.0):
            layer = drawing.draw_by_hand(shapes, hand, part)
            page = pages.put(paper, layer, spot, np.random.default_rng(seed))
            batch.add(self._view(page, rng), caption, picture=index, part=part)

    def _add_scene(self, batch: Batch, rng: Generator) -> None:
        scene = self.scenes[int(rng.integers(len(self.scenes)))]
        kind = pages.random_kind(rng)
        if kind == "blackboard" or rng.random() > self.hardness:
            kind = "white"
        by_hand = float(rng.random() < 0.5 * self.hardness)  # one look for all of a scene
        layers = [self.drawer.layer(i, rng, by_hand) for i in scene["pictures"]]
        page = pages.arrange(pages.empty_page(kind, rng), layers, scene["layout"], rng)
        batch.add(self._view(page, rng), scene["caption"], scene["wrong"], kind=1)

    def _add_neutral(self, batch: Batch, k: int, rng: Generator) -> None:
        kind = neutral.KINDS[k % len(neutral.KINDS)]
        text = self.any_text(rng)  # what a page of handwriting says
        frame = neutral.frame(kind, rng, self.size, self.handwriting, self.texts[text])
        caption = int(rng.choice(self.neutral[kind]))
        batch.add(frame, caption, [text] if kind == "handwriting" else (), kind=2)
