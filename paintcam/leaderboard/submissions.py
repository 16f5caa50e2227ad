"""The website's drawings: a turn with its picture, its strokes and whether it may be shown."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, func, or_, select, tuple_

from paintcam.leaderboard import reads, writes
from paintcam.leaderboard.leaderboard import Leaderboard
from paintcam.leaderboard.ranks import PlayerRank
from paintcam.leaderboard.records import Board, Turn
from paintcam.leaderboard.rehearsal import rehearse
from paintcam.leaderboard.rows import readable, turn_of
from paintcam.leaderboard.schema import HIDDEN, bests, pictures, players, submissions, turns
from paintcam.leaderboard.submission import (
    State,
    Submission,
    SubmissionTakenError,
    listed,
    owner_of,
    store_submission,
    submission_of,
)

__all__ = ["State", "Submission", "SubmissionTakenError", "Submissions"]


class Submissions:
    """Drawings in the leaderboard's database. May be used from several threads.

    Every method raises `LeaderboardError` if the database fails.

    Args:
        leaderboard: Its database is used; its owner closes it.
    """

    def __init__(self, leaderboard: Leaderboard) -> None:
        self._leaderboard = leaderboard

    def store(self, turn: Turn, png: bytes, state: State, flags: Sequence[str] = ()) -> bool:
        """Store a drawing in one transaction: turn, rank, picture and state.

        Call `Leaderboard.sync` before you acknowledge it. The same drawing twice changes nothing.

        Returns:
            Whether it is new.

        Raises:
            SubmissionTakenError: The id belongs to another player's drawing.
        """
        return self._leaderboard.write(
            lambda connection: store_submission(connection, turn, png, state, flags)
        )

    def check_writable(self) -> None:
        """Store a drawing and undo it, before anybody sends one."""

        def store(connection: Connection, turn: Turn) -> None:
            store_submission(connection, turn, b"", "waiting", ())

        self._leaderboard.write(lambda connection: rehearse(connection, store))

    def find(self, submission_id: str) -> Submission | None:
        """Return one drawing; None if there is none."""

        def work(connection: Connection) -> Submission | None:
            row = connection.execute(listed().where(turns.c.id == submission_id)).one_or_none()
            return next(readable([] if row is None else [row], submission_of, set()), None)

        return self._leaderboard.read(work)

    def picture(self, submission_id: str) -> bytes | None:
        """Return the PNG of a drawing; None if there is none."""
        query = select(pictures.c.png).where(pictures.c.id == submission_id)
        found = self._leaderboard.read(lambda connection: connection.execute(query).scalar())
        return found if isinstance(found, bytes) else None

    def strokes(self, submission_id: str) -> str | None:
        """Return the strokes of a drawing as stored; None if there are none."""
        query = select(pictures.c.strokes).where(pictures.c.id == submission_id)
        found = self._leaderboard.read(lambda connection: connection.execute(query).scalar())
        return found if isinstance(found, str) else None

    def set_strokes(self, submission_id: str, player_key: str, strokes: str) -> bool:
        """Store the strokes of one's own drawing, once.

        Returns:
            Whether the drawing exists and is this player's.
        """

        def work(connection: Connection) -> bool:
            if owner_of(connection, submission_id) != player_key:
                return False
            where = pictures.c.id == submission_id, pictures.c.strokes.is_(None)
            connection.execute(pictures.update().where(*where), {"strokes": strokes})
            return True

        return self._leaderboard.write(work)

    def set_state(self, submission_ids: Collection[str], state: State) -> int:
        """Show or hide drawings; returns how many changed. A hidden one does not rank."""

        def work(connection: Connection) -> int:
            query = select(submissions.c.id, submissions.c.state).with_for_update()
            rows = connection.execute(query.where(submissions.c.id.in_(submission_ids))).all()
            changed = sorted((row.id, row.state) for row in rows if row.state != state)
            for submission_id, before in changed:
                where = submissions.c.id == submission_id
                connection.execute(submissions.update().where(where), {"state": state})
                if HIDDEN in (before, state):
                    writes.recount(connection, submission_id)
            return len(changed)

        return self._leaderboard.write(work)

    def delete(self, submission_ids: Collection[str]) -> int:
        """Delete drawings with their pictures and scores; returns how many there were."""
        return self._leaderboard.write(
            lambda connection: sum(writes.forget(connection, key) for key in sorted(submission_ids))
        )

    def ids(
        self,
        *,
        player_key: str | None = None,
        board: Board | None = None,
        state: State | None = None,
        before: datetime | None = None,
    ) -> list[str]:
        """List ids of drawings, oldest first, of a player or a board, in a state, before a time."""
        query = select(turns.c.id).join(submissions).order_by(turns.c.at, turns.c.id)
        if player_key is not None:
            query = query.join(players).where(players.c.key == player_key)
        if state is not None:
            query = query.where(submissions.c.state == state)
        if before is not None:
            query = query.where(turns.c.at < before.isoformat())

        def work(connection: Connection) -> list[str]:
            filtered = query
            if board is not None:
                filtered = filtered.where(turns.c.board_id == reads.board_id(connection, board))
            return [str(found) for found in connection.execute(filtered).scalars()]

        return self._leaderboard.read(work)

    def newest(
        self,
        board: Board,
        states: Collection[State],
        limit: int,
        *,
        before: str | None = None,
        oldest_first: bool = False,
    ) -> list[Submission]:
        """List the newest drawings of a board that are in one of some states, or the oldest.

        Args:
            board: The board.
            states: States that are listed.
            limit: The most drawings.
            before: Id of a drawing: only older ones than this. None for all.
            oldest_first: The oldest, in the order in which they came.
        """
        keys = turns.c.at, turns.c.id

        def work(connection: Connection) -> list[Submission]:
            query = (
                listed()
                .where(turns.c.board_id == reads.board_id(connection, board))
                .where(submissions.c.state.in_(states))
                .order_by(*(key.asc() if oldest_first else key.desc() for key in keys))
                .limit(limit)
            )
            if before is not None:
                place = select(*keys).where(turns.c.id == before)
                found = connection.execute(place).one_or_none()
                if found is None:
                    return []
                query = query.where(tuple_(*keys) < tuple_(*found))
            return list(readable(connection.execute(query), submission_of, set()))

        return self._leaderboard.read(work)

    def best(self, board: Board, limit: int) -> list[PlayerRank]:
        """List the best players of a board whose best drawing may be shown, best first."""
        shown = or_(submissions.c.state.is_(None), submissions.c.state == "shown")

        def work(connection: Connection) -> list[PlayerRank]:
            board_id = reads.board_id(connection, board)
            query = reads.best_turns(board_id or 0).where(shown).limit(limit)
            query = query.join(submissions, submissions.c.id == turns.c.id, isouter=True)
            return _ranks(connection, board_id, query)

        return self._leaderboard.read(work)

    def standing(self, board: Board, player_key: str) -> PlayerRank | None:
        """Return a player's rank on a board by the best of their drawings; None if none ranks."""

        def work(connection: Connection) -> PlayerRank | None:
            board_id = reads.board_id(connection, board)
            # By its id: PostgreSQL would join all players of a large board to find one by its key.
            known = select(players.c.id).where(players.c.key == player_key)
            player_id = connection.execute(known).scalar()
            query = reads.best_turns(board_id or 0).where(bests.c.player_id == player_id)
            return next(iter(_ranks(connection, board_id, query)), None)

        return self._leaderboard.read(work)

    def players(self, board: Board) -> int:
        """Count the players that rank on a board."""

        def work(connection: Connection) -> int:
            board_id = reads.board_id(connection, board)
            return 0 if board_id is None else reads.rank(connection, board_id, 0)[1]

        return self._leaderboard.read(work)

    def counts(self, board: Board) -> dict[str, int]:
        """Count a board's drawings in each state."""

        def work(connection: Connection) -> dict[str, int]:
            query = (
                select(submissions.c.state, func.count())
                .join(turns, submissions.c.id == turns.c.id)
                .where(turns.c.board_id == reads.board_id(connection, board))
                .group_by(submissions.c.state)
            )
            return {str(state): int(count) for state, count in connection.execute(query)}

        return self._leaderboard.read(work)


def _ranks(connection: Connection, board_id: int | None, query: Select[Any]) -> list[PlayerRank]:
    if board_id is None:
        return []
    rows = connection.execute(query).all()
    ranks = {row.most: reads.rank(connection, board_id, row.most) for row in rows}
    return list(readable(rows, lambda row: PlayerRank(*ranks[row.most], turn_of(row)), set()))
