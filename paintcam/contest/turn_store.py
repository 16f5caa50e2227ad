"""What a contest leaves behind: turns on the leaderboard, photo-finishes in a folder."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from paintcam.contest.look_up import look_up
from paintcam.contest.turn import PlayedTurn
from paintcam.frames import Image
from paintcam.leaderboard import Board, Leaderboard, PlayerRank, ScoreRecorder, TurnWriter
from paintcam.sinks.snapshots import Snapshot

if TYPE_CHECKING:
    from paintcam.judge.judge import Judge
    from paintcam.sinks.snapshots import Snapshots

__all__ = ["TurnStore"]

_RANK_S = 1.0
_RANKS_S = 5.0  # of all turns, at the end
_LATE_S = 0.4  # a slow encoder's verdict on the last frame comes after the turn


class TurnStore:
    """Stores each turn as it rises, in the background, and looks up its rank when it is over.

    Args:
        leaderboard: Where turns are stored; closed by its owner.
        prompt: What everybody draws.
        snapshots: Where photo-finishes go, named by the turn's id; None stores none.
        notice: Called with messages for a person, from another thread.
        on_end: Called with each turn that is over and the place that it would have alone, or None
            if that could not be looked up in time; from another thread.
    """

    def __init__(
        self,
        leaderboard: Leaderboard,
        prompt: str,
        snapshots: Snapshots | None,
        notice: Callable[[str], None],
        on_end: Callable[[PlayedTurn, PlayerRank | None], None],
    ) -> None:
        self.ranks: dict[str, str] = {}
        self._leaderboard = leaderboard
        self._prompt = prompt
        self._snapshots = snapshots
        self._notice = notice
        self._on_end = on_end
        self._writer = TurnWriter(leaderboard, notice)
        self._board: Board | None = None
        self._guards: tuple[str, ...] = ()
        self._recorders: dict[str, ScoreRecorder] = {}
        self._photos: dict[str, str] = {}  # path of each turn's photo-finish
        self._ended: list[PlayedTurn] = []
        self._lookups: list[threading.Thread] = []
        self._closing = threading.Event()

    @property
    def ready(self) -> bool:
        """Whether the model is loaded, and with it the board that scores are ranked on."""
        return self._board is not None

    def begin(self, model: str, judge: Judge) -> None:
        """Take the encoder's name, its range and the guards that are running."""
        self._guards = judge.active_guards
        self._board = Board(self._prompt, model, *judge.score_range)

    def keep(self, turn: PlayedTurn) -> None:
        """Store a turn's maxima, if any verdict counts. Returns at once."""
        if self._board is None or not turn.maxima.scored:
            return
        recorder = self._recorders.get(turn.id)
        if recorder is None:
            recorder = ScoreRecorder(self._writer, self._board, turn.player, self._guards, turn.id)
            self._recorders[turn.id] = recorder
        recorder.snapshot = self._photos.get(turn.id)
        recorder.offer(turn.best, turn.similarity, turn.score)

    def photo(
        self, turn: PlayedTurn, image: Image, draw: Callable[[], Image] | None = None
    ) -> None:
        """Store a photo-finish. Returns at once.

        Args:
            turn: Whose it is.
            image: BGR uint8 (H, W, 3).
            draw: Draws a second picture, which is stored beside it; called in another thread.
        """
        if self._snapshots is None:
            return
        facts = {
            "turn": turn.id,
            "player": turn.player,
            "prompt": self._prompt,
            "score": round(turn.score, 2),
            "best": round(turn.best, 2),
        }
        self._photos[turn.id] = str(self._snapshots.folder.absolute() / f"{turn.id}.jpg")
        self._snapshots.keep(Snapshot(turn.id, facts, image, draw))
        if self._snapshots.error is not None:
            error, self._snapshots.error = self._snapshots.error, None
            self._notice(str(error))

    def discard(self, turn_id: str) -> None:
        """Remove a turn that no longer counts, and its photo-finish. Returns at once."""
        self._recorders.pop(turn_id, None)
        self._writer.forget(turn_id)
        self.ranks.pop(turn_id, None)
        if self._snapshots is not None and self._photos.pop(turn_id, None) is not None:
            self._snapshots.discard(turn_id)

    def finish(self, turn: PlayedTurn) -> None:
        """Store a turn that is over, and look up its rank. Returns at once."""
        self.keep(turn)
        self._ended.append(turn)
        lookup = threading.Thread(
            target=self._report, args=(turn,), name="paintcam-rank", daemon=True
        )
        self._lookups.append(lookup)
        lookup.start()

    def close(self) -> None:
        """Store or queue what is left, and look up the ranks again: others scored later."""
        self._closing.set()
        deadline = time.monotonic() + 3 * _RANK_S
        for lookup in self._lookups:
            lookup.join(max(0.0, deadline - time.monotonic()))
        stored = self._writer.flush(_RANK_S)
        self._writer.close()
        if stored:
            self._look_up(self._ended, _RANKS_S)
        if self._snapshots is not None:
            self._snapshots.close()

    def check(self) -> None:
        """Raise an error if scores were lost. Call it after `close`.

        Raises:
            LeaderboardError: Scores were neither stored nor queued. A notice has named them.
        """
        self._writer.check()

    def _report(self, turn: PlayedTurn) -> None:
        self._closing.wait(_LATE_S)
        stored = self._writer.flush(_RANK_S)
        self._on_end(turn, self._look_up([turn], _RANK_S).get(turn.id) if stored else None)

    def _look_up(self, turns: Sequence[PlayedTurn], within_s: float) -> dict[str, PlayerRank]:
        ids = [turn.id for turn in turns]
        found = look_up(self._leaderboard, ids, within_s, self._notice)
        self.ranks |= {turn_id: str(rank) for turn_id, rank in found.items()}
        return found
