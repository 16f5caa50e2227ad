"""Storing turns beside a live show, which never waits for it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from paintcam.errors import LeaderboardError
from paintcam.leaderboard.leaderboard import Leaderboard
from paintcam.leaderboard.queue import TurnQueue
from paintcam.leaderboard.records import Turn

__all__ = ["TurnWriter"]

_PATIENCE_S = 0.5
_RETRY_S = 2.0


class TurnWriter:
    """Stores turns in its own threads; what the database does not take goes to a local queue.

    One thread talks to the database. A second one watches it: a turn that is not stored within
    half a second, because the database fails or just hangs, is put in the queue, so that it
    outlives the process. Whatever waits is stored as soon as the database is back, in this run or
    by the next paintcam that opens it.

    Args:
        leaderboard: Where to store. Its owner closes it, after this.
        notice: Told what a person should know, in a sentence, from another thread.
        queue: Where turns wait; the leaderboard's own queue in the data folder by default.
    """

    def __init__(
        self,
        leaderboard: Leaderboard,
        notice: Callable[[str], None],
        queue: TurnQueue | None = None,
    ) -> None:
        self._leaderboard = leaderboard
        self._notice = notice
        self._queue = TurnQueue(leaderboard.location) if queue is None else queue
        self._changed = threading.Condition()
        self._waiting: dict[str, Turn] = {}  # newest of each turn that is not stored
        self._queued: dict[str, Turn] = {}  # those of them that are in the queue
        self._forgotten: list[str] = []
        self._taken_back: set[str] = set()  # all that ever were forgotten
        self._failing = False
        self._closing = False
        self._ended = False
        self._threads = [
            threading.Thread(target=work, name=f"paintcam-{name}", daemon=True)
            for name, work in (("store", self._store), ("queue", self._watch))
        ]
        for thread in self._threads:
            thread.start()

    def put(self, turn: Turn) -> None:
        """Store a turn, or raise what is stored of it. Returns at once."""
        with self._changed:
            self._waiting[turn.id] = turn
            self._changed.notify_all()

    def forget(self, turn_id: str) -> None:
        """Take back a turn that is played again. Returns at once."""
        with self._changed:
            self._waiting.pop(turn_id, None)
            self._forgotten.append(turn_id)
            self._taken_back.add(turn_id)
            self._changed.notify_all()

    def flush(self, timeout_s: float) -> bool:
        """Wait until all is stored.

        Returns:
            Whether it is; else what is not waits in the queue or is on its way there.
        """
        with self._changed:
            return self._changed.wait_for(lambda: not self._pending, timeout_s)

    def close(self, timeout_s: float = 1.5) -> None:
        """Store or queue what is left, and end. May be called twice.

        Args:
            timeout_s: How long to wait for the database before the queue takes it.
        """
        with self._changed:
            already, self._closing = self._closing, True
            self._changed.notify_all()
        deadline = time.monotonic() + timeout_s
        for thread in self._threads:
            # The watcher comes second, and ends soon after the database's time is up.
            thread.join(max(0.5, deadline - time.monotonic()))
        for turn_id in tuple(self._forgotten):
            self._queue.drop(turn_id)  # a database that hangs has not let the thread get there
        if not already and self._pending:
            self._notice(
                f"{len(self._queue)} score(s) wait in {self._queue.folder} for "
                f"{self._leaderboard.location}. `paintcam leaderboard` stores them once it is back."
            )

    @property
    def _pending(self) -> bool:
        return bool(self._waiting or self._forgotten)

    @property
    def _unsafe(self) -> list[Turn]:
        return [turn for key, turn in self._waiting.items() if self._queued.get(key) is not turn]

    def _store(self) -> None:
        wait_s = 0.0  # what an earlier run left in the queue comes first
        while True:
            with self._changed:
                if self._failing:
                    self._changed.wait_for(lambda: self._closing, _RETRY_S)
                else:
                    self._changed.wait_for(lambda: self._closing or self._pending, wait_s)
                wait_s = _RETRY_S
                closing = self._closing
                turns, forgotten = list(self._waiting.values()), list(self._forgotten)
            try:
                self._store_all(turns, forgotten)
            except LeaderboardError as error:
                self._fail(error)
            if closing:
                break
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def _store_all(self, turns: list[Turn], forgotten: list[str]) -> None:
        # Before the database is asked: where it fails, no later run may store these.
        for turn_id in forgotten:
            self._queue.drop(turn_id)
        for turn in turns:
            self._leaderboard.store(turn)
            with self._changed:
                if self._waiting.get(turn.id) is turn:
                    del self._waiting[turn.id]
                self._changed.notify_all()
        waited = self._queue.drain(self._leaderboard)
        self._leaderboard.sync()
        for turn_id in forgotten:
            self._leaderboard.forget(turn_id)
            with self._changed:
                self._forgotten.remove(turn_id)
                self._changed.notify_all()
        with self._changed:
            recovered, self._failing = self._failing, False
        if recovered or waited:
            self._notice(f"All scores are stored in {self._leaderboard.location}.")

    def _fail(self, error: LeaderboardError) -> None:
        with self._changed:
            first, self._failing = not self._failing, True
            self._changed.notify_all()
        if first:
            self._notice(f"{error} The show goes on: scores wait in {self._queue.folder}.")

    def _watch(self) -> None:
        told = False
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._closing or self._unsafe)
                self._changed.wait_for(
                    lambda: self._failing or self._ended or not self._unsafe, _PATIENCE_S
                )
                unsafe = self._unsafe
                if self._closing and not unsafe:
                    return
            try:
                for turn in unsafe:
                    self._queue.put(turn)
                    with self._changed:
                        self._queued[turn.id] = turn
                        late = turn.id in self._taken_back
                    if late:
                        self._queue.drop(turn.id)
            except LeaderboardError as error:
                if not told:
                    self._notice(str(error))
                told = True
                with self._changed:
                    # In memory they are still tried, until the end.
                    if self._changed.wait_for(lambda: self._ended, _RETRY_S):
                        return
