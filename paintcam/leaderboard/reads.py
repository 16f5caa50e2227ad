"""What is asked of a leaderboard, inside one transaction."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    and_,
    bindparam,
    case,
    func,
    select,
)

from paintcam.leaderboard.records import Board, PlayerRank, Turn
from paintcam.leaderboard.schema import bests, boards, players, tallies, tenths_of, turns
from paintcam.text import clean_text, prompt_key

__all__ = [
    "best_turns",
    "board_id",
    "board_ids",
    "player_id",
    "rank",
    "rank_of_turn",
    "top",
    "turn_of",
    "turns_listed",
]


# Built once: building it costs more than running it.
_BOARD = select(boards.c.id).where(boards.c.key == bindparam("key"))
_COLUMNS = (
    turns,
    players.c.name,
    boards.c.prompt,
    boards.c.encoder,
    boards.c.low,
    boards.c.high,
    boards.c.origin,
)
_TURN = (
    select(*_COLUMNS, bests.c.points.label("most"))
    .join_from(turns, players, turns.c.player_id == players.c.id)
    .join(boards, turns.c.board_id == boards.c.id)
    .join(
        bests,
        and_(bests.c.board_id == turns.c.board_id, bests.c.player_id == turns.c.player_id),
    )
    .where(turns.c.id == bindparam("turn"))
)
_RANK = select(
    func.sum(case((tallies.c.tenths > bindparam("tenths"), tallies.c.players), else_=0))
    + select(func.count())
    .select_from(bests)
    .where(bests.c.board_id == bindparam("board"))
    .where(bests.c.points > bindparam("points"), bests.c.points < bindparam("end"))
    .scalar_subquery(),
    func.sum(tallies.c.players),
).where(tallies.c.board_id == bindparam("board"))


def board_id(connection: Connection, board: Board) -> int | None:
    """The id of a board, or None where nobody has played it."""
    found = connection.execute(_BOARD, {"key": board.key}).scalar()
    return None if found is None else int(found)


def rank(connection: Connection, board: int, points: int) -> tuple[int, int]:
    """One more than the players with more points, and how many players there are."""
    tenths = tenths_of(points)
    asked = {"board": board, "points": points, "tenths": tenths, "end": 10 * (tenths + 1)}
    better, of = connection.execute(_RANK, asked).one()
    return int(better or 0) + 1, int(of or 0)


def player_id(connection: Connection, player: str) -> int | None:
    """The id of a player, or None where no turn of theirs is stored."""
    # The key of the name as it is stored, through the same cleaning.
    query = select(players.c.id).where(players.c.key == Turn.key_of(clean_text(player)))
    found = connection.execute(query).scalar()
    return None if found is None else int(found)


def board_ids(connection: Connection, prompt: str | None) -> list[int]:
    """The boards of a prompt (None: all), those played last first."""
    last = select(func.max(turns.c.at)).where(turns.c.board_id == boards.c.id).scalar_subquery()
    query = select(boards.c.id, boards.c.prompt).order_by(last.desc(), boards.c.id.desc())
    wanted = None if prompt is None else prompt_key(prompt)
    return [
        row.id
        for row in connection.execute(query)
        if wanted is None or prompt_key(row.prompt) == wanted
    ]


def turns_listed(*more: ColumnElement[Any]) -> Select[Any]:
    """Select turns with what `turn_of` needs, and more columns."""
    return (
        select(*_COLUMNS, *more)
        .join_from(turns, players, turns.c.player_id == players.c.id)
        .join(boards, turns.c.board_id == boards.c.id)
    )


def best_turns(board: int) -> Select[Any]:
    """Select the turns that are their players' best on a board, best first."""
    return (
        select(*_COLUMNS)
        .join_from(bests, turns, bests.c.turn_id == turns.c.id)
        .join(players, bests.c.player_id == players.c.id)
        .join(boards, bests.c.board_id == boards.c.id)
        .where(bests.c.board_id == board)
        .order_by(bests.c.points.desc(), bests.c.player_id)
    )


def top(connection: Connection, board: int, player: str | None, limit: int) -> list[PlayerRank]:
    """A board's best players (or one player), best first, with the ranks they share."""
    query = best_turns(board).limit(limit)
    if player is not None:
        query = query.where(bests.c.player_id == player_id(connection, player))
    rows = connection.execute(query).all()
    if not rows:
        return []
    place, of = rank(connection, board, rows[0].points)
    standings: list[PlayerRank] = []
    points = rows[0].points
    for index, row in enumerate(rows):
        if row.points != points:
            place, points = index + 1, row.points
        standings.append(PlayerRank(place, of, turn_of(row)))
    return standings


def rank_of_turn(connection: Connection, turn_id: str) -> PlayerRank | None:
    """The place that one turn alone would give its player; None where it is not stored."""
    row = connection.execute(_TURN, {"turn": turn_id}).one_or_none()
    if row is None:
        return None
    place, of = rank(connection, row.board_id, row.points)
    # The player's own better turn is nobody who is ahead of them.
    return PlayerRank(place - (row.most > row.points), of, turn_of(row))


def turn_of(row: Row[Any]) -> Turn:
    """Build the turn of a row that one of the queries above selected."""
    return Turn(
        id=row.id,
        board=Board(row.prompt, row.encoder, row.low, row.high, row.origin),
        player=row.name,
        score=row.score,
        best=row.best,
        similarity=row.similarity,
        guards=tuple(json.loads(row.guards)),
        at=datetime.fromisoformat(row.at),
        snapshot=row.snapshot,
    )
