"""Encoders: pictures and texts into one space of unit-norm embeddings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from paintcam.frames import Image

__all__ = ["Embeddings", "Encoder", "ScoreRange"]

Embeddings: TypeAlias = npt.NDArray[np.float32]
"""Unit-norm float32 rows, shape (N, D)."""

ScoreRange: TypeAlias = tuple[float, float]
"""The similarities that become score 0 and score 100."""


class Encoder(Protocol):
    """A text–image model. Not thread-safe: one thread calls it at a time."""

    @property
    def name(self) -> str:
        """As `--model` takes it: "sketch", "clip:ViT-B-16"."""

    @property
    def score_range(self) -> ScoreRange:
        """Similarities that become score 0 and 100 with this encoder."""

    def encode_image(self, images: Sequence[Image]) -> Embeddings:
        """Embed frames in the joint space.

        Args:
            images: BGR uint8 frames, each (H, W, 3); sizes may differ; any number, also none.

        Returns:
            Unit-norm float32 embeddings, shape (N, D), in the order given.

        Raises:
            ModelError: The model cannot run.
        """

    def encode_text(self, texts: Sequence[str]) -> Embeddings:
        """Embed texts in the joint space.

        Args:
            texts: Any number of texts, none of them blank.

        Returns:
            Unit-norm float32 embeddings, shape (N, D), in the order given.

        Raises:
            PromptError: A text is blank or longer than the encoder takes.
            ModelError: The model cannot run.
        """
