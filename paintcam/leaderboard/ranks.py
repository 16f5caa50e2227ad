"""What a leaderboard returns: the ranks of turns."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timezone

from paintcam.leaderboard.records import Turn, points_of

__all__ = ["PlayerRank"]


@dataclass(frozen=True, slots=True)
class PlayerRank:
    """A player's rank on a board, by their best turn there or by the turn that was asked for.

    Attributes:
        rank: 1 for the highest score; equal scores share a rank.
        of: How many players are on the board.
        turn: The turn that gives the rank.
    """

    rank: int
    of: int
    turn: Turn

    def __str__(self) -> str:
        return f"{self.rank:,} of {self.of:,}"

    def as_row(self) -> dict[str, object]:
        """Return the row that tables, JSON and CSV show; scores to a hundredth, as they rank."""
        turn = self.turn
        return {
            "rank": self.rank,
            "of": self.of,
            "player": turn.player,
            "score": points_of(turn.score) / 100,
            "similarity": round(turn.similarity, 4),
            "prompt": turn.board.prompt,
            "encoder": turn.board.encoder,
            "time": turn.at.astimezone(timezone.utc).isoformat(timespec="seconds"),
            "best": points_of(turn.best) / 100,
            "low": turn.board.low,
            "high": turn.board.high,
            "guards": list(turn.guards),
            "snapshot": turn.snapshot,
            "turn": turn.id,
            "origin": turn.board.origin,
        }
