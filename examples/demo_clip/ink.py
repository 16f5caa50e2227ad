"""Marker ink on a sheet of paper: strokes, hatching, and a page that is drawn bit by bit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

Points: TypeAlias = npt.NDArray[np.float64]
"""Shape (N, 2): x to the right, y down, in units of the page."""
Picture: TypeAlias = npt.NDArray[np.uint8]

PAGE_WH = (400, 300)  # units
PX = 2  # pixels of the canvas to a unit
PAPER = (244, 248, 250)  # BGR
STEP = 1.5  # units between the points that a pen goes through
COVER = 0.95  # paint markers: light ink shows on dark, but not even black is quite opaque
SHIFT = 4  # cv2 draws between pixels with this many fractional bits


@dataclass(frozen=True)
class Stroke:
    """One movement of a marker, from pen down to pen up.

    Attributes:
        ink: BGR.
        width: In units.
        points: Where the pen goes.
        haste: How much faster than a careful line it is drawn.
    """

    ink: tuple[int, int, int]
    width: float
    points: Points
    haste: float = 1.0

    @property
    def effort(self) -> float:
        """The way of the pen in units, less where it hurries; a dot counts as its own width."""
        steps = np.linalg.norm(np.diff(self.points, axis=0), axis=1)
        return max(float(steps.sum()) / self.haste, self.width)


def curve(knots: Sequence[tuple[float, float]], *, closed: bool = False) -> Points:
    """A smooth line through the knots (a Catmull-Rom spline), points about `STEP` apart."""
    p = np.array(knots, float)
    around = np.vstack([p[-1:], p, p[:2]]) if closed else np.vstack([p[:1], p, p[-1:]])
    pieces = []
    for a, b, c, d in zip(around, around[1:], around[2:], around[3:], strict=False):
        count = max(2, round(float(np.linalg.norm(c - b)) / STEP))
        t = np.arange(count)[:, None] / count
        cubic = (3 * (b - c) + d - a) * t + 2 * a - 5 * b + 4 * c - d
        pieces.append(b + 0.5 * t * (c - a + t * cubic))
    return np.vstack([*pieces, around[-2:-1]])


def ring(x: float, y: float, rx: float, ry: float | None = None, *, start: float = -2.0) -> Points:
    """An ellipse, closed with a little overlap as by hand."""
    t = start + np.linspace(0, 2 * np.pi * 1.04, max(8, round(4 * max(rx, ry or rx))))
    return np.stack([x + rx * np.cos(t), y + (ry or rx) * np.sin(t)], axis=1)


def hatching(outline: Points, gap: float, degrees: float, rng: np.random.Generator) -> Points:
    """A zigzag that fills an outline, as a marker does: lines `gap` apart, not quite straight."""
    angle = np.radians(degrees)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    laid = outline @ turn  # the lines of the hatching lie level now
    following = np.roll(laid, -1, axis=0)
    zigzag: list[tuple[float, float]] = []
    for row, y in enumerate(np.arange(laid[:, 1].min() + gap / 2, laid[:, 1].max(), gap)):
        crosses = (laid[:, 1] <= y) != (following[:, 1] <= y)
        a, b = laid[crosses], following[crosses]
        if len(a) < 2:
            continue
        xs = np.sort(a[:, 0] + (y - a[:, 1]) / (b[:, 1] - a[:, 1]) * (b[:, 0] - a[:, 0]))
        ends = [xs[0], xs[-1]] if row % 2 == 0 else [xs[-1], xs[0]]
        zigzag += [(x + rng.normal(0, gap / 8), y + rng.normal(0, gap / 10)) for x in ends]
    return _even(np.array(zigzag) @ turn.T)


def _even(points: Points) -> Points:
    """The same way in steps of `STEP`."""
    steps = np.linalg.norm(np.diff(points, axis=0), axis=1)
    along = np.concatenate([[0.0], np.cumsum(steps)])
    at = np.linspace(0, along[-1], max(2, round(along[-1] / STEP)))
    return np.stack([np.interp(at, along, points[:, axis]) for axis in (0, 1)], axis=1)


class Page:
    """A sheet on which strokes appear one after another."""

    def __init__(self, strokes: Iterable[Stroke]) -> None:
        self.strokes = list(strokes)
        self.effort = sum(stroke.effort for stroke in self.strokes)
        width, height = PAGE_WH
        self._dry: Picture = np.full((height * PX, width * PX, 3), PAPER, np.uint8)
        self._done = 0  # strokes that are on the paper whole
        self._spent = 0.0  # the effort that they took

    def at(self, effort: float) -> Picture:
        """The page after so much effort, never less than last time: BGR, not to be changed."""
        while self._done < len(self.strokes):
            stroke = self.strokes[self._done]
            part = (effort - self._spent) / stroke.effort
            if part < 1:
                return self._inked(stroke, part) if part > 0 else self._dry
            self._dry = self._inked(stroke, 1.0)
            self._spent += stroke.effort
            self._done += 1
        return self._dry

    def _inked(self, stroke: Stroke, part: float) -> Picture:
        """The page with this part of a stroke."""
        points = stroke.points[: max(2, round(part * len(stroke.points)))]
        way = points * PX
        thick = max(1, round(stroke.width * PX))
        left, top = np.maximum(0, np.floor(way.min(axis=0)).astype(int) - thick)
        right, bottom = np.ceil(way.max(axis=0)).astype(int) + thick + 1
        page = self._dry.copy()
        part_of_page = page[top:bottom, left:right]
        mask = np.zeros(part_of_page.shape[:2], np.uint8)
        fine = ((way - (left, top)) * 2**SHIFT).round().astype(np.int32)
        cv2.polylines(mask, [fine], False, 255, thick, cv2.LINE_AA, SHIFT)
        cover = mask.astype(np.float32)[..., None] * np.float32(COVER / 255)
        ink = np.array(stroke.ink, np.float32)
        part_of_page[:] = (part_of_page * (1 - cover) + ink * cover).round()
        return page
