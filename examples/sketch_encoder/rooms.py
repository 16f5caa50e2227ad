"""Paint what is behind a sheet: rooms, people, fingers, all of simple shapes."""

# mypy: disable-error-code="no-any-return"
# OpenCV has no types: what it returns is Any.

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

Image = NDArray[np.uint8]
Colour = tuple[int, ...]  # RGB
ROOM = 176
TRAINED, MEASURED = 11, 12  # seeds: no room that is trained on is measured on
ROOMS = 240  # a stock, cropped, flipped and recoloured at each use


def room(rng: Generator, person: bool, seed: int = TRAINED) -> Image:
    """Return a room from the stock of that seed, altered, with or without somebody in it."""
    stock = _stock(seed)
    frame = stock[int(rng.integers(len(stock)))]
    edge = int(rng.integers(ROOM * 5 // 8, ROOM + 1))
    x, y = (int(v) for v in rng.integers(0, ROOM - edge + 1, 2))
    frame = cv2.resize(frame[y : y + edge, x : x + edge], (ROOM, ROOM))
    if rng.random() < 0.5:
        frame = frame[:, ::-1]
    tint = rng.uniform(0.65, 1.15) * rng.normal(1, 0.06, 3)
    frame = np.ascontiguousarray((frame * tint).clip(0, 255).astype(np.uint8))
    if person:
        spot = rng.uniform(0.3, 0.7), rng.uniform(0.25, 0.5), rng.uniform(0.1, 0.24)
        paint_person(frame, *spot, rng)
    return cv2.GaussianBlur(frame, (0, 0), float(rng.uniform(0.4, 2)))


def paint_person(frame: Image, x: float, y: float, radius: float, rng: Generator) -> None:
    """Paint head and shoulders; x, y and radius of the head are fractions of the frame."""
    size = frame.shape[0]
    cx, cy, r = int(x * size), int(y * size), radius * size
    skin = random_skin(rng)
    hair = tuple(int(v) for v in rng.integers(10, 120, 3) * rng.uniform(0.3, 1.2))
    shirt = tuple(int(v) for v in rng.integers(10, 245, 3))

    def blob(dx: float, dy: float, rx: float, ry: float, colour: Colour, turn: int = 0) -> None:
        centre = int(cx + dx * r), int(cy + dy * r)
        axes = max(1, int(rx * r)), max(1, int(ry * r))
        cv2.ellipse(frame, centre, axes, turn, 0, 360, colour, -1, cv2.LINE_AA)

    shade = tuple(int(v * 0.82) for v in skin)
    long_hair = rng.random() < 0.45
    if long_hair:
        blob(0, 0.35, 1.25, 1.7, hair)
    blob(0, 3.1, 2.5, 1.9, shirt)
    blob(0, 1.2, 0.45, 0.7, shade)
    blob(0, 0, 0.95, 1.25, skin)
    blob(0, -0.85, 1.0, 0.55, hair, int(rng.normal(0, 8)))
    blob(0.25, 0.2, 0.55, 0.9, tuple(int(0.5 * (a + b)) for a, b in zip(skin, shade, strict=True)))
    blob(0, 0.02, 0.75, 1.05, skin)
    for side in (-1, 1):
        blob(0.36 * side, -0.12, 0.16, 0.09, (235, 235, 235))
        blob(0.36 * side, -0.12, 0.08, 0.09, (40, 30, 25))
        blob(0.36 * side, -0.34, 0.2, 0.045, hair)
        if rng.random() < 0.2:
            blob(0.36 * side, -0.12, 0.27, 0.24, (30, 30, 30))
    blob(0, 0.22, 0.11, 0.2, shade)
    blob(0, 0.62, rng.uniform(0.2, 0.4), rng.uniform(0.05, 0.14), (150, 70, 75))
    if rng.random() < 0.25:
        blob(0, 0.85, 0.6, 0.35, hair)


def random_skin(rng: Generator) -> Colour:
    """Choose a skin colour, RGB, from light to dark."""
    light, dark = np.array([240, 205, 180.0]), np.array([85, 55, 40.0])
    return tuple(int(v) for v in light + (dark - light) * rng.random() + rng.normal(0, 6, 3))


def paint_fingers(
    frame: Image, x: float, y: float, towards: float, size: float, rng: Generator
) -> None:
    """Paint three or four fingers and a thumb reaching from (x, y) in the direction towards."""
    skin = random_skin(rng)
    line = tuple(int(v * 0.7) for v in skin)
    ahead = np.array([np.cos(towards), np.sin(towards)])
    across = np.array([-ahead[1], ahead[0]])
    thick = max(2, int(0.28 * size))
    for k in range(int(rng.integers(2, 5))):
        base = np.array([x, y]) + across * (k - 1.5) * 0.3 * size - 0.6 * size * ahead
        tip = base + ahead * size * rng.uniform(0.9, 1.3) + across * rng.normal(0, 0.1) * size
        ends = tuple(base.astype(int).tolist()), tuple(tip.astype(int).tolist())
        cv2.line(frame, *ends, line, thick + 1, cv2.LINE_AA)
        cv2.line(frame, *ends, skin, thick, cv2.LINE_AA)


@lru_cache(maxsize=2)
def _stock(seed: int) -> NDArray[np.uint8]:
    rng = np.random.default_rng(seed)
    return np.stack([_paint_room(rng) for _ in range(ROOMS)])


def _paint_room(rng: Generator) -> Image:
    """Paint a wall, a floor, and furniture, pictures, shelves and windows of plain shapes."""
    size = ROOM
    coarse = rng.integers(0, 256, (int(rng.integers(2, 7)),) * 2 + (3,)).astype(np.float32)
    wall = cv2.resize(coarse, (size, size), interpolation=cv2.INTER_CUBIC)
    mix = rng.uniform(0.05, 0.5)
    frame = (mix * wall + (1 - mix) * rng.integers(40, 235) + rng.normal(0, 12, 3)).clip(0, 255)
    frame = np.ascontiguousarray(frame.astype(np.uint8))
    if rng.random() < 0.5:
        y = int(rng.uniform(0.6, 0.95) * size)
        frame[y:] = (frame[y:] * rng.uniform(0.4, 0.8)).astype(np.uint8)
    for _ in range(int(rng.integers(0, 9))):
        colour = tuple(int(v) for v in rng.integers(0, 256, 3))
        x, y = (int(v) for v in rng.integers(-20, size, 2))
        w, h = (int(v) for v in rng.integers(6, size // 2, 2))
        kind = rng.random()
        if kind < 0.35:
            cv2.rectangle(frame, (x, y), (x + w, y + h), colour, -1)
            if rng.random() < 0.4:
                cv2.rectangle(frame, (x, y), (x + w, y + h), (40, 35, 30), 2)
        elif kind < 0.55:  # a shelf of books
            cv2.rectangle(frame, (x, y), (x + w, y + h), (90, 65, 45), -1)
            for k in range(x + 2, x + w - 2, 4):
                book = tuple(int(v) for v in rng.integers(20, 230, 3))
                cv2.rectangle(frame, (k, y + int(rng.integers(2, 8))), (k + 3, y + h - 2), book, -1)
        elif kind < 0.7:  # a window
            cv2.rectangle(frame, (x, y), (x + w, y + h), (235, 240, 245), -1)
            cv2.line(frame, (x + w // 2, y), (x + w // 2, y + h), (160, 150, 140), 2)
        elif kind < 0.85:
            cv2.ellipse(frame, (x, y), (w // 2, h // 2), 0, 0, 360, colour, -1, cv2.LINE_AA)
        else:
            cv2.line(frame, (x, y), (x + w, y + h), colour, int(rng.integers(1, 6)), cv2.LINE_AA)
    return cv2.GaussianBlur(frame, (0, 0), float(rng.uniform(0.5, 2.5)))
