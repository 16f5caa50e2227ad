"""Draw a stored picture by a shaky hand from its outlines, or as it is with altered colours.

A drawing is uint8 RGBA (128, 128, 4) with colour premultiplied by alpha, so that paper shines
through. Rough double strokes follow the idea of Rough.js (npm ``roughjs``).
"""

# mypy: disable-error-code="no-any-return"
# OpenCV and torch have no types: what they return is Any.

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from .outlines import GRID, Shape
from .svg_path import Points

SIZE = 128
MARGIN = 5
SUBPIXEL = 4  # bits of OpenCV's fixed-point coordinates
Layer = NDArray[np.uint8]
Colour = tuple[int, ...]  # RGB


@dataclass(slots=True)
class Hand:
    """Pen, steadiness and colouring of somebody who draws."""

    ink: Colour = (20, 20, 20)
    thickness: int = 2
    wobble: float = 1.0  # pixels
    twice: bool = False
    grain: float = 0.0  # 0 a pen, 1 a crayon or chalk
    colouring: str = "none"  # none, flat, hatch, crayon
    seed: int = 0  # of the wobble: one hand draws the same lines at every stage


def random_hand(rng: Generator, chalk: bool = False, colouring: str | None = None) -> Hand:
    """Choose pen, steadiness and colouring; chalk is bright, for a dark board."""
    kinds = ("none", "flat", "hatch", "crayon")
    return Hand(
        ink=random_ink(rng, chalk),
        thickness=int(rng.choice((1, 2, 3, 4), p=(0.2, 0.4, 0.27, 0.13))),
        wobble=float(rng.uniform(0.2, 2.2)),
        twice=bool(rng.random() < 0.3),
        grain=float(rng.uniform(0.3, 1)) if chalk or rng.random() < 0.25 else 0.0,
        colouring=colouring or str(rng.choice(kinds, p=(0.58, 0.22, 0.1, 0.1))),
        seed=int(rng.integers(1 << 31)),
    )


def random_ink(rng: Generator, chalk: bool = False) -> Colour:
    """Choose black or a strong pen colour; for chalk, white or a light one."""
    if chalk:
        return tuple(int(v) for v in rng.integers(170, 256, 3))
    if rng.random() < 0.65:
        return tuple(int(v) for v in rng.integers(0, 60, 3))
    colour = rng.integers(0, 230, 3)
    colour[rng.integers(3)] = rng.integers(0, 50)
    return tuple(int(v) for v in colour)


def draw_by_hand(shapes: list[Shape], hand: Hand, part: float = 1.0) -> Layer:
    """Draw outlines in painting order, hiding lines behind what is filled.

    Args:
        shapes: From :meth:`render.Store.shapes`.
        hand: Pen, steadiness, colouring.
        part: Fraction of the whole line length drawn so far, 0...1.

    Returns:
        The drawing, uint8 (128, 128, 4), premultiplied.
    """
    rng = np.random.default_rng(hand.seed)
    lines: Layer = np.zeros((SIZE, SIZE, 4), np.uint8)
    colours: Layer = np.zeros_like(lines)
    contours = _shaken([contour for shape in shapes for contour in shape.contours], hand, rng)
    lengths = [float(np.hypot(*np.diff(c, axis=0).T).sum()) for c in contours]
    budget = part * sum(lengths)
    ink = (*hand.ink, 255)
    at = 0
    for shape in shapes:
        mine = contours[at : at + len(shape.contours)]
        length = sum(lengths[at : at + len(mine)])
        at += len(mine)
        if budget <= 0:
            break
        done = budget >= length
        if not done:
            mine = _first_part(mine, budget)
        budget -= length
        fixed = [_fixed(c) for c in mine]
        if shape.fill and done:
            dark = sum(shape.fill) < 150 and _small(mine)
            _fill(lines, fixed, ink if dark else (0, 0, 0, 0))
            if hand.colouring != "none":
                _fill(colours, fixed, (*shape.fill, 255))
        _stroke(lines, fixed, ink, hand.thickness)
        if hand.twice:
            again = [_fixed(c + rng.normal(0, 0.7, c.shape).astype(np.float32)) for c in mine]
            _stroke(lines, again, ink, 1)
    if hand.grain:
        lines = _grained(lines, hand.grain, rng)
    if hand.colouring == "none":
        return lines
    if hand.colouring != "flat":
        colours = _hatched(colours, rng) if hand.colouring == "hatch" else _grained(colours, 1, rng)
    return over(colours, lines)


def over(below: Layer, above: Layer) -> Layer:
    """Lay one premultiplied drawing over another of the same size."""
    rest = 255 - above[..., 3:].astype(np.uint16)
    return (above + (below * rest // 255).astype(np.uint8)).astype(np.uint8)


def recolour(layer: Layer, rng: Generator, one_colour: bool) -> Layer:
    """Alter a stored raster: another ink, shifted hues, grey, contour lines, or only its edges."""
    alpha = layer[..., 3:]
    if one_colour:
        return _inked(alpha[..., 0], random_ink(rng))
    choice = rng.random()
    if choice < 0.3:
        return layer
    if choice < 0.45:  # a black contour around it and between its colours
        return over(layer, _inked(_edges(layer, rng), (15, 15, 15)))
    if choice < 0.6:
        return _inked(_edges(layer, rng), random_ink(rng))
    if choice < 0.7:
        grey = layer[..., :3].mean(2, keepdims=True).astype(np.uint8)
        return np.concatenate([grey, grey, grey, alpha], 2)
    hsv = cv2.cvtColor(np.ascontiguousarray(layer[..., :3]), cv2.COLOR_RGB2HSV).astype(np.float32)
    hsv[..., 0] = (hsv[..., 0] + rng.normal(0, 10)) % 180
    hsv[..., 1] *= rng.uniform(0.4, 1.3)
    rgb = cv2.cvtColor(hsv.clip(0, 255).astype(np.uint8), cv2.COLOR_HSV2RGB)
    return np.dstack([np.minimum(rgb, alpha), alpha])


def warp(layer: Layer, rng: Generator, strength: float) -> Layer:
    """Bend a drawing smoothly; strength is the typical shift in pixels."""
    size = layer.shape[0]
    coarse = rng.normal(0, strength, (2, 5, 5)).astype(np.float32)
    dx, dy = (cv2.resize(c, (size, size), interpolation=cv2.INTER_CUBIC) for c in coarse)
    x, y = np.meshgrid(np.arange(size, dtype=np.float32), np.arange(size, dtype=np.float32))
    return cv2.remap(layer, x + dx, y + dy, cv2.INTER_LINEAR)


def _shaken(contours: list[Points], hand: Hand, rng: Generator) -> list[Points]:
    """Scale to pixels and move points: a smooth bend, a shift per contour, a tremble per point."""
    if not contours:
        return []
    counts = [len(c) for c in contours]
    points = np.concatenate(contours) * ((SIZE - 2 * MARGIN) / GRID) + MARGIN
    coarse = rng.normal(0, 1.6 * hand.wobble, (5, 5, 2)).astype(np.float32)
    smooth = cv2.resize(coarse, (SIZE, SIZE), interpolation=cv2.INTER_CUBIC)
    x, y = points.astype(np.int32).clip(0, SIZE - 1).T
    shift = np.repeat(rng.normal(0, 0.5 * hand.wobble, (len(counts), 2)), counts, 0)
    tremble = rng.normal(0, 0.25 * hand.wobble, points.shape)
    points = points + smooth[y, x] + shift + tremble
    return np.split(points.astype(np.float32), np.cumsum(counts)[:-1])


def _first_part(contours: list[Points], budget: float) -> list[Points]:
    """Cut contours where the pen has used up its length."""
    kept = []
    for contour in contours:
        travelled = np.concatenate([[0], np.hypot(*np.diff(contour, axis=0).T).cumsum()])
        count = int(np.searchsorted(travelled, budget))
        if count > 1:
            kept.append(contour[:count])
        budget -= travelled[-1]
        if budget <= 0:
            break
    return kept


def _small(contours: list[Points]) -> bool:
    low = np.min([c.min(0) for c in contours], 0)
    high = np.max([c.max(0) for c in contours], 0)
    return float(np.prod(high - low)) < 0.05 * SIZE * SIZE


def _fixed(contour: Points) -> NDArray[np.int32]:
    return np.round(contour * (1 << SUBPIXEL)).astype(np.int32)


def _fill(canvas: Layer, contours: list[NDArray[np.int32]], colour: Sequence[int]) -> None:
    cv2.fillPoly(canvas, contours, colour, cv2.LINE_8, SUBPIXEL)


def _stroke(
    canvas: Layer, contours: list[NDArray[np.int32]], colour: Sequence[int], thickness: int
) -> None:
    cv2.polylines(canvas, contours, False, colour, thickness, cv2.LINE_AA, SUBPIXEL)


def _scaled(layer: Layer, mask: NDArray[np.float32]) -> Layer:
    return (layer * mask[..., None]).astype(np.uint8)


def _grained(layer: Layer, grain: float, rng: Generator) -> Layer:
    """Let the paper's roughness show through, as under crayon or chalk."""
    noise = rng.random((SIZE // 2, SIZE // 2), np.float32)
    noise = cv2.resize(noise, (SIZE, SIZE), interpolation=cv2.INTER_LINEAR)
    return _scaled(layer, 1 - grain * (noise > 0.55))


def _hatched(layer: Layer, rng: Generator) -> Layer:
    """Keep stripes only, as of a fill drawn in strokes."""
    y, x = np.mgrid[:SIZE, :SIZE].astype(np.float32)
    turn, period = rng.uniform(0, np.pi), rng.uniform(4, 9)
    wave = np.sin((x * np.cos(turn) + y * np.sin(turn)) * 2 * np.pi / period)
    return _scaled(layer, (wave > rng.uniform(-0.6, 0.5)).astype(np.float32))


def _inked(alpha: NDArray[np.uint8], ink: Colour) -> Layer:
    colour = np.array(ink, np.uint16)
    return np.dstack([(alpha[..., None] * colour // 255).astype(np.uint8), alpha])


def _edges(layer: Layer, rng: Generator) -> NDArray[np.uint8]:
    """Find where colours change, on white paper: (128, 128), 255 on an edge."""
    paper = layer[..., :3] + (255 - layer[..., 3:])
    smooth = cv2.GaussianBlur(paper, (0, 0), float(rng.uniform(0.4, 1.3)))
    edge = cv2.morphologyEx(smooth, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)).max(2)
    low, span = rng.uniform(10, 30), rng.uniform(25, 90)
    return ((edge - low) * (255 / span)).clip(0, 255).astype(np.uint8)
