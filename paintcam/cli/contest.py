"""`paintcam contest`: players draw the same prompt in turn, and the higher maximum wins."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from paintcam.cli.build_run import build, conduct
from paintcam.cli.leaderboard import open_leaderboard
from paintcam.cli.options import (
    BackendOption,
    Crop,
    CropOption,
    DatabaseOption,
    FpsOption,
    FullscreenOption,
    HeightOption,
    JsonOption,
    MirrorOption,
    ModelOption,
    NoGuardOption,
    PromptOption,
    RangeOption,
    RecordOption,
    SnapshotOption,
    SourceOption,
    View,
    ViewOption,
    WidthOption,
    WindowOption,
)
from paintcam.cli.report import TextReport, print_json
from paintcam.cli.run_options import Notes, RunOptions, check_prompt
from paintcam.contest.fair_maximum import WINDOW_S
from paintcam.errors import UsageError

if TYPE_CHECKING:
    from paintcam.contest import Place, PlayedTurn
    from paintcam.leaderboard import PlayerRank
    from paintcam.sinks.snapshots import Snapshots

__all__ = ["contest"]

_HOLD_S = 4.0


def contest(
    prompt: PromptOption = None,
    player: Annotated[
        list[str] | None,
        typer.Option("--player", help="Who plays, in this order: once for each.", metavar="NAME"),
    ] = None,
    seconds: Annotated[float, typer.Option(help="Length of a turn.")] = 20.0,
    rounds: Annotated[int, typer.Option(help="Turns a player; the best counts.")] = 1,
    window: WindowOption = WINDOW_S,
    hold: Annotated[
        float | None,
        typer.Option(
            metavar="SECONDS",
            help="Go on by itself after so many seconds of title, result and podium. Default: "
            "wait for the space key; without a window, 4.",
            show_default=False,
        ),
    ] = None,
    source: SourceOption = "0",
    model: ModelOption = "auto",
    score_range: RangeOption = None,
    no_guard: NoGuardOption = None,
    crop: CropOption = Crop.AUTO,
    view: ViewOption = View.AUTO,
    record: RecordOption = None,
    as_json: JsonOption = False,
    mirror: MirrorOption = False,
    fullscreen: FullscreenOption = False,
    width: WidthOption = None,
    height: HeightOption = None,
    fps: FpsOption = None,
    backend: BackendOption = None,
    snapshot: SnapshotOption = None,
    database: DatabaseOption = None,
) -> None:
    """Let players draw the same prompt in turn: the higher maximum wins.

    Keys in the window: space start and pause, n next player, b the turn again, s skip, a add a
    player, q end and keep the scores, ? for all of them.
    """
    check_prompt(prompt)
    from paintcam.contest import Contest
    from paintcam.contest.contest_run import ContestShow
    from paintcam.contest.turn_store import TurnKeeping
    from paintcam.folders import forget_last_run
    from paintcam.leaderboard import new_turn_id
    from paintcam.sinks.snapshots import Snapshots

    if hold is not None and not 0 <= hold < float("inf"):
        raise UsageError(f"--hold {hold:g}: give seconds, 0 or more.")
    rules = Contest(player or [], new_turn_id, seconds, rounds, window, hold_s=hold)
    options = RunOptions(
        prompt=prompt,
        model=model,
        source=source,
        score_range=score_range,
        no_guards=tuple(no_guard or ()),
        crop=crop,
        view=view,
        record=record,
        json=as_json,
        mirror=mirror,
        fullscreen=fullscreen,
        width=width,
        height=height,
        fps=fps,
        backend=backend,
    )
    with open_leaderboard(database) as leaderboard:
        photos = Snapshots(snapshot) if snapshot is not None else _own_photos()
        notes = Notes()
        tell = _tell_json if as_json else _tell
        keeping = TurnKeeping(leaderboard, prompt or "", photos, notes.say, tell)
        show = ContestShow(rules, keeping, note=notes.say)
        options.on_judge = keeping.begin
        failed: Exception | None = None
        try:
            loop, report = build(options, show=show)
            if loop.presenter.window is None and rules.hold_s is None:
                rules.hold_s = _HOLD_S
            show.keys = loop.presenter.window is not None
            notes.to(loop.presenter.state.note)
            if isinstance(report, TextReport):
                report.mute()
            try:
                conduct(loop)
            except Exception as error:
                failed = error  # what was played counts: the podium is told before the error
        finally:
            show.close()
            keeping.close()
        if failed is not None and not any(place.rank for place in rules.standings):
            raise failed
        if as_json:
            places = [_row(place) for place in rules.standings]
            print_json({"type": "podium", "places": places})
        else:
            _print_podium(
                rules.standings, f"{prompt} · {loop.presenter.state.model}", keeping.ranks
            )
        if photos is not None and not as_json:
            typer.echo(f"Photo-finishes: {photos.folder}")
        if as_json:  # between turns frames are scored that count for nobody
            report.summary(loop.summary())
        if failed is not None:
            forget_last_run()  # its best is told: the next run need not
            raise failed


def _own_photos() -> Snapshots | None:
    """Photo-finishes go to the pictures folder; none where that cannot be written to."""
    from paintcam.errors import SinkError
    from paintcam.folders import pictures_folder
    from paintcam.sinks.snapshots import Snapshots

    try:
        return Snapshots(pictures_folder())
    except SinkError:
        return None


def _tell(turn: PlayedTurn, standing: PlayerRank | None) -> None:
    place = f", {standing} on the leaderboard" if standing is not None else ""
    typer.echo(f"{turn.player}: {turn.score:.2f} (raw best {turn.best:.2f}){place}")


def _tell_json(turn: PlayedTurn, standing: PlayerRank | None) -> None:
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
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(title=Text(title), title_justify="left")
    for name in ("place", "score", "raw best"):
        table.add_column(name, justify="right")
    table.add_column("player", overflow="fold")
    table.add_column("leaderboard")
    for place in places:
        rank = ranks.get(place.turn_id or "", "")
        if place.rank is None:
            table.add_row("–", "–", "–", Text(place.player), rank)
            continue
        numbers = (str(place.rank), f"{place.score:.2f}", f"{place.best:.2f}")
        table.add_row(*numbers, Text(place.player), rank)
    Console().print(table)
