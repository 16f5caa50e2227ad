"""The two players: head and shoulders, sleeves, hands, and the sheet that they hold up."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from demo_clip.brush import Brush, Colour, Place, shade
from demo_clip.ink import PAGE_WH, PX, Picture
from demo_clip.room import WH

_Matrix = npt.NDArray[np.float64]
SHEET_WH = (536, 402)  # pixels of the frame, held straight
SHEET_Y = 318.0  # its middle: the overlay's panel begins below it
FRONT = 640.0  # x of the player's middle
HEAD = 0.82


@dataclass(frozen=True)
class Look:
    """What a player looks like."""

    skin: Colour
    hair: Colour
    shirt: Colour
    long_hair: bool


FIRST = Look((142, 172, 222), (34, 48, 74), (92, 118, 52), long_hair=False)
SECOND = Look((88, 118, 168), (30, 28, 32), (76, 96, 206), long_hair=True)


@dataclass(frozen=True)
class Pose:
    """Where a player is at one moment.

    Attributes:
        aside: Pixels that the player stands to the right of the middle.
        raised: 1 where the sheet is held up, 0 where it hangs below the picture.
        sway: Of head and shoulders, pixels (x, y).
        tremor: Of the hands: pixels right, pixels down, degrees, lean (−1…1).
        blink: Whether the eyes are closed.
        smile: 0…1.
    """

    aside: float
    raised: float
    sway: tuple[float, float]
    tremor: tuple[float, float, float, float]
    blink: bool
    smile: float


def draw_player(scene: Picture, look: Look, pose: Pose, page: Picture) -> None:
    """Draw a player with a sheet (a page from `Page.at`) into a 1280 × 720 scene."""
    x, y = FRONT + pose.aside + pose.sway[0], pose.sway[1]
    _shoulders(Brush(scene, x, y - 18), look)
    _head(Brush(scene, x + 0.6 * pose.sway[0], y + 74, HEAD), look, pose)
    brush = Brush(scene)
    at = _sheet_matrix(pose)
    for side in (-1, 1):
        _arm(brush, look, (x + side * 158, y + 310), at, side)
    _sheet(scene, page, at)
    for side in (-1, 1):
        root, tip = _on_sheet(at, side * 0.535, 0.20), _on_sheet(at, side * 0.435, 0.13)
        brush.limb(root, tip, (16, 14), shade(look.skin, 0.82))
        brush.limb(root, tip, (14, 12), look.skin)
        brush.oval(_on_sheet(at, side * 0.437, 0.132), 6, 6, shade(look.skin, 1.12))


def _sheet_matrix(pose: Pose) -> _Matrix:
    """From the sheet's own place (±0.5 across and down) to the scene, as a homography."""
    dx, dy, degrees, lean = pose.tremor
    centre = np.array([FRONT + pose.aside + dx, SHEET_Y + dy + (1 - pose.raised) * 660])
    angle = np.radians(degrees + (1 - pose.raised) * 9)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    unit = np.array([[-0.5, -0.5], [0.5, -0.5], [0.5, 0.5], [-0.5, 0.5]])
    corners = unit * SHEET_WH
    corners[:2] *= 1 + 0.02 * lean  # the upper edge is nearer to the camera, or farther
    corners[1:3, 1] *= 1 + 0.025 * lean
    target = (corners @ turn.T + centre).astype(np.float32)
    matrix: _Matrix = cv2.getPerspectiveTransform(unit.astype(np.float32), target)
    return matrix


def _on_sheet(at: _Matrix, u: float, v: float) -> Place:
    x, y, w = (at @ np.array([u, v, 1.0])).tolist()
    return x / w, y / w


def _sheet(scene: Picture, page: Picture, at: _Matrix) -> None:
    """Lay the page into the scene, with its shadow, and the light on its slight bend."""
    wide, tall = PAGE_WH[0] * PX, PAGE_WH[1] * PX
    matrix = at @ np.array([[1 / wide, 0, -0.5], [0, 1 / tall, -0.5], [0, 0, 1]])
    u = np.linspace(0, 1, wide, dtype=np.float32)
    v = np.linspace(0, 1, tall, dtype=np.float32)[:, None]
    light = 0.95 - 0.05 * u + 0.035 * np.sin(2.6 * u + 1.2 * v) - 0.02 * v
    lit = (page * light[..., None].astype(np.float32)).astype(np.uint8)
    laid = cv2.warpPerspective(lit, matrix, WH)
    full = np.full((tall, wide), 255, np.uint8)
    cover = cv2.warpPerspective(full, matrix, WH).astype(np.float32)[..., None] / 255
    moved = np.array([[1, 0, 12], [0, 1, 16], [0, 0, 1.0]]) @ matrix
    # blurred at a quarter of the size: nobody sees it, and it takes a tenth of the time
    small = cv2.resize(cv2.warpPerspective(full, moved, WH), (WH[0] // 4, WH[1] // 4))
    shadow = cv2.resize(cv2.GaussianBlur(small, (0, 0), 4), WH).astype(np.float32)[..., None]
    dark = 1 - shadow * np.float32(0.38 / 255)
    scene[:] = (scene * dark * (1 - cover) + laid * cover).astype(np.uint8)


def _shoulders(brush: Brush, look: Look) -> None:
    if look.long_hair:
        brush.fill(
            [(0, 8), (58, 28), (78, 92), (86, 196), (60, 246), (-60, 246), (-86, 196), (-78, 92),
             (-58, 28)],
            look.hair,
        )  # fmt: skip
    brush.limb((0, 140), (0, 230), (34, 38), shade(look.skin, 0.78))
    brush.fill(
        [(-190, 800), (-196, 420), (-182, 290), (-130, 232), (-42, 204), (0, 222), (42, 204),
         (130, 232), (182, 290), (196, 420), (190, 800)],
        look.shirt,
    )  # fmt: skip
    brush.line([(-45, 204), (-28, 226), (0, 236), (28, 226), (45, 204)], shade(look.shirt, 0.7), 6)


def _head(brush: Brush, look: Look, pose: Pose) -> None:
    for side in (-1, 1):
        brush.oval((side * 62, 6), 11, 17, shade(look.skin, 0.9))
    brush.oval((0, 0), 62, 76, look.skin)
    cheek = [(28, -66), (58, -30), (60, 20), (36, 62), (10, 74), (36, 20)]
    brush.fill(cheek, shade(look.skin, 0.94))
    if look.long_hair:
        fringe = [(-70, 30), (-66, -40), (-30, -86), (20, -90), (62, -50), (70, 34), (54, -14),
                  (34, -44), (-10, -40), (-46, -24), (-58, 8)]  # fmt: skip
    else:
        fringe = [(-66, 2), (-70, -46), (-40, -88), (6, -98), (54, -82), (70, -40), (65, 2),
                  (54, -34), (20, -50), (-24, -44), (-52, -36)]  # fmt: skip
    brush.fill(fringe, look.hair)
    for side in (-1, 1):
        x = side * 25
        brush.line([(x - side * 12, -21), (x, -25), (x + side * 12, -20)], look.hair, 5)
        if pose.blink:
            brush.line([(x - 9, -2), (x, 1), (x + 9, -2)], shade(look.skin, 0.55), 3)
        else:
            brush.oval((x, -2), 9, 7, (236, 240, 242))
            brush.oval((x, -1.5), 4.6, 5.4, (40, 44, 52))
            brush.oval((x - 1.5, -3.5), 1.4, 1.4, (250, 250, 250))
    brush.line([(2, 4), (7, 18), (-3, 21)], shade(look.skin, 0.78), 3)
    wide, deep = 17 + 7 * pose.smile, 3 + 9 * pose.smile
    half = (wide / 2, 36 + 0.75 * deep)
    mouth = [(-wide, 36), (-half[0], half[1]), (0, 36 + deep), half, (wide, 36)]
    brush.line(mouth, (70, 70, 132), 5)


def _arm(brush: Brush, look: Look, shoulder: Place, at: _Matrix, side: int) -> None:
    """A sleeve from the shoulder out to the elbow, and up to the fist behind the sheet."""
    fist = _on_sheet(at, side * 0.525, 0.22)
    elbow = (fist[0] + side * 84, fist[1] + 330)
    wrist = (fist[0] + side * 18, fist[1] + 52)
    sleeve = shade(look.shirt, 0.92 if side < 0 else 0.82)
    brush.limb(shoulder, elbow, (46, 46), sleeve)
    brush.limb(elbow, wrist, (46, 34), shade(sleeve, 1.06))
    brush.limb(wrist, fist, (25, 25), shade(look.skin, 0.94))
    for finger in range(4):
        v = 0.10 + 0.058 * finger
        root, knuckle = _on_sheet(at, side * 0.47, v), _on_sheet(at, side * 0.522, v)
        brush.limb(root, knuckle, (14, 13), shade(look.skin, 0.80))
        brush.limb(root, knuckle, (12, 11), shade(look.skin, 0.95))
