"""Checks the settings of a contest, and the names of its players."""

from __future__ import annotations

from collections.abc import Sequence

from paintcam.contest.fair_maximum import check_window
from paintcam.errors import UsageError
from paintcam.text import clean_text, counted

__all__ = ["check_contest", "check_player"]

LONGEST_TURN_S = 86400
MOST_ROUNDS = 1000
MOST_TURNS = 10_000


def check_contest(
    players: Sequence[str], seconds: float, rounds: int, window_s: float, hold_s: float | None
) -> None:
    """Check the numbers of a contest; `Contest` documents them.

    Raises:
        UsageError: No player, or a number out of its range.
    """
    if not players:
        raise UsageError(
            "A contest needs at least one player.", fix="Pass `--player NAME` for each player."
        )
    if not 0 < seconds <= LONGEST_TURN_S:
        raise UsageError(
            f"A turn must last more than 0 and at most {LONGEST_TURN_S} seconds (got {seconds:g}).",
            fix="Pass a length such as `--seconds 20`.",
        )
    if not 1 <= rounds <= MOST_ROUNDS:
        raise UsageError(
            f"The number of rounds must be from 1 to {MOST_ROUNDS} (got {rounds}).",
            fix="Pass a number such as `--rounds 1`.",
        )
    if len(players) * rounds > MOST_TURNS:
        raise UsageError(
            f"A contest may have at most {MOST_TURNS:,} turns "
            f"({counted(len(players), 'player')} with {counted(rounds, 'round')} have "
            f"{len(players) * rounds:,}).",
            fix="Pass fewer rounds, or hold several contests.",
        )
    if hold_s is not None and not 0 <= hold_s < float("inf"):
        raise UsageError(
            f"The time before a contest advances must be 0 or more seconds (got {hold_s:g}).",
            fix="Pass a time such as `--hold 4`.",
        )
    check_window(window_s, seconds)


def check_player(name: str, players: Sequence[str]) -> str:
    """Clean the name of a new player.

    Raises:
        UsageError: It is blank, or one of the players has it.
    """
    player = clean_text(name)
    if not player:
        raise UsageError("A player needs a name.", fix="Pass `--player NAME`.")
    if player in players:
        raise UsageError(
            f"{player} is already playing.",
            fix=f"Give each player a different name: `--player '{player} 2'`.",
        )
    return player
