"""Shows a sheet from the front: the square of it that contains the drawing."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from paintcam.frames import Image
from paintcam.judge.sheet.quads import Corners

__all__ = ["straighten"]

INK_GRID = 112  # pixels: strokes are visible, paper grain is not
LEAST_SHARE = 0.45  # of the sheet's side: a small drawing is enlarged no further than this
OUTPUT = 320  # pixels per side: more than an encoder takes
WHOLE = np.array([0.0, 0.0, 1.0])
CLOSING = np.ones((15, 15), np.uint8)


def straighten(
    image: Image,
    corners: Corners,
    before: npt.NDArray[np.float64] | None = None,
    weight: float = 1.0,
) -> tuple[Image, npt.NDArray[np.float64]]:
    """Return the square of a sheet that contains its ink, seen from the front.

    The sheet is padded to a square with the paper's own colour, so that a centre crop loses
    nothing. A small drawing on a large sheet is enlarged, and so is small handwriting. The drawing
    keeps the orientation in which it is held.

    Args:
        image: BGR uint8 (H, W, 3).
        corners: Of the sheet, in the image's pixels.
        before: The square of the frame before, to move smoothly from; None to jump.
        weight: The share of the way to this frame's own square, 0…1.

    Returns:
        The picture, BGR uint8 (320, 320, 3), and its square: left, top, side in 0…1 of the sheet.
    """
    sides = np.linalg.norm(np.roll(corners, -1, axis=0) - corners, axis=1)
    across, down = max(sides[0], sides[2], 1.0), max(sides[1], sides[3], 1.0)
    half = np.array([across, down]) / (2 * max(across, down))
    page = np.array([0.5 - half, 0.5 + half])  # in a square of side 1: left top, right bottom
    (left, top), (right, bottom) = page
    target = np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float32)
    # Slightly inside the border, which contains shadow and background.
    middle = corners.mean(axis=0)
    source = (middle + (corners - middle) * 0.985).astype(np.float32)
    matrix = cv2.getPerspectiveTransform(source, target)
    square = _ink_square(_part(image, matrix, page, WHOLE, INK_GRID))
    if before is not None:
        square = before + weight * (square - before)  # no jump with every stroke
    return _part(image, matrix, page, square, OUTPUT), square


def _part(
    image: Image,
    matrix: npt.NDArray[np.float64],
    page: npt.NDArray[np.float64],
    square: npt.NDArray[np.float64],
    pixels: int,
) -> Image:
    """Return a square part of the flat sheet, filled with the paper's own colour beyond the page.

    Args:
        image: BGR uint8 (H, W, 3).
        matrix: From its pixels to a square of side 1 around the sheet, (3, 3).
        page: The sheet in that square: left top and right bottom, (2, 2).
        square: The part to return: left, top, side.
        pixels: Side of the result.
    """
    left, top, side = square
    fit = pixels / side
    part = np.array([[fit, 0, -fit * left], [0, fit, -fit * top], [0, 0, 1]])
    front: Image = cv2.warpPerspective(
        image,
        part @ matrix,
        (pixels, pixels),
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    begin, end = np.rint((page - [left, top]) * fit).clip(0, pixels).astype(int)
    inside = front[begin[1] : end[1], begin[0] : end[0]]
    if inside.size:
        paper = _paper_colour(inside)
        front[: begin[1]], front[end[1] :] = paper, paper
        front[:, : begin[0]], front[:, end[0] :] = paper, paper
    return front


def _ink_square(front: Image) -> npt.NDArray[np.float64]:
    """Return the square around what is darker than the paper beside it: left, top, side, 0…1."""
    grey = cv2.cvtColor(front, cv2.COLOR_BGR2GRAY)
    size = len(grey)
    # Closing removes the strokes and leaves the paper with its shadows.
    paper = cv2.blur(cv2.morphologyEx(grey, cv2.MORPH_CLOSE, CLOSING), (15, 15))
    ink = cv2.subtract(paper, grey) > np.maximum(12, paper // 8)
    ink[:4], ink[-4:], ink[:, :4], ink[:, -4:] = False, False, False, False
    rows, columns = ink.sum(axis=1).cumsum(), ink.sum(axis=0).cumsum()
    if rows[-1] < 12:
        return WHOLE
    # All but a few specks at either end.
    share = np.array([0.005, 0.995]) * rows[-1]
    (x0, x1), (y0, y1) = np.searchsorted(columns, share), np.searchsorted(rows, share)
    side = min(1.0, max(LEAST_SHARE, (1.25 * max(x1 - x0, y1 - y0) + 4) / size))
    corner = np.clip(np.array([x0 + x1, y0 + y1]) / (2 * size) - side / 2, 0, 1 - side)
    return np.array([*corner, side])


def _paper_colour(page: Image) -> npt.NDArray[np.uint8]:
    """Return the median of the brighter half: BGR uint8 (3,)."""
    step = max(1, len(page) // 20)
    pixels = page[::step, ::step].reshape(-1, 3)
    grey = pixels.sum(axis=1, dtype=np.int32)
    bright: npt.NDArray[np.uint8] = np.median(pixels[grey >= np.median(grey)], axis=0).astype(
        np.uint8
    )
    return bright
