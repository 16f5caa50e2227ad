"""What the threads of a `TurnWriter` share: which turns are stored, queued, or neither."""

from __future__ import annotations

import threading
from collections.abc import Callable

from paintcam.leaderboard.records import Turn

__all__ = ["PendingTurns"]


class PendingTurns:
    """The newest state of each turn of a run, under one lock. May be used from any thread."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._waiting: dict[str, Turn] = {}  # newest of each turn that is not stored
        self._queued: dict[str, Turn] = {}  # those of them that are in the queue
        self._stored: dict[str, Turn] = {}  # what this run has stored
        self._refused: dict[str, Turn] = {}  # what no database will ever take
        self._forgotten: list[str] = []  # to be deleted
        self._taken_back: set[str] = set()  # all that ever were forgotten
        self._generation = 0
        self._failing = self._closing = self._ended = False

    @property
    def closing(self) -> bool:
        """Whether no more turns will come."""
        return self._closing

    @property
    def ended(self) -> bool:
        """Whether the database has had its last chance."""
        return self._ended

    @property
    def failing(self) -> bool:
        """Whether the last try to store turns failed."""
        return self._failing

    @property
    def any(self) -> bool:
        """Whether a turn is still to be stored or deleted."""
        return bool(self._waiting or self._forgotten)

    def wait_for(self, condition: Callable[[], object], timeout_s: float | None = None) -> bool:
        """Wait until a condition on this object is true; returns whether it is."""
        with self._changed:
            return bool(self._changed.wait_for(condition, timeout_s))

    def put(self, turn: Turn) -> None:
        """Add a turn, or replace what is known of it."""
        with self._changed:
            self._waiting[turn.id] = turn
            self._changed.notify_all()

    def forget(self, turn_id: str) -> None:
        """Remove a turn, and have it deleted from the database."""
        with self._changed:
            for turns in (self._waiting, self._stored, self._refused):
                turns.pop(turn_id, None)
            self._forgotten.append(turn_id)
            self._taken_back.add(turn_id)
            self._changed.notify_all()

    def snapshot(self) -> tuple[list[Turn], list[str]]:
        """Return the turns to store, and the ids of those to delete."""
        with self._changed:
            return list(self._waiting.values()), list(self._forgotten)

    def unsafe(self) -> list[Turn]:
        """Return the turns that are neither stored nor queued."""
        with self._changed:
            return [t for key, t in self._waiting.items() if self._queued.get(key) is not t]

    def lost(self) -> list[Turn]:
        """Return the turns that the process would take with it if it ended now."""
        with self._changed:
            return [*self.unsafe(), *self._refused.values()]

    def stored(self, turn: Turn) -> None:
        """Note that the database has confirmed a turn."""
        self._move(turn, self._stored)

    def confirmed(self) -> list[Turn]:
        """Return the turns that the database has confirmed."""
        with self._changed:
            return list(self._stored.values())

    def refused(self, turn: Turn) -> None:
        """Note that no database will take a turn."""
        self._move(turn, self._refused)

    def queued(self, turn: Turn) -> bool:
        """Note that a turn is in the queue; returns whether it still counts."""
        with self._changed:
            self._queued[turn.id] = turn
            return turn.id not in self._taken_back

    def deleted(self, turn_id: str) -> None:
        """Note that the database no longer has a turn."""
        with self._changed:
            self._forgotten.remove(turn_id)
            self._changed.notify_all()

    def store_again(self, generation: int) -> bool:
        """Have everything stored again if the database's content is another one than before.

        Returns:
            Whether it is.
        """
        with self._changed:
            if generation == self._generation:
                return False
            self._waiting = self._stored | self._waiting
            self._stored = {}
            self._generation = generation
            self._changed.notify_all()
            return True

    def set_failing(self, failing: bool) -> bool:
        """Note whether the database fails; returns whether that is new."""
        with self._changed:
            changed, self._failing = failing != self._failing, failing
            self._changed.notify_all()
            return changed

    def close(self) -> bool:
        """Note that no more turns will come; returns whether that is new."""
        with self._changed:
            was_closing, self._closing = self._closing, True
            self._changed.notify_all()
            return not was_closing

    def end(self) -> None:
        """Note that the database has had its last chance."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def _move(self, turn: Turn, target: dict[str, Turn]) -> None:
        with self._changed:
            if self._waiting.get(turn.id) is turn:  # else it has risen, or was taken back
                del self._waiting[turn.id]
                target[turn.id] = turn
            self._changed.notify_all()
