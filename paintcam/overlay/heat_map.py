"""A heat map over the sheet: what raised the score."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from paintcam.frames import Image

__all__ = ["draw_heat_map"]

STRENGTH = 0.65  # of the colours where the map is 1
EDGE = 256  # of the map before it is laid over the sheet, pixels


def draw_heat_map(
    image: Image, grid: npt.NDArray[np.float32], region: npt.NDArray[np.float32]
) -> Image:
    """Lay a map over part of a picture.

    The colours are viridis: as bright as they are strong, so that they can be read without telling
    red from green. Where the map is 0 the picture stays as it is.

    Args:
        image: BGR uint8 (H, W, 3). It is never written to.
        grid: float32 (R, C), 0…1, rows from the top.
        region: Corners of that part, float32 (4, 2) in pixels (x, y), clockwise from the top left.

    Returns:
        A new picture, BGR uint8 (H, W, 3).
    """
    import cv2

    mixed: Image = image.copy()
    height, width = image.shape[:2]
    corners = np.asarray(region, np.float32)
    if not np.isfinite(corners).all():
        return mixed
    # only the part around the region is worked on: live, this happens for every picture
    low = np.clip(np.floor(corners.min(axis=0)), 0, [width, height]).astype(int)
    high = np.clip(np.ceil(corners.max(axis=0)) + 1, 0, [width, height]).astype(int)
    (left, top), (right, bottom) = low, high
    if right <= left or bottom <= top:
        return mixed
    smooth = cv2.resize(
        np.clip(grid, 0, 1).astype(np.float32), (EDGE, EDGE), interpolation=cv2.INTER_CUBIC
    ).clip(0, 1)
    colours = cv2.applyColorMap((255 * smooth).astype(np.uint8), cv2.COLORMAP_VIRIDIS)
    square = np.array([[0, 0], [EDGE, 0], [EDGE, EDGE], [0, EDGE]], np.float32)
    onto = cv2.getPerspectiveTransform(square, corners - low.astype(np.float32))
    # a map is smooth: laid out at half the size it looks the same, and costs a quarter
    size = (int(right - left), int(bottom - top))
    half = (max(1, size[0] // 2), max(1, size[1] // 2))
    onto = np.diag([half[0] / size[0], half[1] / size[1], 1]) @ onto
    laid = cv2.resize(cv2.warpPerspective(colours, onto, half), size)
    weight = cv2.resize(cv2.warpPerspective(smooth * STRENGTH, onto, half), size)
    part = mixed[top:bottom, left:right]
    part[:] = cv2.blendLinear(np.ascontiguousarray(part), laid, 1 - weight, weight)
    return mixed
