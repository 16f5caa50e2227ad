"""How fast a run is: what is shown and scored a second, and how long the parts of it take."""

from __future__ import annotations

import time
from collections import deque

__all__ = ["Pace"]

LOOK_BACK_S = 2.0
KEPT = 100_000


class Pace:
    """Times of one run. `scored` is called in the scorer's thread, the rest in the main one.

    Attributes:
        frames_shown: New frames that were shown.
        draw_s: What drawing took, a picture, s.
        show_s: What window and recording took, a picture, s.
        age_s: How old a frame was when its verdict was first drawn, s.
    """

    def __init__(self) -> None:
        """Nothing was shown yet."""
        self.frames_shown = 0
        self.draw_s: deque[float] = deque(maxlen=KEPT)
        self.show_s: deque[float] = deque(maxlen=KEPT)
        self.age_s: deque[float] = deque(maxlen=KEPT)
        self._shown_at: deque[float] = deque(maxlen=60)
        self._scored_at: deque[float] = deque(maxlen=60)

    def shown(self) -> None:
        """A frame that was not there before is shown."""
        self.frames_shown += 1
        self._shown_at.append(time.monotonic())

    def scored(self) -> None:
        """A frame was judged."""
        self._scored_at.append(time.monotonic())

    def rates(self) -> tuple[float, float]:
        """Frames shown and frames scored a second, over the last two seconds."""
        return _rate(self._shown_at), _rate(self._scored_at)


def _rate(times: deque[float]) -> float:
    now = time.monotonic()
    recent = [at for at in list(times) if now - at < LOOK_BACK_S]
    if len(recent) < 2:
        return 0.0
    return (len(recent) - 1) / max(now - recent[0], 1e-6)
