"""Measure an exported encoder, print a table and write the figures as JSON.

Run ``python -m examples.sketch_encoder.evaluate --work WORK --model paintcam/assets/sketch``.
"""

# mypy: disable-error-code="no-any-return"
# OpenCV and torch have no types: what they return is Any.

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterable
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from . import fetch, measures, people, pictures, quickdraw, splits, testsets
from .dataset import Drawer
from .pages import Handwriting
from .people_figures import LOOKS, PeopleFigures, clip_art
from .quickdraw import Drawing
from .render import Store
from .testsets import DRAWABLE, Retrieval, Stage, Tower

SEED = 2024
Figures = dict[str, float]


class Evaluation:
    """Measure one encoder on held-out pictures and on held-out drawings by real people."""

    def __init__(
        self,
        tower: Tower,
        stage: Stage,
        listed: list[pictures.Picture],
        drawings: list[Drawing],
    ) -> None:
        self.tower, self.stage, self.listed = tower, stage, listed
        self.sets = testsets.held_out(listed)
        self.sets |= testsets.not_drawn(self.sets, people.trained_names(drawings))
        self.by_people = PeopleFigures(tower, stage, drawings)
        self.figures: Figures = {}
        self.low, self.high = 0.0, 1.0
        self._known: dict[tuple[str, ...], NDArray[np.float32]] = {}

    def everything(self) -> Figures:
        """Run all measures; the range first, because scores need it."""
        steps: list[Callable[[], None]] = [
            self.range,
            self.people,
            self.clip_art,
            self.retrieval,
            self.composed,
            self.neutral,
            self.handwriting,
            self.unfinished,
            self.stability,
        ]
        for step in steps:
            began = time.monotonic()
            step()
            print(f"measured {step.__name__}, {time.monotonic() - began:.0f} s", flush=True)
        return self.figures

    def range(self) -> None:
        """Set the similarity range on people's drawings, and measure those of held-out pictures."""
        right, wrong = (
            np.concatenate(parts)
            for parts in zip(*(self.by_people.pairs(look) for look in LOOKS), strict=True)
        )
        self.low, self.high = measures.similarity_range(right, wrong)
        self.figures |= {"range low": self.low, "range high": self.high}
        pairs = (self._webcam_singles(), self._scenes("seen", "webcam")[0])
        self.matching = np.concatenate([similarities.diagonal() for similarities in pairs])
        for percent in (5, 25, 50, 75, 95):
            self.figures[f"matching similarity, percentile {percent}"] = float(
                np.percentile(self.matching, percent)
            )
            self.figures[f"people, right similarity, percentile {percent}"] = float(
                np.percentile(right, percent)
            )

    def people(self) -> None:
        """Find and score people's drawings."""
        self.figures |= self.by_people.ranks()
        self.figures |= self.by_people.scores(self.low, self.high)
        self.figures |= self.by_people.growth(self.low, self.high)
        self.figures |= self.by_people.printed(self.listed, self.low, self.high)

    def clip_art(self) -> None:
        """Find clip art that no training split has."""
        trained = set(splits.split(self.listed).trained)
        self.figures |= clip_art(self.tower, self.stage, self.listed, trained)

    def retrieval(self) -> None:
        """Find each picture's concept among all concepts of its test."""
        for name, test in self.sets.items():
            for look in testsets.LOOKS:
                similarities = self._similarities(test, look)
                for at in (1, 5):
                    key = f"{name}, {look}, R@{at} of {len(test.texts)}"
                    self.figures[key] = measures.recall(similarities, test.right, at)

    def composed(self) -> None:
        """Compare a composed scene's caption with others and with one where a thing is replaced."""
        for concepts in ("seen", "unseen"):
            for look in ("clean", "webcam"):
                similarities, wrong, ordered = self._scenes(concepts, look)
                own = np.eye(len(similarities), dtype=bool)
                name = f"composites, {concepts}, {look}"
                matching, other = similarities[own], similarities[~own]
                self.figures |= {
                    f"{name}, AUC": measures.area_under_curve(matching, other),
                    f"{name}, best of 21": measures.best_of(similarities, 20, SEED),
                    f"{name}, one swapped": 100 * float((matching > wrong[0]).mean()),
                    f"{name}, places changed": 100 * float((matching > wrong[1]).mean()),
                    f"{name}, places changed, of those it matters to": 100
                    * float((matching > wrong[1])[ordered].mean()),
                }

    def neutral(self) -> None:
        """Score frames that show no drawing over 200 prompts."""
        prompts = self._prompts()
        texts = self.tower.texts(prompts)
        every = []
        for k, kind in enumerate(("paper", "room", "face", "hand")):
            frames = self.stage.neutrals(kind, 50, SEED + k)
            scores = measures.score(self.tower.images(frames) @ texts.T, self.low, self.high)
            every.append(scores)
            self.figures[f"{kind}, score at most 10"] = 100 * float((scores <= 10).mean())
        self.figures["neutral, score at most 10"] = 100 * float((np.stack(every) <= 10).mean())

    def handwriting(self) -> None:
        """Write a prompt on a page and compare with the median honest drawing."""
        prompts = self._prompts()
        frames = self.stage.neutrals("handwriting", len(prompts), SEED + 9, prompts)
        own = (self.tower.images(frames) * self.tower.texts(prompts)).sum(1)
        honest = float(np.median(self.matching))
        self.figures["handwriting below the median honest drawing"] = 100 * float(
            (own < honest).mean()
        )

    def unfinished(self, drawings: int = 120, views: int = 4) -> None:
        """Show drawings as they grow."""
        chosen = self._redrawable(drawings)
        frames = (f for i in chosen for f in self.stage.stages(i, views, SEED))
        embedded = self.tower.images(frames).reshape(len(chosen), len(testsets.PARTS), views, -1)
        texts = self.tower.texts([self.listed[i].name.lower() for i in chosen])
        similarities = np.einsum("dpvx,dx->dpv", embedded, texts).mean(2)
        share, monotone = measures.stages(similarities)
        self.figures["half-finished between blank and finished"] = share
        self.figures["mean grows over five stages"] = float(monotone)
        scores = measures.score(similarities, self.low, self.high).mean(0)
        for part, value in zip(testsets.PARTS, scores, strict=True):
            self.figures[f"mean score at {part:.0%}"] = float(value)

    def stability(self, drawings: int = 24, views: int = 100) -> None:
        """Show the same drawing in many views."""
        chosen = self._redrawable(drawings)
        frames = (f for i in chosen for f in self.stage.views(i, views, SEED))
        embedded = self.tower.images(frames).reshape(len(chosen), views, -1)
        texts = self.tower.texts([self.listed[i].name.lower() for i in chosen])
        similarities = np.einsum("dvx,dx->dv", embedded, texts)
        scores = measures.score(similarities, self.low, self.high)
        spread = scores.std(1)
        name = "score over 100 views, mean standard deviation"
        self.figures[name] = float(spread.mean())
        # a drawing that always scores 0 is steady without merit
        self.figures[f"{name} where the mean is 10 or more"] = float(
            spread[scores.mean(1) >= 10].mean()
        )
        self.figures["score over 100 views, drawings at most 8"] = 100 * float((spread <= 8).mean())

    def _similarities(self, test: Retrieval, look: str) -> NDArray[np.float32]:
        frames = self.stage.singles(test.pictures, look, SEED)
        return self.tower.images(frames) @ self._texts(tuple(test.texts)).T

    def _texts(self, texts: tuple[str, ...]) -> NDArray[np.float32]:
        """Embed texts, once for all looks of a test."""
        if texts not in self._known:
            self._known[texts] = self.tower.texts(list(texts))
        return self._known[texts]

    def _webcam_singles(self) -> NDArray[np.float32]:
        drawable = [k for k in self._drawable("seen") if k % 2 == 0]
        test = self.sets["seen"]
        part = Retrieval(
            [test.pictures[k] for k in drawable],
            [test.texts[k] for k in drawable],
            np.arange(len(drawable)),
        )
        return self._similarities(part, "redrawn")

    def _scenes(
        self, concepts: str, look: str
    ) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.bool_]]:
        """Compare composed scenes with captions.

        Returns:
            Similarities (N, N), those with one thing swapped and with both turned (2, N), and where
            turning makes a caption wrong (N,).
        """
        name = "seen" if concepts == "seen" else "unseen style and concept"
        indices = [self.sets[name].pictures[k] for k in self._drawable(name)]
        scenes = testsets.composites(self.listed, indices, 400, SEED)
        images = self.tower.images(self.stage.scenes(scenes, look, SEED))
        wrong = [
            (images * self.tower.texts(texts)).sum(1) for texts in (scenes.swapped, scenes.turned)
        ]
        own = images @ self.tower.texts(scenes.texts).T
        return own, np.stack(wrong), np.array(scenes.ordered)

    def _drawable(self, name: str) -> list[int]:
        test = self.sets[name]
        return [k for k, i in enumerate(test.pictures) if self.listed[i].group in DRAWABLE]

    def _redrawable(self, count: int) -> list[int]:
        store = self.stage.drawer.store
        found = [self.sets["seen"].pictures[k] for k in self._drawable("seen")]
        found = [i for i in found if len(store.shapes(i)) >= 4]
        return list(np.random.default_rng(SEED).permutation(found)[:count])

    def _prompts(self) -> list[str]:
        """Return 200 prompts: 100 things and 100 composed scenes."""
        test = self.sets["seen"]
        indices = [test.pictures[k] for k in self._drawable("seen")]
        names = [self.listed[i].name.lower() for i in indices]
        things = np.random.default_rng(SEED).permutation(names)[:100].tolist()
        return things + testsets.composites(self.listed, indices, 100, SEED + 1).texts


def batches(frames: Iterable[NDArray[np.uint8]], count: int = 32) -> Iterable[NDArray[np.uint8]]:
    """Stack frames in batches (n, S, S, 3)."""
    stream = iter(frames)
    while part := list(islice(stream, count)):
        yield np.stack(part)


def evaluate(tower: Tower, work: Path, packages: Path) -> Figures:
    """Measure an encoder on everything."""
    listed = pictures.load(work / "pictures.json")
    drawer = Drawer(Store.open(work), listed)
    fonts = Handwriting(fetch.font_files(packages, fetch.HELD_OUT_FONTS))
    drawings = quickdraw.read_arrays(work / people.FILE)
    return Evaluation(tower, Stage(drawer, fonts, tower.size), listed, drawings).everything()


def main() -> None:
    """Read the options, measure, print and save."""
    from .exported import ExportedTower

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--model", type=Path, default=Path("paintcam/assets/sketch"))
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    tower = ExportedTower(options.model)
    figures = evaluate(tower, options.work, options.work / "packages")
    figures |= tower.timing()
    for name, value in figures.items():
        print(f"{name:60} {value:8.3f}")
    out = options.out or options.work / "figures.json"
    out.write_text(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main()
