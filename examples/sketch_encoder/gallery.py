"""Draws what the encoder makes of pictures it was not trained on, good and bad, unsorted.

Run ``python -m examples.sketch_encoder.gallery --work WORK --model paintcam/assets/sketch --out
examples/pictures/sketch.jpg``. Shown are Noto Emoji (Apache-2.0) and Fluent Emoji (MIT).
"""

# mypy: disable-error-code="no-any-return"
# OpenCV has no types: what it returns is Any.

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Picture
from PIL import ImageDraw, ImageFont

from . import fetch, measures, pictures, splits, testsets
from .dataset import Drawer
from .exported import ExportedTower
from .pages import Handwriting
from .render import Store
from .testsets import DRAWABLE, Frame, Stage

COLUMNS, SIDE, LINE, GAP = 8, 160, 19, 8
FONT = Path(__file__).resolve().parents[2] / "paintcam/assets/fonts/Inter-Bold.otf"
SEED = 4
SHOWN = ("noto", "noto-v1", "fluent-emoji", "fluent-emoji-flat", "fluent-emoji-high-contrast")
ASKED = ("a house", "a cat", "a fish", "a tree", "a boat", "a dog", "a car", "a flower")
GREEN, RED = (20, 120, 50), (170, 40, 30)


class Gallery:
    """One row of frames after the other, each with what it shows and what it is taken for."""

    def __init__(self, tower: ExportedTower, stage: Stage, low: float, high: float) -> None:
        self.tower, self.stage, self.low, self.high = tower, stage, low, high
        self.tiles: list[Picture.Image] = []

    def row(self, frames: Iterator[Frame], prompts: Sequence[str], others: list[str]) -> None:
        """Add frames; ``others`` are texts that each might be taken for."""
        shown = list(frames)
        names = list(dict.fromkeys([*prompts, *others]))
        similarities = self.tower.images(shown) @ self.tower.texts(names).T
        scores = measures.score(similarities, self.low, self.high)
        for k, frame in enumerate(shown):
            own, best = names.index(prompts[k]), int(similarities[k].argmax())
            told = [f"{scores[k, own]:.0f}  {prompts[k]}", f"{scores[k, best]:.0f}  {names[best]}"]
            wrong = best != own and scores[k, best] > 0
            self.tiles.append(_tile(frame, told[: 1 + wrong], others=bool(others)))

    def save(self, path: Path) -> None:
        """Write all rows as one picture."""
        width, height = self.tiles[0].size
        rows = -(-len(self.tiles) // COLUMNS)
        sheet = Picture.new("RGB", (COLUMNS * width, rows * height), "white")
        for k, tile in enumerate(self.tiles):
            sheet.paste(tile, (k % COLUMNS * width, k // COLUMNS * height))
        sheet.save(path, quality=85)


def draw(tower: ExportedTower, stage: Stage, listed: list[pictures.Picture], path: Path,
         score_range: tuple[float, float]) -> None:  # fmt: skip
    """Draw rows of known things drawn by hand, of unknown ones, of scenes, and of no drawing."""
    gallery = Gallery(tower, stage, *score_range)
    known = testsets.validation(listed, splits.split(listed))["new pictures"]
    known_ones = _sample(
        [i for i in known.pictures if listed[i].group in DRAWABLE and listed[i].set in SHOWN]
    )
    new = testsets.held_out(listed)["unseen concept"]
    new_ones = _sample(new.pictures)
    for indices, texts in ((known_ones, known.texts), (new_ones, new.texts)):
        names = [listed[i].name.lower() for i in indices]
        gallery.row(stage.singles(indices, "redrawn", SEED), names, texts)
    scenes = testsets.composites(listed, known_ones + new_ones, COLUMNS, SEED)
    gallery.row(stage.scenes(scenes, "webcam", SEED), scenes.texts, scenes.swapped)
    kinds = ("paper", "room", "face", "hand")
    frames = (f for k, kind in enumerate(kinds) for f in stage.neutrals(kind, 2, SEED + k))
    gallery.row(frames, ASKED, [])
    gallery.save(path)


def main() -> None:
    """Read the options and draw."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--model", type=Path, default=Path("paintcam/assets/sketch"))
    parser.add_argument("--out", type=Path, default=Path("examples/pictures/sketch.jpg"))
    options = parser.parse_args()
    listed = pictures.load(options.work / "pictures.json")
    tower = ExportedTower(options.model)
    fonts = Handwriting(fetch.font_files(options.work / "packages", fetch.HELD_OUT_FONTS))
    stage = Stage(Drawer(Store.open(options.work), listed), fonts, tower.size)
    low, high = json.loads((options.model / "encoder.json").read_text())["range"]
    draw(tower, stage, listed, options.out, (low, high))


def _sample(indices: list[int]) -> list[int]:
    return np.random.default_rng(SEED).permutation(indices)[:COLUMNS].tolist()


def _tile(frame: NDArray[np.uint8], told: list[str], others: bool) -> Picture.Image:
    """Put a frame over its prompt with the score, and what is more like it, if anything is."""
    tile = Picture.new("RGB", (SIDE + 2 * GAP, SIDE + 4 * LINE + GAP), "white")
    tile.paste(Picture.fromarray(frame).resize((SIDE, SIDE)), (GAP, GAP))
    pen, font = ImageDraw.Draw(tile), ImageFont.truetype(str(FONT), 13)
    y = SIDE + GAP + 3
    right = len(told) == 1 and others
    for text, colour in zip(told, (GREEN if right else "black", RED), strict=False):
        for line in _wrapped(text, pen, font):
            pen.text((GAP, y), line, fill=colour, font=font)
            y += LINE
    return tile


def _wrapped(text: str, pen: ImageDraw.ImageDraw, font: ImageFont.FreeTypeFont) -> list[str]:
    lines = [""]
    for word in text.split(" "):
        longer = f"{lines[-1]} {word}".lstrip(" ") if lines[-1] else word
        if pen.textlength(longer, font) > SIDE + GAP:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines[:2]


if __name__ == "__main__":
    main()
