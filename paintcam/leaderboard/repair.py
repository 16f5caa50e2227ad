"""Compare a stored turn with what was stored, and store it again where the file was altered."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row

from paintcam.leaderboard import reads, writes
from paintcam.leaderboard.records import Turn
from paintcam.leaderboard.rows import BrokenRowError, turn_of
from paintcam.leaderboard.schema import players, turns

__all__ = ["repair"]


def repair(connection: Connection, turn: Turn) -> bool:
    """Store a turn again if its row is another one.

    SQLite has no checksums: a damaged name or score looks like any other.

    Returns:
        Whether there is a row of this turn. One that is missing may have been deleted on purpose.
    """
    row = connection.execute(reads.turns_listed().where(turns.c.id == turn.id)).one_or_none()
    if row is None:
        return False
    if not _is_as_stored(turn, row):
        writes.forget(connection, turn.id)
        writes.store(connection, turn, None, is_new=True)
        by_key = players.c.key == turn.player_key
        connection.execute(players.update().where(by_key), {"name": turn.player})
    return True


def _is_as_stored(turn: Turn, row: Row[Any]) -> bool:
    try:
        found = turn_of(row)
    except BrokenRowError:
        return False
    # The same player may have been stored with another spelling first.
    same = found.board.key == turn.board.key and found.player_key == turn.player_key
    return same and found.score >= turn.score and found.best >= turn.best
