"""Where the panel stands: at the bottom, and elsewhere while a sheet of paper is there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from paintcam.overlay.canvas import Box

__all__ = ["LOWER_THIRD", "Layout", "LayoutChoice", "hidden_share"]

# Shares of the sheet that the panel hides. Above the first it moves; a place below the second is
# good enough, far enough from the first that a trembling hand moves nothing; if there is none, any
# below the third that shows the whole prompt is taken before one that cuts it.
_MOST, _GOOD, _BEARABLE = 0.055, 0.03, 0.09
_WORSE = 0.01  # from so much more on another place is looked for again
_CALM = 45  # pictures, 1.5 s of them: before that the panel does not go back
_RARELY = 15  # pictures between two looks at the place at the bottom
_GRID = 160  # columns of the raster on which areas are compared


@dataclass(frozen=True, slots=True)
class Layout:
    """A place for the panel.

    Attributes:
        kind: "lower third" over the whole width; "side", a column; "corner", the numbers in a
            corner and the prompt in lines of its own.
        left: The column or the numbers stand at the left.
        broad: The column is broad.
        numbers_above: The numbers stand in an upper corner.
        prompt_above: The prompt stands at the top.
        brief: The prompt has one line.
    """

    kind: Literal["lower third", "side", "corner"]
    left: bool = True
    broad: bool = False
    numbers_above: bool = False
    prompt_above: bool = False
    brief: bool = False


LOWER_THIRD = Layout("lower third")

# The most legible first.
_LAYOUTS = (
    LOWER_THIRD,
    *(Layout("side", left, broad) for broad in (True, False) for left in (True, False)),
    *(Layout("corner", left) for left in (True, False)),
    *(Layout("corner", left, prompt_above=True) for left in (True, False)),
    *(Layout("corner", left, numbers_above=True, prompt_above=True) for left in (True, False)),
    *(Layout("corner", left, brief=True) for left in (True, False)),
    *(
        Layout("corner", left, numbers_above=True, prompt_above=True, brief=True)
        for left in (True, False)
    ),
)


class LayoutChoice:
    """Chooses the panel's place, and keeps it as long as possible, so that nothing jumps."""

    def __init__(self) -> None:
        """Start at the bottom."""
        self._layout = LOWER_THIRD
        self._share = 0.0  # what the place hid when it was chosen
        self._pictures = 0
        self._calm = 0

    def choose(self, hidden: Callable[[Layout], float] | None) -> Layout:
        """Choose the place for the next picture.

        Args:
            hidden: Returns the share of the sheet that a place hides; None without a sheet.

        Returns:
            The place used before, if it still fits, or else the most legible one that fits.
        """
        self._pictures += 1
        if hidden is None:
            self._calm += 1
        elif hidden(self._layout) > max(_MOST, self._share + _WORSE):
            self._calm = 0
            self._layout, self._share = _best_place(hidden)
        elif self._layout != LOWER_THIRD and self._pictures % _RARELY == 0:
            self._calm = self._calm + _RARELY if hidden(LOWER_THIRD) <= _GOOD else 0
        if self._calm > _CALM:
            self._layout, self._share, self._calm = LOWER_THIRD, 0.0, 0
        return self._layout


def _best_place(hidden: Callable[[Layout], float]) -> tuple[Layout, float]:
    shares: dict[Layout, float] = {}
    for layout in _LAYOUTS:
        shares[layout] = hidden(layout)
        if shares[layout] <= _GOOD and not layout.brief:
            return layout, shares[layout]
    whole = min((share, i) for i, share in enumerate(shares.values()) if not _LAYOUTS[i].brief)
    least = min((share, i) for i, share in enumerate(shares.values()))
    share, index = whole if whole[0] <= _BEARABLE else least
    return _LAYOUTS[index], share


def hidden_share(
    plates: list[Box], sheet: npt.NDArray[np.float32], width: int, height: int
) -> float:
    """Return the share of a sheet that plates hide, 0…1.

    Args:
        plates: Opaque rectangles, which do not overlap, in pixels.
        sheet: The sheet's corners, float32 (4, 2), x and y in pixels.
        width: Of the picture, in pixels.
        height: Of the picture, in pixels.
    """
    import cv2

    scale = _GRID / width
    mask = np.zeros((max(1, round(height * scale)), _GRID), np.uint8)
    cv2.fillConvexPoly(mask, np.rint(sheet * scale).astype(np.int32), 1)
    whole = int(mask.sum())
    if not whole:
        return 0.0
    covered = 0
    for box in plates:
        left, top, right, bottom = (round(side * scale) for side in box)
        covered += int(mask[top:bottom, left:right].sum())
    return covered / whole
