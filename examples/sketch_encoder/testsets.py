"""The pictures that figures are measured on, made with fixed seeds from held-out drawings."""

# mypy: disable-error-code="no-any-return"
# OpenCV and torch have no types: what they return is Any.

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from . import captions, drawing, icon_sets, neutral, pages, rooms, webcam
from .dataset import Drawer
from .drawing import Layer
from .pages import Handwriting
from .pictures import Picture, stem, words
from .splits import Splits, seen_labels, unseen_concepts

Frame = NDArray[np.uint8]
LOOKS = ("clean", "webcam", "redrawn")
DRAWABLE = ("animals", "food", "travel", "activities", "objects")
PARTS = (0.0, 0.25, 0.5, 0.75, 1.0)


class Tower(Protocol):
    """An encoder as measured here."""

    size: int

    def images(self, frames: Iterable[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """Embed RGB frames (size, size, 3): unit-norm (N, D)."""

    def texts(self, texts: list[str]) -> NDArray[np.float32]:
        """Embed texts: unit-norm (N, D)."""


@dataclass(frozen=True, slots=True)
class Retrieval:
    """Pictures (indices), one text a concept, and the number of each picture's text."""

    pictures: list[int]
    texts: list[str]
    right: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Composites:
    """Composed scenes: pictures, layout, the caption, and captions that are wrong.

    ``swapped`` names another thing in one place; ``turned`` has the two things change places, which
    is wrong where the caption's relation is ``ordered``: "a cat and a dog" says the same turned.
    """

    pictures: list[list[int]]
    layouts: list[str]
    texts: list[str]
    swapped: list[str]
    turned: list[str]
    ordered: list[bool]


def held_out(pictures: list[Picture]) -> dict[str, Retrieval]:
    """Return the three retrieval tests of the held-out pictures."""
    unseen = {label.lower() for label in unseen_concepts()}
    style = icon_sets.UNSEEN_STYLE
    new = _of_labels(pictures, "noto", unseen)
    return {
        "seen": _of_labels(pictures, style, seen_labels()),
        "unseen concept": new,
        "unseen concept and synonyms": _without_synonyms(pictures, new),
        "unseen style and concept": _of_labels(pictures, style, unseen),
    }


def not_drawn(sets: dict[str, Retrieval], drawn: set[str]) -> dict[str, Retrieval]:
    """Keep of the unseen concepts those that no trained drawing by people shows either.

    Args:
        sets: From :func:`held_out`.
        drawn: Names of the categories of people's drawings that are trained on.
    """
    stems = [frozenset(stem(word) for word in words(name)) for name in sorted(drawn)]

    def kept(test: Retrieval) -> Retrieval:
        shown = [
            any(name <= own or own <= name for name in stems)
            for own in (frozenset(stem(word) for word in words(text)) for text in test.texts)
        ]
        numbers = [k for k, right in enumerate(test.right) if not shown[right]]
        return Retrieval([test.pictures[k] for k in numbers], test.texts, test.right[numbers])

    return {
        f"{name}, not drawn by people": kept(test)
        for name, test in sets.items() if name in ("unseen concept", "unseen style and concept")
    }  # fmt: skip


def validation(pictures: list[Picture], splits: Splits) -> dict[str, Retrieval]:
    """Return the two retrieval tests of the validation pictures, for decisions while building."""
    labels = sorted({p.label for p in pictures if p.label and p.held_out is None})
    number = {label: k for k, label in enumerate(labels)}
    new = [i for i in splits.new_pictures if pictures[i].label in number]
    right = np.array([number[pictures[i].label or ""] for i in new])
    names = [pictures[i].name for i in splits.new_concepts]
    return {
        "new pictures": Retrieval(new, [label.lower() for label in labels], right),
        "new concepts": Retrieval(splits.new_concepts, names, np.arange(len(names))),
    }


def composites(pictures: list[Picture], indices: list[int], count: int, seed: int) -> Composites:
    """Compose scenes of two of the given pictures."""
    rng = random.Random(seed)
    groups: dict[str, list[int]] = {}
    for i in indices:
        groups.setdefault(pictures[i].group, []).append(i)
    found = Composites([], [], [], [], [], [])
    while len(found.texts) < count:
        a, b = rng.sample(indices, 2)
        layout = captions.layout_for(pictures[b], rng)
        relation = rng.choice(captions.RELATIONS[layout])
        name = [pictures[i].name.lower() for i in (a, b)]
        text = captions.scene_caption(relation, *name)
        turned = captions.scene_caption(relation, *reversed(name))
        which = rng.randrange(2)
        name[which] = pictures[rng.choice(groups[pictures[(a, b)[which]].group])].name.lower()
        other = captions.scene_caption(relation, *name)
        if text == other or text in found.texts:
            continue
        found.pictures.append([a, b])
        found.layouts.append(layout)
        found.texts.append(text)
        found.swapped.append(other)
        found.turned.append(turned)
        found.ordered.append(relation not in captions.SYMMETRIC)
    return found


class Stage:
    """Make the frames."""

    def __init__(self, drawer: Drawer, handwriting: Handwriting, size: int) -> None:
        self.drawer, self.handwriting, self.size = drawer, handwriting, size

    def singles(self, indices: list[int], look: str, seed: int) -> Iterator[Frame]:
        """Show each picture alone: clean on white, by webcam, or redrawn by hand and by webcam."""
        for i in indices:
            rng = np.random.default_rng((seed, i))
            if look == "clean":
                yield self.small(self._centred(self.drawer.store.raster[i], "white", rng))
                continue
            layer = self._redrawn(i, rng) if look == "redrawn" else self.drawer.store.raster[i]
            kind = str(rng.choice(("white", "paper", "lined", "card", "whiteboard")))
            page = self.drawer.page(np.asarray(layer), kind, rng)
            yield self._filmed(page, rng)

    def scenes(self, scenes: Composites, look: str, seed: int) -> Iterator[Frame]:
        """Show composed scenes, clean or by webcam."""
        for k, (members, layout) in enumerate(zip(scenes.pictures, scenes.layouts, strict=True)):
            rng = np.random.default_rng((seed, k))
            layers = [np.asarray(self.drawer.store.raster[i]) for i in members]
            kind = "white" if look == "clean" else "paper"
            page = pages.arrange(pages.empty_page(kind, rng), layers, layout, rng)
            yield self.small(page) if look == "clean" else self._filmed(page, rng)

    def neutrals(
        self, kind: str, count: int, seed: int, texts: Sequence[str] = ()
    ) -> Iterator[Frame]:
        """Show nothing drawn; page k of handwriting says text k."""
        for k in range(count):
            rng = np.random.default_rng((seed, k))
            text = texts[k] if texts else ""
            yield neutral.frame(kind, rng, self.size, self.handwriting, text, rooms.MEASURED)

    def stages(self, index: int, views: int, seed: int) -> Iterator[Frame]:
        """Show a drawing's growing stages, ``views`` webcam views of each, stage by stage."""
        rng = np.random.default_rng((seed, index))
        hand = drawing.random_hand(rng, colouring="none")
        for part in PARTS:
            layer = drawing.draw_by_hand(self.drawer.store.shapes(index), hand, part)
            for view in range(views):  # the same views at every stage
                yield self._view(layer, np.random.default_rng((seed, index, view)))

    def views(self, index: int, count: int, seed: int) -> Iterator[Frame]:
        """Show one drawing, the same page, in many webcam views."""
        rng = np.random.default_rng((seed, index))
        page = self._centred(self._redrawn(index, rng), "paper", rng)
        for view in range(count):
            yield self._filmed(page, np.random.default_rng((seed, index, view)))

    def _view(self, layer: Layer, rng: Generator) -> Frame:
        return self._filmed(self._centred(layer, "paper", rng), rng)

    def _filmed(self, page: Frame, rng: Generator) -> Frame:
        return webcam.look(page, rng, self.size, rooms=rooms.MEASURED)

    def _redrawn(self, index: int, rng: Generator) -> Layer:
        shapes = self.drawer.store.shapes(index)
        if not shapes:
            return np.asarray(self.drawer.store.raster[index])
        return drawing.draw_by_hand(shapes, drawing.random_hand(rng, colouring="none"))

    def _centred(self, layer: Layer, kind: str, rng: Generator) -> Frame:
        page = pages.empty_page(kind, rng)
        return pages.put(page, np.asarray(layer), (0.5, 0.5, 0.8), rng, loose=0)

    def small(self, page: Frame) -> Frame:
        """Shrink a page to the frames' size."""
        return cv2.resize(page, (self.size, self.size), interpolation=cv2.INTER_AREA)


def _without_synonyms(pictures: list[Picture], test: Retrieval) -> Retrieval:
    """Keep the concepts that no trained picture shows under another name ("car": automobile).

    Names are compared with the concept's tags and with its words of two letters and more.
    """
    trained = {
        frozenset(stem(word) for word in words(p.name))
        for p in pictures
        if p.held_out is None and p.set != icon_sets.UNSEEN_STYLE
    }
    tags: dict[str, set[str]] = {}
    for picture in pictures:
        if picture.set == icon_sets.UNSEEN_STYLE and picture.label:  # whose tags are all kept
            tags[picture.label.lower()] = set(picture.tags)

    def alone(text: str) -> bool:
        other = [*tags.get(text, ()), " ".join(part for part in words(text) if len(part) > 1)]
        return not any(frozenset(stem(word) for word in words(name)) in trained for name in other)

    kept = [k for k, text in enumerate(test.texts) if alone(text)]
    return Retrieval([test.pictures[k] for k in kept], test.texts, np.array(kept))


def _of_labels(pictures: list[Picture], style: str, labels: set[str]) -> Retrieval:
    found = [
        i
        for i, p in enumerate(pictures)
        if p.set == style and p.label and p.label.lower() in labels
    ]
    texts = [(pictures[i].label or "").lower() for i in found]
    return Retrieval(found, texts, np.arange(len(found)))
