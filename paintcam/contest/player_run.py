"""`run --player`: one player, no clock, every maximum kept as it rises."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from paintcam.contest.fair_maximum import WINDOW_S
from paintcam.contest.maxima import Maxima
from paintcam.errors import LeaderboardError
from paintcam.leaderboard import Board, Leaderboard, PlayerRank, ScoreRecorder, TurnWriter
from paintcam.run.hooks import Show

if TYPE_CHECKING:
    from paintcam.frames import Frame
    from paintcam.judge.judge import Judge, Verdict
    from paintcam.run.session import Standing

__all__ = ["PlayerShow"]

GAP_S = 2.0
"""Longer than the slowest encoder takes for a verdict."""


@dataclass(slots=True)
class _Attempt:
    """From one prompt or reset to the next."""

    board: Board
    maxima: Maxima
    keeper: ScoreRecorder


class PlayerShow(Show):
    """Stores a player's scores on the leaderboard. A new prompt, or r, begins a new turn.

    Args:
        writer: Stores in the background; closed with this.
        player: Any text.
        prompt: The first one.
        window_s: Of the fair maximum; 0 ranks the raw one.

    Raises:
        LeaderboardError: The name or the prompt is blank.
    """

    guards_first = True

    def __init__(
        self, writer: TurnWriter, player: str, prompt: str, window_s: float = WINDOW_S
    ) -> None:
        self.photo: Callable[[], str | None] = lambda: None
        self._writer = writer
        self._player = player
        self._prompt = prompt
        self._window_s = window_s
        self._model = ""
        self._judge: Judge | None = None
        self._attempts: list[_Attempt] = []
        self._at_s = 0.0
        self._lock = threading.Lock()  # keys come in the main thread, verdicts in the scorer's

    def begin(self, model: str, judge: Judge) -> None:
        """Take note of the encoder, its range and the guards that are really active."""
        with self._lock:
            self._model, self._judge = model, judge
            self._start()

    def on_prompt(self, prompt: str) -> None:
        """Begin a turn at another prompt."""
        with self._lock:
            self._prompt = prompt
            self._start()

    def on_key(self, key: str) -> bool:
        """Begin a new turn with r, which resets the best as well."""
        if key.lower() == "r" and self._judge is not None:
            with self._lock:
                self._start()
        return False

    def on_verdict(self, verdict: Verdict, standing: Standing, frame: Frame) -> None:
        """Store what rose, and take it back where a guard was still looking. Returns at once."""
        with self._lock:
            if verdict.blocked:
                self._take_back(verdict.captured_at)
            elif self._attempts:
                maxima, keeper = self._attempts[-1].maxima, self._attempts[-1].keeper
                if verdict.time_s - self._at_s > GAP_S:
                    maxima.interrupt()  # frozen, or reconnected: nothing bridges that
                self._at_s = verdict.time_s
                maxima.offer(verdict.score, verdict.similarity, verdict.time_s, verdict.captured_at)
                keeper.snapshot = self.photo()
                keeper.offer(verdict.score, verdict.similarity, maxima.score)

    def close(self) -> None:
        """Store or queue what is left."""
        with self._lock:
            self._settle()
        self._writer.close()

    def standing(self, leaderboard: Leaderboard) -> PlayerRank | None:
        """The place of the player's best turn of this run, of those at its last prompt.

        None where nothing was scored, or the database does not tell.
        """
        board = self._board()
        played = [attempt for attempt in self._attempts if attempt.board == board]
        if not played:
            return None
        best = max(played, key=lambda attempt: attempt.maxima.score)
        try:
            return leaderboard.rank_of_turn(best.keeper.turn_id)
        except LeaderboardError:
            return None  # the writer has said what is wrong with it

    def _board(self) -> Board | None:
        if self._judge is None:
            return None
        return Board(self._prompt, self._model, *self._judge.score_range)

    def _start(self) -> None:
        self._settle()
        board = self._board()
        if board is not None:
            keeper = self._new_keeper(board)
            keeper.snapshot = self.photo()
            self._attempts.append(_Attempt(board, Maxima(self._window_s), keeper))

    def _new_keeper(self, board: Board) -> ScoreRecorder:
        guards = () if self._judge is None else self._judge.active_guards
        return ScoreRecorder(self._writer, board, self._player, guards)

    def _take_back(self, blocked_at: float) -> None:
        for attempt in self._attempts:  # the one before may have ended a moment ago
            maxima = attempt.maxima
            if maxima.take_back(blocked_at):
                self._writer.forget(attempt.keeper.turn_id)
                attempt.keeper = self._new_keeper(attempt.board)
                if maxima.best > 0:  # otherwise nothing is left that was ever scored
                    attempt.keeper.offer(maxima.best, maxima.similarity, maxima.score)

    def _settle(self) -> None:
        # A turn shorter than the window counts for what can be said of it.
        if self._attempts and self._attempts[-1].maxima.settle():
            maxima = self._attempts[-1].maxima
            self._attempts[-1].keeper.offer(maxima.best, maxima.similarity, maxima.score)
