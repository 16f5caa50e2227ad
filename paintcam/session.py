"""The score that is shown, and the best of the session. Pure logic."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

from paintcam.verdict import Verdict

__all__ = ["LATE_S", "Session", "Standing"]

LATE_S = 1.5
"""How late a guard may be that looks twice a second, in its own thread."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Where the session stands after a verdict.

    Attributes:
        score: 0…100, as shown: smoothed where smoothing is on.
        best: The highest score shown since the start or the last reset.
        is_new_best: Whether this verdict raised it.
    """

    score: float
    best: float
    is_new_best: bool


class Session:
    """Keeps the running best.

    Args:
        smoothing_s: Time constant of an exponential moving average over the shown score, in
            seconds; 0 shows each verdict as it is.
    """

    def __init__(self, smoothing_s: float = 0.0) -> None:
        """Start with no best."""
        self.best: float | None = None
        self.scored = 0
        self._smoothing_s = smoothing_s
        self._shown: tuple[float, float] | None = None
        self._before: deque[tuple[float, float | None]] = deque(maxlen=256)

    def add(self, verdict: Verdict) -> Standing:
        """Take the next verdict.

        A blocked picture shows 0 and leaves the best alone; what rose just before it, while a
        guard was still looking at the same picture, does not count either.

        Raises:
            ValueError: The score is not a number in 0…100.
        """
        if not 0 <= verdict.score <= 100:  # false for NaN too
            raise ValueError(f"A score is a number from 0 to 100, not {verdict.score!r}.")
        self.scored += 1
        if verdict.blocked:
            self._shown = None
            self._take_back(verdict.captured_at - LATE_S)
            return Standing(0.0, self.best or 0.0, is_new_best=False)
        score = self._smooth(verdict)
        is_new_best = self.best is None or score > self.best
        if is_new_best:
            self._before.append((verdict.captured_at, self.best))
            self.best = score
        return Standing(score, self.best or 0.0, is_new_best)

    def reset(self) -> None:
        """Forget the best: the next verdict sets it."""
        self.best = None
        self._shown = None
        self._before.clear()

    def _take_back(self, since: float) -> None:
        while self._before and self._before[-1][0] > since:
            _, self.best = self._before.pop()

    def _smooth(self, verdict: Verdict) -> float:
        score = verdict.score
        if self._smoothing_s > 0 and self._shown is not None:
            before, at = self._shown
            weight = 1 - math.exp(-max(0.0, verdict.captured_at - at) / self._smoothing_s)
            score = before + weight * (score - before)
        self._shown = (score, verdict.captured_at)
        return score
