"""Smooth shapes in a scene, in coordinates of their own: an origin and a scale."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from demo_clip.ink import Picture, Points, curve

Colour: TypeAlias = tuple[int, int, int]
"""BGR."""
Place: TypeAlias = tuple[float, float]
FINE = 16  # cv2 draws between pixels: coordinates are sixteenths
BITS = 4


class Brush:
    """Paints into a scene; what it is given is scaled and moved first."""

    def __init__(self, scene: Picture, x: float = 0.0, y: float = 0.0, scale: float = 1.0) -> None:
        self._scene = scene
        self._origin = np.array([x, y])
        self._scale = scale

    def fill(self, knots: Sequence[Place], colour: Colour) -> None:
        """A blob with a smooth outline through the knots."""
        self._polygon(curve(knots, closed=True), colour)

    def line(self, knots: Sequence[Place], colour: Colour, width: float) -> None:
        """A smooth line through the knots."""
        thick = max(1, round(width * self._scale))
        way = [self._fine(curve(knots))]
        cv2.polylines(self._scene, way, False, colour, thick, cv2.LINE_AA, BITS)

    def oval(self, centre: Place, rx: float, ry: float, colour: Colour) -> None:
        """An upright ellipse."""
        x, y = self._fine(np.array([centre]))[0].tolist()
        axes = (round(rx * self._scale * FINE), round(ry * self._scale * FINE))
        cv2.ellipse(self._scene, (x, y), axes, 0, 0, 360, colour, -1, cv2.LINE_AA, BITS)

    def limb(self, start: Place, end: Place, thick: tuple[float, float], colour: Colour) -> None:
        """A tapered bar with round ends; `thick` holds the radii at start and end."""
        a, b = np.array(start, float), np.array(end, float)
        along = (b - a) / max(float(np.linalg.norm(b - a)), 1e-6)
        across = np.array([-along[1], along[0]])
        first, last = across * thick[0], across * thick[1]
        self._polygon(np.array([a + first, b + last, b - last, a - first]), colour)
        self.oval(start, thick[0], thick[0], colour)
        self.oval(end, thick[1], thick[1], colour)

    def _polygon(self, outline: Points, colour: Colour) -> None:
        cv2.fillPoly(self._scene, [self._fine(outline)], colour, cv2.LINE_AA, BITS)

    def _fine(self, points: Points) -> npt.NDArray[np.int32]:
        placed: Points = points * self._scale + self._origin
        fine: npt.NDArray[np.int32] = (placed * FINE).round().astype(np.int32)
        return fine


def shade(colour: Colour, light: float) -> Colour:
    """The colour in more light (above 1) or less."""
    b, g, r = (min(255, round(channel * light)) for channel in colour)
    return b, g, r
