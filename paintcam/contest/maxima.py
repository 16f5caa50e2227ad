"""A turn's maxima. A guard that answers late can withdraw the newest ones."""

from __future__ import annotations

from paintcam.contest.fair_maximum import FairMaximum, Held
from paintcam.run.session import Rises

__all__ = ["Maxima"]


class Maxima:
    """The fair and the raw maximum of one turn.

    Args:
        window_s: Window of the fair maximum; 0 for the raw one.

    Attributes:
        best: The raw maximum, 0…100.
        similarity: Similarity of the verdict that last raised the fair maximum.
        scored: Whether any verdict counts. False again after everything was taken back.
    """

    def __init__(self, window_s: float) -> None:
        self.best = 0.0
        self.similarity = 0.0
        self.scored = False
        self._window_s = window_s
        self._fair = FairMaximum(window_s)
        self._kept = 0.0  # the fair maximum that was left when something was taken back
        self._last = 0.0
        self._rises: Rises[tuple[float, float, float]] = Rises()

    @property
    def score(self) -> float:
        """The fair maximum, 0…100."""
        return max(self._kept, self._fair.best)

    def offer(
        self,
        score: float,
        similarity: float,
        captured_at: float,
        *,
        blocked: bool = False,
        held: Held = (),
    ) -> bool:
        """Take a verdict.

        Args:
            score: 0…100; anything else is ignored.
            similarity: −1…1.
            captured_at: When its frame was captured, seconds on a clock that does not run back.
            blocked: A guard blocked the picture: it counts 0.
            held: What was shown since the verdict before, as `FairMaximum.offer` takes it.

        Returns:
            Whether the fair or the raw maximum rose.
        """
        score = 0.0 if blocked else score
        if not 0 <= score <= 100:
            return False
        before = (self.score, self.best, self.similarity)
        self.scored = self.scored or not blocked
        self._last = similarity
        self.best = max(self.best, score)
        self._fair.offer(score, captured_at, held)
        if self.score > before[0]:
            self.similarity = similarity
        if (self.score, self.best) == before[:2]:
            return False
        self._rises.note(captured_at, before)
        return True

    def interrupt(self) -> None:
        """Start a new window and keep the maxima: nothing is held across a pause."""
        self._fair.interrupt()

    def take_back(self, blocked_at: float) -> bool:
        """Undo what rose shortly before a frame that a guard blocked.

        Args:
            blocked_at: When that frame was captured.

        Returns:
            Whether anything had risen.
        """
        now = (self.score, self.best, self.similarity)
        before = self._rises.take_back(blocked_at, now)
        if before is now:
            self._fair.interrupt()  # verdicts from just before must not raise the maximum later
            return False
        self._kept, self.best, self.similarity = before
        self.scored = self.best > 0
        self._fair = FairMaximum(self._window_s)
        return True

    def settle(self) -> bool:
        """End the turn. If it was short, it counts for what all its scores held.

        Returns:
            Whether the fair maximum rose.
        """
        before = self.score
        if self._kept == 0:
            self._fair.settle()
        if self.score == before:
            return False
        self.similarity = self._last
        return True
