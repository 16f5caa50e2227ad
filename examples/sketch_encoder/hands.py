"""Redraw shapes the way people draw in a hurry: fewer strokes, wrong proportions, open outlines.

How people draw is measured on real strokes (:class:`Habits`): how many strokes they use, how far an
outline stays open or overshoots its beginning, how many corners they draw, how much the proportions
of one thing vary. The order of strokes is in the drawings themselves. Speed cannot be measured: the
strokes have no times.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from .outlines import GRID, Shape
from .quickdraw import Drawing, simplify
from .svg_path import Points

CLOSED = 0.3  # a stroke is meant to be closed where its ends are nearer than this, of its diameter
LONG = 0.15 * GRID  # shorter strokes say nothing about closing
NEAR = 0.12 * GRID  # strokes whose ends are nearer may be drawn without lifting the pen
AT_LEAST = 200  # samples kept of each habit, where there are as many


@dataclass(frozen=True, slots=True)
class Habits:
    """What was measured on real strokes; each array holds samples to draw from.

    ``strokes``: strokes of a drawing. ``gaps``: distance between the ends of an outline, as a
    fraction of its diameter. ``corners``: points of a stroke for each grid width of its length.
    ``aspect``: standard deviation of the logarithm of width over height within a category.
    """

    strokes: NDArray[np.float32] = field(default_factory=lambda: _array(2, 3, 4, 5, 8))
    gaps: NDArray[np.float32] = field(default_factory=lambda: _array(0.0, 0.02, 0.05, 0.1, 0.2))
    corners: NDArray[np.float32] = field(default_factory=lambda: _array(8, 12, 20))
    aspect: float = 0.25


def measure(drawings: Sequence[Drawing]) -> Habits:
    """Measure how the people who made these drawings draw."""
    gaps, corners = [], []
    aspects: dict[str, list[float]] = defaultdict(list)
    for drawing in drawings:
        points = np.concatenate(drawing.strokes)
        width, height = np.ptp(points, 0) + 0.02 * GRID
        aspects[drawing.name].append(float(np.log(width / height)))
        for stroke in drawing.strokes:
            length = _length(stroke)
            diameter = float(np.ptp(stroke, 0).max())
            if diameter < LONG:
                continue
            corners.append(len(stroke) * GRID / length)
            gap = float(np.hypot(*(stroke[-1] - stroke[0]))) / diameter
            if gap < CLOSED and length > 2 * diameter:
                gaps.append(gap)
    spread = [np.var(values) for values in aspects.values() if len(values) > 2]
    usual = Habits()
    return Habits(
        strokes=_array(*(len(drawing.strokes) for drawing in drawings)),
        gaps=_array(*gaps) if len(gaps) >= AT_LEAST else usual.gaps,
        corners=_array(*corners) if len(corners) >= AT_LEAST else usual.corners,
        aspect=float(np.sqrt(np.mean(spread))) if spread else usual.aspect,
    )


def redraw(shapes: list[Shape], rng: Generator, habits: Habits) -> list[Shape]:
    """Redraw an icon's outlines as somebody would from memory.

    Args:
        shapes: The icon's shapes.
        rng: For everything.
        habits: How people draw.

    Returns:
        New shapes, in the same painting order, that fill the grid. What was left out is gone.
    """
    contours = [contour for shape in shapes for contour in shape.contours]
    if not contours:
        return shapes
    kept = _kept(contours, rng, habits)
    number, found = 0, []
    for shape in shapes:
        mine = []
        for contour in shape.contours:
            if number in kept:
                mine.append(_by_hand(contour, rng, habits))
            number += 1
        if mine:
            found.append(Shape(_joined(mine, rng), shape.fill, shape.stroke))
    return bend(found, rng, habits.aspect)


def vary(shapes: list[Shape], rng: Generator, habits: Habits) -> list[Shape]:
    """Vary a real drawing: other proportions, parts moved a little, now and then a stroke less."""
    count = len(shapes)
    lengths = [_length(contour) for shape in shapes for contour in shape.contours]
    dropped = -1
    if count > 3 and rng.random() < 0.25:
        dropped = int(rng.integers(count))
        if lengths[dropped] > 0.2 * sum(lengths):
            dropped = -1
    found = [
        Shape([_moved(c, rng, 0.5) for c in shape.contours], shape.fill, shape.stroke)
        for k, shape in enumerate(shapes)
        if k != dropped
    ]
    return bend(found, rng, 0.6 * habits.aspect)


def bend(shapes: list[Shape], rng: Generator, aspect: float) -> list[Shape]:
    """Stretch, shear and turn a whole drawing, and fit it to the grid again."""
    stretch = np.exp(rng.normal(0, aspect) / 2 * np.array([1, -1]))
    shear, turn = rng.normal(0, 0.1), rng.normal(0, 0.06)
    spin = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    matrix = np.diag(stretch) @ np.array([[1, shear], [0, 1]]) @ spin
    return fit([Shape([c @ matrix.T for c in s.contours], s.fill, s.stroke) for s in shapes])


def fit(shapes: list[Shape]) -> list[Shape]:
    """Scale to fill the grid, keeping proportions, and centre."""
    points = np.concatenate([c for shape in shapes for c in shape.contours])
    low, high = points.min(0), points.max(0)
    scale = (GRID - 1) / max(float((high - low).max()), 1e-6)
    offset = (GRID - 1) / 2 - scale * (low + high) / 2
    return [
        Shape([(c * scale + offset).astype(np.float32) for c in s.contours], s.fill, s.stroke)
        for s in shapes
    ]


def _kept(contours: list[Points], rng: Generator, habits: Habits) -> set[int]:
    """Choose the contours a person would draw: about as many as people do, large ones first."""
    count = 1 + int(rng.choice(habits.strokes) * rng.uniform(0.8, 1.8))
    sizes = np.array([np.ptp(contour, 0).max() + 1 for contour in contours])
    order = np.argsort(-sizes * np.exp(rng.normal(0, 0.5, len(sizes))))
    return {int(order[0]), *(int(k) for k in order[:count]), int(sizes.argmax())}


def _by_hand(contour: Points, rng: Generator, habits: Habits) -> Points:
    """Draw one contour with few corners, an open end, and in the wrong place."""
    closed = len(contour) > 3 and np.hypot(*(contour[-1] - contour[0])) < 0.02 * GRID
    if closed:
        contour = np.roll(contour[:-1], -int(rng.integers(len(contour) - 1)), axis=0)
        contour = np.concatenate([contour, contour[:1]])
    length = _length(contour)
    points = max(3.0, rng.choice(habits.corners) * length / GRID)
    # The coarsest simplification that leaves about as many points as people draw.
    for tolerance in np.array((0.05, 0.03, 0.02, 0.012, 0.006)) * GRID:
        simple = simplify(contour.astype(np.float32), float(tolerance))
        if len(simple) >= points or tolerance < 0.04 * np.ptp(contour, 0).max():
            break
    line = _rounded(simple) if rng.random() < 0.75 else simple
    if closed and len(line) > 3:
        line = _opened(line, float(rng.choice(habits.gaps)), rng)
    return _moved(line, rng, 1.0)


def _rounded(line: Points) -> Points:
    """Cut every corner once (Chaikin 1974)."""
    if len(line) < 3:
        return line
    early, late = 0.75 * line[:-1] + 0.25 * line[1:], 0.25 * line[:-1] + 0.75 * line[1:]
    inner = np.stack([early, late], 1).reshape(-1, 2)
    return np.concatenate([line[:1], inner, line[-1:]])


def _opened(line: Points, gap: float, rng: Generator) -> Points:
    """Move the end away from the beginning by a fraction of the diameter, in any direction."""
    angle = rng.uniform(0, 2 * np.pi)
    shift = gap * float(np.ptp(line, 0).max()) * np.array([np.cos(angle), np.sin(angle)])
    along = np.linspace(0, 1, len(line))[:, None] ** 2  # the hand drifts towards the end
    return line + along * shift


def _moved(line: Points, rng: Generator, strength: float) -> Points:
    """Turn, stretch and shift one stroke about its centre."""
    centre = line.mean(0)
    turn = strength * rng.normal(0, 0.1)
    stretch = np.exp(strength * rng.normal(0, 0.13) + strength * rng.normal(0, 0.08, 2))
    spin = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    shift = strength * rng.normal(0, 0.025 * GRID, 2)
    moved: Points = ((line - centre) * stretch @ spin.T + centre + shift).astype(np.float32)
    return moved


def _joined(lines: list[Points], rng: Generator) -> list[Points]:
    """Draw on to a near stroke without lifting the pen, sometimes."""
    found = [lines[0]]
    for line in lines[1:]:
        if np.hypot(*(line[0] - found[-1][-1])) < NEAR and rng.random() < 0.3:
            found[-1] = np.concatenate([found[-1], line])
        else:
            found.append(line)
    return found


def _length(line: Points) -> float:
    return float(np.hypot(*np.diff(line, axis=0).T).sum()) if len(line) > 1 else 1.0


def _array(*values: float) -> NDArray[np.float32]:
    return np.array(values, np.float32)
