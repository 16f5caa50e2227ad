"""A turn's maxima, of which a guard that answers late may take the newest back."""

from __future__ import annotations

from paintcam.contest.fair_maximum import FairMaximum
from paintcam.run.session import Rises

__all__ = ["Maxima"]


class Maxima:
    """The fair and the raw maximum of one turn.

    Args:
        window_s: Of the fair maximum; 0 for the raw one.

    Attributes:
        best: The raw maximum, 0…100.
        similarity: Of the verdict at which the fair maximum rose last.
    """

    def __init__(self, window_s: float) -> None:
        self.best = 0.0
        self.similarity = 0.0
        self._window_s = window_s
        self._fair = FairMaximum(window_s)
        self._held = 0.0  # the fair maximum that was left when something was taken back
        self._last = 0.0
        self._rises: Rises[tuple[float, float, float]] = Rises()

    @property
    def score(self) -> float:
        """The fair maximum, 0…100."""
        return max(self._held, self._fair.best)

    def offer(self, score: float, similarity: float, at_s: float, captured_at: float) -> bool:
        """Take a verdict.

        Args:
            score: 0…100; what is no score is passed over.
            similarity: −1…1.
            at_s: When its frame was captured, seconds on the clock of the fair maximum's window.
            captured_at: The same on the clock of guards.

        Returns:
            Whether the fair or the raw maximum rose.
        """
        if not 0 <= score <= 100:
            return False
        before = (self.score, self.best, self.similarity)
        self._last = similarity
        self.best = max(self.best, score)
        self._fair.offer(score, at_s)
        if self.score > before[0]:
            self.similarity = similarity
        if (self.score, self.best) == before[:2]:
            return False
        self._rises.note(captured_at, before)
        return True

    def interrupt(self) -> None:
        """Begin a new window, the maxima kept: after a pause, nothing bridges it."""
        self._fair.interrupt()

    def take_back(self, blocked_at: float) -> bool:
        """Undo what rose shortly before a frame that a guard blocked.

        Args:
            blocked_at: When that frame was captured, on the clock of guards.

        Returns:
            Whether anything had risen.
        """
        now = (self.score, self.best, self.similarity)
        before = self._rises.take_back(blocked_at, now)
        if before is now:
            self._fair.interrupt()  # what was seen just before must not raise a median later
            return False
        self._held, self.best, self.similarity = before
        self._fair = FairMaximum(self._window_s)
        return True

    def settle(self) -> bool:
        """End the turn: one shorter than the window counts for what can be said of it.

        Returns:
            Whether the fair maximum rose.
        """
        before = self.score
        if before == 0:
            self._fair.settle()
        if self.score == before:
            return False
        self.similarity = self._last
        return True
