"""Step 6, last part: train the head alone, on features of many new samples, each computed once.

The backbone runs forward only, which is a fifth of what training it costs, so that the head sees
several times more pictures than the backbone did. It starts from ridge regression over all of them.
"""

# mypy: disable-error-code="no-any-return"
# Torch has no types: what it returns is Any.

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader

from . import losses
from .head_start import solve_from
from .losses import NEUTRAL, Weights
from .network import SketchNet
from .teacher import to_pixels
from .train import load_average, open_steps
from .trainer import Recipe, schedule

EPOCHS = 3
CLEAN = 0.5  # how many of the samples are not filmed
Features = dict[str, Tensor]


def collect(net: SketchNet, batches: Iterable[Features], folder: Path, first: int) -> None:
    """Write the pooled features of batches to ``folder``, one file a batch.

    Args:
        net: With the final backbone.
        batches: Training batches from number ``first`` on.
        folder: Gets ``<number>.pt``, a batch with ``pooled`` float16 (B, 2560) for its images.
        first: Number of the first batch: those before are there already.
    """
    began = time.monotonic()
    for number, batch in enumerate(batches, first):
        with torch.inference_mode():
            batch["pooled"] = net.pool(net.features(to_pixels(batch.pop("images")))).half()
        torch.save(batch, folder / f"{number}.partial")
        (folder / f"{number}.partial").rename(folder / f"{number}.pt")
        if number % 20 == 0:
            pace = (time.monotonic() - began) / (number - first + 1)
            print(f"collected batch {number}, {pace:.2f} s each", flush=True)


def polish(
    net: SketchNet, folder: Path, texts: Tensor, labels: Tensor, recipe: Recipe, epochs: int
) -> None:
    """Solve the head from the collected features, then train it for some epochs.

    Args:
        net: Its whitening and head are set anew.
        folder: What :func:`collect` wrote.
        texts: (T, 384) embeddings of all captions.
        labels: Captions that always are in the bank.
        recipe: For the mix of a batch, rates and weights; its steps are not used.
        epochs: How often to go through the features; none keeps the solved head.
    """
    files = sorted(folder.glob("*.pt"), key=lambda file: int(file.stem))
    batches = [torch.load(file, weights_only=True) for file in files]
    pooled = torch.cat([batch["pooled"] for batch in batches]).float()
    solve_from(net, pooled, texts[torch.cat([batch["captions"] for batch in batches])])
    head = [*net.direct.parameters(), *net.deep.parameters()]
    optimiser = torch.optim.AdamW(head, lr=recipe.head_rate, weight_decay=0.05, betas=(0.9, 0.98))
    total = epochs * len(batches)
    shown = 0.0
    for step in range(total):
        for group in optimiser.param_groups:
            group["lr"] = recipe.head_rate * schedule(step, total, recipe.warm_up)
        batch = batches[int(torch.randint(len(batches), (1,)))]
        white = net.whiten(batch["pooled"].float())
        white = torch.nn.functional.dropout(white, 0.1)
        images = torch.nn.functional.normalize(net.direct(white) + net.deep(white), dim=-1)
        loss = _loss(images, batch, texts, labels, recipe)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
        shown += float(loss.detach())
        if (step + 1) % 100 == 0:
            print(f"polish {step + 1}/{total}  loss {shown / 100:.3f}", flush=True)
            shown = 0.0


def run(work: Path, packages: Path, recipe: Recipe, begin: str, name: str, count: int) -> None:
    """Collect ``count`` batches' features with checkpoint ``begin``, polish, write ``name``."""
    if (work / f"{name}.pt").exists():
        return
    net = load_average(work, begin)
    net.frozen_blocks = 0
    steps, labels = open_steps(work, packages, recipe, CLEAN)
    folder = work / "features"
    folder.mkdir(exist_ok=True)
    first = len(list(folder.glob("*.pt")))
    todo = range(first, count)
    collect(net, DataLoader(steps, batch_size=None, sampler=todo, num_workers=1), folder, first)
    texts = torch.from_numpy(np.load(work / "captions.npy").astype(np.float32))
    texts = torch.nn.functional.normalize(texts, dim=-1)
    torch.manual_seed(recipe.seed)
    polish(net, folder, texts, labels, recipe, EPOCHS)
    torch.save({"average": net.state_dict()}, work / f"{name}.pt")


def _loss(images: Tensor, batch: Features, texts: Tensor, labels: Tensor, recipe: Recipe) -> Tensor:
    """Sum the losses that concern the head; see trainer.py for those of the whole network."""
    mix, weights = recipe.mix, Weights()
    own = texts[batch["captions"]]
    wrong = texts[batch["wrong"].clamp(min=0)] * (batch["wrong"] >= 0)[..., None]
    bank = texts[torch.cat([labels, torch.randint(len(texts), (recipe.bank,))])]
    plain = batch["kinds"] == NEUTRAL
    a, b = mix.singles, mix.singles + 2 * mix.pairs
    c = b + 2 * mix.stages
    scale = torch.tensor(25.0)
    return (
        losses.contrast(images, own, wrong, bank, scale, batch["parts"], weights.to_pictures)
        + weights.neutral * losses.neutral_floor(images[plain], own[plain], wrong[plain], bank)
        + weights.pairs * losses.pair_distance(images[a:b:2], images[a + 1 : b : 2])
        + weights.stages
        * losses.stage_order(
            images[b:c:2], images[b + 1 : c : 2], own[b:c:2], batch["parts"][b:c:2]
        )
    )
