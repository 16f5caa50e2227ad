"""`run --player`: one player, no clock, every maximum kept as it rises."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from paintcam.errors import LeaderboardError
from paintcam.fair import WINDOW_S, FairMaximum
from paintcam.leaderboard import Board, Leaderboard, ScoreKeeper, TurnWriter
from paintcam.leaderboard import Standing as Place
from paintcam.show import Show

if TYPE_CHECKING:
    from paintcam.frames import Frame
    from paintcam.judge import Judge, Verdict
    from paintcam.session import Standing

__all__ = ["PlayerShow"]

GAP_S = 2.0
"""Longer than the slowest encoder takes for a verdict."""


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
        self._keeper: ScoreKeeper | None = None
        self._last = (0.0, 0.0)
        self._at_s = 0.0
        self._lock = threading.Lock()  # keys come in the main thread, verdicts in the scorer's
        self._fair = FairMaximum(window_s)

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
        """Store what rose. Returns at once."""
        with self._lock:
            if self._keeper is not None and not verdict.blocked:
                if verdict.time_s - self._at_s > GAP_S:
                    self._fair.interrupt()  # frozen, or reconnected: nothing bridges that
                self._at_s = verdict.time_s
                fair = self._fair.offer(verdict.score, verdict.time_s)
                self._last = (verdict.score, verdict.similarity)
                self._keeper.snapshot = self.photo()
                self._keeper.offer(*self._last, fair)

    def close(self) -> None:
        """Store or queue what is left."""
        with self._lock:
            self._settle()
        self._writer.close()

    def standing(self, leaderboard: Leaderboard) -> Place | None:
        """The player's place; None where nothing was scored or the database does not tell."""
        board = self._board()
        try:
            return None if board is None else leaderboard.standing(board, self._player)
        except LeaderboardError:
            return None  # the writer has said what is wrong with it

    def _board(self) -> Board | None:
        if self._judge is None:
            return None
        return Board(self._prompt, self._model, *self._judge.score_range)

    def _start(self) -> None:
        self._settle()
        board = self._board()
        if board is None or self._judge is None:
            return
        self._fair = FairMaximum(self._window_s)
        self._keeper = ScoreKeeper(
            self._writer, board, self._player, self._judge.active_guards, snapshot=self.photo()
        )

    def _settle(self) -> None:
        # A turn shorter than the window counts for what can be said of it.
        if self._keeper is not None and self._last != (0.0, 0.0):
            self._keeper.offer(*self._last, self._fair.settle())
        self._last = (0.0, 0.0)
