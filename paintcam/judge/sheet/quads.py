"""Finds rough quads that may be sheets in a small picture, for a closer look.

They come from two methods: the hulls of regions that edges or a brightness enclose (fast, and
reliable if the sheet stands out), and long straight lines of which four enclose something (if the
border has gaps: a white wall behind white paper, hands, fingers).

Source: regions as in OpenCV's `squares` sample; lines by the probabilistic Hough transform (Matas
et al. 2000).
"""

from __future__ import annotations

from typing import TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

__all__ = ["Corners", "line_quads", "meet", "ordered", "plausible", "region_quads"]

Corners: TypeAlias = npt.NDArray[np.float32]
"""Pixels (x, y) of a sheet's corners, float32 (4, 2), clockwise from the top left."""

SMALLEST, LARGEST = 0.022, 0.93  # of the frame's area: background below, a full frame above
LINES = 14  # number of longest lines, which include the sides of a sheet
AT = np.linspace(0.04, 0.96, 20)
SQUARE = np.ones((3, 3), np.uint8)


def region_quads(even: npt.NDArray[np.uint8]) -> list[Corners]:
    """Return quads around bright or enclosed regions, the largest first.

    Args:
        even: Grey uint8 (H, W), about 320 pixels on its long side, its brightest part near 235.
    """
    height, width = even.shape
    masks = []
    for low, high in ((18, 45), (45, 110)):
        edges = cv2.Canny(even, low, high, L2gradient=True)
        masks.append(cv2.bitwise_not(cv2.dilate(edges, SQUARE)))
    otsu, _ = cv2.threshold(even, 0, 255, cv2.THRESH_OTSU)
    for level in (otsu, (otsu + 235) / 2):
        _, mask = cv2.threshold(even, level, 255, cv2.THRESH_BINARY)
        masks.append(cv2.erode(mask, SQUARE))
    quads: list[tuple[float, Corners]] = []
    for mask in masks:
        contours, _ = cv2.findContours(mask, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
        sized = [(cv2.contourArea(c), c) for c in contours if len(c) >= 4]
        sized = [pair for pair in sized if pair[0] > 0.8 * SMALLEST * height * width]
        sized.sort(key=lambda pair: -pair[0])
        for area, contour in sized[:6]:
            hull = cv2.convexHull(contour)
            if area < 0.55 * cv2.contourArea(hull):
                continue
            for quad in _hull_quads(hull):
                if plausible(quad, width, height) and not any(
                    np.abs(quad - other).max() < 3 for _, other in quads
                ):
                    quads.append((cv2.contourArea(quad), quad))
    quads.sort(key=lambda pair: -pair[0])
    return [quad for _, quad in quads[:8]]


def _hull_quads(hull: npt.NDArray[np.int32]) -> list[Corners]:
    around = cv2.arcLength(hull, True)
    found: list[Corners] = []
    for tolerance in (0.02, 0.04, 0.07):
        polygon = cv2.approxPolyDP(hull, tolerance * around, True)[:, 0].astype(np.float32)
        if len(polygon) == 4:
            found.append(ordered(polygon))
            break
    polygon = cv2.approxPolyDP(hull, 0.012 * around, True)[:, 0].astype(np.float32)
    if len(polygon) > 4:
        # A hand can cut off a corner; the four longest sides still meet where it was.
        ends = np.roll(polygon, -1, axis=0)
        longest = np.sort(np.argsort(-np.linalg.norm(ends - polygon, axis=1))[:4])
        corners = meet(polygon[longest], ends[longest])
        if corners is not None and cv2.isContourConvex(corners):
            found.append(ordered(corners))
    return found


def line_quads(even: npt.NDArray[np.uint8]) -> list[Corners]:
    """Return quads between long straight lines, the clearest first; `even` as above."""
    height, width = even.shape
    soft = cv2.GaussianBlur(even, (5, 5), 0)
    # Edges that stand out from this picture's own noise.
    noise = float(np.median(cv2.absdiff(soft[:, 2:], soft[:, :-2])))
    low = 10 + 8 * noise
    edges = cv2.Canny(soft, low, 2 * low, L2gradient=True)
    segments = cv2.HoughLinesP(edges, 1, np.pi / 180, 22, minLineLength=24, maxLineGap=7)
    if segments is None or len(segments) < 4:
        return []
    ends = _longest(segments.reshape(-1, 4).astype(np.float64))
    quads = _between(ends, width, height)
    if not len(quads):
        return []
    drawn = cv2.dilate(edges, SQUARE) > 0
    points = quads[:, :, None] + (np.roll(quads, -1, axis=1) - quads)[:, :, None] * AT[:, None]
    x = np.clip(np.rint(points[..., 0]), 0, width - 1).astype(np.intp)
    y = np.clip(np.rint(points[..., 1]), 0, height - 1).astype(np.intp)
    sides = drawn[y, x].mean(axis=2)
    support = sides.mean(axis=1) + 0.5 * sides.min(axis=1)
    order = np.argsort(-support)
    chosen: list[Corners] = []
    for index in order[:40]:
        quad = ordered(quads[index].astype(np.float32))
        if support[index] < 0.75 or len(chosen) == 6:
            break
        if plausible(quad, width, height) and not any(
            np.abs(quad - other).max() < 6 for other in chosen
        ):
            chosen.append(quad)
    return chosen


def _longest(ends: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the longest lines, with pieces joined: float64 (L, 4) of x1, y1, x2, y2."""
    lengths = np.hypot(ends[:, 2] - ends[:, 0], ends[:, 3] - ends[:, 1])
    order = np.argsort(-lengths)[:60]
    ends, lengths = ends[order], lengths[order].copy()
    way = (ends[:, 2:] - ends[:, :2]) / lengths[:, None]
    normal = np.stack([-way[:, 1], way[:, 0]], axis=1)
    kept: list[int] = []
    for index in range(len(ends)):
        middle = (ends[index, :2] + ends[index, 2:]) / 2
        for other in kept:
            alike = abs(way[index] @ normal[other]) < 0.09
            if alike and abs((middle - ends[other, :2]) @ normal[other]) < 3:
                lengths[other] += 0.5 * lengths[index]
                break
        else:
            kept.append(index)
    kept.sort(key=lambda index: -lengths[index])
    return ends[kept[:LINES]]


def _between(ends: npt.NDArray[np.float64], width: int, height: int) -> npt.NDArray[np.float64]:
    """Return the corners of all four lines that enclose something of a sheet's size, (Q, 4, 2)."""
    a, b = ends[:, :2], ends[:, 2:]
    way = b - a
    angle = np.arctan2(way[:, 1], way[:, 0])
    one, two = np.triu_indices(len(ends), 1)
    apart = np.abs((angle[one] - angle[two] + np.pi / 2) % np.pi - np.pi / 2)
    alike = apart < np.radians(32)
    one, two = one[alike], two[alike]
    if len(one) < 2:
        return np.empty((0, 4, 2))
    p, q = np.triu_indices(len(one), 1)
    sides = np.stack([one[p], one[q], two[p], two[q]], axis=1)  # opposite, neighbour, opposite…
    turn = np.abs((angle[sides[:, 0]] - angle[sides[:, 1]] + np.pi / 2) % np.pi - np.pi / 2)
    sides = sides[turn > np.radians(48)]
    before = np.roll(sides, 1, axis=1)
    cross = way[before, 0] * way[sides, 1] - way[before, 1] * way[sides, 0]
    gap = a[sides] - a[before]
    cross = np.where(np.abs(cross) < 1e-6, 1e-6, cross)  # parallels meet far outside
    along = (gap[..., 0] * way[sides, 1] - gap[..., 1] * way[sides, 0]) / cross
    corners = a[before] + way[before] * along[..., None]
    follow = np.roll(corners, -1, axis=1)
    area = np.abs((corners[..., 0] * follow[..., 1] - corners[..., 1] * follow[..., 0]).sum(1)) / 2
    reach = 0.05 * max(width, height)
    inside = ((corners > -reach) & (corners < np.array([width, height]) + reach)).all(axis=(1, 2))
    good = inside & (area > SMALLEST * width * height) & (area < LARGEST * width * height)
    enclosed: npt.NDArray[np.float64] = corners[good]
    return enclosed


def plausible(quad: Corners, width: int, height: int) -> bool:
    """Return whether a flat rectangle in the frame could look like this."""
    if not cv2.isContourConvex(quad):
        return False
    share = cv2.contourArea(quad) / (width * height)
    margin = 0.05 * max(width, height)
    low, high = quad.min(axis=0), quad.max(axis=0)
    if not SMALLEST < share < LARGEST or low.min() < -margin:
        return False
    if high[0] > width + margin or high[1] > height + margin:
        return False
    on_edge = np.concatenate([quad < 3, quad > np.array([width - 4, height - 4])], axis=1)
    if (on_edge & np.roll(on_edge, -1, axis=0)).sum() > 1:
        return False  # two sides along the picture's own border: background
    edges = np.roll(quad, -1, axis=0) - quad
    lengths = np.linalg.norm(edges, axis=1)
    if lengths.min() < 8:
        return False
    for one, other in ((0, 2), (1, 3)):
        if max(lengths[one], lengths[other]) > 2.0 * min(lengths[one], lengths[other]):
            return False
    units = edges / lengths[:, None]
    turns = np.abs((units * np.roll(units, 1, axis=0)).sum(axis=1))
    aspect = (lengths[0] + lengths[2]) / (lengths[1] + lengths[3])
    return bool(turns.max() < 0.62 and 0.33 < aspect < 3.0)


def meet(starts: Corners, ends: Corners) -> Corners | None:
    """Return the corners where each line meets the one before; None if two are parallel."""
    one = np.roll(starts, 1, axis=0)
    first, second = np.roll(ends, 1, axis=0) - one, ends - starts
    cross = first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0]
    lengths = np.linalg.norm(first, axis=1) * np.linalg.norm(second, axis=1)
    if (np.abs(cross) < 0.05 * lengths + 1e-6).any():
        return None
    gap = starts - one
    way = (gap[:, 0] * second[:, 1] - gap[:, 1] * second[:, 0]) / cross
    corners: Corners = (one + first * way[:, None]).astype(np.float32)
    return corners


def ordered(quad: npt.NDArray[np.float32]) -> Corners:
    """Return the corners clockwise on the screen, from the one nearest the top left."""
    middle = quad.mean(axis=0)
    angles = np.arctan2(quad[:, 1] - middle[1], quad[:, 0] - middle[0])
    turned = quad[np.argsort(angles)]
    return np.roll(turned, -int(np.argmin(turned.sum(axis=1))), axis=0).astype(np.float32)
