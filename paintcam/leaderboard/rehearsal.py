"""Finds out before a show whether a database takes and keeps scores."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Connection

from paintcam.errors import OTHER_DATABASE, LeaderboardError
from paintcam.leaderboard import reads, schema
from paintcam.leaderboard.records import Board, Turn, new_turn_id

__all__ = ["rehearse"]


def rehearse(connection: Connection, store: Callable[[Connection, Turn], object]) -> None:
    """Store a turn, read it back and undo it; then write something that changes nothing.

    A missing table, a renamed column, a trigger, an encoding or rights for some tables alone show
    only then. The second part is for a full disk.

    Args:
        connection: In a transaction that writes.
        store: Stores a turn.

    Raises:
        LeaderboardError: The database does not return what was stored.
    """
    turn_id = new_turn_id()
    # Two processes may do this at once. Not every encoding has these letters.
    board = Board(f"house 家 {turn_id}", "sketch", 0.02, 0.36)
    turn = Turn(turn_id, board, f"Zoë 李 🎨 {turn_id}", 61.5, 62.25, 0.25, ("nsfw",))
    with connection.begin_nested() as attempt:
        store(connection, turn)
        found = reads.rank_of_turn(connection, turn_id, set())
        attempt.rollback()
    if found is None or found.turn != turn:
        raise LeaderboardError(
            "The database does not return the scores that are stored in it.",
            fix=f"Check its triggers and encoding, or {OTHER_DATABASE}.",
        )
    schema.touch(connection)
