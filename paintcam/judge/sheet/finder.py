"""Finds the sheet of paper, card, tablet or whiteboard that somebody holds to the camera.

A frame is searched 320 pixels wide (`paintcam.judge.sheet.search`); over a stream the corners are
followed and smoothed, and a sheet has to be surer to be found than to be kept.
"""

from __future__ import annotations

import cv2  # noqa: TID253 - nothing here works without it, and cli loads this module late
import numpy as np
import numpy.typing as npt

from paintcam.frames import Image
from paintcam.judge.sheet.quads import Corners, ordered
from paintcam.judge.sheet.search import ACQUIRE, KEEP, search

__all__ = ["Corners", "SheetFinder"]

LONG_SIDE = 320  # pixels: a 4 ms search, and edges of a sheet still within half a pixel
PATIENCE = 8  # frames that a held sheet may vanish (a hand before it, motion blur)
LOOK_AROUND = 30  # frames
INK_GRID = 112  # pixels: strokes are still seen, paper grain is not
LEAST_SHARE = 0.45  # of the sheet's side: a small drawing is brought no nearer than this
OUTPUT = 320  # pixels a side: more than an encoder takes
WHOLE = np.array([0.0, 0.0, 1.0])
CLOSING = np.ones((15, 15), np.uint8)


class SheetFinder:
    """Finds a sheet frame after frame.

    Args:
        steady: Frames are of one stream: smooth over time. False treats each picture by itself.
        pace: How many frames of the stream each one that is looked at stands for: a slow encoder
            sees few, and what holds for eight frames must not hold for eight of these.
    """

    def __init__(self, *, steady: bool = True, pace: int = 1) -> None:
        self._steady = steady
        self._pace = max(1, pace)
        self._corners: Corners | None = None
        self._square: npt.NDArray[np.float64] | None = None
        self._missed = 0
        self._count = -1
        self._size = (0, 0)

    def find(self, image: Image) -> Corners | None:
        """Find the sheet that is held up.

        Args:
            image: BGR uint8 (H, W, 3).

        Returns:
            The sheet's corners in the image's pixels, or None where there is none, or where the
            paper fills the picture.
        """
        height, width = image.shape[:2]
        if min(height, width) < 48:
            return None
        if (width, height) != self._size:
            self._size, self._corners = (width, height), None
        self._count += 1
        if self._steady and self._corners is None and self._pace < 3 and self._count % 3:
            return None  # an empty room is searched every third frame: a third of the cost
        scale = min(1.0, LONG_SIDE / max(height, width))
        size = (round(width * scale), round(height * scale))
        small = cv2.resize(image, size, interpolation=cv2.INTER_AREA) if scale < 1 else image
        if self._steady:
            self._corners = self._follow(small)
            corners = self._corners
        else:
            found = search(small, None)
            corners = None if found is None or found[1] < ACQUIRE else found[0]
        if corners is None:
            self._square = None
            return None
        ratio = np.array([width / size[0], height / size[1]], np.float32)
        return ordered(((corners + 0.5) * ratio - 0.5).astype(np.float32))

    def rectify(self, image: Image, corners: Corners) -> Image:
        """Show the drawing from the front: the square of the sheet that holds its ink.

        The sheet is padded to a square with the paper's own colour, so that a centre crop loses
        nothing. A small drawing on a large sheet is brought nearer, and so is small handwriting.

        Args:
            image: BGR uint8 (H, W, 3).
            corners: As `find` gave them.

        Returns:
            BGR uint8 (320, 320, 3).
        """
        sides = np.linalg.norm(np.roll(corners, -1, axis=0) - corners, axis=1)
        across, down = max(sides[0], sides[2], 1.0), max(sides[1], sides[3], 1.0)
        half = np.array([across, down]) / (2 * max(across, down))
        page = np.array([0.5 - half, 0.5 + half])  # in a square of side 1: left top, right bottom
        (left, top), (right, bottom) = page
        target = np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float32)
        # A hair inside the border: what lies on it is shadow and background.
        middle = corners.mean(axis=0)
        source = (middle + (corners - middle) * 0.985).astype(np.float32)
        matrix = cv2.getPerspectiveTransform(source, target)
        square = _ink_square(_seen(image, matrix, page, WHOLE, INK_GRID))
        if self._steady and self._square is not None:
            weight = min(1.0, 0.25 * self._pace)  # no jumps with every stroke
            square = self._square + weight * (square - self._square)
        self._square = square
        return _seen(image, matrix, page, square, OUTPUT)

    def _follow(self, small: Image) -> Corners | None:
        before = self._corners
        # Now and then the whole frame, lest a poster on the wall keeps the place of a sheet.
        found = search(
            small, None if self._count % max(1, LOOK_AROUND // self._pace) == 0 else before
        )
        if found is None or found[1] < (ACQUIRE if before is None else KEEP):
            return self._keep_for_now(before)
        corners = found[0]
        if before is None:
            self._missed = 0
            return corners
        held = before
        turns = (np.roll(corners, turn, axis=0) for turn in range(4))
        corners = min(turns, key=lambda turned: float(np.abs(turned - held).sum()))
        moved = float(np.linalg.norm(corners - held, axis=1).max())
        if moved > 0.2 * LONG_SIDE and found[1] < ACQUIRE:
            return self._keep_for_now(before)  # another sheet takes over when it is sure
        self._missed = 0
        # Casiez et al. 2012 (1€ filter): smooth what rests, follow what moves.
        weight = min(1.0, 0.35 * self._pace + 0.3 * moved)
        return (held + weight * (corners - held)).astype(np.float32)

    def _keep_for_now(self, before: Corners | None) -> Corners | None:
        self._missed += 1
        return before if self._missed <= PATIENCE // self._pace else None


def _seen(
    image: Image,
    matrix: npt.NDArray[np.float64],
    page: npt.NDArray[np.float64],
    square: npt.NDArray[np.float64],
    pixels: int,
) -> Image:
    """A square part of the flat sheet, what lies beyond the page in the paper's own colour.

    Args:
        image: BGR uint8 (H, W, 3).
        matrix: From its pixels to a square of side 1 around the sheet, (3, 3).
        page: The sheet in that square: left top and right bottom, (2, 2).
        square: The part that is wanted: left, top, side.
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
    """The square around what is darker than the paper beside it: left, top, side of 0…1."""
    grey = cv2.cvtColor(front, cv2.COLOR_BGR2GRAY)
    size = len(grey)
    # Closing takes the strokes away and leaves the paper, with its shadows.
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
    """The median of the brighter half: BGR uint8 (3,)."""
    step = max(1, len(page) // 20)
    pixels = page[::step, ::step].reshape(-1, 3)
    grey = pixels.sum(axis=1, dtype=np.int32)
    bright: npt.NDArray[np.uint8] = np.median(pixels[grey >= np.median(grey)], axis=0).astype(
        np.uint8
    )
    return bright
