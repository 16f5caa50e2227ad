"""Take training steps, save checkpoints, set learning rates."""

# mypy: disable-error-code="no-any-return"
# Torch has no types: what it returns is Any.

from __future__ import annotations

import math
import time
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from . import head_start, losses
from .files import whole
from .losses import NEUTRAL
from .network import BLOCKS, SketchNet
from .recipes import Recipe
from .teacher import imagenet_net, to_pixels


class Trainer:
    """Network, optimiser and running average; resumes from its last checkpoint.

    Where PyTorch finds a GPU, it trains there, and computes the network in bfloat16.
    """

    def __init__(
        self, work: Path, recipe: Recipe, name: str, start: SketchNet | None = None
    ) -> None:
        self.work, self.recipe = work, recipe
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.path = work / f"{name}.pt"
        torch.manual_seed(recipe.seed)
        self.net = imagenet_net(torch.from_numpy(np.load(work / "classes.npy")))
        if start is not None:
            self.net.load_state_dict(start.state_dict())
        self.net.to(self.device, memory_format=torch.channels_last)
        self.net.train()
        self.net.freeze(recipe.frozen_blocks)
        self.groups = parameter_groups(self.net, recipe)
        self.optimiser = torch.optim.AdamW(self.groups, betas=(0.9, 0.98))
        self.rates = [group["lr"] for group in self.optimiser.param_groups]
        self.average = {k: v.clone() for k, v in self.net.state_dict().items()}
        self.step = 0
        files = ["captions.npy", "people_captions.npy"][: 1 + recipe.uses_people]
        texts = np.concatenate([np.load(work / file).astype(np.float32) for file in files])
        icon_texts = len(np.load(work / files[0], mmap_mode="r"))  # people's captions follow
        self.by_people = (torch.arange(len(texts)) >= icon_texts).to(self.device)
        self.texts = torch.nn.functional.normalize(torch.from_numpy(texts), dim=-1).to(self.device)
        self.taught: dict[str, Tensor] = {}
        if recipe.weights.teacher:
            taught = np.load(work / "teacher.npz")
            self.taught = {k: torch.from_numpy(taught[k]).to(self.device) for k in taught.files}
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
        batch = {name: value.to(self.device) for name, value in batch.items()}
        kinds = kinds.to(self.device)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.device.type == "cuda"):
            if "maps" in batch:
                maps = self.net.upper(batch["maps"].float())
            else:
                maps = self.net.features(to_pixels(batch["images"]))
            images, logits = self.net.heads(maps)
        images, logits = images.float(), logits.float()
        drawn = torch.randint(len(self.texts), (recipe.bank,)).to(self.device)
        drawn = torch.cat([kinds.nonzero()[:, 0], drawn])
        numbers = (batch["captions"], batch["wrong"].clamp(min=0), drawn)
        own, wrong, bank = (self.net.texts(self.texts[n]) for n in numbers)
        every = torch.cat([batch["captions"], drawn])
        sentences, count = self.texts[every], len(own)
        same = losses.alike(sentences[:count], sentences, kinds[every[:count]], kinds[every])
        wrong = wrong * (batch["wrong"] >= 0)[..., None]
        spared = recipe.spared * losses.spare(self.by_people[every], count)
        scale = self.net.log_scale.exp().clamp(max=100)
        plain = batch["kinds"] == NEUTRAL
        single = batch["pictures"] >= 0
        found = {
            "contrast": losses.contrast(
                images, own, wrong, bank, same, spared, scale, batch["parts"], weights.to_pictures
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
        saved = torch.load(self.path, weights_only=True, map_location=self.device)
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
