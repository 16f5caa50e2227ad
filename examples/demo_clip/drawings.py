"""The two drawings of the demo clip, stroke by stroke, on a page of 400 × 300 units."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from demo_clip.ink import PAGE_WH, Points, Stroke, curve, hatching, ring

Knots = Sequence[tuple[float, float]]

# BGR, as a box of paint markers has them
BLACK = (38, 34, 36)
FUR = (66, 58, 60)
WHITE = (246, 248, 248)
ORANGE = (40, 140, 246)
RUST = (24, 84, 190)
PINK = (160, 130, 250)
YELLOW = (40, 196, 250)
RED = (50, 50, 205)

MARGIN = 0.92  # paper stays white along its border: that is how a sheet is known for one


class Pad:
    """Collects strokes in the order in which they are drawn."""

    def __init__(self, seed: int) -> None:
        self.strokes: list[Stroke] = []
        self._rng = np.random.default_rng(seed)
        self.place(1.0, (0.0, 0.0))

    def place(
        self, size: float, about: tuple[float, float], shift: tuple[float, float] = (0.0, 0.0)
    ) -> None:
        """From now on draw so much larger, as seen from a point, and moved."""
        self._size, self._about, self._shift = size, np.array(about), np.array(shift)

    def line(self, ink: tuple[int, int, int], width: float, *ways: Points | Knots) -> None:
        """Draw smooth lines through knots, or ready-made ones as they are."""
        for way in ways:
            self._add(ink, width, way if isinstance(way, np.ndarray) else curve(way))

    def dots(self, ink: tuple[int, int, int], width: float, *places: tuple[float, float]) -> None:
        """Put the pen down and up again."""
        for x, y in places:
            self._add(ink, width, np.array([[x, y], [x + 0.2, y]]))

    def fill(
        self, ink: tuple[int, int, int], width: float, outline: Points, degrees: float = -35
    ) -> None:
        """Hatch an outline."""
        way = hatching(outline, 0.78 * width, degrees, self._rng)
        self._add(ink, width, way, haste=2.5)

    def _add(
        self, ink: tuple[int, int, int], width: float, way: Points, haste: float = 1.0
    ) -> None:
        way = (way - self._about) * self._size + self._about + self._shift
        width *= self._size
        middle = np.array(PAGE_WH) / 2
        way = middle + (way - middle) * MARGIN
        self.strokes.append(Stroke(ink, width * MARGIN, way, haste))


def cat_driving_tractor() -> list[Stroke]:
    """A ginger cat at the wheel of a red tractor."""
    pad = Pad(7)
    pad.place(0.92, (200, 270))
    _tractor(pad)
    pad.place(1.2, (141, 138), (0, 14.4))
    _cat(pad)
    return pad.strokes


def _tractor(pad: Pad) -> None:
    hood = np.array([[196, 166], [326, 166], [336, 182], [336, 224], [180, 228], [196, 166.0]])
    pad.line(BLACK, 4, hood)
    pad.fill(RED, 8, hood, -12)
    pad.line(BLACK, 4, hood)
    for x in (276, 292, 308):
        pad.line(BLACK, 4, [(x, 178), (x, 200)])
    pad.dots(YELLOW, 15, (336, 190))
    pad.line(BLACK, 8, [(296, 166), (296, 116)])
    for x, y, r in ((134, 214, 58), (300, 237, 35)):
        tyre = ring(x, y, r)
        pad.line(BLACK, 0.2 * r, tyre)
        pad.fill(FUR, 0.2 * r, ring(x, y, 0.92 * r), 35)
        rim = ring(x, y, 0.5 * r)
        pad.fill(YELLOW, 8, rim, -35)
        pad.line(BLACK, 4, rim)
        pad.dots(BLACK, 0.3 * r, (x, y))
    pad.line(RED, 13, [(66, 200), (72, 170), (98, 150), (136, 143), (176, 152), (202, 182)])
    pad.line(BLACK, 5, [(220, 164), (212, 142), (206, 124)])
    pad.line(BLACK, 5, [(192, 106), (206, 124), (214, 146)])


def _cat(pad: Pad) -> None:
    tail = [(112, 130), (80, 134), (56, 122), (52, 98), (68, 88)]
    body = curve(
        [(126, 98), (112, 112), (106, 134), (122, 138), (152, 138), (168, 136), (162, 112),
         (152, 98)],
        closed=True,
    )  # fmt: skip
    head = curve(
        [(104, 44), (122, 36), (140, 34), (158, 36), (178, 44), (186, 70), (172, 96), (141, 106),
         (110, 96), (96, 70)],
        closed=True,
    )  # fmt: skip
    left_ear = np.array([[100, 54], [96, 10], [126, 36.0]])
    right_ear = np.array([[156, 36], [186, 10], [182, 54.0]])
    pad.line(ORANGE, 12, tail)
    pad.fill(ORANGE, 8, body, 15)
    pad.line(ORANGE, 13, [(154, 116), (178, 130), (203, 126)])
    pad.line(BLACK, 4, head, left_ear, right_ear)
    pad.fill(ORANGE, 8, head, -20)
    pad.fill(ORANGE, 6, left_ear, 60)
    pad.fill(ORANGE, 6, right_ear, -60)
    pad.line(BLACK, 4, head, left_ear, right_ear)
    pad.fill(WHITE, 7, ring(141, 86, 20, 13), 0)
    pad.dots(WHITE, 17, (121, 66), (161, 66))
    pad.dots(BLACK, 10, (124, 67), (164, 67))
    pad.line(PINK, 6, np.array([[137, 78], [145, 78], [141, 82.0]]))
    pad.line(BLACK, 3, [(141, 82), (140, 90), (130, 94)], [(141, 90), (148, 94), (154, 91)])
    for y, dy in ((80, -6), (87, 0), (94, 6)):
        pad.line(BLACK, 2.5, [(122, y), (82, y + dy)], [(160, y), (200, y + dy)])
    for x in (128, 141, 154):
        pad.line(RUST, 5, [(x, 38), (x + (141 - x) * 0.1, 52)])
    pad.line(RUST, 5, [(110, 118), (124, 120)], [(108, 130), (124, 132)])


def second_try() -> list[Stroke]:
    """What the second player makes of it: a stick cat on a cart that has lost a wheel."""
    pad = Pad(8)
    cart = [(140, 180), (200, 174), (254, 182), (258, 226), (194, 232), (138, 226), (139, 178)]
    pad.line(RED, 4, np.array(cart, float))
    pad.line(BLACK, 4, ring(164, 246, 19, 17))
    pad.line(BLACK, 4, ring(196, 84, 25, 22))
    pad.line(BLACK, 4, np.array([[176, 72], [174, 46], [190, 62.0]]))
    pad.line(BLACK, 4, np.array([[204, 62], [220, 48], [218, 74.0]]))
    pad.dots(BLACK, 5, (188, 80), (206, 82))
    pad.line(BLACK, 3, [(187, 93), (196, 97), (205, 92)])
    pad.line(BLACK, 4, [(196, 106), (193, 144), (196, 174)])
    pad.line(BLACK, 4, [(194, 126), (170, 142), (148, 134)], [(194, 126), (226, 134), (252, 120)])
    pad.line(BLACK, 4, ring(316, 250, 17, 20))
    return pad.strokes
