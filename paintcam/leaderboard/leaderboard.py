"""The leaderboard: turns in, ranks out."""

from __future__ import annotations

import contextlib
import os
import random
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from itertools import islice
from threading import RLock
from types import TracebackType
from typing import TypeAlias, TypeVar

from sqlalchemy import Connection, Engine, exc, func, select

from paintcam.leaderboard import reads, writes
from paintcam.leaderboard.database import open_engine
from paintcam.leaderboard.faults import is_damage, is_passing, set_aside, translated
from paintcam.leaderboard.location import file_identity, location_of, parse_url, sqlite_path
from paintcam.leaderboard.records import PlayerRank, Turn
from paintcam.leaderboard.schema import turns

__all__ = ["Leaderboard"]

_PATIENCE_S = 30.0
_PAUSE_S = 0.01
_CLASHES = 8
_MOST_STORED = 10_000
_Result = TypeVar("_Result")
Work: TypeAlias = Callable[[Connection], _Result]


class Leaderboard:
    """Scores kept over sessions, in SQLite or any database that SQLAlchemy speaks to.

    May be used from several threads, and one database from several processes. Every method raises
    `LeaderboardError` where the database cannot do what was asked.

    Args:
        database: A SQLAlchemy URL; None for `PAINTCAM_DATABASE`, or else `leaderboard.sqlite3` in
            the data folder.
        notice: Told what a person should know, in a sentence: a damaged file that was kept aside.

    Raises:
        LeaderboardError: The database cannot be reached, read or written, or is of a newer schema.
    """

    def __init__(
        self, database: str | None = None, notice: Callable[[str], None] = lambda _: None
    ) -> None:
        self._url = parse_url(database)
        self._notice = notice
        self._lock = RLock()
        self._ids: dict[tuple[str, str], writes.Ids] = {}
        self._stored: set[str] = set()
        self._engine = open_engine(self._url, notice)
        self._file = file_identity(sqlite_path(self._url))

    @property
    def location(self) -> str:
        """Where the scores are, as it may be printed: without a password."""
        return location_of(self._url)

    def store(self, turn: Turn) -> None:
        """Store a turn, or raise what is stored of the turn with this id.

        When it returns, the score survives `kill -9`; with SQLite `sync` makes it survive a power
        cut too, other databases see to that themselves. The same turn twice, or a lower score
        later, changes nothing: a store may be repeated.
        """
        key = (turn.board.key, turn.player_key)

        def work(connection: Connection) -> writes.Ids:
            # What a first try remembered may be why there is a second.
            known, first = self._ids.pop(key, None), turn.id not in self._stored
            self._stored.add(turn.id)
            return writes.store(connection, turn, known, is_new=first)

        self._ids[key] = self.write(work)
        if len(self._stored) > _MOST_STORED:
            self._stored.clear()
            self._ids.clear()

    def sync(self) -> None:
        """Wait until all that is stored is on the disk, so that not even a power cut takes it."""
        path = sqlite_path(self._url)
        if path is None:
            return
        # The journal alone, never the database itself: closing that would let go of SQLite's locks.
        journal = path.with_name(f"{path.name}-wal")
        with (
            translated(self._url),
            contextlib.suppress(FileNotFoundError),
            journal.open("rb+") as file,
        ):
            os.fsync(file.fileno())

    def forget(self, turn_id: str) -> bool:
        """Take back one turn, as if it had not been played.

        Returns:
            Whether it was there.
        """
        return self.write(lambda connection: writes.forget(connection, turn_id))

    def rank_of_turn(self, turn_id: str) -> PlayerRank | None:
        """Return the rank that one turn alone gives its player, or None if it is not stored."""
        return self.read(lambda connection: reads.rank_of_turn(connection, turn_id))

    def top(
        self,
        prompt: str | None = None,
        player: str | None = None,
        limit: int = 20,
        most_boards: int | None = None,
    ) -> list[list[PlayerRank]]:
        """The best players of each board.

        Args:
            prompt: Boards of this prompt only: one for each encoder and range it was played with.
            player: This player only.
            limit: Rows a board, at most.
            most_boards: Boards, at most; None for all.

        Returns:
            One list a board, boards played last first; within it the best first.
        """

        def work(connection: Connection) -> list[list[PlayerRank]]:
            ids = reads.board_ids(connection, prompt)
            found = (reads.top(connection, board_id, player, limit) for board_id in ids)
            return list(islice((standings for standings in found if standings), most_boards))

        return self.read(work)

    def count(self, prompt: str | None = None, player: str | None = None) -> int:
        """How many turns are stored: of a prompt, of a player, of both, or in all."""

        def work(connection: Connection) -> int:
            query = select(func.count()).select_from(turns)
            if prompt is not None:
                query = query.where(turns.c.board_id.in_(reads.board_ids(connection, prompt)))
            if player is not None:
                query = query.where(turns.c.player_id == reads.player_id(connection, player))
            return int(connection.execute(query).scalar_one())

        return self.read(work)

    def delete(self, prompt: str | None = None, player: str | None = None) -> int:
        """Delete the turns that `count` counts, and names and prompts left without a turn.

        Returns:
            How many turns were deleted.
        """

        def work(connection: Connection) -> int:
            board_ids = None if prompt is None else reads.board_ids(connection, prompt)
            player_id = None if player is None else reads.player_id(connection, player)
            if board_ids == [] or (player is not None and player_id is None):
                return 0
            return writes.remove(connection, board_ids, player_id)

        return self.write(work)

    def read(self, work: Work[_Result]) -> _Result:
        """Run a function that only reads, in one transaction, and retry it where that can help."""
        with translated(self._url):
            return self._repeat(lambda engine: engine.connect(), work)

    def write(self, work: Work[_Result]) -> _Result:
        """Run a function that writes, in one transaction, and retry it where that can help."""
        with translated(self._url):
            return self._repeat(
                lambda engine: engine.execution_options(paintcam_writes=True).begin(), work
            )

    def close(self) -> None:
        """Close the database. May be called twice."""
        self._engine.dispose()

    def __enter__(self) -> Leaderboard:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _current(self) -> Engine:
        # A file that was deleted or replaced still takes writes through the old handle, and they
        # would be lost: a stat before each use costs microseconds.
        with self._lock:
            found = file_identity(sqlite_path(self._url))
            if found != self._file:
                self._ids.clear()
                self._engine.dispose()
                self._engine = open_engine(self._url, self._notice)
                self._file = file_identity(sqlite_path(self._url))
            return self._engine

    def _repeat(
        self, begin: Callable[[Engine], AbstractContextManager[Connection]], work: Work[_Result]
    ) -> _Result:
        deadline = time.monotonic() + _PATIENCE_S
        clashes = 0
        while True:
            try:
                with begin(self._current()) as connection:
                    return work(connection)
            except exc.DBAPIError as error:
                clashes += isinstance(error, exc.IntegrityError)
                if is_damage(error):
                    self._begin_anew()
                elif not is_passing(error) or clashes > _CLASHES or time.monotonic() > deadline:
                    raise
            time.sleep(_PAUSE_S * random.random())

    def _begin_anew(self) -> None:
        with self._lock:
            self._engine.dispose()
            self._notice(set_aside(self._url, self._file))
            self._file = None
