"""One player's scores in a live loop."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from paintcam.leaderboard.board import Leaderboard
from paintcam.leaderboard.records import Board, Turn, new_turn_id
from paintcam.leaderboard.writer import TurnWriter

__all__ = ["ScoreKeeper"]


def _silent(_: str) -> None:
    pass


class ScoreKeeper:
    """Stores a player's maximum the moment it rises, without making the caller wait.

    For `run --player`: create it when the encoder is known, `offer` every verdict, `close` at the
    end. A new prompt or player is a new keeper.

    Args:
        leaderboard: Where to store. Its owner closes it, after this.
        prompt: What is drawn.
        player: Any text.
        encoder: The encoder's name.
        score_range: Similarities that are score 0 and 100.
        guards: Names of the guards that are active.
        snapshot: Path of the photo-finish; may also be set later, as an attribute.
        notice: Told what a person should know, in a sentence, from another thread.

    Raises:
        LeaderboardError: The prompt or the name is blank, or the range impossible.
    """

    def __init__(
        self,
        leaderboard: Leaderboard,
        prompt: str,
        player: str,
        encoder: str,
        score_range: tuple[float, float],
        guards: Sequence[str] = (),
        snapshot: str | None = None,
        notice: Callable[[str], None] = _silent,
    ) -> None:
        board = Board(prompt, encoder, *score_range)
        self.snapshot = snapshot
        self._turn = Turn(new_turn_id(), board, player, 0.0, 0.0, 0.0, tuple(guards))
        self._best, self._fair, self._similarity = -1.0, -1.0, 0.0
        self._writer = TurnWriter(leaderboard, notice)

    @property
    def turn_id(self) -> str:
        """The id that the scores are stored under; safe as a file name."""
        return self._turn.id

    def offer(self, score: float, similarity: float, fair_score: float) -> None:
        """Take a verdict; store it if a maximum rose. Returns at once.

        Args:
            score: The verdict's score, 0…100.
            similarity: The verdict's similarity, −1…1.
            fair_score: The fair maximum so far, 0…100, as `FairMaximum.offer` gives it.
        """
        if not all(map(math.isfinite, (score, similarity, fair_score))):
            return
        if score <= self._best and fair_score <= self._fair:
            return
        if fair_score > self._fair:
            self._similarity = similarity
        self._best, self._fair = max(self._best, score), max(self._fair, fair_score)
        turn = self._turn
        self._writer.put(
            Turn(
                turn.id,
                turn.board,
                turn.player,
                self._fair,
                self._best,
                self._similarity,
                turn.guards,
                snapshot=self.snapshot,
            )
        )

    def close(self) -> None:
        """Store or queue what is left; waits at most some two seconds. May be called twice."""
        self._writer.close()
