"""A photo-finish: the frame that raised a turn's fair maximum, and the drawing on it."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt

from paintcam.frames import Frame, Image

__all__ = ["Photo"]

_AROUND = 0.06  # of the sheet's size, kept around it
_PIXELS = 480  # longer side of a drawing on the podium, at least


@dataclass(frozen=True)
class Photo:
    """A photo-finish.

    Attributes:
        frame: The frame.
        region: Corners of the sheet in it, float32 (4, 2); None if there was none.
    """

    frame: Frame
    region: npt.NDArray[np.float32] | None = field(default=None, compare=False)

    @cached_property
    def drawing(self) -> Image:
        """The part of the frame around the sheet, BGR uint8, reduced to about 480 pixels."""
        image = self.frame.image
        height, width = image.shape[:2]
        if self.region is not None and np.isfinite(self.region).all():
            low, high = self.region.min(axis=0), self.region.max(axis=0)
            around = _AROUND * (high - low)
            left, top = np.clip(low - around, 0, [width - 1, height - 1]).astype(int)
            right, bottom = np.clip(high + around, [left + 1, top + 1], [width, height]).astype(int)
            image = image[top:bottom, left:right]
        step = max(1, max(image.shape[:2]) // _PIXELS)
        high, wide = (max(1, side // step) for side in image.shape[:2])
        if step == 1 or min(image.shape[:2]) < step:
            return image.copy()
        blocks = image[: high * step, : wide * step].reshape(high, step, wide, step, 3)
        small: Image = blocks.mean(axis=(1, 3)).astype(np.uint8)
        return small
