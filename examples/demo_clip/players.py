"""The two players: head and shoulders, sleeves, hands, and the sheet that they hold up."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from demo_clip.ink import PAGE_WH, PX, Picture, curve
from demo_clip.room import WH

_Colour = tuple[int, int, int]
_Matrix = npt.NDArray[np.float64]
SHEET_WH = (592, 444)  # pixels of the frame, held straight
FINE = 16  # cv2 draws between pixels: coordinates are sixteenths
FRONT = 640.0  # x of the player's middle


@dataclass(frozen=True)
class Look:
    """What a player looks like; colours BGR."""

    skin: _Colour
    hair: _Colour
    shirt: _Colour
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
    blink: bool = False
    smile: float = 0.5


def draw_player(scene: Picture, look: Look, pose: Pose, page: Picture) -> None:
    """Draw a player with a sheet (a page from `Page.at`) into a 1280 × 720 scene."""
    x, y = FRONT + pose.aside + pose.sway[0], pose.sway[1]
    if abs(pose.aside) > WH[0]:
        return
    _shoulders(scene, look, x, y)
    _head(scene, look, x + 0.6 * pose.sway[0], y, pose)
    at = _sheet_matrix(pose)
    _arms(scene, look, x, y, at)
    _sheet(scene, page, at)
    for side in (-1, 1):
        root, tip = _on_sheet(at, side * 0.53, 0.20), _on_sheet(at, side * 0.435, 0.13)
        _limb(scene, root, tip, 17, 15, _shade(look.skin, 0.82))
        _limb(scene, root, tip, 15, 13, look.skin)
        nail = _on_sheet(at, side * 0.437, 0.132)
        _blob(scene, nail, 6, 6, _shade(look.skin, 1.12))


def _sheet_matrix(pose: Pose) -> _Matrix:
    """From the sheet's own place (±0.5 across and down) to the scene, as a homography."""
    dx, dy, degrees, lean = pose.tremor
    half_w, half_h = SHEET_WH[0] / 2, SHEET_WH[1] / 2
    centre = np.array([FRONT + pose.aside + dx, 372 + dy + (1 - pose.raised) * 640])
    angle = np.radians(degrees + (1 - pose.raised) * 9)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1.0]]) * [half_w, half_h]
    corners[:2] *= 1 + 0.02 * lean  # the upper edge nearer to the camera or farther
    corners[[1, 2], 1] *= 1 + 0.025 * lean
    target = (corners @ turn.T + centre).astype(np.float32)
    source = np.array([[-0.5, -0.5], [0.5, -0.5], [0.5, 0.5], [-0.5, 0.5]], np.float32)
    matrix: _Matrix = cv2.getPerspectiveTransform(source, target)
    return matrix


def _on_sheet(at: _Matrix, u: float, v: float) -> tuple[float, float]:
    x, y, w = at @ np.array([u, v, 1.0])
    return x / w, y / w


def _sheet(scene: Picture, page: Picture, at: _Matrix) -> None:
    """Lay the page into the scene, with its shadow, and the light on its slight bend."""
    wide, tall = PAGE_WH[0] * PX, PAGE_WH[1] * PX
    to_unit = np.array([[1 / wide, 0, -0.5], [0, 1 / tall, -0.5], [0, 0, 1]])
    matrix = at @ to_unit
    u = np.linspace(0, 1, wide, dtype=np.float32)
    v = np.linspace(0, 1, tall, dtype=np.float32)[:, None]
    light = 0.95 - 0.05 * u + 0.035 * np.sin(2.6 * u + 1.2 * v) - 0.02 * v
    lit = (page * light[..., None].astype(np.float32)).astype(np.uint8)
    laid = cv2.warpPerspective(lit, matrix, WH)
    full = np.full((tall, wide), 255, np.uint8)
    cover = cv2.warpPerspective(full, matrix, WH).astype(np.float32)[..., None] / 255
    shadow = cv2.warpPerspective(full, np.array([[1, 0, 12], [0, 1, 16], [0, 0, 1.0]]) @ matrix, WH)
    # blurred at a quarter of the size: nobody sees it, and it takes a tenth of the time
    soft = cv2.GaussianBlur(cv2.resize(shadow, (WH[0] // 4, WH[1] // 4)), (0, 0), 4)
    dark = 1 - 0.38 * cv2.resize(soft, WH).astype(np.float32)[..., None] / 255
    scene[:] = (scene * dark * (1 - cover) + laid * cover).astype(np.uint8)


def _shoulders(scene: Picture, look: Look, x: float, y: float) -> None:
    if look.long_hair:
        back = curve(
            [(0, 4), (64, 26), (88, 96), (96, 206), (64, 262), (-64, 262), (-96, 206), (-88, 96),
             (-64, 26)],
            closed=True,
        )  # fmt: skip
        _fill(scene, back + [x, y], look.hair)
    _limb(scene, (x, 150 + y), (x, 250 + y), 40, 46, _shade(look.skin, 0.78))
    body = curve(
        [(-250, 760), (-222, 420), (-190, 300), (-120, 248), (-44, 226), (0, 246), (44, 226),
         (120, 248), (190, 300), (222, 420), (250, 760)],
    )  # fmt: skip
    _fill(scene, body + [x, y], look.shirt)
    shade = curve([(70, 240), (120, 250), (190, 300), (222, 420), (250, 760), (150, 760)])
    _fill(scene, shade + [x, y], _shade(look.shirt, 0.85))
    collar = curve([(-48, 226), (-30, 250), (0, 262), (30, 250), (48, 226)])
    _line(scene, collar + [x, y], _shade(look.shirt, 0.7), 7)


def _head(scene: Picture, look: Look, x: float, y: float, pose: Pose) -> None:
    y += 96
    for side in (-1, 1):
        _blob(scene, (x + side * 62, y + 6), 11, 17, _shade(look.skin, 0.9))
    _blob(scene, (x, y), 62, 76, look.skin)
    cheek = curve([(28, -66), (58, -30), (60, 20), (36, 62), (10, 74), (36, 20)], closed=True)
    _fill(scene, cheek + [x, y], _shade(look.skin, 0.93))
    if look.long_hair:
        fringe = [(-70, 30), (-66, -40), (-30, -86), (20, -90), (62, -50), (70, 34), (54, -14),
                  (34, -44), (-10, -40), (-46, -24), (-58, 8)]  # fmt: skip
    else:
        fringe = [(-66, 2), (-70, -46), (-40, -88), (6, -98), (54, -82), (70, -40), (65, 2),
                  (54, -34), (20, -50), (-24, -44), (-52, -36)]  # fmt: skip
    _fill(scene, curve(fringe, closed=True) + [x, y], look.hair)
    for side in (-1, 1):
        eye = (x + side * 25, y - 2)
        brow = curve([(side * 13, -21), (side * 25, -25), (side * 37, -20)])
        _line(scene, brow + [x, y], look.hair, 5)
        if pose.blink:
            _line(scene, curve([(-9, 0), (0, 3), (9, 0)]) + eye, _shade(look.skin, 0.55), 3)
        else:
            _blob(scene, eye, 9, 7, (236, 240, 242))
            _blob(scene, (eye[0], eye[1] + 0.5), 4.6, 5.4, (40, 44, 52))
            _blob(scene, (eye[0] - 1.5, eye[1] - 1.5), 1.4, 1.4, (250, 250, 250))
    _line(scene, curve([(2, 4), (7, 18), (-3, 21)]) + [x, y], _shade(look.skin, 0.78), 3)
    wide, deep = 17 + 7 * pose.smile, 3 + 9 * pose.smile
    mouth = curve([(-wide, 38), (-wide / 2, 38 + 0.75 * deep), (0, 38 + deep),
                   (wide / 2, 38 + 0.75 * deep), (wide, 38)])  # fmt: skip
    _line(scene, mouth + [x, y], (70, 70, 132), 5)


def _arms(scene: Picture, look: Look, x: float, y: float, at: _Matrix) -> None:
    """Sleeves from the shoulders out to the elbows and up to the fists behind the sheet."""
    for side in (-1, 1):
        fist = _on_sheet(at, side * 0.525, 0.22)
        shoulder = (x + side * 196, y + 350)
        elbow = (fist[0] + side * 74, min(fist[1] + 250, 800))
        colour = _shade(look.shirt, 0.94 if side < 0 else 0.8)
        _limb(scene, shoulder, elbow, 62, 52, colour)
        wrist = (fist[0] + side * 18, fist[1] + 52)
        _limb(scene, elbow, wrist, 50, 36, _shade(colour, 1.06))
        _limb(scene, wrist, fist, 27, 27, _shade(look.skin, 0.94))
        for finger in range(4):
            v = 0.10 + 0.055 * finger
            knuckle = _on_sheet(at, side * 0.522, v)
            root = _on_sheet(at, side * 0.47, v)
            _limb(scene, root, knuckle, 15, 14, _shade(look.skin, 0.80))
            _limb(scene, root, knuckle, 13, 12, _shade(look.skin, 0.95))


def _shade(colour: _Colour, light: float) -> _Colour:
    b, g, r = (min(255, round(channel * light)) for channel in colour)
    return b, g, r


def _fill(scene: Picture, outline: npt.NDArray[np.float64], colour: _Colour) -> None:
    cv2.fillPoly(scene, [(outline * FINE).round().astype(np.int32)], colour, cv2.LINE_AA, 4)


def _line(scene: Picture, way: npt.NDArray[np.float64], colour: _Colour, width: int) -> None:
    fine = [(way * FINE).round().astype(np.int32)]
    cv2.polylines(scene, fine, False, colour, width, cv2.LINE_AA, 4)


def _blob(
    scene: Picture, centre: tuple[float, float], rx: float, ry: float, colour: _Colour
) -> None:
    fine = (round(centre[0] * FINE), round(centre[1] * FINE))
    axes = (round(rx * FINE), round(ry * FINE))
    cv2.ellipse(scene, fine, axes, 0, 0, 360, colour, -1, cv2.LINE_AA, 4)


def _limb(
    scene: Picture,
    start: tuple[float, float],
    end: tuple[float, float],
    thick_start: float,
    thick_end: float,
    colour: _Colour,
) -> None:
    """A tapered bar with round ends; the thicknesses are radii, pixels."""
    a, b = np.array(start), np.array(end)
    along = (b - a) / max(float(np.linalg.norm(b - a)), 1e-6)
    across = np.array([-along[1], along[0]])
    bar = [a + across * thick_start, b + across * thick_end, b - across * thick_end,
           a - across * thick_start]  # fmt: skip
    _fill(scene, np.array(bar), colour)
    _blob(scene, start, thick_start, thick_start, colour)
    _blob(scene, end, thick_end, thick_end, colour)
