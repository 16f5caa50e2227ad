"""Renders what a webcam sees of somebody who holds up a sheet, with the truth beside it.

Everything comes from the seed: a scene is the same on every machine. Pictures are BGR uint8.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from scene_parts import (
    BACKGROUNDS,
    LIGHTS,
    SHEETS,
    SKINS,
    background,
    camera,
    doodle,
    hands,
    paste,
    person,
    pose,
    sheet_texture,
)

__all__ = ["BACKGROUNDS", "Scene", "background", "camera", "doodle", "full_frame", "held_sheet",
           "no_sheet", "paste", "pose", "tremor"]  # fmt: skip


@dataclass(frozen=True)
class Scene:
    """A rendered picture.

    Attributes:
        image: BGR uint8, (H, W, 3).
        corners: The sheet's true corners, float32 (4, 2), clockwise; None where there is none.
        kind: Words for a failing test.
    """

    image: np.ndarray
    corners: np.ndarray | None
    kind: str


def held_sheet(
    seed: int, *, hw: tuple[int, int] = (720, 1280), drawing: np.ndarray | None = None
) -> Scene:
    """Somebody holds a sheet: any background, light, tilt; hands over edges; sometimes two."""
    rng = np.random.default_rng(seed)
    place = BACKGROUNDS[seed % len(BACKGROUNDS)]
    kind = SHEETS[int(rng.choice(len(SHEETS), p=(0.5, 0.15, 0.12, 0.12, 0.11)))]
    light = LIGHTS[seed // len(BACKGROUNDS) % len(LIGHTS)]
    picture = background(rng, place, hw)
    skin = np.array(SKINS[int(rng.integers(len(SKINS)))], float)
    if rng.random() < 0.8:
        person(rng, picture, skin)
    ink = doodle(rng) if drawing is None else drawing
    aspect = float(rng.choice([1 / 1.414, 1.414, 1.0, 1.29]))
    two = rng.random() < 0.12
    if two:  # a smaller one at the side; the larger is the truth
        other, _ = sheet_texture(rng, "paper", doodle(rng), 0.75)
        spot = pose(rng, (other.shape[1], other.shape[0]), hw, rng.uniform(0.18, 0.24))
        spot -= spot.min(0) - np.array([0.02, 0.05]) * (hw[1], hw[0])
        paste(picture, other, spot, 5)
    texture, inner = sheet_texture(rng, kind, ink, aspect)
    whole = pose(rng, (texture.shape[1], texture.shape[0]), hw, rng.uniform(0.36, 0.85))
    if two:
        shift = hw[1] * 0.97 - whole[:, 0].max()
        whole[:, 0] += shift
    paste(picture, texture, whole, float(rng.uniform(4, 14)))
    source = np.float32(
        [[0, 0], [texture.shape[1], 0], [texture.shape[1], texture.shape[0]], [0, texture.shape[0]]]
    )
    x, y, w, h = inner
    rectangle = np.float32([[[x, y], [x + w, y], [x + w, y + h], [x, y + h]]])
    corners = cv2.perspectiveTransform(rectangle, cv2.getPerspectiveTransform(source, whole))[0]
    if rng.random() < 0.85:
        hands(rng, picture, whole, skin)
    image = camera(rng, picture, light)
    return Scene(image, corners, f"{seed}: {kind} on {place}, {light}{', two' if two else ''}")


def no_sheet(seed: int, *, hw: tuple[int, int] = (720, 1280)) -> Scene:
    """The same rooms, people and waving hands, without a sheet."""
    rng = np.random.default_rng(seed + 1_000_000)
    place = BACKGROUNDS[seed % len(BACKGROUNDS)]
    light = LIGHTS[seed // len(BACKGROUNDS) % len(LIGHTS)]
    picture = background(rng, place, hw)
    skin = np.array(SKINS[int(rng.integers(len(SKINS)))], float)
    if rng.random() < 0.85:
        person(rng, picture, skin)
    if rng.random() < 0.4:
        hands(rng, picture, pose(rng, (300, 300), hw, 0.4), skin)
    return Scene(camera(rng, picture, light), None, f"{seed}: nothing, {place}, {light}")


def full_frame(
    seed: int, *, hw: tuple[int, int] = (720, 1280), drawing: np.ndarray | None = None
) -> Scene:
    """The paper fills the picture: a document camera, or a drawing saved as a file."""
    rng = np.random.default_rng(seed + 2_000_000)
    ink = doodle(rng) if drawing is None else drawing
    side = int(min(hw) * 0.94)
    picture = np.full((*hw, 3), rng.uniform(225, 255), np.float32)
    x, y = (hw[1] - side) // 2, (hw[0] - side) // 2
    part = cv2.resize(ink, (side, side), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    picture[y : y + side, x : x + side] *= part
    if seed % 2:
        return Scene(camera(rng, picture, "day"), None, f"{seed}: full frame, photographed")
    return Scene(np.clip(picture, 0, 255).astype(np.uint8), None, f"{seed}: full frame, a file")


def tremor(
    seed: int,
    frames: int,
    *,
    hw: tuple[int, int] = (720, 1280),
    drawing: np.ndarray | None = None,
) -> list[Scene]:
    """One sheet in trembling hands at 30 fps, with fresh sensor noise each frame.

    Source: Elble & Koller 1990: physiological hand tremor lies at 8–12 Hz; a held sheet moves by
    some millimetres, here up to 3 px, and drifts slowly.
    """
    rng = np.random.default_rng(seed + 3_000_000)
    room = background(rng, BACKGROUNDS[seed % len(BACKGROUNDS)], hw)
    skin = np.array(SKINS[int(rng.integers(len(SKINS)))], float)
    person(rng, room, skin)
    ink = doodle(rng) if drawing is None else drawing
    texture, _ = sheet_texture(rng, "paper", ink, float(rng.choice([1 / 1.414, 1.414])))
    rest = pose(rng, (texture.shape[1], texture.shape[0]), hw, rng.uniform(0.45, 0.7))
    waves = [
        (rng.uniform(8, 12), rng.uniform(0.5, 1.5), rng.uniform(0, 6.3), rng.uniform(0, 6.3)),
        (rng.uniform(0.2, 0.6), rng.uniform(4, 10), rng.uniform(0, 6.3), rng.uniform(0, 6.3)),
    ]
    grip = int(rng.integers(1 << 30))
    look = int(rng.integers(1 << 30))
    scenes = []
    for index in range(frames):
        t = index / 30
        shift = sum(
            a * np.array([np.sin(6.283 * f * t + p), np.cos(6.283 * f * t + q)])
            for f, a, p, q in waves
        )
        corners = (rest + shift).astype(np.float32)
        picture = room.copy()
        paste(picture, texture, corners, 8)
        hands(np.random.default_rng(grip), picture, corners, skin)
        lit = np.random.default_rng(look)
        image = camera(lit, picture, "day").astype(np.float32)
        image += rng.standard_normal(image.shape, np.float32) * 3
        kind = f"{seed}: tremor, frame {index}"
        scenes.append(Scene(np.clip(image, 0, 255).astype(np.uint8), corners, kind))
    return scenes
