"""A judge that sees only some of the frames: which ones, and what the others are worth."""

from __future__ import annotations

from collections.abc import Callable

from paintcam.contest.fair_maximum import FairMaximum
from paintcam.frames import Frame
from paintcam.run.looks import Looks


class Slow:
    """A judge that takes a while: frames are shown at 30 per second, and some of them judged.

    Which ones, and what the others count for, decides `Looks`, as in a run.

    Args:
        fps: Verdicts per second.
    """

    def __init__(self, fps: float) -> None:
        self.fair = FairMaximum()
        self.judged: list[tuple[float, float]] = []  # score, when
        self._looks = Looks()
        self._every_s = 1 / fps
        self._free_at = 0.0

    def show(self, frame: Frame, score: Callable[[Frame], float | None]) -> None:
        """Show a frame; `score` gives a frame's score, None where it does not count."""
        self._looks.offer(frame)
        if frame.time_s < self._free_at - 1e-6:
            return
        taken = self._looks.take()
        self._free_at = max(self._free_at + self._every_s, frame.time_s)
        if taken is not None and (value := score(taken)) is not None:
            self.judged.append((value, taken.time_s))
            self.fair.offer(value, taken.time_s, self._looks.held(taken, value))
