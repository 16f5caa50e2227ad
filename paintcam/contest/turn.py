"""One player's turn: its clock and its maxima."""

from __future__ import annotations

from dataclasses import dataclass, field

from paintcam.contest.fair_maximum import Held
from paintcam.contest.maxima import Maxima

__all__ = ["PlayedTurn"]


@dataclass(slots=True, eq=False)
class PlayedTurn:
    """One turn from its start on. All times are seconds on one clock.

    Attributes:
        id: Unique and safe as a file name; replaced after something was taken back.
        player: Who draws.
        round: 1 for the first.
        seconds: How long the clock runs.
        maxima: What was reached.
        skipped: The turn does not count.
    """

    id: str
    player: str
    round: int
    seconds: float
    maxima: Maxima
    skipped: bool = False
    _ran: list[tuple[float, float]] = field(default_factory=list)
    _running_since: float | None = None

    @property
    def score(self) -> float:
        """The fair maximum, 0…100: the score that counts."""
        return self.maxima.score

    @property
    def best(self) -> float:
        """The raw maximum, 0…100."""
        return self.maxima.best

    @property
    def similarity(self) -> float:
        """Similarity of the verdict that last raised the fair maximum."""
        return self.maxima.similarity

    def run(self, now: float) -> None:
        """Start the clock."""
        self._running_since = now

    def halt(self, now: float) -> None:
        """Stop the clock."""
        if self._running_since is not None:
            self._ran.append((self._running_since, min(now, self.ends_at(now))))
            self._running_since = None

    def remaining_s(self, now: float) -> float:
        """Return the seconds left on the clock."""
        used = sum(end - start for start, end in self._ran)
        if self._running_since is not None:
            used += now - self._running_since
        return max(0.0, self.seconds - used)

    def ends_at(self, now: float) -> float:
        """Return when the running clock runs out; infinity for a clock that is stopped."""
        if self._running_since is None:
            return float("inf")
        return self._running_since + self.remaining_s(self._running_since)

    def offer(
        self,
        score: float,
        similarity: float,
        captured_at: float,
        *,
        blocked: bool = False,
        held: Held = (),
    ) -> bool:
        """Take a verdict. It counts if the clock ran when its frame was captured.

        Returns:
            Whether the fair or the raw maximum rose.
        """
        if self.skipped or not self._was_running(captured_at):
            return False
        return self.maxima.offer(score, similarity, captured_at, blocked=blocked, held=held)

    def _was_running(self, at_s: float) -> bool:
        since = self._running_since
        if since is not None and since <= at_s <= self.ends_at(at_s):
            return True
        return any(start <= at_s <= end for start, end in self._ran)
