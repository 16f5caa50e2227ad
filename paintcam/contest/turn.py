"""One player's turn: its clock, its maxima."""

from __future__ import annotations

from dataclasses import dataclass, field

from paintcam.contest.maxima import Maxima

__all__ = ["PlayedTurn"]


@dataclass(slots=True, eq=False)
class PlayedTurn:
    """One turn, from its start on. All times are seconds on one clock.

    Attributes:
        id: Unique, safe as a file name; another one after something was taken back.
        player: Who draws.
        round: 1 for the first.
        seconds: How long the clock runs.
        maxima: What was reached.
        skipped: It does not count.
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
        """The fair maximum, 0…100: what counts."""
        return self.maxima.score

    @property
    def best(self) -> float:
        """The raw maximum, 0…100."""
        return self.maxima.best

    @property
    def similarity(self) -> float:
        """Of the verdict at which the fair maximum rose last."""
        return self.maxima.similarity

    def run(self, now: float) -> None:
        """Let the clock run."""
        self._running_since = now

    def halt(self, now: float) -> None:
        """Stop the clock."""
        if self._running_since is not None:
            self._ran.append((self._running_since, min(now, self.ends_at(now))))
            self._running_since = None

    def remaining_s(self, now: float) -> float:
        """Seconds left on the clock."""
        used = sum(end - start for start, end in self._ran)
        if self._running_since is not None:
            used += now - self._running_since
        return max(0.0, self.seconds - used)

    def ends_at(self, now: float) -> float:
        """When a clock that runs is, or was, over; later than any time for one that is halted."""
        if self._running_since is None:
            return float("inf")
        return self._running_since + self.remaining_s(self._running_since)

    def offer(self, score: float, similarity: float, captured_at: float) -> bool:
        """Take a verdict on a frame. It counts if the clock ran when the frame was captured.

        Returns:
            Whether the fair or the raw maximum rose.
        """
        if self.skipped or not self._was_running(captured_at):
            return False
        return self.maxima.offer(score, similarity, captured_at, captured_at)

    def _was_running(self, at_s: float) -> bool:
        since = self._running_since
        if since is not None and since <= at_s <= self.ends_at(at_s):
            return True
        return any(start <= at_s <= end for start, end in self._ran)
