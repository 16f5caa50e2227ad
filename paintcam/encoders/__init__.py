"""Encoders: pictures and texts into one space of unit-norm embeddings."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from paintcam.errors import ModelError, PromptError
from paintcam.frames import Image

__all__ = [
    "Embeddings",
    "Encoder",
    "Progress",
    "ScoreRange",
    "check_prompts",
    "load_encoder",
    "middle_square",
    "resolve_model",
    "too_long",
    "unit_rows",
]

Embeddings: TypeAlias = npt.NDArray[np.float32]
"""Unit-norm float32 rows, shape (N, D)."""

ScoreRange: TypeAlias = tuple[float, float]
"""The similarities that become score 0 and score 100."""

Progress: TypeAlias = Callable[[int, int], None]
"""Called with the bytes that are here and the bytes in all; what it raises ends the download."""


class Encoder(Protocol):
    """A text–image model. Not thread-safe: one thread calls it at a time.

    Two more properties are used where an encoder has them: ``logit_scale``, what cosines are
    multiplied by before a softmax over labels, and ``handwriting``, the direction from other
    pictures to pages of handwriting, unit-norm float32 (D,).
    """

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
            Unit-norm float32 embeddings, shape (N, D), in the order given. A row that the model
            made NaN or zero is a zero row, which no judge scores.

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


def resolve_model(name: str) -> str:
    """Give an encoder's full name without loading it.

    Args:
        name: As `--model` takes it: "auto", "sketch", "clip" or "clip:VARIANT".

    Returns:
        "sketch" or "clip:VARIANT"; for "auto", CLIP where its weights are cached, else sketch.

    Raises:
        ModelError: No such encoder.
    """
    from paintcam.encoders.weights import DEFAULT_VARIANT, VARIANTS, is_cached

    if name == "auto":
        return f"clip:{DEFAULT_VARIANT}" if is_cached(DEFAULT_VARIANT) else "sketch"
    kind, _, variant = name.partition(":")
    if name == "sketch" or (kind == "clip" and (variant or name) in {"clip", *VARIANTS}):
        return name if name != "clip" else f"clip:{DEFAULT_VARIANT}"
    choices = ", ".join(["auto", "sketch", "clip", *(f"clip:{known}" for known in VARIANTS)])
    raise ModelError(
        f"Unknown model {name!r}. Choose one of {choices}; `paintcam models` lists them."
    )


def load_encoder(
    name: str, *, fetch: bool = False, progress: Progress | None = None, apart: bool = False
) -> Encoder:
    """Load an encoder; seconds for CLIP, a fraction of one for sketch.

    Args:
        name: As `--model` takes it: "auto", "sketch", "clip" or "clip:VARIANT".
        fetch: Download CLIP's weights first where they are not cached.
        progress: Told how far that download is.
        apart: Run CLIP in a process of its own. Loading it holds Python's lock for a second and
            more at a time, which would freeze a live picture in this process.

    Returns:
        An encoder that is ready to run.

    Raises:
        ModelError: No such encoder, or its weights are missing, damaged or out of reach.
    """
    resolved = resolve_model(name)
    if resolved == "sketch":
        from paintcam.encoders.sketch import SketchEncoder

        return SketchEncoder()
    from paintcam.encoders.pull import pull
    from paintcam.encoders.weights import is_cached

    variant = resolved.partition(":")[2]
    if fetch and not is_cached(variant):
        pull(variant, progress)
    if apart:
        from paintcam.encoders.apart import EncoderApart

        return EncoderApart(resolved)
    from paintcam.encoders.clip import ClipEncoder

    return ClipEncoder(variant)


def unit_rows(raw: npt.NDArray[np.generic], count: int, name: str) -> Embeddings:
    """Make a model's output embeddings, or say that it is none.

    Args:
        raw: What the model gave.
        count: How many rows were asked for.
        name: The encoder's name, for the message.

    Returns:
        Unit-norm float32 rows, shape (count, D); a NaN, infinite or zero row becomes zeros.

    Raises:
        ModelError: The output is not of shape (count, D), D ≥ 1.
    """
    if raw.ndim != 2 or raw.shape[0] != count or raw.shape[1] == 0:
        raise ModelError(
            f"The model {name} gave an output of shape {raw.shape} for {count} inputs; its files "
            "are for something else. Run `paintcam models` to see where they lie."
        )
    rows = raw.astype(np.float64)  # in float32 the squares of a wild row would overflow
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    sound = np.isfinite(norms) & (norms > 0)
    unit = np.divide(rows, norms, out=np.zeros_like(rows), where=sound)
    embeddings: Embeddings = unit.astype(np.float32)
    return embeddings


def middle_square(image: Image) -> Image:
    """Cut the part of a frame that an encoder sees: the largest square in its middle.

    Args:
        image: BGR uint8 (H, W, 3).

    Returns:
        A view of it, (S, S, 3), S the shorter of H and W.
    """
    height, width = image.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    return image[top : top + side, left : left + side]


def check_prompts(texts: Sequence[str]) -> None:
    """Refuse a blank prompt.

    Raises:
        PromptError: One of them holds nothing but white space.
    """
    if any(not text.strip() for text in texts):
        raise PromptError('The prompt is blank. Pass one: `paintcam --prompt "a red fox"`.')


def too_long(name: str, tokens: int, most: int) -> PromptError:
    """Say by how much a prompt is too long, for an encoder to raise.

    Args:
        name: The encoder's.
        tokens: How long the prompt is.
        most: How long it may be.
    """
    over = tokens - most
    s = "s" * (over > 1)
    return PromptError(
        f"The prompt is {over} token{s} too long for {name}: {tokens} of at most {most}. Shorten "
        f"it by about {over} word{s}."
    )
