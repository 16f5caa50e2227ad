"""The options of a run, written once."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import typer

from paintcam.cli.options import Crop, DatabaseOption, Engine, JsonOption, ModelOption, View
from paintcam.cli.output import say
from paintcam.contest.fair_maximum import WINDOW_S

__all__ = ["RunOptions"]


def _prompt(text: str | None) -> str | None:
    """Draw a prompt if "random" was typed."""
    if text is None or text.strip().lower() != "random":
        return text
    from paintcam.prompts import PromptGenerator

    drawn = next(PromptGenerator())
    say(f"Prompt: {drawn}")
    return drawn


@dataclass(frozen=True)
class RunOptions:
    """The options of `run`, and of the commands that are runs. An annotated field is an option."""

    prompt: Annotated[
        str | None,
        typer.Option(
            "--prompt",
            "-p",
            callback=_prompt,
            help="What the drawing should show, or random. Example: --prompt "
            '"a raccoon on a tractor"',
            show_default=False,
        ),
    ] = None
    source: Annotated[
        str,
        typer.Option(
            "--source",
            "-s",
            envvar="PAINTCAM_SOURCE",
            help="Camera index (see `paintcam cameras`), video file, or RTSP/HTTP URL. Example: "
            "--source rtsp://192.168.1.20/live",
        ),
    ] = "0"
    model: ModelOption = "auto"
    engine: Annotated[
        Engine,
        typer.Option(
            "--engine",
            envvar="PAINTCAM_ENGINE",
            help="Library that runs CLIP. onnx: ONNX Runtime, directly. inference: Roboflow "
            "Inference, which starts slower and can use TensorRT. Example: --engine inference",
        ),
    ] = Engine.ONNX
    provider: Annotated[
        str,
        typer.Option(
            "--provider",
            metavar="NAME",
            envvar="PAINTCAM_PROVIDER",
            help="Hardware for ONNX Runtime: auto (CUDA if it runs, otherwise cpu), cpu, cuda, "
            "coreml, directml, openvino, … `paintcam bench --providers` compares them. Example: "
            "--provider cpu",
        ),
    ] = "auto"
    labels: Annotated[
        list[str],
        typer.Option(
            "--label",
            "-l",
            help="Classify between labels instead of scoring a prompt. Repeat at least twice. "
            'Example: --label "a cat" --label "a dog"',
            show_default=False,
        ),
    ] = field(default_factory=list)
    score_range: Annotated[
        tuple[float, float] | None,
        typer.Option(
            "--range",
            metavar="LOW HIGH",
            help="Similarities that score 0 and 100. Default: the encoder's own range. Example: "
            "--range 0.08 0.48",
            show_default=False,
        ),
    ] = None
    no_guards: Annotated[
        list[str],
        typer.Option(
            "--no-guard",
            metavar="GUARD",
            help="Switch off a guard: handwriting or nsfw. Example: --no-guard handwriting",
            show_default=False,
        ),
    ] = field(default_factory=list)
    crop: Annotated[
        Crop,
        typer.Option(
            "--crop",
            envvar="PAINTCAM_CROP",
            help="auto: find the sheet of paper and judge it alone. off: judge the middle of the "
            "picture. Example: --crop off",
        ),
    ] = Crop.AUTO
    view: Annotated[
        View,
        typer.Option(
            "--view",
            envvar="PAINTCAM_VIEW",
            help="auto: open a window if there is a display. window: fail without one. none: open "
            "no window. Example: --view none",
        ),
    ] = View.AUTO
    record: Annotated[
        Path | None,
        typer.Option(
            "--record",
            metavar="FILE",
            help="Record the annotated picture to an .mp4 or .mkv file. An .mkv survives a crash. "
            "Example: --record talk.mkv",
            show_default=False,
        ),
    ] = None
    json: JsonOption = False
    every_frame: Annotated[
        bool,
        typer.Option(
            "--every-frame",
            help="Score every frame of a file once, in order, as fast as possible. Example: "
            "--source talk.mp4 --every-frame",
        ),
    ] = False
    mirror: Annotated[
        bool,
        typer.Option(
            "--mirror",
            envvar="PAINTCAM_MIRROR",
            help="Mirror the shown picture. The encoder still gets the original. Example: --mirror",
        ),
    ] = False
    fullscreen: Annotated[
        bool,
        typer.Option(
            "--fullscreen",
            envvar="PAINTCAM_FULLSCREEN",
            help="Start in full screen. Example: --fullscreen",
        ),
    ] = False
    display: Annotated[
        int | None,
        typer.Option(
            "--display",
            envvar="PAINTCAM_DISPLAY",
            metavar="N",
            help="Open the window on display N, counted from 0. Example: --fullscreen --display 1",
            show_default=False,
        ),
    ] = None
    width: Annotated[
        int | None,
        typer.Option(
            "--width",
            envvar="PAINTCAM_WIDTH",
            help="Requested width of the camera picture, in pixels. Example: --width 1920",
            show_default=False,
        ),
    ] = None
    height: Annotated[
        int | None,
        typer.Option(
            "--height",
            envvar="PAINTCAM_HEIGHT",
            help="Requested height of the camera picture, in pixels. Example: --height 1080",
            show_default=False,
        ),
    ] = None
    fps: Annotated[
        float | None,
        typer.Option(
            "--fps",
            envvar="PAINTCAM_FPS",
            help="Requested camera frame rate (fps). Example: --fps 60",
            show_default=False,
        ),
    ] = None
    backend: Annotated[
        str | None,
        typer.Option(
            "--backend",
            envvar="PAINTCAM_BACKEND",
            help="OpenCV's capture backend for the camera. Example: --backend DSHOW",
            show_default=False,
        ),
    ] = None
    seconds: Annotated[
        float | None,
        typer.Option(
            "--seconds",
            help="End the run N seconds after the first picture. Example: --seconds 60",
            show_default=False,
        ),
    ] = None
    smoothing: Annotated[
        float,
        typer.Option(
            "--smoothing",
            envvar="PAINTCAM_SMOOTHING",
            help="Smooth the shown score over N seconds. 0 is off. Example: --smoothing 0.5",
        ),
    ] = 0.0
    snapshot: Annotated[
        Path | None,
        typer.Option(
            "--snapshot",
            metavar="DIR",
            envvar="PAINTCAM_SNAPSHOT",
            help="Save the best frame to this folder. Example: --snapshot best",
            show_default=False,
        ),
    ] = None
    player: Annotated[
        str | None,
        typer.Option(
            "--player",
            metavar="NAME",
            help="Player whose best scores go to the leaderboard at once. Example: --player Ada",
            show_default=False,
        ),
    ] = None
    window: Annotated[
        float,
        typer.Option(
            "--window",
            envvar="PAINTCAM_WINDOW",
            help="Rank the highest score that was held for N seconds, so that a brief spike does "
            "not win. 0 ranks the highest single score. Example: --window 1",
        ),
    ] = WINDOW_S
    database: DatabaseOption = None
