"""Make training batches: every step draws, composes and films new pictures.

A batch is a function of (seed, step) alone, so that an interrupted training can resume exactly.
"""

# mypy: disable-error-code="no-any-return, misc, untyped-decorator"
# Torch and ONNX Runtime have no types: their classes and what they return are Any.

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.random import Generator
from numpy.typing import NDArray

from . import drawing, hands, icon_sets, neutral, pages, people, webcam
from .drawing import Layer
from .hands import Habits
from .outlines import Shape
from .pages import Handwriting, Image
from .people import PeopleStore
from .pictures import Picture
from .render import Store

WRONG = 4  # explicit wrong captions of a sample
BY_HAND, FILMED = 0.55, 0.5  # how many samples are redrawn, and how many filmed, at the hardest
FROM_MEMORY = 0.5  # of the redrawn icons: how many are drawn as people draw, see hands.py
ICON_MATE = 0.35  # of the pairs of one category: how many show an icon beside a person's drawing


@dataclass(frozen=True, slots=True)
class Mix:
    """How many samples of each kind a batch has, in the order of the batch.

    ``pairs``, ``stages`` and ``mates`` count two samples each: two views of one drawing; a part of
    a drawing and the whole; two drawings of one category. The fields that begin with ``people``
    and ``mates`` need drawings by real people; ``memory`` counts icons that are always drawn as
    people draw from memory, see hands.py.
    """

    singles: int = 60
    pairs: int = 8
    stages: int = 8
    scenes: int = 28
    neutral: int = 8
    people: int = 0
    mates: int = 0
    people_stages: int = 0
    people_scenes: int = 0
    memory: int = 0

    @property
    def total(self) -> int:
        """Samples in a batch."""
        return sum(self._counts().values())

    def place(self, name: str) -> slice:
        """Return where a batch has the samples of one kind."""
        counts = self._counts()
        before = list(counts).index(name)
        start = sum(list(counts.values())[:before])
        return slice(start, start + counts[name])

    def _counts(self) -> dict[str, int]:
        twice = {"pairs", "stages", "mates", "people_stages"}
        return {
            entry.name: getattr(self, entry.name) * (2 if entry.name in twice else 1)
            for entry in fields(self)
        }


@dataclass(slots=True)
class Batch:
    """Samples in the order of :class:`Mix`'s fields; the two of a pair stand one after the other.

    ``images`` uint8 RGB (B, S, S, 3); ``captions`` int64 (B,); ``wrong`` int64 (B, 4), -1 for none;
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
    """Draw pictures of the store in random looks; shared by training and evaluation."""

    def __init__(
        self, store: Store | PeopleStore, pictures: list[Picture], habits: Habits | None = None
    ) -> None:
        self.store, self.pictures, self.habits = store, pictures, habits

    def layer(
        self,
        index: int,
        rng: Generator,
        by_hand: float = BY_HAND,
        chalk: bool = False,
        from_memory: float = FROM_MEMORY,
    ) -> Layer:
        """Draw one picture: by hand with that probability, else from its raster, altered.

        A person's drawing is always drawn by hand.
        """
        picture = self.pictures[index]
        if picture.set == people.SET or chalk or rng.random() < by_hand:
            shapes = self.redrawn(index, rng, from_memory)
            if shapes:
                return drawing.draw_by_hand(shapes, drawing.random_hand(rng, chalk))
        layer = drawing.recolour(np.asarray(self.store.raster[index]), rng, picture.one_colour)
        return drawing.warp(layer, rng, rng.uniform(0.5, 2.5)) if rng.random() < 0.3 else layer

    def redrawn(self, index: int, rng: Generator, from_memory: float = FROM_MEMORY) -> list[Shape]:
        """Return a picture's shapes as somebody might draw them this time.

        Where people's habits are known, a person's drawing varies, and that share of the icons is
        drawn as from memory.
        """
        shapes = self.store.shapes(index)
        if self.habits is None or not shapes:
            return shapes
        if self.pictures[index].set == people.SET:
            return hands.vary(shapes, rng, self.habits)
        if rng.random() < from_memory:
            return hands.redraw(shapes, rng, self.habits)
        return shapes

    def page(self, layer: Layer, kind: str, rng: Generator) -> Image:
        """Put one drawing somewhere on a new page."""
        size = float(rng.uniform(0.42, 1.0))
        spare = max(0.0, 1 - size) / 2
        x, y = (0.5 + rng.uniform(-spare, spare) for _ in range(2))
        layer = layer[:, ::-1] if rng.random() < 0.5 else layer
        return pages.put(pages.empty_page(kind, rng), layer, (x, y, size), rng)


class Mates:
    """The drawings of each category, to draw others of the same category from.

    Categories with many drawings come more often, but less than in proportion.
    """

    def __init__(self, drawings: Sequence[int], pictures: list[Picture]) -> None:
        self.of_name: dict[str, list[int]] = defaultdict(list)
        self.name_of = {i: pictures[i].name for i in drawings}
        for i in sorted(drawings):
            self.of_name[pictures[i].name].append(i)
        self.names = sorted(self.of_name)
        weights = np.sqrt([len(self.of_name[name]) for name in self.names])
        self.share = np.cumsum(weights / max(weights.sum(), 1e-9))
        self.icons: dict[str, list[int]] = {}

    def add_icons(self, icons: Sequence[int], pictures: list[Picture]) -> None:
        """Note the icons that have a category's name."""
        self.icons = defaultdict(list)
        for i in icons:
            if (name := pictures[i].name.lower()) in self.of_name:
                self.icons[name].append(i)

    def pick(self, rng: Generator) -> int:
        """Choose a drawing."""
        at = min(int(np.searchsorted(self.share, rng.random())), len(self.names) - 1)
        return int(rng.choice(self.of_name[self.names[at]]))

    def like(self, drawing: int, rng: Generator) -> int:
        """Choose a drawing of the same category."""
        return int(rng.choice(self.of_name[self.name_of[drawing]]))

    def another(self, drawing: int, rng: Generator) -> int:
        """Choose another drawing of the same category, or an icon of that name."""
        name = self.name_of[drawing]
        icons = self.icons.get(name, ())
        others = [i for i in self.of_name[name] if i != drawing] or [drawing]
        return int(rng.choice(icons if icons and rng.random() < ICON_MATE else others))


class Steps(torch.utils.data.Dataset[dict[str, torch.Tensor]]):
    """Training steps: item k is the whole batch of step k."""

    def __init__(
        self,
        store: Store | PeopleStore,
        pictures: list[Picture],
        plan: dict[str, Any],
        fonts: list[Path],
        mix: Mix,
        size_at: Callable[[int], int],
        hardness_at: Callable[[int], float],
        seed: int,
        habits: Habits | None = None,
    ) -> None:
        self.drawer = Drawer(store, pictures, habits)
        self.mix, self.size_at, self.hardness_at, self.seed = mix, size_at, hardness_at, seed
        self.captions = {int(k): v for k, v in plan["of_picture"].items()}
        self.scenes, self.neutral = plan["scenes"], plan["neutral"]
        self.people_scenes = plan.get("people_scenes", [])
        self.texts = plan["texts"]
        self.indices = np.array([i for i in sorted(self.captions) if pictures[i].set != people.SET])
        weights = np.array([icon_sets.WEIGHT[pictures[i].set] for i in self.indices])
        self.share = np.cumsum(weights / weights.sum())
        redrawable = store.shape_counts()[self.indices] > 2
        chances = weights * redrawable
        self.redraw_share = np.cumsum(chances / chances.sum())
        self.handwriting = Handwriting(fonts)
        self.mates = Mates([i for i in self.captions if pictures[i].set == people.SET], pictures)
        self.mates.add_icons(self.indices.tolist(), pictures)

    def __getitem__(self, step: int) -> dict[str, torch.Tensor]:
        """Make the batch of one step."""
        cv2.setNumThreads(1)
        rng = np.random.default_rng((self.seed, step % (1 << 32)))
        self.size, self.hardness = self.size_at(step), self.hardness_at(step)
        batch = Batch()
        for _ in range(self.mix.singles):
            self._add_single(batch, self._pick(rng, self.share), rng)
        for _ in range(self.mix.pairs):
            self._add_pair(batch, rng)
        for _ in range(self.mix.stages):
            self._add_stages(batch, self._pick(rng, self.redraw_share), rng)
        for _ in range(self.mix.scenes):
            self._add_scene(batch, self.scenes[int(rng.integers(len(self.scenes)))], rng)
        for k in range(self.mix.neutral):
            self._add_neutral(batch, k, rng)
        for _ in range(self.mix.people):
            self._add_single(batch, self.mates.pick(rng), rng)
        for _ in range(self.mix.mates):
            first = self.mates.pick(rng)
            self._add_single(batch, first, rng)
            self._add_single(batch, self.mates.another(first, rng), rng)
        for _ in range(self.mix.people_stages):
            self._add_stages(batch, self.mates.pick(rng), rng)
        for _ in range(self.mix.people_scenes):
            scene = self.people_scenes[int(rng.integers(len(self.people_scenes)))]
            shown = [self.mates.like(i, rng) for i in scene["pictures"]]
            self._add_scene(batch, scene | {"pictures": shown}, rng)
        for _ in range(self.mix.memory):
            self._add_single(batch, self._pick(rng, self.redraw_share), rng, from_memory=1.0)
        return batch.tensors()

    def any_text(self, rng: Generator) -> int:
        """Choose a caption for a page of handwriting, often only a name."""
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

    def _page(self, index: int, rng: Generator, from_memory: float = FROM_MEMORY) -> Image:
        kind = pages.random_kind(rng) if rng.random() < self.hardness else "white"
        by_hand = max(BY_HAND, from_memory) * self.hardness
        layer = self.drawer.layer(index, rng, by_hand, kind == "blackboard", from_memory)
        return self.drawer.page(layer, kind, rng)

    def _view(self, page: Image, rng: Generator) -> Image:
        if rng.random() > FILMED * self.hardness:
            return cv2.resize(page, (self.size, self.size), interpolation=cv2.INTER_AREA)
        return webcam.look(page, rng, self.size)

    def _add_single(
        self, batch: Batch, index: int, rng: Generator, from_memory: float = FROM_MEMORY
    ) -> None:
        view = self._view(self._page(index, rng, from_memory), rng)
        batch.add(view, self._caption(index, rng), picture=index)

    def _add_pair(self, batch: Batch, rng: Generator) -> None:
        index = self._pick(rng, self.share)
        page, caption = self._page(index, rng), self._caption(index, rng)
        for _ in range(2):
            batch.add(self._view(page, rng), caption, picture=index)

    def _add_stages(self, batch: Batch, index: int, rng: Generator) -> None:
        hand, caption = drawing.random_hand(rng), self._caption(index, rng)
        shapes = self.drawer.redrawn(index, rng)
        paper = pages.empty_page(str(rng.choice(("white", "paper", "lined"))), rng)
        spot = (0.5, 0.5, rng.uniform(0.5, 0.95))
        seed = int(rng.integers(1 << 31))
        for part in (float(rng.uniform(0.12, 0.8)), 1.0):
            layer = drawing.draw_by_hand(shapes, hand, part)
            page = pages.put(paper, layer, spot, np.random.default_rng(seed))
            batch.add(self._view(page, rng), caption, picture=index, part=part)

    def _add_scene(self, batch: Batch, scene: dict[str, Any], rng: Generator) -> None:
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
