"""Looks up ranks, and gives up in time: a database that hangs must not keep a show from ending."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from paintcam.errors import LeaderboardError
from paintcam.leaderboard import Leaderboard, PlayerRank

__all__ = ["look_up"]


def look_up(
    leaderboard: Leaderboard,
    turn_ids: Sequence[str],
    within_s: float,
    notice: Callable[[str], None] = lambda _: None,
) -> dict[str, PlayerRank]:
    """Return the ranks that turns have alone, by their ids.

    Args:
        leaderboard: Where the turns are stored.
        turn_ids: The turns; those that are not stored are left out.
        within_s: How long to wait. What was found until then is returned.
        notice: Called with the error if the database fails.
    """
    found: dict[str, PlayerRank] = {}

    def ask() -> None:
        try:
            for turn_id in turn_ids:
                rank = leaderboard.rank_of_turn(turn_id)
                if rank is not None:
                    found[turn_id] = rank
        except LeaderboardError as error:
            notice(str(error))

    asking = threading.Thread(target=ask, name="paintcam-look-up", daemon=True)
    asking.start()
    asking.join(within_s)
    return dict(found)
