"""What a test asks a leaderboard: where a player is, and where a score would be."""

from __future__ import annotations

from paintcam.leaderboard import Board, Leaderboard, PlayerRank, points_of, reads


def best_of(leaderboard: Leaderboard, board: Board, player: str) -> PlayerRank | None:
    """The rank of a player's best turn on a board, or None if they never played it."""
    boards = leaderboard.top(board.prompt, player, limit=1)
    found = [row for rows in boards for row in rows if row.turn.board.key == board.key]
    return found[0] if found else None


def rank_of(leaderboard: Leaderboard, board: Board, score: float) -> tuple[int, int]:
    """The rank that a score would have on a board, and how many players there are."""

    def work(connection):
        board_id = reads.board_id(connection, board)
        return (1, 0) if board_id is None else reads.rank(connection, board_id, points_of(score))

    return leaderboard.read(work)
