"""The room of the demo clip, painted once: wall, shelf, lamp, soft light, all 1280 × 720."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from demo_clip.ink import Picture

WH = (1280, 720)
_Colour = tuple[int, int, int]


def paint_room(rng: np.random.Generator) -> Picture:
    """The wall behind the players, a little out of focus."""
    width, height = WH
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    glow = np.exp(-(((x - 150) / 330) ** 2) - ((y - 190) / 260) ** 2)[..., None]
    wall = np.array([176, 170, 150], np.float32) * (1.02 - 0.25 * (x / width)[..., None])
    room = (wall * (1 - 0.12 * (y / height)[..., None]) + glow * [10, 45, 62]).clip(0, 255)
    room = room.astype(np.uint8)
    cv2.rectangle(room, (0, 640), (width, height), (96, 112, 128), -1)
    cv2.rectangle(room, (0, 628), (width, 642), (190, 196, 200), -1)
    _lamp(room)
    _shelf(room, rng)
    _frame(room)
    blurred: Picture = cv2.GaussianBlur(room, (0, 0), 2.4)
    return blurred


def _lamp(room: Picture) -> None:
    cv2.line(room, (150, 250), (150, 700), (70, 80, 90), 10, cv2.LINE_AA)
    shade = np.array([[104, 130], [196, 130], [240, 260], [60, 260]], np.int32)
    cv2.fillConvexPoly(room, shade, (182, 234, 255), cv2.LINE_AA)


def _shelf(room: Picture, rng: np.random.Generator) -> None:
    colours: list[_Colour] = [
        (90, 90, 170), (150, 120, 60), (80, 140, 170), (110, 130, 80), (60, 70, 90), (150, 160, 190)
    ]  # fmt: skip
    for board in (236, 420):
        x = 946
        while x < 1170:
            wide, tall = int(rng.integers(18, 34)), int(rng.integers(82, 126))
            colour = colours[int(rng.integers(len(colours)))]
            cv2.rectangle(room, (x, board - tall), (x + wide, board), colour, -1)
            cv2.line(room, (x + 6, board - tall + 16), (x + wide - 6, board - tall + 16),
                     (200, 210, 215), 3)  # fmt: skip
            x += wide + 2
        cv2.rectangle(room, (930, board), (1262, board + 14), (64, 92, 124), -1)
        cv2.rectangle(room, (930, board + 14), (1262, board + 26), (118, 118, 112), -1)
    cv2.fillConvexPoly(
        room, np.array([[1190, 186], [1246, 186], [1238, 236], [1198, 236]], np.int32),
        (70, 100, 190), cv2.LINE_AA,
    )  # fmt: skip
    for turn in range(-70, 71, 20):
        tip = (
            1218 + round(62 * np.sin(np.radians(turn))),
            186 - round(74 * np.cos(np.radians(turn))),
        )
        cv2.line(room, (1218, 190), tip, (76, 140 - abs(turn) // 2, 70), 11, cv2.LINE_AA)


def _frame(room: Picture) -> None:
    """A picture on the wall: hills under an evening sky."""
    cv2.rectangle(room, (318, 96), (482, 222), (50, 66, 84), -1)
    cv2.rectangle(room, (328, 106), (472, 212), (180, 190, 214), -1)
    cv2.circle(room, (352, 136), 12, (140, 200, 240), -1, cv2.LINE_AA)
    canvas = room[106:212, 328:472]  # a view: the hills end where it ends
    cv2.ellipse(canvas, (42, 106), (60, 46), 0, 180, 360, (110, 140, 110), -1, cv2.LINE_AA)
    cv2.ellipse(canvas, (102, 106), (52, 62), 0, 180, 360, (90, 116, 92), -1, cv2.LINE_AA)


class Camera:
    """What a webcam makes of a scene: vignette, a lamp's warm side, grain."""

    def __init__(self, rng: np.random.Generator, noise: float = 2.2) -> None:
        self._rng = rng
        self._noise = noise
        width, height = WH
        y, x = np.mgrid[0:height, 0:width].astype(np.float32)
        radius = ((x - width / 2) / width) ** 2 + ((y - height / 2) / height) ** 2
        fall = (1.03 - 0.42 * radius)[..., None]
        warm = 1 + (x / width - 0.5)[..., None] * np.array([0.10, 0.0, -0.05], np.float32)
        self._light: npt.NDArray[np.float32] = (fall * warm).astype(np.float32)

    def take(self, scene: Picture, flicker: float) -> Picture:
        """Photograph a scene; `flicker` is the light of the moment, about 1."""
        # grain of two pixels: finer grain is all that the codec would have bits for
        grain = self._rng.normal(0, self._noise, (WH[1] // 2, WH[0] // 2)).astype(np.float32)
        noise = cv2.resize(grain, WH, interpolation=cv2.INTER_LINEAR)[..., None]
        lit = scene.astype(np.float32) * (self._light * flicker) + noise
        picture: Picture = lit.clip(0, 255).astype(np.uint8)
        return picture
