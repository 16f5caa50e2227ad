"""Recording one turn's scores on the leaderboard."""

from __future__ import annotations

import math
from collections.abc import Sequence

from paintcam.leaderboard.records import Board, Turn, new_turn_id
from paintcam.leaderboard.writer import TurnWriter

__all__ = ["ScoreRecorder"]


class ScoreRecorder:
    """Stores a turn's maximum the moment it rises, without making the caller wait.

    A new prompt, player or attempt needs a new recorder. The writer is closed by its owner.

    Args:
        writer: Stores in the background.
        board: The board that the scores rank on.
        player: Any text.
        guards: Names of the guards that are active.
        turn_id: The id of the turn; a new one by default.
        snapshot: Path of the photo-finish; it may also be set later, as an attribute.

    Raises:
        LeaderboardError: The name is blank.
    """

    def __init__(
        self,
        writer: TurnWriter,
        board: Board,
        player: str,
        guards: Sequence[str] = (),
        turn_id: str | None = None,
        snapshot: str | None = None,
    ) -> None:
        self.snapshot = snapshot
        self._turn = Turn(turn_id or new_turn_id(), board, player, 0.0, 0.0, 0.0, tuple(guards))
        self._best, self._fair, self._similarity = -1.0, -1.0, 0.0
        self._writer = writer

    @property
    def turn_id(self) -> str:
        """The id that the scores are stored under. It is safe as a file name."""
        return self._turn.id

    def offer(self, score: float, similarity: float, fair_score: float) -> None:
        """Store a verdict if a maximum rose. Returns at once.

        Args:
            score: The verdict's score, 0…100; a verdict with NaN or infinity is ignored.
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
