"""Measure an encoder on drawings that people made: held-out ones, and categories never trained on.

Names are searched among those of all categories of the file. Prompts are "a …", as people type
them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from . import drawing, measures, pages, people, rooms, testsets, webcam
from .captions import with_article
from .measures import Similarities
from .outlines import Shape
from .pictures import Picture
from .quickdraw import Drawing
from .testsets import Frame, Stage, Tower

SEED = 2025
PEN = drawing.Hand(ink=(20, 20, 20), thickness=2, wobble=0.0)
CAREFUL = drawing.Hand(ink=(20, 20, 20), thickness=2, wobble=0.5)
PARTS = (0.25, 0.5, 0.75, 1.0)
AT_LEAST = 4  # strokes of a drawing whose growth is measured
TOLERANCE = 3.0  # points that a score may fall while a drawing grows
OTHERS = 19
PRINTED = 30
LOOKS = ("clean", "filmed")


class PeopleFigures:
    """Figures of one encoder on people's drawings."""

    def __init__(self, tower: Tower, stage: Stage, drawings: Sequence[Drawing]) -> None:
        self.tower, self.stage = tower, stage
        split = people.split(drawings, people.unseen_categories())
        self.drawings = {"trained": split.held_out, "unseen": split.unseen}
        self.store = people.PeopleStore(None, drawings)
        self.names = sorted({people.spoken(entry.name) for entry in drawings})
        number = {name: k for k, name in enumerate(self.names)}
        self.right = np.array([number[people.spoken(entry.name)] for entry in drawings])
        self.texts = tower.texts([with_article(name) for name in self.names])
        self._found: dict[tuple[str, str], Similarities] = {}

    def similarities(self, group: str, look: str) -> Similarities:
        """Return (drawings, names) of a group ("trained" or "unseen") in a look."""
        if (group, look) not in self._found:
            frames = (self.frame(k, look) for k in self.drawings[group])
            self._found[group, look] = self.tower.images(frames) @ self.texts.T
        return self._found[group, look]

    def pairs(self, look: str = "clean") -> tuple[Similarities, Similarities]:
        """Return the similarities of right and of wrong pairs, of trained categories."""
        found, right = self.similarities("trained", look), self.right[self.drawings["trained"]]
        own = np.zeros(found.shape, bool)
        own[np.arange(len(right)), right] = True
        return found[own], found[~own]

    def ranks(self) -> dict[str, float]:
        """Find each drawing's category among all names."""
        figures: dict[str, float] = {}
        for group, numbers in self.drawings.items():
            right = self.right[numbers]
            for look in LOOKS:
                found, name = self.similarities(group, look), f"people, {group} categories, {look}"
                for at in (1, 5):
                    figures[f"{name}, R@{at} of {len(self.names)}"] = measures.recall(
                        found, right, at
                    )
                figures[f"{name}, best of 20"] = measures.best_among(found, right, OTHERS, SEED)
        of_all, of_half = measures.share_of_commonest(self._wrong_firsts(), 10, SEED)
        figures["people, ten commonest wrong firsts"] = of_all
        figures["people, ten commonest wrong firsts of a half, in the other half"] = of_half
        return figures

    def scores(self, low: float, high: float) -> dict[str, float]:
        """Score right and wrong prompts, clean and filmed, with the encoder's range."""
        figures: dict[str, float] = {}
        for look in LOOKS:
            right, wrong = (measures.score(part, low, high) for part in self.pairs(look))
            figures |= {
                f"people, {look}, right prompt scores under 5": 100 * float((right < 5).mean()),
                f"people, {look}, right prompt, mean": float(right.mean()),
                f"people, {look}, right prompt, 90th percentile": float(np.percentile(right, 90)),
                f"people, {look}, wrong prompt, mean": float(wrong.mean()),
                f"people, {look}, wrong prompt scores under 20": 100 * float((wrong < 20).mean()),
            }
        return figures

    def growth(self, low: float, high: float) -> dict[str, float]:
        """Score drawings after 25, 50, 75 and 100 % of their strokes."""
        numbers = [
            k for k in self.drawings["trained"] if len(self.store.drawings[k].strokes) >= AT_LEAST
        ]
        frames = (
            self._page(self.store.shapes(k)[: round(part * len(self.store.drawings[k].strokes))])
            for k in numbers for part in PARTS
        )  # fmt: skip
        embedded = self.tower.images(frames).reshape(len(numbers), len(PARTS), -1)
        own = np.einsum("dpx,dx->dp", embedded, self.texts[self.right[numbers]])
        scores = measures.score(own, low, high)
        rising = (np.diff(scores, axis=1) >= -TOLERANCE).all(1)
        figures = {
            "people, scores rise with their strokes": 100 * float(rising.mean()),
            "people, mean score rises with the strokes": float((np.diff(scores.mean(0)) > 0).all()),
        }
        for part, value in zip(PARTS, scores.mean(0), strict=True):
            figures[f"people, mean score at {part:.0%} of the strokes"] = float(value)
        return figures

    def printed(self, listed: Sequence[Picture], low: float, high: float) -> dict[str, float]:
        """Compare a printed emoji's score with that of the same outlines drawn with a pen."""
        trained = testsets.held_out(list(listed))["seen"]
        known = set(self.names)
        chosen = [
            i for i in trained.pictures
            if (listed[i].name.lower() in known) and self.stage.drawer.store.shapes(i)
        ]  # fmt: skip
        chosen = np.random.default_rng(SEED).permutation(chosen)[:PRINTED].tolist()
        texts = self.tower.texts([with_article(listed[i].name.lower()) for i in chosen])
        store = self.stage.drawer.store
        printed = self.tower.images(self.stage.singles(chosen, "clean", SEED))
        drawn = self.tower.images(
            self._laid(drawing.draw_by_hand(store.shapes(i), CAREFUL)) for i in chosen
        )
        scores = [measures.score((part * texts).sum(1), low, high) for part in (printed, drawn)]
        return {
            "printed emoji, mean score": float(scores[0].mean()),
            "printed emoji minus a careful drawing": float((scores[0] - scores[1]).mean()),
        }

    def frame(self, number: int, look: str) -> Frame:
        """Show one drawing: black on white, or filmed, with its sheet found and straightened."""
        if look == "clean":
            return self._page(self.store.shapes(number))
        rng = np.random.default_rng((SEED, number))
        kind = str(rng.choice(("white", "paper", "lined", "card", "whiteboard")))
        layer = drawing.draw_by_hand(self.store.shapes(number), PEN)
        page = pages.put(pages.empty_page(kind, rng), layer, (0.5, 0.5, 0.8), rng)
        return webcam.look(page, rng, self.tower.size, held=False, rooms=rooms.MEASURED)

    def _page(self, shapes: list[Shape]) -> Frame:
        return self._laid(drawing.draw_by_hand(shapes, PEN))

    def _laid(self, layer: drawing.Layer) -> Frame:
        rng = np.random.default_rng(SEED)
        page = pages.put(pages.empty_page("white", rng), layer, (0.5, 0.5, 0.8), rng, loose=0)
        frame: Frame = cv2.resize(page, (self.tower.size,) * 2, interpolation=cv2.INTER_AREA)
        return frame

    def _wrong_firsts(self) -> NDArray[np.int64]:
        first = self.similarities("trained", "clean").argmax(1)
        wrong: NDArray[np.int64] = first[first != self.right[self.drawings["trained"]]]
        return wrong


def clip_art(tower: Tower, stage: Stage, listed: Sequence[Picture], trained: set[int],
             ) -> dict[str, float]:  # fmt: skip
    """Find clip art that no training split has among the names of all such clip art."""
    first: dict[str, int] = {}
    for i, picture in enumerate(listed):
        if picture.set == "openclipart" and i not in trained:
            first.setdefault(picture.name.lower(), i)
    if not first:
        return {}
    frames: Iterator[Frame] = stage.singles(list(first.values()), "clean", SEED)
    found = tower.images(frames) @ tower.texts(list(first)).T
    right = np.arange(len(first))
    return {
        f"clip art in no training split, R@{at} of {len(first)}": measures.recall(found, right, at)
        for at in (1, 5)
    }
