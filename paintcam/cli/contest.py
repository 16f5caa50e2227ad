"""`paintcam contest`: players draw the same prompt in turn, and the higher maximum wins."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from paintcam.cli.build_run import build
from paintcam.cli.leaderboard import open_leaderboard
from paintcam.cli.option_checks import check_number, check_options
from paintcam.cli.options import options_of
from paintcam.cli.output import print_json, print_line, print_table
from paintcam.cli.report import Notices, TextReport
from paintcam.cli.run_options import RunOptions
from paintcam.cli.signals import conduct, exit_code

if TYPE_CHECKING:
    from paintcam.contest.standings import Place
    from paintcam.contest.turn import PlayedTurn
    from paintcam.leaderboard import PlayerRank
    from paintcam.sinks.snapshots import Snapshots

__all__ = ["contest"]

MAX_ROUNDS = 1_000


@options_of(RunOptions, without=("labels", "every_frame", "seconds", "smoothing", "player"))
def contest(
    options: RunOptions,
    player: Annotated[
        list[str] | None,
        typer.Option(
            "--player",
            metavar="NAME",
            help="Name of a player. Repeat it in playing order. Example: --player Ada "
            "--player Grace",
            show_default=False,
        ),
    ] = None,
    seconds: Annotated[
        float, typer.Option("--seconds", help="Seconds per turn. Example: --seconds 30")
    ] = 20.0,
    rounds: Annotated[
        int,
        typer.Option(
            "--rounds", help="Turns per player. The best turn counts. Example: --rounds 2"
        ),
    ] = 1,
    hold: Annotated[
        float | None,
        typer.Option(
            "--hold",
            metavar="SECONDS",
            help="Advance the title, result and podium screens automatically after N seconds. "
            "Default: wait for Space, or 4 without a window. Example: --hold 8",
            show_default=False,
        ),
    ] = None,
) -> int:
    """Let players draw the same prompt in turn. The highest fair maximum wins.

    The fair maximum is the highest score that a drawing held for --window seconds.

    Keys in the window: Space start and pause, n next player, b repeat the turn, s skip the turn,
    a add a player, q end and keep the scores, ? show all keys.
    """
    check_options(options)
    check_number("rounds", rounds, least=1, most=MAX_ROUNDS)
    if hold is not None:
        check_number("hold", hold, least=0, most=86_400)
    from paintcam.contest.contest_run import ContestShow
    from paintcam.contest.rules import Contest
    from paintcam.contest.turn_store import TurnStore
    from paintcam.folders import forget_last_run
    from paintcam.leaderboard import new_turn_id
    from paintcam.sinks.snapshots import Snapshots

    rules = Contest(player or [], new_turn_id, seconds, rounds, options.window, hold_s=hold)
    prompt = options.prompt or ""
    with open_leaderboard(options.database, for_show=True) as leaderboard:
        snapshot = options.snapshot
        photos = Snapshots(snapshot) if snapshot is not None else _own_photos()
        notices = Notices()
        report_turn = _print_turn_json if options.json else _print_turn
        store = TurnStore(leaderboard, prompt, photos, notices.note, report_turn)
        show = ContestShow(rules, store, note=notices.note)
        failed: Exception | None = None
        try:
            # a photo-finish per turn is kept, not the best frame of the whole contest
            loop, report = build(replace(options, snapshot=None), show=show, on_judge=store.begin)
            if loop.presenter.window is None:
                show.on_window_lost()
            notices.forward(loop.presenter.state.note)
            if isinstance(report, TextReport):
                report.mute()
            try:
                conduct(loop)
            except Exception as error:
                failed = error  # the turns that were played count: the podium comes first
        finally:
            show.close()
            store.close()
        if failed is not None and not any(place.rank for place in rules.standings):
            raise failed
        if options.json:
            places = [_row(place) for place in rules.standings]
            print_json({"type": "podium", "places": places})
        else:
            _print_podium(rules.standings, f"{prompt} · {loop.presenter.state.model}", store.ranks)
        if photos is not None and not options.json:
            print_line(f"Photo-finishes: {photos.folder}")
        if options.json:  # frames between turns are scored too, but count for no player
            report.summary(loop.summary())
        if failed is not None:
            forget_last_run()  # its best is printed: the next run need not report it
            raise failed
        store.check()
        return exit_code(loop)


def _own_photos() -> Snapshots | None:
    """Open the pictures folder for photo-finishes; None if it cannot be written."""
    from paintcam.errors import SinkError
    from paintcam.folders import pictures_folder
    from paintcam.sinks.snapshots import Snapshots

    try:
        return Snapshots(pictures_folder())
    except SinkError:
        return None


def _print_turn(turn: PlayedTurn, standing: PlayerRank | None) -> None:
    place = f", {standing} on the leaderboard" if standing is not None else ""
    print_line(f"{turn.player}: {turn.score:.2f} (raw best {turn.best:.2f}){place}")


def _print_turn_json(turn: PlayedTurn, standing: PlayerRank | None) -> None:
    print_json(
        {
            "type": "turn",
            "turn": turn.id,
            "player": turn.player,
            "round": turn.round,
            "score": round(turn.score, 2),
            "best": round(turn.best, 2),
            "similarity": round(turn.similarity, 5),
            "rank": None if standing is None else standing.rank,
            "of": None if standing is None else standing.of,
        }
    )


def _row(place: Place) -> dict[str, object]:
    return {
        "rank": place.rank,
        "player": place.player,
        "score": round(place.score, 2),
        "best": round(place.best, 2),
        "turn": place.turn_id,
    }


def _print_podium(places: list[Place], title: str, ranks: dict[str, str]) -> None:
    rows = []
    for place in places:
        numbers = ("–", "–", "–")
        if place.rank is not None:
            numbers = (str(place.rank), f"{place.score:.2f}", f"{place.best:.2f}")
        rows.append((*numbers, place.player, ranks.get(place.turn_id or "", "")))
    right = [(name, "right") for name in ("place", "score", "raw best")]
    print_table([*right, ("player", "fold"), "leaderboard"], rows, title=title)
