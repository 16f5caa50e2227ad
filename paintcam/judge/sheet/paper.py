"""What paper looks like: one bright, neutral tone up to its edges."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from paintcam.judge.sheet.quads import Corners

__all__ = ["GREY", "View", "filled_with_paper", "paperness", "rank"]

FILLED = 0.97  # share of the outermost ring from which paper fills the picture
GREY = np.array([0.114, 0.587, 0.299], np.float32)
MARGIN = np.ones((28, 28), bool)
MARGIN[4:-4, 4:-4] = False
MARGIN[[0, -1]], MARGIN[:, [0, -1]] = False, False
MARGIN_XY = np.stack([*np.nonzero(MARGIN), np.full(MARGIN.sum(), 28)], axis=1) / 28


@dataclass(frozen=True, slots=True)
class View:
    """A picture to search.

    Attributes:
        smooth: BGR float32 (H, W, 3).
        median: Its median grey.
        light: BGR (3,) of its brightest parts.
        page: The paper's grey if paper fills the picture; otherwise 0.
    """

    smooth: npt.NDArray[np.float32]
    median: float
    light: npt.NDArray[np.float32]
    page: float


def paperness(view: View, quad: Corners) -> tuple[float, float]:
    """Return the share of the quad's margin with one bright, neutral tone, 0…1; and that grey.

    The middle is left out because the drawing fills it.
    """
    page = _front(view.smooth, quad, MARGIN.shape[0])
    near, tone = _one_tone((page @ GREY)[MARGIN], MARGIN_XY)
    if tone < max(10.0, 0.75 * view.median):
        return 0.0, 0.0  # paper is one of the bright things in a room
    colour = page[MARGIN][near].mean(axis=0)
    balanced = colour / np.maximum(view.light, 1)
    # Neutral as it is, or neutral under this light.
    tinted = min(1 - balanced.min() / balanced.max(), 1 - colour.min() / max(colour.max(), 1))
    return (float(near.mean()), tone) if tinted < 0.4 else (0.0, 0.0)


def _one_tone(
    grey: npt.NDArray[np.float32], places: npt.NDArray[np.float64]
) -> tuple[npt.NDArray[np.bool_], float]:
    """Return which of the greys (N,) at places (N, 3) share a tone, and that tone; 0 if none do.

    The tone may fall off evenly, as with a lamp on one side.
    """
    tone = np.full(grey.shape, rank(grey, 0.6), np.float32)
    for _ in range(2):  # fit a plane through the samples near the tone
        near = np.abs(grey - tone) < 0.2 * tone + 4
        if near.sum() < 0.3 * near.size:
            return near, 0.0
        base = places[near]
        plane = np.linalg.solve(base.T @ base + 1e-3 * np.eye(3), base.T @ grey[near])
        tone = (places @ plane).astype(np.float32)
    near = np.abs(grey - tone) < 0.09 * np.abs(tone) + 4
    return near, float(tone.mean()) if near.any() else 0.0


def filled_with_paper(smooth: npt.NDArray[np.float32]) -> float:
    """Return the tone of the picture's outermost ring if all of it has one, otherwise 0.

    Arms and shoulders of a person who holds a sheet interrupt the ring.
    """
    grey = smooth @ GREY
    height, width = grey.shape
    ring = np.concatenate([grey[1], grey[-2], grey[1:-1, 1], grey[1:-1, -2]])
    rows = np.concatenate([np.zeros(width), np.ones(width), *[np.linspace(0, 1, height - 2)] * 2])
    columns = np.concatenate(
        [*[np.linspace(0, 1, width)] * 2, np.zeros(height - 2), np.ones(height - 2)]
    )
    near, tone = _one_tone(ring, np.stack([rows, columns, np.ones_like(rows)], axis=1))
    return tone if near.mean() > FILLED else 0.0


def rank(values: npt.NDArray[np.float32], share: float) -> npt.NDArray[np.float32]:
    """Return the value that a share of each column lies below; faster than a percentile."""
    ranked: npt.NDArray[np.float32] = np.sort(values, axis=0)[int(share * len(values))]
    return ranked


def _front(picture: npt.NDArray[np.float32], quad: Corners, side: int) -> npt.NDArray[np.float32]:
    target = np.array([[0, 0], [side, 0], [side, side], [0, side]], np.float32)
    matrix = cv2.getPerspectiveTransform(quad, target)
    page: npt.NDArray[np.float32] = cv2.warpPerspective(
        picture, matrix, (side, side), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return page
