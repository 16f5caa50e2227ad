"""Compute the frozen blocks of a number of batches once, to train the rest cheaply.

Frozen blocks map a picture to the same values at every step. Their results are stored, and training
repeats them.
"""

# mypy: disable-error-code="no-any-return"
# Torch has no types: what it returns is Any.

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader

from .dataset import Steps
from .files import whole
from .network import SketchNet
from .teacher import to_pixels

HALF = torch.float16


def keep(
    steps: Steps, net: SketchNet, count: int, folder: Path, workers: int = 2, every: int = 20
) -> None:
    """Make batches and store the frozen blocks' results; finished ones are kept.

    Args:
        steps: Makes the batches of steps 0, 1, 2, ...
        net: Its first ``frozen_blocks`` blocks are run, on the device where it is.
        count: How many batches.
        folder: Gets one file for each.
        workers: Processes that make batches.
        every: How many batches between two lines of progress.
    """
    folder.mkdir(parents=True, exist_ok=True)
    missing = [k for k in range(count) if not _file(folder, k).exists()]
    loader = DataLoader(steps, batch_size=None, sampler=missing, num_workers=workers)
    for done, (k, batch) in enumerate(zip(missing, loader, strict=True), 1):
        with torch.no_grad():
            maps = net.stem(to_pixels(batch.pop("images")).to(net.log_scale.device)).cpu()
        with whole(_file(folder, k)) as file:
            torch.save(batch | {"maps": maps.contiguous().to(HALF)}, file)
        if done % every == 0 or done == len(missing):
            print(f"kept {done}/{len(missing)} batches", flush=True)


def repeat(
    folder: Path, count: int, first: int, last: int, seed: int
) -> Iterator[dict[str, Tensor]]:
    """Yield the batches of some steps; every round has all of them in a new order.

    Args:
        folder: Where :func:`keep` stored them.
        count: How many there are.
        first: The first step.
        last: The step after the last.
        seed: Of the orders.
    """
    for step in range(first, last):
        order = np.random.default_rng((seed, step // count)).permutation(count)
        yield torch.load(_file(folder, int(order[step % count])), weights_only=True)


def _file(folder: Path, number: int) -> Path:
    return folder / f"{number}.pt"
