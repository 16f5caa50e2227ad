"""`paintcam run`: score a live stream."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from paintcam.cli.options import (
    EveryFrameOption,
    JsonOption,
    ModelOption,
    PromptOption,
    RangeOption,
    RecordOption,
    SourceOption,
    View,
    ViewOption,
)
from paintcam.cli.wiring import RunOptions, build, conduct

__all__ = ["run"]


def run(
    prompt: PromptOption = None,
    source: SourceOption = "0",
    model: ModelOption = "auto",
    score_range: RangeOption = None,
    view: ViewOption = View.AUTO,
    record: RecordOption = None,
    as_json: JsonOption = False,
    every_frame: EveryFrameOption = False,
    mirror: Annotated[
        bool,
        typer.Option(
            "--mirror",
            envvar="PAINTCAM_MIRROR",
            help="Mirror the picture, never what the encoder sees.",
        ),
    ] = False,
    fullscreen: Annotated[
        bool, typer.Option("--fullscreen", envvar="PAINTCAM_FULLSCREEN", help="Fill the screen.")
    ] = False,
    width: Annotated[
        int | None,
        typer.Option(
            envvar="PAINTCAM_WIDTH",
            help="Wished width of the camera's picture.",
            show_default=False,
        ),
    ] = None,
    height: Annotated[
        int | None,
        typer.Option(
            envvar="PAINTCAM_HEIGHT",
            help="Wished height of the camera's picture.",
            show_default=False,
        ),
    ] = None,
    fps: Annotated[
        float | None,
        typer.Option(
            envvar="PAINTCAM_FPS", help="Wished frames a second of the camera.", show_default=False
        ),
    ] = None,
    backend: Annotated[
        str | None,
        typer.Option(
            envvar="PAINTCAM_BACKEND",
            help="OpenCV's capture backend: V4L2, MSMF, DSHOW …",
            show_default=False,
        ),
    ] = None,
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
    snapshot: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            envvar="PAINTCAM_SNAPSHOT",
            help="Keep the best frame in this folder.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Score a live stream: hold up a drawing, and watch the number.

    Keys in the window: q quit, space freeze, r reset the best, p type a prompt, ? for all of them.
    """
    options = RunOptions(
        prompt=prompt,
        model=model,
        source=source,
        score_range=score_range,
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
    )
    loop, report = build(options)
    summary = conduct(loop)
    report.summary(summary)
