"""The outline around the sheet of paper that is judged."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from paintcam.overlay.canvas import Canvas
from paintcam.overlay.palette import score_colour

__all__ = ["draw_sheet_outline"]

RIM = (12, 12, 12)
"""Around the coloured line, which would vanish on a wall of the same colour."""


def draw_sheet_outline(
    canvas: Canvas, corners: npt.NDArray[np.float32], score: float | None
) -> None:
    """Draw a line in the colour of the score, with a dark rim.

    Args:
        canvas: The picture to draw on.
        corners: Of the sheet, float32 (4, 2), pixels (x, y).
        score: 0…100; None before the first verdict.
    """
    import cv2

    polygon = [np.rint(corners).astype(np.int32)]
    thick = canvas.aside_px(0.007)
    rim = thick + 2 * canvas.aside_px(0.003)
    cv2.polylines(canvas.picture, polygon, True, RIM, rim)
    cv2.polylines(canvas.picture, polygon, True, score_colour(score), thick)
