"""Turn a page into what a webcam sees: held up in a room, tilted, badly lit, blurred, noisy.

Frames are uint8 RGB, square. Rooms and people are painted from simple shapes.
"""

# mypy: disable-error-code="no-any-return"
# OpenCV and torch have no types: what they return is Any.

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from .rooms import ROOM, TRAINED, paint_fingers, room

Image = NDArray[np.uint8]


def look(
    page: Image, rng: Generator, size: int, held: bool | None = None, rooms: int = TRAINED
) -> Image:
    """Show a page as a webcam would.

    Args:
        page: uint8 RGB, square.
        rng: For everything.
        size: Side of the frame returned.
        held: True for a sheet held in a room, False for the sheet alone, filling the frame as
            after it was found and straightened; None for either.
        rooms: Seed of the stock of rooms.

    Returns:
        The frame, uint8 RGB (size, size, 3).
    """
    if held if held is not None else rng.random() < 0.5:
        frame = _hold(page, room(rng, rng.random() < 0.75, rooms), rng)
    else:
        frame = _straightened(page, rng)
    frame = cv2.resize(frame, (size, size), interpolation=cv2.INTER_AREA)
    return camera(frame, rng)


def camera(frame: Image, rng: Generator) -> Image:
    """Add uneven and low light, a colour cast, glare, blur, noise and JPEG."""
    size = frame.shape[0]
    light = rng.uniform(0.6, 1.1, (2, 2, 1)) if rng.random() < 0.6 else np.ones((2, 2, 1))
    light = light * rng.normal(1, 0.04, 3)
    if rng.random() < 0.15:
        light = light * rng.uniform(0.35, 0.7)  # a dark room
    field = cv2.resize(light.astype(np.float32), (size, size))
    out = frame * field
    contrast = rng.uniform(0.75, 1.12)
    out = (out - 128) * contrast + 128 + rng.normal(0, 14)
    if rng.random() < 0.12:  # glare of a lamp
        spot = np.zeros((size, size), np.float32)
        centre = tuple(int(v) for v in rng.integers(0, size, 2))
        cv2.circle(spot, centre, int(rng.uniform(0.05, 0.2) * size), 1, -1)
        spot = cv2.blur(spot, (size // 6 | 1, size // 6 | 1))
        out += spot[..., None] * rng.uniform(60, 220)
    if rng.random() < 0.45:
        out = cv2.GaussianBlur(out, (0, 0), float(rng.uniform(0.3, 1.25)) * size / 128)
    elif rng.random() < 0.2:  # moved while the shutter was open
        length = int(rng.integers(2, 6))
        kernel: NDArray[np.float32] = np.zeros((length, length), np.float32)
        kernel[length // 2 if rng.random() < 0.5 else slice(None), length // 2] = 1
        kernel = np.eye(length, dtype=np.float32) if kernel.sum() < 2 else kernel
        out = cv2.filter2D(out, -1, kernel / kernel.sum())
    if rng.random() < 0.7:
        out = out + _noise(rng, size) * rng.uniform(1, 11)
    out = out.clip(0, 255).astype(np.uint8)
    if rng.random() < 0.3:
        _, packed = cv2.imencode(".jpg", out, (cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(25, 90))))
        out = cv2.imdecode(packed, cv2.IMREAD_COLOR)
    return out


def _hold(page: Image, frame: Image, rng: Generator) -> Image:
    """Hold the page up: a perspective view of it in the room, with hands on its edges."""
    half = rng.uniform(0.5, 1.02) * ROOM / 2
    aspect = rng.uniform(0.82, 1.22)
    turn = rng.normal(0, 0.12)
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * [half * aspect, half / aspect]
    corners += rng.normal(0, 0.05 * half, corners.shape)
    spin = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    centre = ROOM / 2 + rng.normal(0, 0.06 * ROOM, 2)
    corners = (corners @ spin + centre).astype(np.float32)
    side = page.shape[0]
    square = np.array([[0, 0], [side, 0], [side, side], [0, side]], np.float32)
    matrix = cv2.getPerspectiveTransform(square, corners)
    small = cv2.warpPerspective(page, matrix, (ROOM, ROOM), flags=cv2.INTER_LINEAR)
    mask = np.zeros((ROOM, ROOM), np.uint8)
    cv2.fillConvexPoly(mask, np.round(corners * 16).astype(np.int32), 255, cv2.LINE_AA, 4)
    if rng.random() < 0.5:  # a shadow beside the sheet
        shift = np.array([[1, 0, rng.uniform(-5, 5)], [0, 1, rng.uniform(1, 6)]], np.float32)
        shadow = cv2.blur(cv2.warpAffine(mask, shift, (ROOM, ROOM)), (9, 9))
        frame = (frame * (1 - 0.4 / 255 * shadow[..., None])).astype(np.uint8)
    out = np.where(mask[..., None] > 127, small, frame)
    if rng.random() < 0.7:
        for side_of_sheet in ((0, 3), (1, 2)) if rng.random() < 0.75 else ((3, 2),):
            along = rng.uniform(0.35, 0.9)
            grip = corners[side_of_sheet[0]] * (1 - along) + corners[side_of_sheet[1]] * along
            inward = centre - grip
            towards = float(np.arctan2(inward[1], inward[0])) + rng.normal(0, 0.3)
            paint_fingers(
                out, float(grip[0]), float(grip[1]), towards, rng.uniform(0.1, 0.17) * ROOM, rng
            )
    return out


def _straightened(page: Image, rng: Generator) -> Image:
    """Show the sheet alone, as found and straightened: slightly cropped, skewed or too wide."""
    side = page.shape[0]
    off = rng.normal(0, 0.025, (4, 2)) + rng.uniform(-0.05, 0.08) * np.array(
        [[1, 1], [-1, 1], [-1, -1], [1, -1]]
    )
    square = np.array([[0, 0], [1, 0], [1, 1], [0, 1]])
    source = ((square + off) * side).astype(np.float32)
    matrix = cv2.getPerspectiveTransform(source, (square * side).astype(np.float32))
    border = cv2.BORDER_REPLICATE if rng.random() < 0.6 else cv2.BORDER_CONSTANT
    fill = tuple(int(v) for v in rng.integers(20, 200, 3))
    return cv2.warpPerspective(page, matrix, (side, side), borderMode=border, borderValue=fill)


def _noise(rng: Generator, size: int) -> NDArray[np.float32]:
    """Cut a piece from a stock of normal noise: (size, size, 3), standard deviation 1."""
    stock = _noise_stock()
    x, y = (int(v) for v in rng.integers(0, stock.shape[0] - size, 2))
    return stock[y : y + size, x : x + size]


@lru_cache(maxsize=1)
def _noise_stock() -> NDArray[np.float32]:
    return np.random.default_rng(5).standard_normal((512, 512, 3), np.float32)
