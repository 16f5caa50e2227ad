"""Train the picture tower; the text tower stays as it is.

Run ``python -m examples.sketch_encoder.train --work WORK --steps 300``.
"""

# mypy: disable-error-code="no-any-return"
# Torch has no types: what it returns is Any.

from __future__ import annotations

import argparse
import ctypes
import json
import os
import platform
from collections.abc import Iterable
from pathlib import Path

import torch
from torch import Tensor
from torch.utils.data import DataLoader

from . import fetch, hands, kept, people, pictures, quickdraw
from .dataset import Steps
from .losses import EMOJI, PERSON
from .network import SketchNet, fold_norms
from .people import PeopleStore
from .recipes import Recipe
from .render import Store
from .teacher import imagenet_net
from .trainer import Trainer

M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_MAX = -1, -2, -4  # of malloc.h


def keep_memory() -> None:
    """Make glibc keep freed memory instead of returning it: a step takes a third less time.

    Every step frees and allocates large arrays, and the kernel zeroes every new page.
    """
    if platform.libc_ver()[0] == "glibc":
        libc = ctypes.CDLL("libc.so.6")
        for option, value in ((M_MMAP_MAX, 0), (M_TRIM_THRESHOLD, 2**31 - 1), (M_TOP_PAD, 2**28)):
            libc.mallopt(option, value)


def load_average(work: Path, name: str, fold: bool = True) -> SketchNet:
    """Return the network with a checkpoint's averaged weights, its norms folded: ready to use.

    Args:
        work: The work folder.
        name: Of the checkpoint.
        fold: False to keep the norms, for more training.
    """
    net = imagenet_net()
    saved = torch.load(work / f"{name}.pt", weights_only=True, map_location="cpu")
    net.load_state_dict(saved["average"])
    if fold:
        fold_norms(net.backbone)
    return net.eval()


def open_steps(work: Path, packages: Path, recipe: Recipe) -> tuple[Steps, Tensor]:
    """Return the training steps, and the kind of every caption, see :func:`losses.alike`."""
    plan = json.loads((work / "captions.json").read_text())
    listed = pictures.load(work / "pictures.json")
    icons = Store.open(work)
    store: Store | PeopleStore = icons
    habits = None
    if recipe.uses_people:
        drawings = quickdraw.read_arrays(work / people.FILE)
        trained = people.split(drawings, people.unseen_categories()).trained
        habits = hands.measure([drawings[k] for k in trained])
        plan = people.merge(plan, json.loads((work / "people_captions.json").read_text()))
        listed = listed + people.listing(drawings)
        store = PeopleStore(icons, drawings)
    fonts = fetch.font_files(packages, fetch.TRAINING_FONTS)
    steps = Steps(
        store, listed, plan, fonts, recipe.mix, recipe.size_at, recipe.hardness_at,
        recipe.seed, habits,
    )  # fmt: skip
    kinds = torch.zeros(len(plan["texts"]), dtype=torch.uint8)
    for i, numbers in steps.captions.items():
        if listed[i].label:
            kinds[numbers[0]] = EMOJI
        elif listed[i].set == people.SET:
            kinds[numbers[0]] = PERSON
    return steps, kinds


def run(
    work: Path,
    packages: Path,
    recipe: Recipe,
    name: str,
    start: SketchNet | None = None,
    workers: int = os.cpu_count() or 2,
) -> None:
    """Train, or resume training, until the recipe's last step.

    Args:
        work: The work folder.
        packages: The fetched packages.
        recipe: How to train.
        name: Of the checkpoint.
        start: A trained network to start from, instead of ImageNet's weights and a solved head.
        workers: Processes that make batches.
    """
    keep_memory()
    trainer = Trainer(work, recipe, name, start)
    steps, kinds = open_steps(work, packages, recipe)
    loader: Iterable[dict[str, Tensor]]
    if recipe.kept:
        folder = work / f"{name}_kept"
        kept.keep(steps, trainer.net, recipe.kept, folder, workers)
        loader = kept.repeat(folder, recipe.kept, trainer.step, recipe.steps, recipe.seed)
    else:
        remaining = range(trainer.step, recipe.steps)
        loader = DataLoader(
            steps, batch_size=None, sampler=remaining, num_workers=workers, prefetch_factor=4
        )
    if not trainer.path.exists():
        if start is None:
            print(f"solving the head from {recipe.head_start} batches", flush=True)
            first = range(-recipe.head_start, 0)
            trainer.solve_head(
                DataLoader(steps, batch_size=None, sampler=first, num_workers=workers)
            )
        trainer.save()
    trainer.train(loader, kinds)


def main() -> None:
    """Read the options and train."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--name", default="icons", help="of the checkpoint")
    parser.add_argument("--steps", type=int, default=Recipe().steps)
    parser.add_argument("--body-rate", type=float, default=Recipe().body_rate)
    parser.add_argument("--easy", type=float, default=Recipe().easy)
    options = parser.parse_args()
    torch.set_num_threads(2)
    recipe = Recipe(steps=options.steps, body_rate=options.body_rate, easy=options.easy)
    run(options.work, options.work / "packages", recipe, options.name)


if __name__ == "__main__":
    main()
