"""Stores turns in the background, so that a live run never waits."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from paintcam.errors import LeaderboardError
from paintcam.leaderboard.faults import RefusedError
from paintcam.leaderboard.kept import KeptTurns
from paintcam.leaderboard.leaderboard import Leaderboard
from paintcam.leaderboard.pending import PendingTurns
from paintcam.leaderboard.queue import TurnQueue
from paintcam.leaderboard.records import Turn
from paintcam.leaderboard.writes import TurnTakenError

__all__ = ["TurnWriter"]

_PATIENCE_S = 0.5
_RETRY_S = 2.0


class TurnWriter:
    """Stores turns in its own threads; what the database does not take goes to a local queue.

    One thread talks to the database. A second one watches it: a turn that is not stored within
    half a second, because the database fails or hangs, is put in the queue, so that it outlives the
    process. It is stored as soon as the database is back, in this run or by the next paintcam that
    opens it. If the database's file is deleted, replaced or damaged, all turns of this run are
    stored again: a copy of them is kept in a file until the file has been read at the end.

    Args:
        leaderboard: Where to store. Its owner closes it, after this.
        notice: Called with a message for the user, from another thread.
        queue: Where turns wait; the leaderboard's own queue by default.
    """

    def __init__(
        self,
        leaderboard: Leaderboard,
        notice: Callable[[str], None],
        queue: TurnQueue | None = None,
    ) -> None:
        self._leaderboard = leaderboard
        self._notice = notice
        self._queue = TurnQueue(leaderboard.identity) if queue is None else queue
        self._kept = KeptTurns(self._queue.kept_folder)
        self._pending = PendingTurns()
        self._threads = [
            threading.Thread(target=work, name=f"paintcam-{name}", daemon=True)
            for name, work in (("store", self._store), ("queue", self._watch))
        ]
        for thread in self._threads:
            thread.start()

    def put(self, turn: Turn) -> None:
        """Store a turn, or raise what is stored of it. Returns at once."""
        self._pending.put(turn)

    def forget(self, turn_id: str) -> None:
        """Delete a turn that is played again. Returns at once."""
        self._pending.forget(turn_id)

    def flush(self, timeout_s: float) -> bool:
        """Wait until everything is stored.

        Returns:
            Whether it is. Otherwise the rest is in the queue or on its way there.
        """
        return self._pending.wait_for(lambda: not self._pending.any, timeout_s)

    def close(self, timeout_s: float = 1.5) -> None:
        """Store or queue what is left, and end. May be called twice.

        Args:
            timeout_s: How long to wait for the database before the queue takes the rest.
        """
        first = self._pending.close()
        deadline = time.monotonic() + timeout_s
        for thread in self._threads:
            # The watcher comes second, and ends soon after the database's time is up.
            thread.join(max(0.5, deadline - time.monotonic()))
        for turn_id in self._pending.snapshot()[1]:
            self._queue.drop(turn_id)  # a database that hangs has not let the thread get there
        if first:
            self._report()

    def check(self) -> None:
        """Raise an error if scores were lost. Call it after `close`.

        Raises:
            LeaderboardError: Scores were neither stored nor queued. A notice has named them.
        """
        lost = self._pending.lost()
        if lost:
            raise LeaderboardError(
                f"{_scores(len(lost))} lost.",
                fix=f"Make sure that {self._leaderboard.location} or the queue can be written.",
            )

    def __enter__(self) -> TurnWriter:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _report(self) -> None:
        turns, forgotten = self._pending.snapshot()
        queued = len(turns) - len(self._pending.unsafe())
        where = self._leaderboard.location
        if lost := self._pending.lost():
            named = ", ".join(f"{turn.player} {turn.score:.2f}" for turn in lost)
            self._notice(
                f"{_scores(len(lost))} neither stored nor queued: {named}. Write this down."
            )
        if queued:
            self._notice(
                f"{_scores(queued)} queued in {self._queue.folder} because {where} is unavailable. "
                "Run `paintcam leaderboard` later to store what is queued."
            )
        if forgotten:
            self._notice(
                f"{_scores(len(forgotten))} still in {where}, although withdrawn, because it is "
                "unavailable."
            )

    def _store(self) -> None:
        wait_s = 0.0  # what an earlier run left in the queue comes first
        while True:
            if self._pending.failing:
                self._pending.wait_for(lambda: self._pending.closing, _RETRY_S)
            else:
                self._pending.wait_for(lambda: self._pending.closing or self._pending.any, wait_s)
            wait_s = _RETRY_S
            closing = self._pending.closing
            try:
                self._store_all()
                if closing:
                    self._confirm()
            except Exception as error:  # a thread that ended unseen would lose scores in silence
                self._fail(_readable(error))
            if closing:
                self._kept.close()
                self._pending.end()
                return

    def _store_all(self) -> None:
        self._pending.store_again(self._leaderboard.generation())
        turns, forgotten = self._pending.snapshot()
        # Before the database is tried: if it fails, no later run may store these.
        for turn_id in forgotten:
            self._queue.drop(turn_id)
        self._kept.forget(forgotten)
        stored: list[Turn] = []
        try:
            failure = self._store_each(turns, stored)
        finally:
            if stored:
                self._leaderboard.sync()
                self._kept.add(stored)
                # If the file was replaced meanwhile, what was lost with it comes back first.
                if not self._pending.store_again(self._leaderboard.generation()):
                    for turn in stored:
                        self._pending.stored(turn)
        drained = self._queue.drain(self._leaderboard, self._notice)
        for turn_id in forgotten:
            self._leaderboard.forget(turn_id)
            self._pending.deleted(turn_id)
        if failure is not None:
            raise failure
        if self._pending.set_failing(False) or drained:
            self._notice(f"All scores are stored in {self._leaderboard.location}.")

    def _confirm(self) -> None:
        """Delete the copy of what is stored, if the database's file is sound at the end."""
        if not self._kept:
            return
        if not self._leaderboard.is_sound():
            self._store_all()  # a damaged file was renamed, and a new one needs this run's turns
            if not self._leaderboard.is_sound():
                return
        for turn in self._pending.confirmed():
            self._leaderboard.repair(turn)
        self._leaderboard.sync()
        self._kept.remove()

    def _store_each(self, turns: list[Turn], stored: list[Turn]) -> Exception | None:
        """Store turns; returns what went wrong with single ones."""
        failure: Exception | None = None
        for turn in turns:
            try:
                self._leaderboard.store(turn)
                stored.append(turn)
            except TurnTakenError as error:
                self._pending.refused(turn)
                self._notice(str(error))
            except Exception as error:
                if isinstance(error, LeaderboardError) and not isinstance(error, RefusedError):
                    raise  # the others would fail too
                failure = error
        return failure

    def _fail(self, error: LeaderboardError) -> None:
        if self._pending.set_failing(True):
            self._notice(
                f"{error} The run continues, and scores are queued in {self._queue.folder}."
            )

    def _watch(self) -> None:
        pending = self._pending
        reported = False
        while True:
            pending.wait_for(lambda: pending.ended or pending.unsafe())
            pending.wait_for(
                lambda: pending.failing or pending.ended or not pending.unsafe(), _PATIENCE_S
            )
            unsafe = pending.unsafe()
            if pending.ended and not unsafe:
                return
            failure: Exception | None = None
            for turn in unsafe:
                try:
                    self._queue.put(turn)
                    if not pending.queued(turn):
                        self._queue.drop(turn.id)
                except Exception as error:  # as above; the other turns may well fit
                    failure = error
            if failure is not None:
                if not reported:
                    self._notice(str(_readable(failure)))
                reported = True
                # They stay in memory, where both threads try again until the end.
                if pending.wait_for(lambda: pending.ended, _RETRY_S):
                    return


def _readable(error: Exception) -> LeaderboardError:
    if isinstance(error, LeaderboardError):
        return error
    return LeaderboardError(f"Scores cannot be stored ({type(error).__name__}: {error}).")


def _scores(count: int) -> str:
    return "1 score is" if count == 1 else f"{count:,} scores are"
