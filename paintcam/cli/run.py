"""`paintcam run`: score a live stream."""

from __future__ import annotations

import functools
from typing import Annotated

import typer

from paintcam.cli.build_run import build, conduct
from paintcam.cli.options import (
    BackendOption,
    Crop,
    CropOption,
    DatabaseOption,
    EveryFrameOption,
    FpsOption,
    FullscreenOption,
    HeightOption,
    JsonOption,
    LabelOption,
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
from paintcam.cli.report import print_json
from paintcam.cli.run_options import Notes, RunOptions, check_options, check_prompt
from paintcam.contest.fair_maximum import WINDOW_S

__all__ = ["run"]


def run(
    prompt: PromptOption = None,
    source: SourceOption = "0",
    model: ModelOption = "auto",
    label: LabelOption = None,
    score_range: RangeOption = None,
    no_guard: NoGuardOption = None,
    crop: CropOption = Crop.AUTO,
    view: ViewOption = View.AUTO,
    record: RecordOption = None,
    as_json: JsonOption = False,
    every_frame: EveryFrameOption = False,
    mirror: MirrorOption = False,
    fullscreen: FullscreenOption = False,
    width: WidthOption = None,
    height: HeightOption = None,
    fps: FpsOption = None,
    backend: BackendOption = None,
    seconds: Annotated[
        float | None,
        typer.Option(help="End after so many seconds from the first picture.", show_default=False),
    ] = None,
    smoothing: Annotated[
        float,
        typer.Option(
            envvar="PAINTCAM_SMOOTHING",
            help="Smooth the shown score over so many seconds; 0 is off.",
        ),
    ] = 0.0,
    snapshot: SnapshotOption = None,
    player: Annotated[
        str | None,
        typer.Option(
            help="Who draws: every maximum goes to the leaderboard the moment it rises.",
            show_default=False,
        ),
    ] = None,
    window: WindowOption = WINDOW_S,
    database: DatabaseOption = None,
) -> None:
    """Score a live stream: hold up a drawing, and watch the number.

    Keys in the window: q quit, space freeze, r reset the best, p type a prompt, ? for all of them.
    """
    options = RunOptions(
        prompt=prompt,
        model=model,
        source=source,
        labels=tuple(label or ()),
        score_range=score_range,
        no_guards=tuple(no_guard or ()),
        crop=crop,
        view=view,
        record=record,
        json=as_json,
        every_frame=every_frame,
        mirror=mirror,
        fullscreen=fullscreen,
        width=width,
        height=height,
        fps=fps,
        backend=backend,
        seconds=seconds,
        smoothing=smoothing,
        snapshot=snapshot,
        window=window,
    )
    from paintcam.prompts import PromptGenerator

    following = functools.partial(next, PromptGenerator())
    if player is None:
        loop, report = build(options, next_prompt=following)
        conduct(loop, report, tell=True)
        return
    check_prompt(prompt)
    check_options(options)
    from paintcam.cli.leaderboard import open_leaderboard
    from paintcam.contest.player_run import PlayerShow
    from paintcam.leaderboard import TurnWriter

    with open_leaderboard(database) as leaderboard:
        notes = Notes()
        show = PlayerShow(TurnWriter(leaderboard, notes.say), player, prompt or "", window)
        options.on_judge = show.begin
        try:
            loop, report = build(options, show=show, next_prompt=following)
            state = loop.presenter.state
            notes.to(state.note)
            show.photo = lambda: state.best_picture
            conduct(loop, report, tell=True)
        finally:
            show.close()  # from here on a database may hang
        place = show.standing(leaderboard)
        if place is None:
            return
        turn = place.turn
        if as_json:
            row = {"type": "standing", "player": turn.player, "fair_best": round(turn.score, 2)}
            row |= {"best": round(turn.best, 2), "rank": place.rank, "of": place.of}
            print_json(row)
        else:
            typer.echo(f"Leaderboard: {place} with {turn.score:.2f}")
