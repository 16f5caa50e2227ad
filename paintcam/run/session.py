"""The score that is shown, and the best of the session. Pure logic."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from typing import Generic, TypeVar

from paintcam.judge.verdict import Verdict

__all__ = ["LATE_S", "Rises", "Session", "Standing"]

_State = TypeVar("_State")

LATE_S = 1.5
"""How late a guard may be that looks twice a second, in its own thread."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Where the session stands after a verdict.

    Attributes:
        score: 0…100, as shown; smoothed if smoothing is on.
        best: The highest score shown since the start or the last reset.
        is_new_best: Whether this verdict raised it.

    Example:
        >>> from paintcam import Session, Verdict
        >>> Session().add(Verdict(0, 0.0, 0.0, 0.2, 40.0)).is_new_best
        True
    """

    score: float
    best: float
    is_new_best: bool


class Rises(Generic[_State]):
    """What stood before each of the last rises: a guard that answers late takes them back."""

    def __init__(self) -> None:
        self._before: deque[tuple[float, _State]] = deque(maxlen=256)

    def note(self, captured_at: float, before: _State) -> None:
        """Remember the state before the frame captured then raised the best."""
        self._before.append((captured_at, before))

    def take_back(self, blocked_at: float, now: _State) -> _State:
        """Return the state `LATE_S` before a blocked frame; `now` if nothing rose since."""
        while self._before and self._before[-1][0] > blocked_at - LATE_S:
            _, now = self._before.pop()
        return now

    def clear(self) -> None:
        """Forget every rise, so that nothing is taken back any more."""
        self._before.clear()


class Session:
    """Keeps the running best.

    Args:
        smoothing_s: Time constant of an exponential moving average over the shown score, in
            seconds; 0 shows each verdict as it is.

    Example:
        >>> from paintcam import Session, Verdict
        >>> session = Session()
        >>> for score in (40.0, 70.0, 55.0):
        ...     standing = session.add(Verdict(0, 0.0, 0.0, 0.2, score))
        >>> standing.score, standing.best
        (55.0, 70.0)
    """

    def __init__(self, smoothing_s: float = 0.0) -> None:
        self.best: float | None = None
        self.scored = 0
        self._smoothing_s = smoothing_s
        self._shown: tuple[float, float] | None = None
        self._rises: Rises[float | None] = Rises()

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
            self.best = self._rises.take_back(verdict.captured_at, self.best)
            return Standing(0.0, self.best or 0.0, is_new_best=False)
        score = self._smooth(verdict)
        is_new_best = verdict.counts and (self.best is None or score > self.best)
        if is_new_best:
            self._rises.note(verdict.captured_at, self.best)
            self.best = score
        return Standing(score, self.best or 0.0, is_new_best)

    def reset(self) -> None:
        """Forget the best: the next verdict sets it."""
        self.best = None
        self._shown = None
        self._rises.clear()

    def correct(self, best: float | None) -> None:
        """Replace the best after guards reviewed the frames that raised it."""
        self.best = best
        self._rises.clear()

    def _smooth(self, verdict: Verdict) -> float:
        score = verdict.score
        if self._smoothing_s > 0 and self._shown is not None:
            before, at = self._shown
            weight = 1 - math.exp(-max(0.0, verdict.captured_at - at) / self._smoothing_s)
            score = before + weight * (score - before)
        self._shown = (score, verdict.captured_at)
        return score
