"""Questions to the database, inside one transaction."""

from __future__ import annotations

from collections.abc import Iterator
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

from paintcam.leaderboard.ranks import PlayerRank
from paintcam.leaderboard.records import Board, Turn, points_of
from paintcam.leaderboard.rows import readable, turn_of
from paintcam.leaderboard.schema import bests, boards, players, tallies, tenths_of, turns
from paintcam.text import clean_text, prompt_key

__all__ = [
    "best_turns",
    "board_id",
    "board_ids",
    "count",
    "player_id",
    "rank",
    "rank_of_turn",
    "top",
    "turns_listed",
]


_MOST_POINTS = 10_000
_PAGE = 10_000

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
_VALID = bests.c.points.between(0, _MOST_POINTS)  # in SQLite a column may hold anything
_TURN = (
    select(*_COLUMNS, bests.c.points.label("most"))
    .join_from(turns, players, turns.c.player_id == players.c.id)
    .join(boards, turns.c.board_id == boards.c.id)
    .join(
        bests,
        and_(bests.c.board_id == turns.c.board_id, bests.c.player_id == turns.c.player_id),
    )
    .where(turns.c.id == bindparam("turn"), _VALID)
)
_COUNTED = and_(tallies.c.players.between(0, 10**9), tallies.c.tenths.between(0, 1_000))
_RANK = select(
    func.sum(
        case((and_(_COUNTED, tallies.c.tenths > bindparam("tenths")), tallies.c.players), else_=0)
    )
    + select(func.count())
    .select_from(bests)
    .where(bests.c.board_id == bindparam("board"))
    .where(bests.c.points > bindparam("points"), bests.c.points < bindparam("end"))
    .scalar_subquery(),
    func.sum(case((_COUNTED, tallies.c.players), else_=0)),
    func.sum(case((_COUNTED, 0), else_=1)),
).where(tallies.c.board_id == bindparam("board"))
_RANK_BY_COUNTING = select(
    func.sum(case((bests.c.points > bindparam("points"), 1), else_=0)), func.count()
).where(bests.c.board_id == bindparam("board"), _VALID)


def board_id(connection: Connection, board: Board) -> int | None:
    """Return the id of a board, or None if nobody has played it."""
    found = connection.execute(_BOARD, {"key": board.key}).scalar()
    return None if found is None else int(found)


def rank(connection: Connection, board: int, points: int) -> tuple[int, int]:
    """Return the rank that points have, or would have, on a board.

    Args:
        connection: In a transaction.
        board: Id of the board.
        points: 0…10,000.

    Returns:
        (rank, of): one more than the number of players with more points, and of all players.
    """
    tenths = tenths_of(points)
    values = {"board": board, "points": points, "tenths": tenths, "end": 10 * (tenths + 1)}
    better, of, invalid = connection.execute(_RANK, values).one()
    if invalid:  # changed by another program: slower, but right
        better, of = connection.execute(_RANK_BY_COUNTING, values).one()
    return int(better or 0) + 1, int(of or 0)


def player_id(connection: Connection, player: str) -> int | None:
    """Return the id of a player, or None if no turn of theirs is stored."""
    # The key of the name as it is stored, through the same cleaning.
    query = select(players.c.id).where(players.c.key == Turn.key_of(clean_text(player)))
    found = connection.execute(query).scalar()
    return None if found is None else int(found)


def board_ids(connection: Connection, prompt: str | None) -> list[int]:
    """List the boards of a prompt (None: all), those played last first."""
    last = select(func.max(turns.c.at)).where(turns.c.board_id == boards.c.id).scalar_subquery()
    query = select(boards.c.id, boards.c.prompt).order_by(last.desc(), boards.c.id.desc())
    key = None if prompt is None else prompt_key(prompt)
    return [
        row.id
        for row in connection.execute(query)
        if key is None or (isinstance(row.prompt, str) and prompt_key(row.prompt) == key)
    ]


def count(connection: Connection, prompt: str | None, player: str | None) -> int:
    """Count turns: of a prompt, of a player, of both, or all."""
    query = select(func.count()).select_from(turns)
    if prompt is not None:
        query = query.where(turns.c.board_id.in_(board_ids(connection, prompt)))
    if player is not None:
        query = query.where(turns.c.player_id == player_id(connection, player))
    return int(connection.execute(query).scalar_one())


def turns_listed(*more: ColumnElement[Any]) -> Select[Any]:
    """Select turns with the columns that `turn_of` needs, and more."""
    return (
        select(*_COLUMNS, *more)
        .join_from(turns, players, turns.c.player_id == players.c.id)
        .join(boards, turns.c.board_id == boards.c.id)
    )


def best_turns(board: int) -> Select[Any]:
    """Select the turns that are their players' best on a board, best first."""
    return (
        select(*_COLUMNS, bests.c.points.label("most"))
        .join_from(bests, turns, bests.c.turn_id == turns.c.id)
        .join(players, bests.c.player_id == players.c.id)
        .join(boards, bests.c.board_id == boards.c.id)
        .where(bests.c.board_id == board, _VALID)
        .order_by(bests.c.points.desc(), bests.c.player_id)
    )


def top(
    connection: Connection, board: int, player: str | None, limit: int, skipped: set[str]
) -> list[PlayerRank]:
    """List a board's best players (or one player), best first, with the ranks they share.

    Args:
        connection: In a transaction.
        board: Id of the board.
        player: This player only.
        limit: The most rows to return.
        skipped: Receives the ids of turns that could not be read.
    """
    query = best_turns(board)
    if player is not None:
        query = query.where(bests.c.player_id == player_id(connection, player))
    found: list[PlayerRank] = []
    place = of = points = 0
    # By pages, because rows that cannot be read do not count for the limit.
    for index, row in enumerate(_pages(connection, query, min(limit, _PAGE)), 1):
        if index == 1:
            place, of = rank(connection, board, row.most)
        elif row.most != points:
            place = index
        points = row.most
        found += [PlayerRank(place, of, turn) for turn in readable([row], turn_of, skipped)]
        if len(found) == limit:
            break
    return found


def rank_of_turn(connection: Connection, turn_id: str, skipped: set[str]) -> PlayerRank | None:
    """Return the rank that one turn alone gives its player, or None if it is not stored."""
    row = connection.execute(_TURN, {"turn": turn_id}).one_or_none()
    if row is None:
        return None

    def ranked(row: Row[Any]) -> PlayerRank:
        turn = turn_of(row)
        place, of = rank(connection, row.board_id, points_of(turn.score))
        # The player's own better turn is not a player ahead of them.
        return PlayerRank(place - (row.most > points_of(turn.score)), of, turn)

    return next(readable([row], ranked, skipped), None)


def _pages(connection: Connection, query: Select[Any], size: int) -> Iterator[Row[Any]]:
    start = 0
    while page := connection.execute(query.limit(size).offset(start)).all():
        yield from page
        if len(page) < size:
            return
        start += size
