"""`run --player`: one player, no clock, every maximum stored as it rises."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from paintcam.contest.fair_maximum import WINDOW_S
from paintcam.contest.look_up import look_up
from paintcam.contest.maxima import Maxima
from paintcam.leaderboard import Board, Leaderboard, PlayerRank, ScoreRecorder, TurnWriter
from paintcam.run.hooks import Show

if TYPE_CHECKING:
    from paintcam.frames import Frame
    from paintcam.judge.judge import Judge, Verdict
    from paintcam.run.session import Standing

__all__ = ["PlayerShow"]

_RANK_S = 5.0
GAP_S = 2.0
"""The shortest gap between verdicts that can be a pause."""
GAPS = 3.0
"""A pause is longer than this many usual gaps: a slow encoder takes seconds per verdict."""


@dataclass(slots=True)
class _Attempt:
    """What was scored from one prompt or reset to the next."""

    board: Board
    maxima: Maxima
    recorder: ScoreRecorder


class PlayerShow(Show):
    """Stores a player's scores on the leaderboard. A new prompt, or R, begins a new turn.

    Args:
        writer: Stores in the background; closed together with this object.
        player: Any text.
        prompt: The first prompt.
        window_s: Window of the fair maximum; 0 ranks the raw one.

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
        self._last_at: float | None = None
        self._usual_gap_s = 0.0
        self._lock = threading.Lock()  # keys arrive in the main thread, verdicts in the scorer's

    def begin(self, model: str, judge: Judge) -> None:
        """Take the encoder's name, its range and the guards that are running."""
        with self._lock:
            self._model, self._judge = model, judge
            self._start()

    def on_prompt(self, prompt: str) -> None:
        """Begin a turn at another prompt."""
        with self._lock:
            self._prompt = prompt
            self._start()

    def on_key(self, key: str) -> bool:
        """Begin a new turn with R, which also resets the best."""
        if key.lower() == "r" and self._judge is not None:
            with self._lock:
                self._start()
        return False

    def on_verdict(self, verdict: Verdict, standing: Standing, frame: Frame) -> None:
        """Store what rose; a blocked picture takes back what rose just before. Returns at once."""
        with self._lock:
            if verdict.blocked:
                self._take_back(verdict.captured_at)
            elif self._attempts and verdict.counts:
                maxima, recorder = self._attempts[-1].maxima, self._attempts[-1].recorder
                if self._paused_before(verdict.captured_at):
                    maxima.interrupt()  # frozen or reconnected: nothing is held across that
                maxima.offer(
                    verdict.score, verdict.similarity, verdict.captured_at, held=verdict.held
                )
                recorder.snapshot = self.photo()
                recorder.offer(verdict.score, verdict.similarity, maxima.score)

    def _paused_before(self, at_s: float) -> bool:
        """Return whether the run paused before this verdict; a slow encoder is no pause."""
        gap_s = 0.0 if self._last_at is None else at_s - self._last_at
        paused = gap_s > max(GAP_S, GAPS * self._usual_gap_s)
        self._last_at, self._usual_gap_s = at_s, gap_s
        return paused

    def close(self) -> None:
        """Store or queue what is left."""
        with self._lock:
            self._settle()
        self._writer.close()

    def standing(self, leaderboard: Leaderboard) -> PlayerRank | None:
        """Return the rank of the player's best turn of this run at its last prompt.

        None if nothing was scored, or the database cannot be read now.
        """
        board = self._board()
        played = [attempt for attempt in self._attempts if attempt.board == board]
        if not played:
            return None
        best = max(played, key=lambda attempt: attempt.maxima.score)
        turn_id = best.recorder.turn_id  # if the database fails, the writer has reported it
        return look_up(leaderboard, [turn_id], _RANK_S).get(turn_id)

    def _board(self) -> Board | None:
        if self._judge is None:
            return None
        return Board(self._prompt, self._model, *self._judge.score_range)

    def _start(self) -> None:
        self._settle()
        board = self._board()
        if board is not None:
            recorder = self._new_recorder(board)
            recorder.snapshot = self.photo()
            self._attempts.append(_Attempt(board, Maxima(self._window_s), recorder))

    def _new_recorder(self, board: Board) -> ScoreRecorder:
        guards = () if self._judge is None else self._judge.active_guards
        return ScoreRecorder(self._writer, board, self._player, guards)

    def _take_back(self, blocked_at: float) -> None:
        for attempt in self._attempts:  # the turn before may have ended a moment ago
            maxima = attempt.maxima
            if maxima.take_back(blocked_at):
                self._writer.forget(attempt.recorder.turn_id)
                attempt.recorder = self._new_recorder(attempt.board)
                if maxima.scored:  # otherwise nothing is left that counts
                    attempt.recorder.offer(maxima.best, maxima.similarity, maxima.score)

    def _settle(self) -> None:
        # A turn shorter than the window counts for what its scores held.
        if self._attempts and self._attempts[-1].maxima.settle():
            maxima = self._attempts[-1].maxima
            self._attempts[-1].recorder.offer(maxima.best, maxima.similarity, maxima.score)
