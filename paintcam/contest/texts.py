"""What a contest shows on the picture in each of its phases."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from paintcam.contest.phases import KEYS, Phase
from paintcam.contest.rules import Contest
from paintcam.contest.standings import Place
from paintcam.run.line_editor import LineEditor
from paintcam.text import counted

__all__ = ["Card", "card", "help_lines", "joined", "name_lines", "podium_title", "short"]

_NAME = 24


@dataclass(frozen=True, slots=True)
class Card:
    """Texts for the overlay.

    Attributes:
        headline: Large centred lines, the first the largest.
        clock: Time left.
        player: Whose turn it is.
    """

    headline: tuple[str, ...] = ()
    clock: str = ""
    player: str = ""


def card(contest: Contest, now: float, rank: str = "", *, keys: bool = True) -> Card:
    """Return the texts for this moment.

    Args:
        contest: The contest.
        now: On the contest's clock.
        rank: The turn's place on the leaderboard, "586 of 10,187"; "" while it is not known.
        keys: Whether there is a window that takes keys.
    """
    upcoming = contest.upcoming
    left = contest.remaining_s(now)
    if contest.phase is Phase.TITLE:
        hint = "Press Space to start" if keys else ""
        return Card((joined(contest.players), _terms(contest), hint))
    if contest.phase is Phase.COUNTDOWN and upcoming is not None:
        return Card((str(max(1, math.ceil(left))),), player=_who(contest, *upcoming))
    if contest.phase in (Phase.TURN, Phase.PAUSED) and contest.turn is not None:
        turn = contest.turn
        clock = f"{math.ceil(left) // 60}:{math.ceil(left) % 60:02d}"
        paused = ("paused",) if contest.phase is Phase.PAUSED else ()
        return Card(paused, clock, _who(contest, turn.player, turn.round))
    if contest.phase is Phase.RESULT:
        return Card(_result(contest, rank, keys))
    if contest.phase is Phase.PODIUM:
        return Card((podium_title(contest.standings), *(("Press Q to quit",) if keys else ())))
    return Card()


def podium_title(places: Sequence[Place]) -> str:
    """Return who won: "Ada wins", "Ada and Grace tie", "No turns played"."""
    winners = [place.player for place in places if place.rank == 1]
    if not winners:
        return "No turns played"
    return f"{joined(winners)} {'wins' if len(winners) == 1 else 'tie'}"


def name_lines(editor: LineEditor) -> tuple[str, ...]:
    """Return the lines in which the name of a new player is typed."""
    name, caret = editor.shown, editor.caret
    return "New player", f"{name[:caret]}|{name[caret:]}", "Enter: add · Esc: cancel"


def help_lines() -> tuple[str, ...]:
    """Return the contest's keys, for the notes on the picture."""
    return tuple(f"{key}: {act}" for key, act in KEYS.items())


def joined(names: Sequence[str]) -> str:
    """Join names in words: "Ada and Grace"; more than four end in "and 7 more"."""
    shortened = [short(name) for name in names]
    if len(shortened) > 4:
        shortened = [*shortened[:3], f"{len(shortened) - 3} more"]
    return " and ".join(filter(None, (", ".join(shortened[:-1]), shortened[-1])))


def short(name: str) -> str:
    """Shorten a name so that a score fits beside it."""
    return name if len(name) <= _NAME else f"{name[: _NAME - 1].rstrip()}…"


def _who(contest: Contest, player: str, number: int) -> str:
    return short(player) + (f" · {number} of {contest.rounds}" if contest.rounds > 1 else "")


def _terms(contest: Contest) -> str:
    rounds = f", {contest.rounds} rounds" if contest.rounds > 1 else ""
    return f"{counted(contest.seconds, 'second')} per turn{rounds}"


def _result(contest: Contest, rank: str, keys: bool) -> tuple[str, ...]:
    turn, upcoming = contest.turn, contest.upcoming
    following = "next: podium" if upcoming is None else f"next: {short(upcoming[0])}"
    hint = f"{following} · press Space" if keys else following
    if turn is None:
        return (hint,)
    if turn.skipped:
        return ("skipped", short(turn.player), hint)
    raw = f"raw best {turn.best:.2f}"
    return (f"{turn.score:.2f}", short(turn.player), f"{raw} · {rank}" if rank else raw, hint)
