"""Show how the encoder scores pictures it was not trained on, good and bad, unsorted.

Run ``python -m examples.sketch_encoder.gallery --work WORK --model paintcam/assets/sketch --out
examples/pictures/sketch.jpg``. The picture shows drawings from the Quick, Draw! Dataset (Google,
Inc., CC BY 4.0), Noto Emoji (Apache-2.0) and Fluent Emoji (MIT).
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

from . import fetch, measures, people, pictures, quickdraw, splits, testsets
from .captions import with_article
from .dataset import Drawer
from .exported import ExportedTower
from .pages import Handwriting
from .people_figures import LOOKS, PeopleFigures
from .quickdraw import Drawing
from .render import Store
from .testsets import DRAWABLE, Frame, Stage

COLUMNS, SIDE, LINE, GAP = 8, 160, 19, 8
FONT = Path(__file__).resolve().parents[2] / "paintcam/assets/fonts/Inter-Bold.otf"
SEED = 4
SHOWN = ("noto", "noto-v1", "fluent-emoji", "fluent-emoji-flat", "fluent-emoji-high-contrast")
ASKED = ("a house", "a cat", "a fish", "a tree", "a boat", "a dog", "a car", "a flower")
GREEN, RED = (20, 120, 50), (170, 40, 30)


class Gallery:
    """Rows of frames, each with the score of its prompt and of a prompt that scores higher."""

    def __init__(self, tower: ExportedTower, stage: Stage, low: float, high: float) -> None:
        self.tower, self.stage, self.low, self.high = tower, stage, low, high
        self.tiles: list[Picture.Image] = []

    def row(self, frames: Iterator[Frame], prompts: Sequence[str], others: list[str]) -> None:
        """Add frames; ``others`` are texts that compete with each frame's own."""
        shown = list(frames)
        names = list(dict.fromkeys([*prompts, *others]))
        similarities = self.tower.images(shown) @ self.tower.texts(names).T
        scores = measures.score(similarities, self.low, self.high)
        for k, frame in enumerate(shown):
            own, best = names.index(prompts[k]), int(similarities[k].argmax())
            texts = [f"{scores[k, own]:.0f}  {prompts[k]}", f"{scores[k, best]:.0f}  {names[best]}"]
            wrong = best != own and scores[k, best] > 0
            self.tiles.append(_tile(frame, texts[: 1 + wrong], others=bool(others)))

    def save(self, path: Path) -> None:
        """Write all rows as one picture."""
        width, height = self.tiles[0].size
        rows = -(-len(self.tiles) // COLUMNS)
        sheet = Picture.new("RGB", (COLUMNS * width, rows * height), "white")
        for k, tile in enumerate(self.tiles):
            sheet.paste(tile, (k % COLUMNS * width, k // COLUMNS * height))
        sheet.save(path, quality=85)


def draw(
    tower: ExportedTower,
    stage: Stage,
    listed: list[pictures.Picture],
    drawings: list[Drawing],
    path: Path,
    score_range: tuple[float, float],
) -> None:
    """Draw rows of people's drawings, redrawn emoji, scenes, and frames without a drawing."""
    gallery = Gallery(tower, stage, *score_range)
    by_people = PeopleFigures(tower, stage, drawings)
    for look in LOOKS:
        numbers = _sample(by_people.drawings["trained"], SEED + LOOKS.index(look))
        prompts = [with_article(people.spoken(drawings[k].name)) for k in numbers]
        others = [with_article(name) for name in by_people.names]
        gallery.row((by_people.frame(k, look) for k in numbers), prompts, others)
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
    drawings = quickdraw.read_arrays(options.work / people.FILE)
    draw(tower, stage, listed, drawings, options.out, (low, high))


def _sample(indices: list[int], seed: int = SEED) -> list[int]:
    return np.random.default_rng(seed).permutation(indices)[:COLUMNS].tolist()


def _tile(frame: NDArray[np.uint8], lines: list[str], others: bool) -> Picture.Image:
    """Put a frame above its prompt and score, and above the prompt that scores higher, if any."""
    tile = Picture.new("RGB", (SIDE + 2 * GAP, SIDE + 4 * LINE + GAP), "white")
    tile.paste(Picture.fromarray(frame).resize((SIDE, SIDE)), (GAP, GAP))
    pen, font = ImageDraw.Draw(tile), ImageFont.truetype(str(FONT), 13)
    y = SIDE + GAP + 3
    right = len(lines) == 1 and others
    for text, colour in zip(lines, (GREEN if right else "black", RED), strict=False):
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
