"""Drawing on one picture: frosted plates, text, bars. Other pixels are not touched."""

from __future__ import annotations

import functools
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from paintcam.frames import Image
from paintcam.overlay.palette import TRACK, WHITE
from paintcam.overlay.text import Colour, Lettering

__all__ = ["Box", "Canvas"]

_SHADE = 0.15  # share of the picture's light under a plate: white text has 13:1 on white
_TINT = 9  # added to it, so that a plate on black is still visible


class Box(NamedTuple):
    """A rectangle in pixels; right and bottom are the first outside."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def width(self) -> int:
        """Pixels from left to right."""
        return self.right - self.left

    @property
    def height(self) -> int:
        """Pixels from top to bottom."""
        return self.bottom - self.top

    def inset(self, x: int, y: int | None = None) -> Box:
        """Return the rectangle this many pixels inside, or outside if negative."""
        y = x if y is None else y
        return Box(self.left + x, self.top + y, self.right - x, self.bottom - y)


class Canvas:
    """A picture being drawn on.

    Attributes:
        picture: BGR uint8 (H, W, 3), written in place.
        texts: Each text drawn and the box of its ink, in order.
        plates: Each plate drawn, in order.
        lettering: Renders and measures the text.
        unit: What sizes are shares of, in pixels.
    """

    def __init__(self, picture: Image, lettering: Lettering, *, paint: bool = True) -> None:
        """Take the picture to draw on, and what renders its text.

        Args:
            picture: BGR uint8 (H, W, 3).
            lettering: Renders and measures the text.
            paint: Without it only the plates are noted, to find out where they would be.
        """
        self.picture = picture
        self._paint = paint
        self.texts: list[tuple[str, Box]] = []
        self.plates: list[Box] = []
        self.lettering = lettering
        self.height, self.width = picture.shape[:2]
        # All measures are shares of this: the height, or less if the picture is a narrow strip.
        self.unit = min(self.height, self.width * 16 / 9)

    @property
    def frame(self) -> Box:
        """The whole picture."""
        return Box(0, 0, self.width, self.height)

    def px(self, share: float) -> int:
        """Return a share of the unit in pixels, at least 1."""
        return max(1, round(share * self.unit))

    def size(self, share: float) -> int:
        """Return the font size whose digits are this share of the unit high, or a little more."""
        return self.lettering.size_for(share * self.unit)

    def aside(self, share: float) -> int:
        """Return the font size of such a share, smaller on upright pictures."""
        return self.lettering.size_for(share * self._narrow_unit)

    def aside_px(self, share: float) -> int:
        """Return such a share in pixels, smaller on upright pictures, at least 1."""
        return max(1, round(share * self._narrow_unit))

    @property
    def _narrow_unit(self) -> float:
        return min(self.unit, 1.1 * self.width)

    @property
    def wide(self) -> bool:
        """Whether there is more room beside a text than below it."""
        return self.width >= 1.2 * self.height

    def plate(self, box: Box, radius: int) -> None:
        """Lay a dark frosted plate with round corners."""
        import cv2

        box = self._clip(box)
        if box.width < 2 or box.height < 2:
            return
        self.plates.append(box)
        if not self._paint:
            return
        view = self.picture[box.top : box.bottom, box.left : box.right]
        radius = max(0, min(radius, box.width // 2, box.height // 2))
        corners = _corners(view, radius)
        kept = [corner.copy() for corner in corners]
        # Frosted: shrunk, darkened and enlarged again. On a busy picture this is easier to read on
        # than mere darkening, and it costs less than a blur. Every third pixel or so is enough for
        # the mean; taking all would be most of the cost of a large picture.
        factor = max(4, round(self.unit / 60))
        wh = (max(1, box.width // factor), max(1, box.height // factor))
        few = view[:: factor // 4, :: factor // 4]
        small = cv2.resize(few, wh, interpolation=cv2.INTER_AREA)
        small = cv2.convertScaleAbs(small, alpha=_SHADE, beta=_TINT)
        cv2.resize(small, (box.width, box.height), dst=view, interpolation=cv2.INTER_LINEAR)
        if radius:
            for corner, before, cover in zip(corners, kept, _quarters(radius), strict=True):
                corner[:] = before + (corner.astype(np.float32) - before) * cover

    def shade(self, box: Box, light: float) -> None:
        """Darken a part of the picture to this share of its light."""
        import cv2

        box = self._clip(box)
        if self._paint and box.width > 0 and box.height > 0:
            view = self.picture[box.top : box.bottom, box.left : box.right]
            cv2.convertScaleAbs(view, dst=view, alpha=light)

    def text(self, text: str, size: int, colour: Colour, x: int, baseline: int) -> int:
        """Write one line, moved as far as it takes to stay on the picture.

        Returns:
            Its length in pixels.
        """
        import cv2

        if not self._paint:
            return self.lettering.width(text, size)
        bitmap = self.lettering.bitmap(text, size, colour)
        height, width = bitmap.ink.shape[:2]
        if not height or not width:
            return bitmap.advance
        left = max(0, min(x + bitmap.dx, self.width - width))
        top = max(0, min(baseline + bitmap.dy, self.height - height))
        box = self._clip(Box(left, top, left + width, top + height))
        view = self.picture[box.top : box.bottom, box.left : box.right]
        inverse = bitmap.inverse[: box.height, : box.width]
        under = cv2.multiply(view, inverse, scale=1 / 255)
        cv2.add(under, bitmap.ink[: box.height, : box.width], dst=view)
        self.texts.append((text, box))
        return bitmap.advance

    def digits(self, digits: str, size: int, colour: Colour, x: int, baseline: int) -> int:
        """Write a number with equally wide digits, so that it does not move as it changes.

        Returns:
            Its length in pixels.
        """
        cell = self.lettering.digit_width(size)
        for digit in digits:
            spare = cell - self.lettering.width(digit, size)
            self.text(digit, size, colour, x + spare // 2, baseline)
            x += cell
        return cell * len(digits)

    def bar(self, box: Box, share: float, colour: Colour, mark: float | None = None) -> None:
        """Draw a horizontal bar with round ends.

        Args:
            box: Of the whole bar.
            share: How much of it is filled, 0…1.
            colour: Of the filled part.
            mark: Where a tick stands, 0…1; None for no tick.
        """
        box = self._clip(box)
        if box.width < 2 or box.height < 2 or not self._paint:
            return
        self._pill(box, TRACK)
        share = min(max(share, 0.0), 1.0)
        if share > 0:
            length = max(box.height, round(box.width * share))
            self._pill(box._replace(right=min(box.right, box.left + length)), colour)
        if mark is not None:
            half = max(1, box.height // 6)
            x = box.left + half + round((box.width - 2 * half) * min(max(mark, 0.0), 1.0))
            self.fill(Box(x - half, box.top - half, x + half, box.bottom + half), WHITE)

    def brackets(self, box: Box, length: int, thickness: int) -> None:
        """Mark a rectangle's corners, white on a dark edge."""
        box = self._clip(box)
        length = min(length, box.width // 2, box.height // 2)
        for colour, grow in (((16, 16, 16), 1), ((235, 235, 235), 0)):
            edge = thickness + 2 * grow
            outer = box.inset(-grow)
            for x in (outer.left, outer.right - length - 2 * grow):
                for y in (outer.top, outer.bottom - edge):
                    self.fill(Box(x, y, x + length + 2 * grow, y + edge), colour)
            for x in (outer.left, outer.right - edge):
                for y in (outer.top, outer.bottom - length - 2 * grow):
                    self.fill(Box(x, y, x + edge, y + length + 2 * grow), colour)

    def fill(self, box: Box, colour: Colour) -> None:
        """Fill a rectangle."""
        box = self._clip(box)
        if self._paint:
            self.picture[box.top : box.bottom, box.left : box.right] = colour

    def _pill(self, box: Box, colour: Colour) -> None:
        import cv2

        radius = box.height / 2
        middle = round((box.top + radius - 0.5) * 16)
        left = round((box.left + radius - 0.5) * 16)
        right = max(left, round((box.right - radius - 0.5) * 16))
        view = self.picture
        for x in (left, right):
            cv2.circle(view, (x, middle), round(radius * 16) - 8, colour, -1, cv2.LINE_AA, 4)
        view[box.top : box.bottom, left // 16 : right // 16 + 1] = colour

    def _clip(self, box: Box) -> Box:
        left, top = min(max(box.left, 0), self.width), min(max(box.top, 0), self.height)
        right, bottom = min(box.right, self.width), min(box.bottom, self.height)
        return Box(left, top, max(left, right), max(top, bottom))


def _corners(view: Image, radius: int) -> list[Image]:
    near, far = slice(0, radius), slice(-radius, None) if radius else slice(0, 0)
    return [view[near, near], view[near, far], view[far, near], view[far, far]]


@functools.cache
def _quarters(radius: int) -> list[npt.NDArray[np.float32]]:
    """Return the coverage of round corners: top left, top right, bottom left, bottom right."""
    far = radius - np.arange(radius, dtype=np.float32) - 0.5
    distance = np.hypot(far[:, None], far[None, :])
    cover = np.clip(radius - distance + 0.5, 0, 1)[:, :, None]
    return [cover, cover[:, ::-1], cover[::-1], cover[::-1, ::-1]]
