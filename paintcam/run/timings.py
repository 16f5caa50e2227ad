"""How fast a run is: events per second, and how long each part takes."""

from __future__ import annotations

import time
from collections import deque

from paintcam.judge.verdict import Verdict

__all__ = ["Rate", "Timings"]

LOOK_BACK_S = 2.0
KEPT = 100_000


class Rate:
    """Events per second over the last two seconds. Not locked: its owner locks it."""

    def __init__(self) -> None:
        self._at: deque[float] = deque(maxlen=1000)

    def count(self) -> None:
        """Count one event, now."""
        self._at.append(time.monotonic())

    def per_second(self) -> float:
        """Return the rate; 0 with fewer than two recent events."""
        now = time.monotonic()
        while self._at and now - self._at[0] >= LOOK_BACK_S:
            self._at.popleft()
        if len(self._at) < 2:
            return 0.0
        return (len(self._at) - 1) / max(now - self._at[0], 1e-6)


class Timings:
    """Times of one run's pictures. Main thread only.

    Attributes:
        frames_shown: New frames that were shown.
        shown: Rate of new frames.
        draw_s: Time to draw each picture, in seconds.
        show_s: Time that window and recording took for each picture, in seconds.
        age_s: Age of a frame when its verdict was first drawn, in seconds.
    """

    def __init__(self) -> None:
        self.frames_shown = 0
        self.shown = Rate()
        self.draw_s: deque[float] = deque(maxlen=KEPT)
        self.show_s: deque[float] = deque(maxlen=KEPT)
        self.age_s: deque[float] = deque(maxlen=KEPT)
        self._drawn: Verdict | None = None

    def count_shown(self) -> None:
        """Count a new frame on its way to the screen."""
        self.frames_shown += 1
        self.shown.count()

    def count_picture(self, started: float, drawn: float, verdict: Verdict | None) -> None:
        """Note a picture that was shown just now.

        Args:
            started: When drawing it began, on the monotonic clock.
            drawn: When it was drawn.
            verdict: What was drawn on it.
        """
        self.draw_s.append(drawn - started)
        self.show_s.append(time.monotonic() - drawn)
        if verdict is not None and verdict is not self._drawn:
            self._drawn = verdict
            self.age_s.append(drawn - verdict.captured_at)
