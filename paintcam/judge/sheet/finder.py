"""Finds the sheet of paper, card, tablet or whiteboard that somebody holds up to the camera.

A frame is searched 320 pixels wide (`paintcam.judge.sheet.search`). In a stream the corners are
followed and smoothed, and it takes more confidence to find a sheet than to keep it. All periods are
in seconds of the frames' own time: the result is the same at 30 frames per second and at 3, and
does not depend on the speed of the machine.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from paintcam.frames import Image
from paintcam.judge.sheet.quads import Corners, ordered
from paintcam.judge.sheet.search import ACQUIRE, KEEP, search
from paintcam.judge.sheet.straighten import straighten

__all__ = ["Corners", "SheetFinder"]

LONG_SIDE = 320  # pixels: a search takes 4 ms and finds edges to within half a pixel
FRAME_S = 1 / 30  # the time between frames for which the weights below were chosen
SEARCH_S = 0.09  # between searches while there is no sheet: every third frame at 30 per second
CONFIRM_S = 0.25  # a sheet counts when it is found again after this time
PATIENCE_S = 0.27  # a held sheet may vanish (behind a hand, by motion blur)
ONE_FRAME_S = 1.0  # between frames: from here on one frame confirms a sheet, and one miss loses it
LOOK_AROUND_S = 1.0  # between searches of the whole frame while a sheet is followed
GLANCE = 48  # samples along the longer side: enough to notice that a sheet may have appeared
CHANGE = 24, 0.02  # grey levels, and the share of the samples that changed by more


class SheetFinder:
    """Finds the sheet in one frame after another.

    Args:
        steady: The frames belong to one stream: follow and smooth over time. False treats each
            picture by itself.
    """

    def __init__(self, *, steady: bool = True) -> None:
        self._steady = steady
        self._square: npt.NDArray[np.float64] | None = None
        self._size = (0, 0)
        self._now = 0.0
        self._step_s = FRAME_S
        self._corners: Corners | None
        self._searched_at: float | None
        self._glance: npt.NDArray[np.int16] | None
        self._forget()

    @property
    def confirmed(self) -> bool:
        """Whether the result of the last `find` counts.

        False for a sheet that appeared less than a quarter of a second ago, and for a frame without
        a sheet that was not searched and differs from the last one that was.
        """
        return self._confirmed

    def find(self, image: Image, time_s: float | None = None) -> Corners | None:
        """Find the sheet that is held up.

        Args:
            image: BGR uint8 (H, W, 3).
            time_s: The frame's time in the stream; None for a 30th of a second after the last.

        Returns:
            The sheet's corners in the image's pixels, or None if there is none or if the paper
            fills the picture.
        """
        height, width = image.shape[:2]
        self._confirmed = True
        if min(height, width) < 48:
            return None
        self._advance(time_s)
        if (width, height) != self._size:
            self._size = (width, height)
            self._forget()
        if self._steady and self._corners is None:
            # An empty room is not searched in every frame, which saves CPU time.
            if self._searched_at is not None and self._now - self._searched_at < SEARCH_S:
                self._confirmed = not self._changed(image)
                return None
            self._is_first = self._searched_at is None
            self._searched_at, self._glance = self._now, _glance(image)
        scale = min(1.0, LONG_SIDE / max(height, width))
        size = (round(width * scale), round(height * scale))
        small = cv2.resize(image, size, interpolation=cv2.INTER_AREA) if scale < 1 else image
        if self._steady:
            self._corners = self._follow(small)
            corners = self._corners
        else:
            found = search(small, None)
            corners = None if found is None or found[1] < ACQUIRE else found[0]
        if corners is None:
            self._square = None
            return None
        ratio = np.array([width / size[0], height / size[1]], np.float32)
        return ordered(((corners + 0.5) * ratio - 0.5).astype(np.float32))

    def rectify(self, image: Image, corners: Corners) -> Image:
        """Straighten the drawing, as `straighten` does; steady from frame to frame.

        Args:
            image: BGR uint8 (H, W, 3).
            corners: As `find` returned them.

        Returns:
            BGR uint8 (320, 320, 3).
        """
        before = self._square if self._steady else None
        front, self._square = straighten(image, corners, before, self._weight(0.25))
        return front

    def _forget(self) -> None:
        """Start without a sheet."""
        self._corners = None
        self._confirmed = True
        self._since = 0.0  # when the sheet was first found
        self._found_at = 0.0  # and last
        self._misses = 0
        self._is_first = True
        self._searched_at = None
        self._looked_around_at = self._now
        self._glance = None

    def _advance(self, time_s: float | None) -> None:
        now = self._now + FRAME_S if time_s is None else time_s
        self._step_s = now - self._now
        self._now = now
        if self._step_s < 0:  # the file has started again
            self._step_s = FRAME_S
            self._forget()

    def _weight(self, per_frame: float) -> float:
        """Return the share that the newest frame has in an average, by the time it stands for."""
        return float(1 - (1 - per_frame) ** (self._step_s / FRAME_S))

    def _changed(self, image: Image) -> bool:
        """Return whether a sheet may have appeared since the last search."""
        glance = _glance(image)
        if self._glance is None or self._glance.shape != glance.shape:
            return True
        levels, share = CHANGE
        return bool((np.abs(glance - self._glance) > levels).mean() > share)

    def _follow(self, small: Image) -> Corners | None:
        before = self._corners
        # Search the whole frame once a second, or a poster could keep the place of a sheet.
        around = self._now - self._looked_around_at >= LOOK_AROUND_S
        if around:
            self._looked_around_at = self._now
        found = search(small, None if around else before)
        if found is None or found[1] < (ACQUIRE if before is None else KEEP):
            return self._keep_for_now(before)
        corners = found[0]
        if before is None:
            # A sheet in the first frame did not just appear.
            self._since = self._now - (CONFIRM_S if self._is_first else 0.0)
            return self._found(corners)
        held = before
        turns = (np.roll(corners, turn, axis=0) for turn in range(4))
        corners = min(turns, key=lambda turned: float(np.abs(turned - held).sum()))
        moved = float(np.linalg.norm(corners - held, axis=1).max())
        if moved > 0.2 * LONG_SIDE:
            if found[1] < ACQUIRE:
                return self._keep_for_now(before)  # another sheet takes over when it is certain
            self._since = self._now
        # Casiez et al. 2012 (1€ filter): smooth what rests, follow what moves.
        weight = min(1.0, self._weight(0.35) + 0.3 * moved)
        return self._found((held + weight * (corners - held)).astype(np.float32))

    def _found(self, corners: Corners) -> Corners:
        self._found_at, self._misses = self._now, 0
        self._confirmed = self._held_long()
        return corners

    def _held_long(self) -> bool:
        # A hair less: frame times are not exact. A slow encoder's frame stands for a second itself.
        long = self._found_at - self._since >= 0.999 * CONFIRM_S
        return long or self._step_s >= ONE_FRAME_S

    def _keep_for_now(self, before: Corners | None) -> Corners | None:
        self._misses += 1
        once = self._misses == 1 and self._step_s < ONE_FRAME_S
        if before is None or not (once or self._now - self._found_at <= PATIENCE_S):
            return None
        self._confirmed = self._held_long()
        return before


def _glance(image: Image) -> npt.NDArray[np.int16]:
    """Return a few grey samples of a BGR uint8 (H, W, 3) picture."""
    step = max(1, max(image.shape[:2]) // GLANCE)
    glance: npt.NDArray[np.int16] = image[::step, ::step].mean(axis=2).astype(np.int16)
    return glance
