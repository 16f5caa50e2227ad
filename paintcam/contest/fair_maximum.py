"""The fair maximum: what a drawing holds for a moment, not what one frame flickers to."""

from __future__ import annotations

import math
from collections import deque

__all__ = ["WINDOW_S", "FairMaximum"]

WINDOW_S = 0.5
_FEWEST = 3


class FairMaximum:
    """The maximum over a short running median of scores.

    The median is over the scores of the last `window_s` seconds, and never over fewer than three:
    a slow encoder gives two in half a second, and of two the higher may be the flicker. Of an even
    number it is the lower of the middle two. It counts from the first whole window on, so that a
    flicker in a turn's first frames does not win either. (Tukey 1977, "Exploratory Data Analysis",
    chapter 7: running medians.)

    Args:
        window_s: Seconds; 0 for the raw maximum.
    """

    def __init__(self, window_s: float = WINDOW_S) -> None:
        if not 0 <= window_s < math.inf:
            raise ValueError(f"not a window: {window_s}")
        self._window_s = window_s
        self._best: float | None = None
        self._scores: deque[tuple[float, float]] = deque()
        self._since: float | None = None

    @property
    def best(self) -> float:
        """The maximum so far, 0…100.

        Before the first whole window it is 0; `settle` gives what can be said then.
        """
        return self._best or 0.0

    def offer(self, score: float, at_s: float) -> float:
        """Take a score.

        Args:
            score: 0…100; one that is not finite is passed over.
            at_s: When its frame was captured, seconds on any clock that does not run back.

        Returns:
            The maximum so far, 0…100.
        """
        if not math.isfinite(score):
            return self.best
        if self._window_s == 0:
            self._best = max(self.best, score)
            return self._best
        if self._since is None:
            self._since = at_s
        self._scores.append((at_s, score))
        while len(self._scores) > _FEWEST and self._scores[0][0] <= at_s - self._window_s:
            self._scores.popleft()
        # A hair less: frame times are no exact multiples of a window.
        whole = at_s - self._since >= self._window_s * 0.999
        if whole and len(self._scores) >= _FEWEST:
            self._best = max(self.best, self._median())
        return self.best

    def interrupt(self) -> None:
        """Begin a new window, the maximum kept: after a pause, nothing bridges it."""
        self._scores.clear()
        self._since = None

    def settle(self) -> float:
        """End a turn.

        Returns:
            The maximum, 0…100; of a turn shorter than a window, the median of what there was.
        """
        if self._best is None and self._scores:
            self._best = self._median()
        return self.best

    def _median(self) -> float:
        ordered = sorted(score for _, score in self._scores)
        return ordered[(len(ordered) - 1) // 2]
