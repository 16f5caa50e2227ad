"""Protocols of the judge's parts: guards, their findings, and the sheet finder."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from paintcam.encoders.base import Embeddings
from paintcam.frames import Frame, Image

__all__ = ["Finding", "Guard", "Guarding", "SheetFinder"]


@dataclass(frozen=True, slots=True)
class Finding:
    """What one guard finds in one frame.

    Attributes:
        penalty: Subtracted from the similarity before it becomes a score; ≥ 0.
        blocked: The picture must not be shown.
        words: Label on the picture; the judge adds the points lost.
    """

    penalty: float = 0.0
    blocked: bool = False
    words: str = ""


class Guard(Protocol):
    """Checks every frame in addition to the prompt. All methods run in the scorer's thread."""

    @property
    def name(self) -> str:
        """The name that switches it off: "handwriting", "nsfw"."""

    def prepare(self, texts: Embeddings) -> None:
        """Take new prompts: unit-norm float32 (P, D), one row per prompt or label."""

    def check(self, frame: Frame, part: Image, embedding: npt.NDArray[np.float32]) -> Finding:
        """Check one frame.

        Args:
            frame: As the source gave it.
            part: The part that was embedded: the straightened sheet, or the whole frame, BGR
                uint8 (H, W, 3).
            embedding: Its embedding, unit-norm float32 (D,).
        """


@dataclass(frozen=True, slots=True)
class Guarding:
    """The guards of a run.

    Attributes:
        guards: Built for the judge's encoder.
        check_prompts: Raises a PromptError for a prompt or label that is not safe for work.
    """

    guards: Sequence[Guard] = ()
    check_prompts: Callable[[Sequence[str]], None] | None = None


class SheetFinder(Protocol):
    """Finds the sheet of paper that somebody holds up."""

    @property
    def confirmed(self) -> bool:
        """Whether the result of the last `find` counts: a sheet that just appeared does not."""

    def find(self, image: Image, time_s: float | None = None) -> npt.NDArray[np.float32] | None:
        """Return the sheet's corners in a BGR uint8 picture, float32 (4, 2), or None.

        Args:
            image: BGR uint8 (H, W, 3).
            time_s: The frame's time in its stream, in seconds.
        """

    def rectify(self, image: Image, corners: npt.NDArray[np.float32]) -> Image:
        """Return the sheet as seen from the front, BGR uint8 and square."""
