"""Standings of a contest: who won."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from paintcam.contest.turn import PlayedTurn

__all__ = ["Place", "standings"]


@dataclass(frozen=True, slots=True)
class Place:
    """A player's place in a contest.

    Attributes:
        rank: 1 for the winner; equal ranks are tied; None for a player without a turn.
        player: The name.
        score: The fair maximum of the player's best turn, 0…100.
        best: That turn's raw maximum, 0…100.
        turn_id: That turn.
    """

    rank: int | None
    player: str
    score: float = 0.0
    best: float = 0.0
    turn_id: str | None = None


def standings(players: Sequence[str], turns: Iterable[PlayedTurn]) -> list[Place]:
    """Rank players by their best turn, best first; equal to a hundredth of a point is a tie."""
    best: dict[str, PlayedTurn] = {}
    for turn in turns:
        best_yet = best.get(turn.player)
        if not turn.skipped and (best_yet is None or turn.score > best_yet.score):
            best[turn.player] = turn
    points = {player: round(turn.score * 100) for player, turn in best.items()}

    def place(player: str) -> Place:
        turn = best.get(player)
        if turn is None:
            return Place(None, player)
        rank = 1 + sum(other > points[player] for other in points.values())
        return Place(rank, player, turn.score, turn.best, turn.id)

    return sorted(map(place, players), key=lambda found: found.rank or len(players) + 1)
