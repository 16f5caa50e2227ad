"""The two drawings of the demo clip, stroke by stroke, on a page of 400 × 300 units."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from demo_clip.ink import Points, Stroke, curve, hatching, ring

Knots = Sequence[tuple[float, float]]

# BGR, as a box of paint markers has them
BLACK = (38, 34, 36)
FUR = (66, 58, 60)
GREY = (150, 146, 150)
SKIN = (112, 128, 152)
WHITE = (246, 248, 248)
PURPLE = (150, 40, 122)
LILAC = (216, 150, 200)
GREEN = (60, 150, 52)
BROWN = (42, 82, 130)
BLUE = (190, 120, 30)
SKY = (222, 170, 90)
ORANGE = (40, 140, 246)
RUST = (24, 84, 190)
PINK = (160, 130, 250)
YELLOW = (40, 196, 250)
RED = (50, 50, 205)


class Pad:
    """Collects strokes in the order in which they are drawn."""

    def __init__(self, seed: int) -> None:
        self.strokes: list[Stroke] = []
        self._rng = np.random.default_rng(seed)

    def line(self, ink: tuple[int, int, int], width: float, *ways: Points | Knots) -> None:
        """Draw smooth lines through knots, or ready-made ones as they are."""
        for way in ways:
            points = way if isinstance(way, np.ndarray) else curve(way)
            self.strokes.append(Stroke(ink, width, points))

    def dots(self, ink: tuple[int, int, int], width: float, *places: tuple[float, float]) -> None:
        """Put the pen down and up again."""
        for x, y in places:
            self.strokes.append(Stroke(ink, width, np.array([[x, y], [x + 0.2, y]])))

    def fill(
        self, ink: tuple[int, int, int], width: float, outline: Points, degrees: float = -35
    ) -> None:
        """Hatch an outline."""
        way = hatching(outline, 0.78 * width, degrees, self._rng)
        self.strokes.append(Stroke(ink, width, way))


def cat_driving_tractor() -> list[Stroke]:
    """A ginger cat at the wheel of a red tractor."""
    pad = Pad(7)
    _cat(pad)
    _tractor(pad)
    _field(pad)
    return pad.strokes


def _cat(pad: Pad) -> None:
    body = curve(
        [(130, 100), (112, 120), (104, 158), (118, 172), (160, 172), (172, 150), (164, 116),
         (152, 100)],
        closed=True,
    )  # fmt: skip
    tail = [(110, 164), (80, 160), (56, 140), (54, 112), (70, 104)]
    head = curve(
        [(104, 44), (122, 36), (140, 34), (158, 36), (178, 44), (186, 70), (172, 96), (141, 106),
         (110, 96), (96, 70)],
        closed=True,
    )  # fmt: skip
    left_ear = np.array([[100, 54], [96, 10], [126, 36.0]])
    right_ear = np.array([[156, 36], [186, 10], [182, 54.0]])
    pad.line(BLACK, 4, head, left_ear, right_ear)
    pad.fill(ORANGE, 8, head, -20)
    pad.fill(ORANGE, 6, left_ear, 60)
    pad.fill(ORANGE, 6, right_ear, -60)
    pad.line(BLACK, 4, head, left_ear, right_ear)
    muzzle = ring(141, 86, 20, 13)
    pad.fill(WHITE, 7, muzzle, 0)
    pad.dots(WHITE, 17, (121, 66), (161, 66))
    pad.dots(BLACK, 10, (124, 67), (164, 67))
    pad.line(PINK, 6, np.array([[137, 78], [145, 78], [141, 82.0]]))
    pad.line(BLACK, 3, [(141, 82), (140, 90), (130, 94)], [(141, 90), (148, 94), (154, 91)])
    for y, dy in ((80, -6), (87, 0), (94, 6)):
        pad.line(BLACK, 2.5, [(122, y), (82, y + dy)], [(160, y), (200, y + dy)])
    for x in (128, 141, 154):
        pad.line(RUST, 5, [(x, 38), (x + (141 - x) * 0.1, 52)])
    pad.line(BLACK, 4, body)
    pad.fill(ORANGE, 8, body, 15)
    pad.line(ORANGE, 12, tail)
    for y in (122, 138, 154):
        pad.line(RUST, 5, [(109, y), (124, y + 2)])
    pad.line(ORANGE, 13, [(150, 124), (176, 136), (200, 128)])
    pad.line(BLACK, 5, [(192, 104), (206, 124), (212, 146)])
    pad.line(BLACK, 5, [(206, 124), (216, 164)])


def _tractor(pad: Pad) -> None:
    hood = np.array([[196, 160], [326, 160], [336, 176], [336, 222], [180, 226], [196, 160.0]])
    pad.line(BLACK, 4, hood)
    pad.fill(RED, 8, hood, -12)
    pad.line(BLACK, 4, hood)
    for x in (276, 292, 308):
        pad.line(BLACK, 4, [(x, 174), (x, 200)])
    pad.dots(YELLOW, 15, (336, 184))
    pad.line(BLACK, 8, [(296, 160), (296, 112)])
    for x, y, r in ((302, 92, 9), (318, 74, 12), (340, 54, 15)):
        pad.line(GREY, 4, ring(x, y, r))
    fender = [(66, 196), (74, 164), (104, 142), (146, 134), (184, 150), (204, 184)]
    pad.line(RED, 13, fender)
    for x, y, r in ((136, 212, 60), (300, 236, 36)):
        tyre = ring(x, y, r)
        pad.line(BLACK, 0.2 * r, tyre)
        pad.fill(FUR, 0.2 * r, ring(x, y, 0.92 * r), 35)
        rim = ring(x, y, 0.5 * r)
        pad.fill(YELLOW, 8, rim, -35)
        pad.line(BLACK, 4, rim)
        pad.dots(BLACK, 0.3 * r, (x, y))


def _field(pad: Pad) -> None:
    soil = np.array([[8, 276], [394, 274], [394, 294], [8, 294.0]])
    pad.fill(GREEN, 9, soil, 2)
    for x in range(14, 396, 22):
        pad.line(GREEN, 4, [(x, 276), (x + 4, 264)])


def second_try() -> list[Stroke]:
    """What the second player makes of it: a stick figure beside a cart of a kind."""
    pad = Pad(8)
    pad.line(BLACK, 4, ring(112, 92, 25, 22))
    pad.dots(BLACK, 5, (104, 88), (122, 90))
    pad.line(BLACK, 3, [(103, 101), (112, 105), (121, 100)])
    pad.line(BLACK, 4, [(112, 114), (109, 154), (112, 192)])
    pad.line(BLACK, 4, [(112, 192), (98, 220), (86, 250)], [(112, 192), (132, 220), (140, 250)])
    pad.line(BLACK, 4, [(110, 134), (86, 150), (64, 142)], [(110, 134), (142, 142), (168, 128)])
    box = [(216, 160), (276, 154), (330, 162), (334, 206), (270, 212), (214, 206), (215, 158)]
    pad.line(ORANGE, 4, np.array(box, float))
    pad.line(BLACK, 4, ring(240, 226, 19, 17), ring(306, 228, 17, 20))
    return pad.strokes
