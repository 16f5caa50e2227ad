"""One drawing of the website, and how it is stored in the database and read from it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast, get_args

from sqlalchemy import Connection, Row, Select, select

from paintcam.leaderboard import reads, writes
from paintcam.leaderboard.records import Turn
from paintcam.leaderboard.rows import BrokenRowError, texts_of, turn_of
from paintcam.leaderboard.schema import HIDDEN, pictures, players, submissions, turns

__all__ = [
    "State",
    "Submission",
    "SubmissionTakenError",
    "listed",
    "owner_of",
    "store_submission",
    "submission_of",
]

State = Literal["waiting", "shown", "hidden"]
"""Waiting for the presenter, shown to everybody, or taken off the stage."""


class SubmissionTakenError(Exception):
    """Another player has already stored a drawing under this id."""


@dataclass(frozen=True, slots=True)
class Submission:
    """A drawing sent by a visitor of the website.

    Attributes:
        turn: Its score, board, player and time; the turn's id is the drawing's.
        player_key: Digest that identifies the player.
        state: Whether it may be shown.
        flags: What the guards found, in words.
    """

    turn: Turn
    player_key: str
    state: State
    flags: tuple[str, ...]


def listed() -> Select[Any]:
    """Return the query for drawings, as `submission_of` reads them."""
    return reads.turns_listed(submissions.c.state, submissions.c.flags, players.c.key).join(
        submissions, submissions.c.id == turns.c.id
    )


def submission_of(row: Row[Any]) -> Submission:
    """Read one row of `listed`.

    Raises:
        BrokenRowError: Another program wrote it.
    """
    if row.state not in get_args(State):
        raise BrokenRowError("not a state")
    return Submission(turn_of(row), str(row.key), cast(State, row.state), texts_of(row.flags))


def store_submission(
    connection: Connection, turn: Turn, png: bytes, state: State, flags: Sequence[str]
) -> bool:
    """Store a drawing: turn, rank, picture and state; returns whether it is new.

    Raises:
        SubmissionTakenError: The id belongs to another player's drawing.
    """
    held = owner_of(connection, turn.id)
    if held is not None:
        if held != turn.player_key:
            raise SubmissionTakenError(turn.id)
        return False
    _, player_id = writes.store(connection, turn, None, is_new=True)
    connection.execute(
        players.update().where(players.c.id == player_id, players.c.name != turn.player),
        {"name": turn.player},
    )
    row = {"id": turn.id, "state": state, "flags": json.dumps(list(flags))}
    connection.execute(submissions.insert(), row)
    connection.execute(pictures.insert(), {"id": turn.id, "png": png, "strokes": None})
    if state == HIDDEN:
        writes.recount(connection, turn.id)
    return True


def owner_of(connection: Connection, submission_id: str) -> str | None:
    """Return the `player_key` of the player who sent a drawing; None if there is none."""
    query = select(players.c.key).join(turns).where(turns.c.id == submission_id)
    found = connection.execute(query).scalar()
    return None if found is None else str(found)
