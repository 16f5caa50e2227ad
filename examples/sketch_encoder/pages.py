"""What is drawn on: paper, lined paper, card, whiteboard, blackboard, tablet; and writing on it.

A page is uint8 RGB (160, 160, 3).
"""

# mypy: disable-error-code="no-any-return"
# OpenCV and torch have no types: what they return is Any.

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from .drawing import Layer

PAGE = 160
Image = NDArray[np.uint8]
Spot = tuple[float, float, float]  # centre x, centre y, size, as fractions of the page
KINDS = ("white", "paper", "lined", "squared", "card", "whiteboard", "blackboard", "tablet")
SHARES = (0.36, 0.24, 0.1, 0.06, 0.07, 0.07, 0.05, 0.05)
# Where things stand on a page, by layout: (centre x, centre y, size), as fractions.
SPOTS = {
    "side": ((0.27, 0.5, 0.48), (0.73, 0.5, 0.48)),
    "ride": ((0.5, 0.3, 0.5), (0.5, 0.66, 0.6)),
    "hold": ((0.4, 0.46, 0.68), (0.72, 0.66, 0.4)),
    "eat": ((0.42, 0.44, 0.7), (0.7, 0.68, 0.38)),
    "under": ((0.5, 0.72, 0.5), (0.5, 0.28, 0.52)),
    "front": ((0.52, 0.64, 0.52), (0.46, 0.38, 0.64)),
    "place": ((0.5, 0.56, 0.62), (0.18, 0.2, 0.3), (0.82, 0.26, 0.32)),
}
ABOVE = {"hold", "eat", "under", "ride", "front"}  # layouts where the first thing is in front


def random_kind(rng: Generator) -> str:
    """Choose what is drawn on."""
    return str(rng.choice(KINDS, p=SHARES))


def empty_page(kind: str, rng: Generator) -> Image:
    """Make an empty page of one of :data:`KINDS`."""
    if kind == "white":
        return np.full((PAGE, PAGE, 3), 255, np.uint8)
    base = {"card": rng.integers(120, 240, 3), "blackboard": rng.integers(15, 75, 3)}.get(
        kind, rng.integers(205, 256) + rng.normal(0, 5, 3)
    )
    page = np.full((PAGE, PAGE, 3), np.clip(base, 0, 255), np.uint8)
    rule = np.clip(base - rng.uniform(15, 70), 0, 255).tolist()
    step, first = int(rng.integers(7, 16)), int(rng.integers(2, 12))
    if kind in ("lined", "squared"):
        page[first::step] = rule
        if kind == "squared":
            page[:, first::step] = rule
        elif rng.random() < 0.5:
            page[:, int(rng.integers(8, 24))] = (230, 120, 120)
    if kind in ("whiteboard", "blackboard"):  # wiped traces
        for _ in range(int(rng.integers(2, 8))):
            a, b = (tuple(int(v) for v in rng.integers(0, PAGE, 2)) for _ in range(2))
            shade = np.clip(base + rng.normal(0, 12), 0, 255).tolist()
            cv2.line(page, a, b, shade, int(rng.integers(3, 18)), cv2.LINE_AA)
        page = cv2.GaussianBlur(page, (0, 0), 2.5)
    if kind == "tablet":
        frame = int(rng.integers(3, 13))
        page = cv2.copyMakeBorder(
            page[frame:-frame, frame:-frame], *(frame,) * 4, cv2.BORDER_CONSTANT,
            value=[int(rng.integers(0, 60))] * 3,
        )  # fmt: skip
    return page


def put(page: Image, layer: Layer, spot: Spot, rng: Generator, loose: float = 1.0) -> Image:
    """Lay a drawing on a page.

    Args:
        page: (160, 160, 3).
        layer: (128, 128, 4), premultiplied.
        spot: Centre x, centre y and size, as fractions of the page.
        rng: For turn, shear and small shifts.
        loose: How much of those, 0 for none.

    Returns:
        A new page.
    """
    x, y, size = spot
    half, side = size * PAGE / 2, layer.shape[0]
    while side > 2.2 * size * PAGE:  # shrink well before warping: no aliasing
        side //= 2
        layer = cv2.resize(layer, (side, side), interpolation=cv2.INTER_AREA)
    turn = np.deg2rad(rng.normal(0, 9) * loose)
    aspect = 1 + loose * rng.uniform(-0.15, 0.15)
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * [half * aspect, half / aspect]
    corners += rng.normal(0, 0.04 * half * loose, corners.shape)
    spin = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    shift = rng.normal(0, 0.015 * PAGE * loose, 2)
    corners = corners @ spin + [x * PAGE, y * PAGE] + shift
    square = np.array([[0, 0], [side, 0], [side, side], [0, side]], np.float32)
    matrix = cv2.getPerspectiveTransform(square, corners.astype(np.float32))
    flat = cv2.warpPerspective(layer, matrix, (PAGE, PAGE), flags=cv2.INTER_LINEAR)
    rest = 255 - flat[..., 3:].astype(np.uint16)
    return (flat[..., :3] + page * rest // 255).clip(0, 255).astype(np.uint8)


def arrange(page: Image, layers: list[Layer], layout: str, rng: Generator) -> Image:
    """Put several drawings on a page as a layout says; left and right may change places."""
    spots = [(x, y, s * rng.uniform(0.85, 1.15)) for x, y, s in SPOTS[layout]]
    if rng.random() < 0.5:
        spots = [(1 - x, y, size) for x, y, size in spots]
    order = list(zip(layers, spots, strict=False))
    for layer, spot in reversed(order) if layout in ABOVE else order:
        page = put(page, layer, spot, rng)
    return page


class Handwriting:
    """Writes sentences on pages in the hands of several fonts."""

    def __init__(self, fonts: list[Path]) -> None:
        self._fonts = [str(font) for font in fonts]

    def write(self, page: Image, text: str, rng: Generator, ink: Sequence[int]) -> Image:
        """Write a text over several lines, repeated or not, at a random size."""
        from PIL import Image as Picture
        from PIL import ImageDraw, ImageFont

        size = int(rng.integers(13, 44))
        font = ImageFont.truetype(self._fonts[int(rng.integers(len(self._fonts)))], size)
        sheet = Picture.fromarray(page)
        draw = ImageDraw.Draw(sheet)
        left, y = float(rng.uniform(3, 16)), float(rng.uniform(2, 50))
        pending = text.split() * int(rng.integers(1, 4))
        while pending and y < PAGE - size:
            line = pending.pop(0)
            while pending and draw.textlength(f"{line} {pending[0]}", font) < PAGE - left - 6:
                line = f"{line} {pending.pop(0)}"
            draw.text((left, y), line, fill=tuple(ink), font=font)
            y += size * float(rng.uniform(1.05, 1.3))
        return np.asarray(sheet)
