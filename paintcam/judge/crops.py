"""The part of a frame that is judged: the straightened sheet, or the whole frame."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from paintcam.frames import Frame, Image
from paintcam.judge.guard import SheetFinder

__all__ = ["Crop", "Cropper"]


class Crop(NamedTuple):
    """What is embedded of a frame.

    Attributes:
        picture: BGR uint8 (H, W, 3).
        region: Its corners in the frame, as `Verdict.region`.
        counts: As `Verdict.counts`.
    """

    picture: Image
    region: npt.NDArray[np.float32] | None
    counts: bool


class Cropper:
    """Crops frames, and remembers the last one.

    Args:
        finder: Finds the sheet; None takes the whole frame.
    """

    def __init__(self, finder: SheetFinder | None) -> None:
        self._finder = finder
        self._last: tuple[Frame, Crop] | None = None

    def crop(self, frame: Frame) -> Crop:
        """Find and straighten the sheet in the next frame of a stream."""
        finder, crop = self._finder, Crop(frame.image, None, True)
        if finder is not None:
            corners = finder.find(frame.image, frame.time_s)
            crop = crop._replace(region=corners, counts=finder.confirmed)
            if corners is not None:
                crop = crop._replace(picture=finder.rectify(frame.image, corners))
        self._last = (frame, crop)
        return crop

    def again(self, frame: Frame, region: npt.NDArray[np.float32] | None, counts: bool) -> Crop:
        """Crop a frame in which the sheet was found before."""
        picture = frame.image
        if region is not None and self._finder is not None:
            picture = self._finder.rectify(frame.image, region)
        return Crop(picture, region, counts)

    def last(self, frame: Frame) -> Crop:
        """Return the crop of the newest frame, or crop another one."""
        if self._last is not None and self._last[0] is frame:
            return self._last[1]
        return self.crop(frame)
