"""Take training steps, save checkpoints, set learning rates."""

# mypy: disable-error-code="no-any-return"
# Torch has no types: what it returns is Any.

from __future__ import annotations

import math
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from . import head_start, losses
from .dataset import Mix
from .files import whole
from .losses import NEUTRAL, Weights
from .network import BLOCKS, SketchNet
from .teacher import imagenet_net, to_pixels

PEOPLE_WEIGHTS = Weights(to_pictures=0.5, teacher=0.0, mates=0.5)


@dataclass(frozen=True, slots=True)
class Recipe:
    """The settings of a training; saved with every checkpoint."""

    steps: int = 6000
    size: int = 128
    sizes: tuple[tuple[float, int], ...] = ((0.65, 96),)  # (share of the steps, size until then)
    seed: int = 0
    easy: float = 0.35  # share of the steps in which samples go from clean pictures to the hardest
    frozen_blocks: int = 4
    head_rate: float = 2e-3
    body_rate: float = 2.5e-3
    layer_decay: float = 0.85
    bank: int = 2048
    average: float = 0.999
    warm_up: int = 150
    head_start: int = 80  # batches that the head is solved from; 0 to start from a trained network
    kept: int = 0  # batches that all steps share, see kept.py; 0 to make new ones at every step
    mix: Mix = field(default_factory=Mix)
    weights: Weights = field(default_factory=Weights)

    @property
    def uses_people(self) -> bool:
        """Whether batches show drawings by real people."""
        return bool(self.mix.people or self.mix.mates or self.mix.people_stages)

    def hardness_at(self, step: int) -> float:
        """Return how hard the samples of a step are: 0 clean pictures, 1 anything."""
        return min(1.0, max(0, step) / (self.easy * self.steps)) if self.easy * self.steps else 1.0

    def size_at(self, step: int) -> int:
        """Return the side of the frames at a step: small ones first, for speed."""
        done = max(0, step) / self.steps if self.steps else 1.0
        return next((side for until, side in self.sizes if done < until), self.size)


def upper_recipe(steps: int = 600, kept: int = 153) -> Recipe:
    """Return the recipe of the second training: the last block and the head meet people's drawings.

    All below is frozen, so that a step costs a tenth of a step of the whole network.
    """
    mix = Mix(
        singles=24, pairs=4, stages=3, scenes=10, neutral=8,
        people=36, mates=6, people_stages=6, people_scenes=12,
    )  # fmt: skip
    return Recipe(
        steps=steps,
        sizes=(),
        easy=0.0,
        frozen_blocks=15,
        head_rate=1.5e-3,
        body_rate=1.5e-3,
        average=0.995,
        warm_up=50,
        head_start=0,
        kept=kept,
        mix=mix,
        weights=PEOPLE_WEIGHTS,
    )


def people_recipe(steps: int = 2400) -> Recipe:
    """Return the recipe of the third training: the whole network with people's drawings.

    It has lower rates, leaves two more blocks as they are, and shows anything from the first step
    on. Batches are half as large, because most of the work lies in many small corrections.
    """
    mix = Mix(
        singles=12, pairs=3, stages=2, scenes=6, neutral=3,
        people=16, mates=3, people_stages=2, people_scenes=6,
    )  # fmt: skip
    return Recipe(
        steps=steps,
        sizes=((0.7, 96),),
        easy=0.0,
        frozen_blocks=6,
        head_rate=4e-4,
        body_rate=2.5e-4,
        average=0.998,
        warm_up=50,
        head_start=0,
        mix=mix,
        weights=PEOPLE_WEIGHTS,
    )


def memory_recipe(steps: int = 3300) -> Recipe:
    """Return the recipe of the fourth training: as the third, with icons drawn from memory.

    As many icons as people's drawings are drawn as people draw. Without them, all that looks drawn
    by hand moves to the categories of people's drawings, and away from every other prompt.
    """
    mix = Mix(
        singles=12, pairs=3, stages=2, scenes=6, neutral=3,
        people=12, mates=3, people_stages=2, people_scenes=4, memory=18,
    )  # fmt: skip
    return replace(people_recipe(steps), seed=1, mix=mix)


class Trainer:
    """Network, optimiser and running average; resumes from its last checkpoint."""

    def __init__(
        self, work: Path, recipe: Recipe, name: str, start: SketchNet | None = None
    ) -> None:
        self.work, self.recipe = work, recipe
        self.path = work / f"{name}.pt"
        torch.manual_seed(recipe.seed)
        self.net = imagenet_net(torch.from_numpy(np.load(work / "classes.npy")))
        if start is not None:
            self.net.load_state_dict(start.state_dict())
        self.net.to(memory_format=torch.channels_last)
        self.net.train()
        self.net.freeze(recipe.frozen_blocks)
        self.groups = parameter_groups(self.net, recipe)
        self.optimiser = torch.optim.AdamW(self.groups, betas=(0.9, 0.98))
        self.rates = [group["lr"] for group in self.optimiser.param_groups]
        self.average = {k: v.clone() for k, v in self.net.state_dict().items()}
        self.step = 0
        files = ["captions.npy", "people_captions.npy"][: 1 + recipe.uses_people]
        texts = np.concatenate([np.load(work / file).astype(np.float32) for file in files])
        self.texts = torch.nn.functional.normalize(torch.from_numpy(texts), dim=-1)
        self.taught: dict[str, Tensor] = {}
        if recipe.weights.teacher:
            taught = np.load(work / "teacher.npz")
            self.taught = {k: torch.from_numpy(taught[k]) for k in taught.files}
        if self.path.exists():
            self._resume()

    def train(
        self, loader: Iterable[dict[str, Tensor]], kinds: Tensor, save_every_s: float = 300
    ) -> None:
        """Run the remaining steps.

        Args:
            loader: The batches of the steps from :attr:`step` on.
            kinds: (T,) of every caption, see :func:`losses.alike`; labels are always in the bank.
            save_every_s: Seconds between two checkpoints.
        """
        began = saved = time.monotonic()
        sums: dict[str, float] = {}
        first = self.step
        for batch in loader:
            for name, value in self.update(batch, kinds).items():
                sums[name] = sums.get(name, 0.0) + value
            if self.step % 25 == 0 or self.step == self.recipe.steps:
                count = min(25, self.step - first)
                shown = "  ".join(f"{k} {v / count:.3f}" for k, v in sums.items())
                pace = (time.monotonic() - began) / (self.step - first)
                print(
                    f"step {self.step}/{self.recipe.steps}  {shown}  {pace:.2f} s a step",
                    flush=True,
                )
                sums = {}
            if time.monotonic() - saved > save_every_s:
                self.save()
                saved = time.monotonic()
        self.save()

    def update(self, batch: dict[str, Tensor], kinds: Tensor) -> dict[str, float]:
        """Take one step; returns its losses. All randomness in it depends on its number alone."""
        torch.manual_seed(self.recipe.seed + (self.step << 8))
        recipe, mix, weights = self.recipe, self.recipe.mix, self.recipe.weights
        for group, rate in zip(self.optimiser.param_groups, self.rates, strict=True):
            group["lr"] = rate * schedule(self.step, recipe.steps, recipe.warm_up)
        if "maps" in batch:
            maps = self.net.upper(batch["maps"].float())
        else:
            maps = self.net.features(to_pixels(batch["images"]))
        images, logits = self.net.heads(maps)
        drawn = torch.randint(len(self.texts), (recipe.bank,))
        drawn = torch.cat([kinds.nonzero()[:, 0], drawn])
        numbers = (batch["captions"], batch["wrong"].clamp(min=0), drawn)
        own, wrong, bank = (self.net.texts(self.texts[n]) for n in numbers)
        every = torch.cat([batch["captions"], drawn])
        sentences, count = self.texts[every], len(own)
        same = losses.alike(sentences[:count], sentences, kinds[every[:count]], kinds[every])
        wrong = wrong * (batch["wrong"] >= 0)[..., None]
        scale = self.net.log_scale.exp().clamp(max=100)
        plain = batch["kinds"] == NEUTRAL
        single = batch["pictures"] >= 0
        found = {
            "contrast": losses.contrast(
                images, own, wrong, bank, same, scale, batch["parts"], weights.to_pictures
            )
        }
        if weights.neutral and mix.neutral:
            found["neutral"] = weights.neutral * losses.neutral_floor(
                images[plain], own[plain], wrong[plain], bank
            )
        for name, weight in (("pairs", weights.pairs), ("mates", weights.mates)):
            shown = images[mix.place(name)]
            if weight and len(shown):
                found[name] = weight * losses.pair_distance(shown[::2], shown[1::2])
        places = [mix.place(name) for name in ("stages", "people_stages")]
        if weights.stages and mix.stages + mix.people_stages:
            staged, captions, parts = (
                torch.cat([rows[place] for place in places])
                for rows in (images, own, batch["parts"])
            )
            found["stages"] = weights.stages * losses.stage_order(
                staged[::2], staged[1::2], captions[::2], parts[::2]
            )
        if weights.teacher:
            at = batch["pictures"][single]
            found["teacher"] = weights.teacher * losses.teacher_distance(
                logits[single],
                self.taught["classes"][at].long(),
                self.taught["probabilities"][at].float(),
            )
        self.optimiser.zero_grad(set_to_none=True)
        sum(found.values()).backward()
        torch.nn.utils.clip_grad_norm_([p for g in self.groups for p in g["params"]], 2.0)
        self.optimiser.step()
        self.step += 1
        self._follow()
        shown = {name: float(value.detach()) for name, value in found.items()}
        right = (images.detach() @ torch.cat([own, bank]).T)[single].argmax(1)
        shown["right"] = float((right == single.nonzero()[:, 0]).float().mean())
        return shown

    def save(self) -> None:
        """Write a checkpoint; the old one is replaced only when the new one is complete."""
        state = {
            "step": self.step,
            "recipe": asdict(self.recipe),
            "net": self.net.state_dict(),
            "average": self.average,
            "optimiser": self.optimiser.state_dict(),
        }
        with whole(self.path) as file:
            torch.save(state, file)

    def _follow(self) -> None:
        """Move the running average of the weights towards the current ones."""
        keep = min(self.recipe.average, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            for name, value in self.net.state_dict().items():
                if value.is_floating_point():
                    self.average[name].lerp_(value, 1 - keep)

    def solve_head(self, batches: Iterable[dict[str, Tensor]]) -> None:
        """Start the head from ridge regression; see head_start.py."""
        head_start.solve_head(self.net, batches, self.texts)
        self.average = {k: v.clone() for k, v in self.net.state_dict().items()}

    def _resume(self) -> None:
        saved = torch.load(self.path, weights_only=True)
        if saved["recipe"] != asdict(self.recipe):
            raise ValueError(
                f"{self.path} was trained by another recipe: {saved['recipe']}. Delete it, or pass "
                "the options it was started with."
            )
        self.net.load_state_dict(saved["net"])
        self.average = saved["average"]
        self.optimiser.load_state_dict(saved["optimiser"])
        self.step = saved["step"]
        print(f"resumed {self.path.name} at step {self.step}", flush=True)


def parameter_groups(net: SketchNet, recipe: Recipe) -> list[dict[str, Any]]:
    """Group parameters with their rates: lower for earlier blocks, none for frozen ones."""
    head = [*net.direct.parameters(), *net.deep.parameters(), *net.places.parameters()]
    groups = [
        {"params": head, "lr": recipe.head_rate, "weight_decay": 0.05},
        {"params": [net.log_scale], "lr": 3e-3, "weight_decay": 0.0},
        {
            "params": [net.to_texts.weight, *net.whiten.parameters()],
            "lr": 0.1 * recipe.head_rate,
            "weight_decay": 0.0,
        },
        {
            "params": [
                *net.classifier.parameters(),
                *net.backbone._conv_head.parameters(),
                *net.backbone._bn1.parameters(),
            ],
            "lr": recipe.body_rate,
            "weight_decay": 1e-4,
        },
    ]
    net.norm.requires_grad_(False)
    for index in range(recipe.frozen_blocks, BLOCKS):
        rate = recipe.body_rate * recipe.layer_decay ** (BLOCKS - 1 - index)
        block = list(net.backbone._blocks[index].parameters())
        groups.append({"params": block, "lr": rate, "weight_decay": 1e-4})
    return groups


def schedule(step: int, steps: int, warm_up: int) -> float:
    """Warm up linearly, then fall along a cosine to a fiftieth."""
    warm = min(1.0, (step + 1) / warm_up)
    return warm * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * min(1.0, step / steps))))
