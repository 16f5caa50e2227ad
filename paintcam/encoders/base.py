"""The protocol of an encoder, and what all encoders share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias, runtime_checkable

import numpy as np
import numpy.typing as npt

from paintcam.errors import ModelError, PromptError
from paintcam.frames import Image

__all__ = [
    "Embeddings",
    "Encoder",
    "EncoderInfo",
    "PatchEncoder",
    "Progress",
    "ScoreRange",
    "check_prompts",
    "first_line",
    "middle_square",
    "too_long",
    "unit_rows",
]

Embeddings: TypeAlias = npt.NDArray[np.float32]
"""Unit-norm float32 rows, shape (N, D).

Example:
    >>> import paintcam
    >>> embeddings = paintcam.load_encoder("sketch").encode_text(["a house", "a fish"])
    >>> embeddings.shape
    (2, 516)
"""

ScoreRange: TypeAlias = tuple[float, float]
"""The similarities that become score 0 and score 100."""

Progress: TypeAlias = Callable[[int, int], None]
"""Called with the bytes on disk and the total; an exception that it raises stops the download."""


@dataclass(frozen=True, slots=True, eq=False)
class EncoderInfo:
    """What an encoder declares about itself; a wrapper passes all of it on.

    Attributes:
        name: As `--model` takes it: "sketch", "clip:ViT-B-16".
        score_range: Similarities that become score 0 and 100 with this encoder.
        version: Version of the weights; a calibrated range belongs to one version.
        logit_scale: Factor of the cosines before a softmax over labels. CLIP's learned temperature
            ends at its cap, 100 (Radford et al. 2021, section 2.5).
        handwriting: Direction from other pictures to pages of handwriting, unit-norm float32 (D,);
            None if it must be measured.
        knows_nsfw: Whether its text side can describe what is not safe for work.
        slow: Whether encoding a frame takes several frame times on a laptop's CPU.
        engine: What runs the network: "onnx", "inference", "server"; empty if it does not
            matter.
        provider: The hardware that the engine uses: "cpu", "cuda"; empty if unknown.
        clip_edge: Edge of the square that CLIP's preprocessing makes of a frame, pixels; 0 for an
            encoder with another preprocessing. A wrapper may call `clip_square` itself.
        patch_grid: Patches per side of the middle square that a `PatchEncoder` embeds; 0 if it
            cannot.
        fingerprint: Changes with the weights, and so with every embedding; empty if embeddings
            must not be kept.
        notes: Messages for the user about this encoder, such as a fallback.
        words: Regular expression of a word that the encoder can know, for case-folded text without
            accents; empty if any text may mean something.

    Example:
        >>> from paintcam import EncoderInfo
        >>> EncoderInfo("colours", score_range=(0.2, 1.0)).logit_scale
        100.0
    """

    name: str
    score_range: ScoreRange
    version: str = ""
    logit_scale: float = 100.0
    handwriting: npt.NDArray[np.float32] | None = None
    knows_nsfw: bool = False
    slow: bool = False
    engine: str = ""
    provider: str = ""
    clip_edge: int = 0
    patch_grid: int = 0
    fingerprint: str = ""
    notes: tuple[str, ...] = ()
    words: str = ""

    @property
    def runs_on(self) -> str:
        """Engine and provider in words: "onnx on cpu"."""
        return f"{self.engine} on {self.provider}" if self.provider else self.engine


class Encoder(Protocol):
    """A text–image model. Not thread-safe: one thread calls it at a time.

    Example:
        >>> import paintcam
        >>> encoder = paintcam.load_encoder("sketch")
        >>> encoder.info.name
        'sketch'
    """

    @property
    def info(self) -> EncoderInfo:
        """What the encoder declares about itself."""

    def encode_image(self, images: Sequence[Image]) -> Embeddings:
        """Embed frames in the joint space.

        Args:
            images: Any number of BGR uint8 frames, each (H, W, 3); sizes may differ.

        Returns:
            Unit-norm float32 embeddings, shape (N, D), in the order given. Where the model returned
            NaN or zero, the row is zero, and no judge scores it.

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


@runtime_checkable
class PatchEncoder(Encoder, Protocol):
    """An encoder that can also embed each patch of a picture, if its `info.patch_grid` says so."""

    def encode_patches(self, images: Sequence[Image]) -> tuple[Embeddings, Embeddings]:
        """Embed frames, and each patch of them, in one run.

        Args:
            images: As `encode_image` takes them.

        Returns:
            What `encode_image` returns, (N, D); and unit-norm float32 (N, G · G, D), where G is
            `patch_grid`: the patches of the middle square, row by row from the top left.

        Raises:
            ModelError: The model cannot run.
        """


def unit_rows(raw: npt.NDArray[np.generic], count: int, name: str) -> Embeddings:
    """Turn a model's output into embeddings.

    Args:
        raw: The model's output.
        count: How many inputs it had.
        name: The encoder's name, for the error.

    Returns:
        Unit-norm float32 rows, shape (count, D); a NaN, infinite or zero row becomes zeros.

    Raises:
        ModelError: The output is not of shape (count, D), D ≥ 1.

    Example:
        >>> import numpy as np
        >>> from paintcam import unit_rows
        >>> unit_rows(np.array([[3.0, 4.0]]), 1, "mine").tolist()
        [[0.6000000238418579, 0.800000011920929]]
    """
    if raw.ndim != 2 or raw.shape[0] != count or raw.shape[1] == 0:
        raise ModelError(
            f"The model {name} returned shape {raw.shape} for {count} inputs, so its files belong "
            "to another model.",
            fix="Run `paintcam models` to see where they are.",
        )
    rows = raw.astype(np.float64)  # in float32 the squares of a large row would overflow
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    sound = np.isfinite(norms) & (norms > 0)
    unit = np.divide(rows, norms, out=np.zeros_like(rows), where=sound)
    embeddings: Embeddings = unit.astype(np.float32)
    return embeddings


def middle_square(image: Image) -> Image:
    """Crop a frame to what an encoder uses: the largest centred square.

    Args:
        image: BGR uint8 (H, W, 3).

    Returns:
        A view of it, (S, S, 3), where S is the smaller of H and W.
    """
    height, width = image.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    return image[top : top + side, left : left + side]


def check_prompts(texts: Sequence[str]) -> None:
    """Refuse a prompt that no encoder can take.

    Raises:
        PromptError: A text is empty or white space, or has half a character in it.
    """
    if any(not text.strip() for text in texts):
        raise PromptError("The prompt is blank.", fix='Pass one, such as --prompt "a red fox".')
    if any("\ud800" <= letter <= "\udfff" for text in texts for letter in text):
        raise PromptError("The prompt is not valid UTF-8 text.", fix="Type it again.")


def too_long(name: str, tokens: int, most: int) -> PromptError:
    """Build the error of a prompt that is too long for an encoder.

    Args:
        name: The encoder's name.
        tokens: Length of the prompt.
        most: The longest prompt that the encoder takes.
    """
    over = tokens - most
    s = "s" * (over > 1)
    return PromptError(
        f"The prompt is {over} token{s} too long for {name}: {tokens} of at most {most}.",
        fix=f"Shorten it by about {over} word{s}.",
    )


def first_line(error: Exception) -> str:
    """Return what an error of a library says, in one line, or its type if it says nothing."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]
