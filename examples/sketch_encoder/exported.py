"""Encoders that can be measured: a checkpoint, and an export to ONNX."""

# mypy: disable-error-code="no-any-return"
# Torch has no types: what it returns is Any.

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .network import SketchNet
from .sentences import SentenceEncoder, open_tower


class TrainedTower:
    """A network from a checkpoint with the float text tower."""

    def __init__(self, net: SketchNet, sentences: SentenceEncoder, size: int) -> None:
        self.net, self.size, self._sentences = net, size, sentences

    def images(self, frames: Iterable[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """Embed RGB frames (size, size, 3): unit-norm (N, D)."""
        import torch

        from .evaluate import batches
        from .teacher import to_pixels

        with torch.inference_mode():
            return np.concatenate([self.net(to_pixels(part)).numpy() for part in batches(frames)])

    def texts(self, texts: list[str]) -> NDArray[np.float32]:
        """Embed texts: unit-norm (N, D)."""
        import torch

        with torch.inference_mode():
            return self.net.texts(torch.from_numpy(self._sentences(texts))).numpy()


class UnfinishedTower(TrainedTower):
    """A network whose text tower is exported already, but whose dimensions are to be added."""

    def texts(self, texts: list[str]) -> NDArray[np.float32]:
        """Embed texts: unit-norm (N, D)."""
        return self._sentences(texts)

    def halves(self, frames: Iterable[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """Return each frame's last map, its upper half less its lower half: (N, C)."""
        import torch

        from . import joint
        from .evaluate import batches
        from .teacher import to_pixels

        with torch.inference_mode():
            found = [
                joint.halves(self.net.features(to_pixels(torch.from_numpy(part)))).numpy()
                for part in batches(frames)
            ]
        return np.concatenate(found)


class ExportedTower:
    """An encoder folder as it ships: ``encoder.json`` and the files it names."""

    def __init__(self, folder: Path, threads: int = 2) -> None:
        about = json.loads((folder / "encoder.json").read_text())
        self.size: int = about["image_size"]
        self._visual = open_tower(folder / "visual.onnx", threads)
        self._sentences = SentenceEncoder(folder / "text.onnx", folder / "tokenizer.json", threads)
        self.megabytes = sum(entry["bytes"] for entry in about["files"].values()) / 1e6

    def images(self, frames: Iterable[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """Embed RGB frames (size, size, 3): unit-norm (N, D)."""
        from .evaluate import batches

        return np.concatenate(
            [self._visual.run(None, {"image": part})[0] for part in batches(frames)]
        )

    def texts(self, texts: list[str]) -> NDArray[np.float32]:
        """Embed texts one at a time, as paintcam does: unit-norm (N, D)."""
        return self._sentences(texts, batch=1)

    def timing(self, runs: int = 60) -> dict[str, float]:
        """Return the visual tower's median time for one frame, and the folder's size."""
        frame = np.random.default_rng(0).integers(0, 256, (1, self.size, self.size, 3), np.uint8)
        times = []
        for _ in range(runs):
            began = time.perf_counter()
            self._visual.run(None, {"image": frame})
            times.append(time.perf_counter() - began)
        return {"visual median ms": 1000 * float(np.median(times)), "megabytes": self.megabytes}
