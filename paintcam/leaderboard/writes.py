"""Changes to the database, inside one transaction: turns, each player's best, and the tallies.

Every transaction takes its locks in the same order (turn, best, tallies by rising points), so that
two of them never wait for each other.
"""

from __future__ import annotations

import json

from sqlalchemy import (
    ColumnElement,
    Connection,
    Insert,
    Table,
    and_,
    bindparam,
    delete,
    exists,
    select,
    true,
)

from paintcam.leaderboard.faults import RefusedError
from paintcam.leaderboard.records import Turn, points_of
from paintcam.leaderboard.rows import number_or
from paintcam.leaderboard.schema import (
    HIDDEN,
    bests,
    boards,
    players,
    submissions,
    tallies,
    tenths_of,
    turns,
)

__all__ = ["TurnTakenError", "forget", "recount", "remove", "store"]

Ids = tuple[int, int]
"""Of a board and a player."""


class TurnTakenError(RefusedError):
    """The id of a turn already belongs to another player or another board."""


# Built once: building them costs more than running them.
_IDS = select(
    select(boards.c.id).where(boards.c.key == bindparam("board")).scalar_subquery(),
    select(players.c.id).where(players.c.key == bindparam("player")).scalar_subquery(),
)
_TURN = select(turns).where(turns.c.id == bindparam("turn")).with_for_update()
_RAISE_TURN = turns.update().where(turns.c.id == bindparam("turn"))
_MINE = and_(bests.c.board_id == bindparam("board"), bests.c.player_id == bindparam("player"))
_BEST = select(bests.c.points).where(_MINE).with_for_update()
_RAISE_BEST = bests.update().where(_MINE)
_TALLY = (
    tallies.update()
    .where(tallies.c.board_id == bindparam("board"), tallies.c.tenths == bindparam("of"))
    .values(players=tallies.c.players + bindparam("change"))
)


def store(connection: Connection, turn: Turn, known: Ids | None, *, is_new: bool) -> Ids:
    """Store a turn, or raise what is stored of it. A lower score changes nothing.

    Args:
        connection: In a transaction that writes.
        turn: The turn.
        known: The ids from an earlier store on this board by this player, which saves a query. Ids
            are never used twice: one that is out of date breaks a foreign key.
        is_new: Whether the turn was probably never stored. If it was, the insert fails.

    Returns:
        Ids for the next store, valid once the transaction is committed.

    Raises:
        TurnTakenError: The turn's id belongs to another player or board.
    """
    ids = known or _ids(connection, turn)
    row = {
        "points": points_of(turn.score),
        "score": turn.score,
        "best": turn.best,
        "similarity": turn.similarity,
        "guards": json.dumps(turn.guards),
        "at": turn.at.isoformat(),
        "snapshot": turn.snapshot,
    }
    held = None if is_new else connection.execute(_TURN, {"turn": turn.id}).one_or_none()
    if held is None:
        key = {"id": turn.id, "board_id": ids[0], "player_id": ids[1]}
        connection.execute(turns.insert(), key | row)
    elif (held.board_id, held.player_id) != ids:
        raise TurnTakenError(
            f"The score of {turn.player} cannot be stored: another turn has its id {turn.id}."
        )
    elif turn.score > number_or(held.score, -1):
        row["best"] = max(turn.best, number_or(held.best, -1))
        connection.execute(_RAISE_TURN, {"turn": turn.id} | row)
    else:
        if turn.best > number_or(held.best, -1):
            connection.execute(_RAISE_TURN, {"turn": turn.id, "best": turn.best})
        return ids
    _raise_best(connection, ids, points_of(turn.score), turn.id)
    return ids


def forget(connection: Connection, turn_id: str) -> bool:
    """Remove one turn; the player's best becomes the best of the turns left."""
    row = connection.execute(_TURN, {"turn": turn_id}).one_or_none()
    if row is None:
        return False
    ids = (row.board_id, row.player_id)
    _drop_best(connection, ids)
    connection.execute(delete(turns).where(turns.c.id == turn_id))
    _find_best(connection, ids)
    _remove_orphans(connection, row.player_id, row.board_id)
    return True


def recount(connection: Connection, turn_id: str) -> None:
    """Find the best of a turn's player again after the turn was hidden or shown."""
    row = connection.execute(_TURN, {"turn": turn_id}).one()
    ids = (row.board_id, row.player_id)
    _drop_best(connection, ids)
    _find_best(connection, ids)


def remove(connection: Connection, board_ids: list[int] | None, player_id: int | None) -> int:
    """Remove all turns of some boards, of a player, or of a player on some boards.

    Args:
        connection: In a transaction that writes.
        board_ids: These boards only; None for all.
        player_id: This player only; None for all.

    Returns:
        How many turns there were.
    """
    if connection.dialect.name == "postgresql":
        # Writers wait until this is done, as they do in SQLite; in their own order of locks.
        for table in (turns, bests, tallies):
            connection.exec_driver_sql(f"LOCK TABLE {table.name} IN SHARE ROW EXCLUSIVE MODE")
    if player_id is None:
        for table in (tallies, bests):
            connection.execute(delete(table).where(_of(table, board_ids)))
    else:
        mine = select(bests.c.board_id).where(bests.c.player_id == player_id)
        for board_id in connection.execute(mine.where(_of(bests, board_ids))).scalars().all():
            _drop_best(connection, (board_id, player_id))
    where = _of(turns, board_ids)
    if player_id is not None:
        where = and_(where, turns.c.player_id == player_id)
    removed = connection.execute(delete(turns).where(where)).rowcount
    _remove_orphans(connection)
    return removed


def _ids(connection: Connection, turn: Turn) -> Ids:
    keys = {"board": turn.board.key, "player": turn.player_key}
    board_id, player_id = connection.execute(_IDS, keys).one()
    if board_id is None:
        names = ("key", "prompt", "encoder", "low", "high", "origin")
        created = boards.insert().values({name: getattr(turn.board, name) for name in names})
        board_id = _insert(connection, created)
    if player_id is None:
        created = players.insert().values(key=turn.player_key, name=turn.player)
        player_id = _insert(connection, created)
    return int(board_id), int(player_id)


def _insert(connection: Connection, statement: Insert) -> int:
    key = connection.execute(statement).inserted_primary_key
    assert key is not None
    return int(key[0])


def _raise_best(connection: Connection, ids: Ids, points: int, turn_id: str) -> None:
    board_id, player_id = ids
    mine = {"board": board_id, "player": player_id}
    held = connection.execute(_BEST, mine).scalar()
    if held is None:
        key = {"board_id": board_id, "player_id": player_id}
        connection.execute(bests.insert(), key | {"points": points, "turn_id": turn_id})
        _count(connection, board_id, points, 1)
    elif points > number_or(held, -1):
        connection.execute(_RAISE_BEST, mine | {"points": points, "turn_id": turn_id})
        if not _counted(held):
            _count(connection, board_id, points, 1)
        elif tenths_of(points) > tenths_of(held):
            _count(connection, board_id, held, -1)
            _count(connection, board_id, points, 1)


def _find_best(connection: Connection, ids: Ids) -> None:
    # A drawing that the presenter has hidden does not rank.
    hidden = exists().where(submissions.c.id == turns.c.id, submissions.c.state == HIDDEN)
    ranked = (
        select(turns.c.points, turns.c.id)
        .where(turns.c.board_id == ids[0], turns.c.player_id == ids[1], ~hidden)
        .where(turns.c.points.between(0, 10_000))
        .order_by(turns.c.points.desc(), turns.c.at, turns.c.id)
        .limit(1)
    )
    best = connection.execute(ranked).one_or_none()
    if best is not None:
        _raise_best(connection, ids, best.points, best.id)


def _drop_best(connection: Connection, ids: Ids) -> None:
    mine = {"board": ids[0], "player": ids[1]}
    held = connection.execute(_BEST, mine).scalar()
    if held is not None:
        connection.execute(delete(bests).where(_MINE), mine)
        if _counted(held):
            _count(connection, ids[0], held, -1)


def _counted(points: object) -> bool:
    # Another program may have written something else: no tally counts that.
    return isinstance(points, int) and 0 <= points <= 10_000


def _count(connection: Connection, board_id: int, points: int, change: int) -> None:
    shift = {"board": board_id, "of": tenths_of(points), "change": change}
    if connection.execute(_TALLY, shift).rowcount == 0 and change > 0:
        values = {"board_id": board_id, "tenths": tenths_of(points), "players": change}
        connection.execute(tallies.insert(), values)


def _of(table: Table, board_ids: list[int] | None) -> ColumnElement[bool]:
    return true() if board_ids is None else table.c.board_id.in_(board_ids)


def _remove_orphans(
    connection: Connection, player_id: int | None = None, board_id: int | None = None
) -> None:
    # Names are personal: delete them with the last turn of their player. Boards without a turn and
    # tallies without a player go too.
    gone = delete(tallies).where(tallies.c.players == 0)
    connection.execute(gone if board_id is None else gone.where(tallies.c.board_id == board_id))
    for table, reference, only in (
        (players, turns.c.player_id, player_id),
        (boards, turns.c.board_id, board_id),
    ):
        used = exists().where(reference == table.c.id)
        unused = delete(table).where(~used)
        connection.execute(unused if only is None else unused.where(table.c.id == only))
