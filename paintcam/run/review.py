"""What raised the best before the guards ran, kept until they can review it. Pure logic."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from paintcam.frames import Frame
from paintcam.judge.verdict import Verdict

__all__ = ["KEPT", "Review", "Reviewed"]

KEPT = 8
"""How many of the last rises are kept, each with its frame."""


class _Rise(NamedTuple):
    frame: Frame
    verdict: Verdict
    shown: float


class Reviewed(NamedTuple):
    """The best that is left after a review.

    Attributes:
        best: 0…100; None if nothing is left.
        frame: The frame that it comes from; None if it is older than the review.
        verdict: The verdict on that frame with the guards.
    """

    best: float | None
    frame: Frame | None = None
    verdict: Verdict | None = None


class Review:
    """The last rises of the best that no guard has checked."""

    def __init__(self) -> None:
        self._rises: deque[_Rise] = deque(maxlen=KEPT)
        self._best_before: float | None = None

    def note(self, frame: Frame, verdict: Verdict, shown: float, best_before: float | None) -> None:
        """Keep a frame that raised the best.

        Args:
            frame: The frame.
            verdict: The verdict on it without guards.
            shown: Its score as shown, 0…100; smoothed if smoothing is on.
            best_before: The best until then; None if there was none.
        """
        if not self._rises:
            self._best_before = best_before  # the others rose without guards too
        self._rises.append(_Rise(frame, verdict, shown))

    def clear(self) -> None:
        """Forget everything: another prompt or attempt begins."""
        self._rises.clear()

    def result(self, judge: Callable[[Frame, Verdict], Verdict]) -> Reviewed | None:
        """Judge the kept frames again.

        Args:
            judge: Returns the verdict on a frame with the guards.

        Returns:
            What is left; None if nothing is kept.
        """
        rises = list(self._rises)
        if not rises:
            return None
        left = Reviewed(self._best_before)
        for rise in rises:
            verdict = judge(rise.frame, rise.verdict)
            score = min(rise.shown, verdict.score)  # a penalty may only lower a smoothed score
            if not verdict.blocked and (left.best is None or score > left.best):
                left = Reviewed(score, rise.frame, verdict)
        return left
