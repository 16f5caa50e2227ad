"""The leaderboard: stores turns, returns ranks."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from itertools import islice
from typing import TypeVar

from sqlalchemy import Connection

from paintcam.leaderboard import reads, writes
from paintcam.leaderboard.faults import translated
from paintcam.leaderboard.location import identity_of, location_of, parse_url, sqlite_path
from paintcam.leaderboard.ranks import PlayerRank
from paintcam.leaderboard.records import Turn
from paintcam.leaderboard.rehearsal import rehearse
from paintcam.leaderboard.repair import repair
from paintcam.leaderboard.transactions import Transactions, Work
from paintcam.text import counted, printable

__all__ = ["Leaderboard"]

_MOST_STORED = 10_000
_Result = TypeVar("_Result")


class Leaderboard:
    """Scores kept across sessions, in SQLite or any database that SQLAlchemy supports.

    Several threads may use one object, and several processes one database. Every method raises
    `LeaderboardError` if the database fails.

    Args:
        database: A SQLAlchemy URL; None for `PAINTCAM_DATABASE` or, if that is not set,
            `leaderboard.sqlite3` in the data folder.
        notice: Called with a message for the user, for example that a damaged file
            was renamed, or that rows cannot be read.

    Raises:
        LeaderboardError: The database cannot be reached or read, or its schema is newer.
    """

    def __init__(
        self, database: str | None = None, notice: Callable[[str], None] = lambda _: None
    ) -> None:
        self._url = parse_url(database)
        self._notice = notice
        self._ids: dict[tuple[str, str], writes.Ids] = {}
        self._stored: set[str] = set()
        self._skipped: set[str] = set()  # rows that cannot be read, reported once
        self._transactions = Transactions(self._url, notice, on_replaced=self._ids.clear)

    @property
    def location(self) -> str:
        """Where the scores are, without any secret: a path, or scheme, host and port."""
        return location_of(self._url)

    @property
    def identity(self) -> str:
        """What distinguishes this database from others, for `TurnQueue`. Not for printing."""
        return identity_of(self._url)

    def generation(self) -> int:
        """Return how often the content was lost: its file was deleted, replaced or damaged.

        What was stored before the number rose may be lost.
        """
        return self._transactions.generation()

    def check_writable(self) -> None:
        """Store a turn and undo it.

        Raises:
            LeaderboardError: The database does not take it or does not return it, cannot be
                written, or its disk is full.
        """

        def store(connection: Connection, turn: Turn) -> None:
            writes.store(connection, turn, None, is_new=True)

        self.write(lambda connection: rehearse(connection, store))

    def store(self, turn: Turn) -> None:
        """Store a turn, or raise what is stored of the turn with this id.

        When it returns, the score survives `kill -9`. With SQLite, `sync` makes it survive a power
        cut too; other databases do that themselves. The same turn again or a lower score changes
        nothing, so a store may be repeated.
        """
        key = (turn.board.key, turn.player_key)

        def work(connection: Connection) -> writes.Ids:
            # The ids cached by the first try may be why it failed.
            known, first = self._ids.pop(key, None), turn.id not in self._stored
            self._stored.add(turn.id)
            return writes.store(connection, turn, known, is_new=first)

        self._ids[key] = self.write(work)
        if len(self._stored) > _MOST_STORED:
            self._stored.clear()
            self._ids.clear()

    def sync(self) -> None:
        """Wait until all that is stored is on the disk, where it survives a power cut."""
        path = sqlite_path(self._url)
        if path is None:
            return
        # The journal alone, never the database itself: closing that would release SQLite's locks.
        journal = path.with_name(f"{path.name}-wal")
        with (
            translated(self._url),
            contextlib.suppress(FileNotFoundError),
            journal.open("rb+") as file,
        ):
            os.fsync(file.fileno())
        self._transactions.copy_journal()

    def is_sound(self) -> bool:
        """Read SQLite's whole file, which may be damaged where no query has looked.

        Returns:
            Whether it is not damaged. A damaged one is renamed, and `generation` rises; one that
            takes more than a second to read is not known to be sound.
        """
        return self._transactions.is_sound()

    def repair(self, turn: Turn) -> bool:
        """Store a turn again if what is stored of it was altered.

        Returns:
            Whether there is a turn with this id. One that is missing is not stored.
        """
        return self.write(lambda connection: repair(connection, turn))

    def forget(self, turn_id: str) -> bool:
        """Delete one turn, as if it had not been played.

        Returns:
            Whether it was stored.
        """
        return self.write(lambda connection: writes.forget(connection, turn_id))

    def rank_of_turn(self, turn_id: str) -> PlayerRank | None:
        """Return the rank that one turn alone gives its player, or None if it is not stored."""
        skipped: set[str] = set()
        found = self.read(lambda connection: reads.rank_of_turn(connection, turn_id, skipped))
        self.report_skipped(skipped)
        return found

    def top(
        self,
        prompt: str | None = None,
        player: str | None = None,
        limit: int = 20,
        most_boards: int | None = None,
    ) -> list[list[PlayerRank]]:
        """List the best players of each board.

        Args:
            prompt: Boards of this prompt only: one per encoder and range that it was played with.
            player: This player only.
            limit: The most rows per board.
            most_boards: The most boards; None for all.

        Returns:
            One list per board, boards played last first; within it the best first.
        """
        skipped: set[str] = set()

        def work(connection: Connection) -> list[list[PlayerRank]]:
            ids = reads.board_ids(connection, prompt)
            found = (reads.top(connection, board_id, player, limit, skipped) for board_id in ids)
            return list(islice((ranks for ranks in found if ranks), most_boards))

        boards = self.read(work)
        self.report_skipped(skipped)
        return boards

    def count(self, prompt: str | None = None, player: str | None = None) -> int:
        """Count the turns that are stored: of a prompt, of a player, of both, or all."""
        return self.read(lambda connection: reads.count(connection, prompt, player))

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
        """Run a function that only reads, in one transaction, and retry it if that can help."""
        return self._transactions.read(work)

    def write(self, work: Work[_Result]) -> _Result:
        """Run a function that writes, in one transaction, and retry it if that can help."""
        return self._transactions.write(work)

    def report_skipped(self, skipped: set[str]) -> None:
        """Report rows that could not be read, each once."""
        new = skipped - self._skipped
        self._skipped |= new
        if new:
            self._notice(
                f"Cannot show {counted(len(new), 'row')} of {self.location} because of unreadable "
                f"data (first id: {printable(min(new))[:80]})."
            )

    def close(self) -> None:
        """Close the database. May be called twice."""
        self._transactions.close()

    def __enter__(self) -> Leaderboard:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
