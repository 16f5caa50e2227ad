"""One drawing of the website, and how it is read from the database."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, cast, get_args

from sqlalchemy import Connection, Row, Select, select

from paintcam.leaderboard import reads
from paintcam.leaderboard.records import Turn
from paintcam.leaderboard.rows import BrokenRowError, texts_of, turn_of
from paintcam.leaderboard.schema import players, submissions, turns

__all__ = ["State", "Submission", "SubmissionTakenError", "listed", "owner_of", "submission_of"]

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


def owner_of(connection: Connection, submission_id: str) -> str | None:
    """Return the `player_key` of the player who sent a drawing; None if there is none."""
    query = select(players.c.key).join(turns).where(turns.c.id == submission_id)
    found = connection.execute(query).scalar()
    return None if found is None else str(found)
