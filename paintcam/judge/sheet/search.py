"""Finds a sheet in a small picture and fits its corners to the picture's own edges.

Regions between edges and regions above a brightness are candidates. The hull of a region gives four
sides, each side is fitted again to the picture's own edges without the parts that a hand covers,
and the four lines meet in the corners. A candidate is a sheet if it looks like one: convex, with a
margin of one bright tone, and with a step of brightness or colour all around it.

Source: regions and hulls as in OpenCV's `squares` sample; the border's fit is Tukey-weighted least
squares (Huber & Ronchetti 2009, section 7.8).
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from paintcam.frames import Image
from paintcam.judge.sheet.paper import GREY, View, filled_with_paper, paperness, rank
from paintcam.judge.sheet.quads import Corners, line_quads, meet, plausible, region_quads

__all__ = ["ACQUIRE", "KEEP", "search"]

ACQUIRE, KEEP = 0.64, 0.48  # confidence: hysteresis, so that no sheet flickers at the limit
SURE = 0.8  # confidence at which smaller candidates are not examined
SAMPLES = 24  # along each side
BEYOND = (6.0, 13.0, 22.0)  # pixels: a marker's line close to the camera can be this wide
REACH = 5  # pixels on each side of an edge
ALONG = np.linspace(0.05, 0.95, SAMPLES, dtype=np.float32)
OFFSETS = np.arange(-REACH - 2, REACH + 3, dtype=np.float32)


def search(small: Image, before: Corners | None) -> tuple[Corners, float] | None:
    """Find the likeliest sheet.

    Args:
        small: BGR uint8 (H, W, 3), about 320 pixels on its long side.
        before: Its corners in the last frame. They are checked first, and returned if the
            confidence is still high.

    Returns:
        Corners in the small picture and the confidence, `KEEP`…1; None if nothing is a sheet.
    """
    smooth = cv2.GaussianBlur(small, (3, 3), 0).astype(np.float32)
    around = smooth[::6, ::6].reshape(-1, 3)
    light = np.percentile(around, 95, axis=0).astype(np.float32)
    view = View(smooth, float(np.median(around @ GREY)), light, filled_with_paper(smooth))
    best: tuple[Corners, float] | None = None
    if before is not None:
        best = _judged(view, before)
        if best is not None and best[1] >= ACQUIRE:
            return best
    even = _evenly_lit(small)
    best_weight = 0.0 if best is None else _weight(best, even.size)
    for propose in (region_quads, line_quads):
        for quad in propose(even):
            judged = _judged(view, quad)
            if judged is None:
                continue
            weight = _weight(judged, even.size)
            if weight > best_weight:
                best, best_weight = judged, weight
                if best_weight > SURE:
                    return best
    return None if best is None or best[1] < KEEP else best


def _weight(judged: tuple[Corners, float], pixels: int) -> float:
    """Return how likely this is the sheet that is held up, which is usually the large one."""
    share = cv2.contourArea(judged[0]) / pixels
    return float(judged[1] * (0.5 + 0.5 * min(1.0, share / 0.12) ** 0.5))


def _evenly_lit(small: Image) -> npt.NDArray[np.uint8]:
    """Return the picture in grey, uint8 (H, W), equally bright in a dim and in a bright room."""
    grey = cv2.cvtColor(small, cv2.COLOR_BGR2GRAY)
    light = float(np.percentile(grey[::2, ::2], 98))
    even = cv2.convertScaleAbs(grey, alpha=235.0 / max(light, 24.0))
    blurred: npt.NDArray[np.uint8] = cv2.GaussianBlur(even, (3, 3), 0)
    return blurred


def _judged(view: View, quad: Corners) -> tuple[Corners, float] | None:
    """Fit a rough quad to the picture; return it with the confidence, 0…1, that it is a sheet."""
    rough = _fitted(view, quad)
    if rough is None or rough[1].mean() < 0.4:
        return None
    fine = _fitted(view, rough[0])
    if fine is None:
        return None
    quad, support = fine
    height, width = view.smooth.shape[:2]
    if not cv2.isContourConvex(quad) or not plausible(quad, width, height):
        return None
    even, tone = paperness(view, quad)
    if even < 0.4 or tone < view.page + 3 or not _ends_there(view, quad):
        return None  # if paper fills the picture, only something brighter is a sheet
    border = 0.6 * float(support.mean()) + 0.4 * float(support.min())
    share = cv2.contourArea(quad) / (height * width)
    return quad, border * min(1.0, even / 0.7) * (0.9 + 0.1 * min(1.0, share / 0.1))


def _ends_there(view: View, quad: Corners) -> bool:
    """Return whether the paper ends at the border; beyond a drawn line it continues."""
    points, normal, _ = _along_sides(quad)
    # A drawn line may lie on either side of the border that was fitted.
    depths = (-BEYOND[0], -BEYOND[1], -BEYOND[2], *BEYOND)
    strips = np.stack([points + depth * normal[:, None] for depth in depths])
    looked = _sampled(view, strips.reshape(-1, SAMPLES, 2)).reshape(len(depths), 4, SAMPLES, 3)
    pairs = looked[: len(BEYOND), None] - looked[None, len(BEYOND) :]
    steps = np.sort(pairs, axis=3)[:, :, :, SAMPLES // 2]
    apart = np.abs(steps).max(axis=3).min(axis=(0, 1))
    needed = max(2.0, 0.016 * float(rank(looked[0].reshape(-1, 3), 0.5).max()))
    return bool((apart > needed).sum() >= 3)


def _along_sides(
    quad: Corners,
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Return points along each side (4, SAMPLES, 2), outward normals (4, 2), lengths (4, 1)."""
    ends = np.roll(quad, -1, axis=0)
    lengths = np.linalg.norm(ends - quad, axis=1, keepdims=True)
    way = (ends - quad) / lengths
    normal = np.stack([way[:, 1], -way[:, 0]], axis=1)  # outward, corners being clockwise
    return quad[:, None] + (ends - quad)[:, None] * ALONG[None, :, None], normal, lengths


def _sampled(view: View, points: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return the colours at points float32 (A, B, 2): BGR float32 (A, B, 3)."""
    at = points.astype(np.float32)
    colours: npt.NDArray[np.float32] = cv2.remap(
        view.smooth, at[..., 0], at[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return colours


def _fitted(view: View, quad: Corners) -> tuple[Corners, npt.NDArray[np.float32]] | None:
    """Move each side onto the step beside it; return also the share with a step, float32 (4,)."""
    if np.linalg.norm(np.roll(quad, -1, axis=0) - quad, axis=1).min() < 8:
        return None
    points, normal, lengths = _along_sides(quad)
    grid = points[:, :, None] + normal[:, None, None] * OFFSETS[None, None, :, None]
    flat = _sampled(view, grid.reshape(4 * SAMPLES, len(OFFSETS), 2))
    looked = flat.reshape(4, SAMPLES, len(OFFSETS), 3)
    # A step and not a stroke: compare two pixels outside with two inside.
    pairs = looked[:, :, :-1] + looked[:, :, 1:]
    strength = np.abs(pairs[:, :, 3:] - pairs[:, :, :-3]).max(axis=3) * 0.5
    place = strength.argmax(axis=2)
    strongest = np.take_along_axis(strength, place[:, :, None], axis=2)[:, :, 0]
    peak = OFFSETS[2:-2][place] + _subpixel(strength, place)
    inside = looked[:, :, :3].mean(axis=2)
    paper = rank(inside.reshape(-1, 3), 0.5)
    needed = max(3.0, 0.035 * float(paper.max()))
    # The inner side of a step has the paper's tone, even if a hand is on the outer side.
    within = np.abs(inside - paper).max(axis=2) < max(14.0, 0.28 * float(paper.max()))
    steps = (strongest > needed) & within
    if steps.sum(axis=1).min() < 6:
        return None
    slope, shift = _robust_lines(ALONG, peak, steps)
    close = np.abs(peak - shift[:, None] - slope[:, None] * ALONG) < 1.6
    support = (close & steps).mean(axis=1, dtype=np.float32)
    begin = quad + normal * shift[:, None]
    finish = np.roll(quad, -1, axis=0) + normal * (shift + slope)[:, None]
    corners = meet(begin, finish)
    if corners is None or np.abs(corners - quad).max() > 0.35 * lengths.max():
        return None
    return corners, support


def _robust_lines(
    x: npt.NDArray[np.float32], y: npt.NDArray[np.float32], use: npt.NDArray[np.bool_]
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Return slopes and shifts, float32 (L,), of lines through most points of y's rows (L, N)."""
    slope = np.zeros(len(y), np.float32)
    middle = np.sort(np.where(use, y, np.inf), axis=1)
    shift = middle[np.arange(len(y)), use.sum(axis=1) // 2]
    for cut in (5.0, 2.5, 1.3, 1.0):
        rest = (y - shift[:, None] - slope[:, None] * x) / cut
        weight = np.where(use & (np.abs(rest) < 1), (1 - rest**2) ** 2, 1e-4)
        total = weight.sum(axis=1)
        mx, my = (weight * x).sum(axis=1) / total, (weight * y).sum(axis=1) / total
        gap = x - mx[:, None]
        slope = (weight * gap * y).sum(axis=1) / (weight * gap * gap).sum(axis=1)
        shift = my - slope * mx
    return slope, shift


def _subpixel(
    strength: npt.NDArray[np.float32], place: npt.NDArray[np.intp]
) -> npt.NDArray[np.float32]:
    """Return the offset, −0.5…0.5, of a parabola's peak through the strongest value."""
    inner = np.clip(place, 1, strength.shape[2] - 2)
    rows, columns = np.indices(place.shape)
    a, b, c = (strength[rows, columns, inner + d] for d in (-1, 0, 1))
    bend = a - 2 * b + c
    shift = np.where(np.abs(bend) > 1e-3, 0.5 * (a - c) / np.where(bend == 0, 1, bend), 0)
    result: npt.NDArray[np.float32] = np.clip(shift, -0.5, 0.5).astype(np.float32)
    return result
