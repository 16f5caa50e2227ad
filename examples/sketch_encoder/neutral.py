"""Frames that show no drawing: blank paper, an empty room, a face, a hand, handwriting."""

# mypy: disable-error-code="no-any-return"
# OpenCV and torch have no types: what they return is Any.

from __future__ import annotations

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from . import pages, rooms, webcam
from .pages import Handwriting, Image

Point = NDArray[np.float64]

KINDS = ("paper", "handwriting", "room", "face", "hand", "paper", "handwriting", "face")


def frame(
    kind: str,
    rng: Generator,
    size: int,
    handwriting: Handwriting,
    text: str = "",
    stock: int = rooms.TRAINED,
) -> NDArray[np.uint8]:
    """Make one neutral frame.

    Args:
        kind: One of :data:`KINDS`.
        rng: For everything.
        size: Side of the frame.
        handwriting: Writes the page, for the kind ``handwriting``.
        text: What the page says.
        stock: Seed of the stock of rooms.

    Returns:
        uint8 RGB (size, size, 3).
    """
    if kind == "paper":
        page = pages.empty_page(pages.random_kind(rng), rng)
        return page_frame(page, rng, size, stock)
    if kind == "handwriting":
        plain = str(rng.choice(("white", "paper", "lined", "squared", "card", "whiteboard")))
        ink = rng.integers(0, 80, 3).tolist()
        page = handwriting.write(pages.empty_page(plain, rng), text, rng, ink)
        return page_frame(page, rng, size, stock)
    scene = rooms.room(rng, False, stock)
    if kind == "face":
        radius = rng.uniform(0.12, 0.34)
        rooms.paint_person(scene, rng.uniform(0.3, 0.7), rng.uniform(0.3, 0.5), radius, rng)
    if kind == "hand":
        _paint_hand(scene, rng)
    scene = cv2.GaussianBlur(scene, (0, 0), float(rng.uniform(0.3, 1.2)))
    return webcam.camera(cv2.resize(scene, (size, size), interpolation=cv2.INTER_AREA), rng)


def page_frame(page: Image, rng: Generator, size: int, stock: int) -> NDArray[np.uint8]:
    """Show a page plain in a fifth of the cases, otherwise as a webcam would."""
    if rng.random() < 0.2:
        return cv2.resize(page, (size, size), interpolation=cv2.INTER_AREA)
    return webcam.look(page, rng, size, rooms=stock)


def _paint_hand(scene: Image, rng: Generator) -> None:
    """Paint an open or half-closed hand, sometimes with somebody behind it."""
    if rng.random() < 0.4:
        rooms.paint_person(scene, rng.uniform(0.2, 0.8), rng.uniform(0.2, 0.4), 0.18, rng)
    size = scene.shape[0]
    skin = rooms.random_skin(rng)
    line = tuple(int(v * 0.72) for v in skin)
    palm = rng.uniform(0.13, 0.24) * size
    centre = np.array([rng.uniform(0.35, 0.65), rng.uniform(0.45, 0.7)]) * size
    lean = rng.normal(-np.pi / 2, 0.5)
    thick = max(3, int(0.42 * palm))

    def capsule(start: Point, end: Point, width: int) -> None:
        ends = (
            tuple(np.round(start).astype(int).tolist()),
            tuple(np.round(end).astype(int).tolist()),
        )
        cv2.line(scene, *ends, line, width + 2, cv2.LINE_AA)
        cv2.line(scene, *ends, skin, width, cv2.LINE_AA)

    capsule(centre, centre - 3 * palm * _towards(lean), int(1.4 * palm))  # the arm
    for k, (spread, length) in enumerate(
        zip((-0.55, -0.2, 0.12, 0.45, 1.1), (1.6, 1.9, 1.85, 1.5, 1.3), strict=True)
    ):
        bent = rng.uniform(0.45, 1.0) if rng.random() < 0.4 else rng.uniform(0.85, 1.1)
        start = centre + 0.65 * palm * _towards(lean + spread)
        capsule(
            start, centre + length * bent * palm * _towards(lean + spread * (0.8 + 0.1 * k)), thick
        )
    cv2.circle(
        scene, tuple(np.round(centre).astype(int).tolist()), int(palm * 0.95), skin, -1, cv2.LINE_AA
    )


def _towards(angle: float) -> Point:
    return np.array([np.cos(angle), np.sin(angle)])
