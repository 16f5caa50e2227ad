"""Options that several commands share."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

__all__ = [
    "BackendOption",
    "Crop",
    "CropOption",
    "DatabaseOption",
    "EveryFrameOption",
    "FpsOption",
    "FullscreenOption",
    "HeightOption",
    "JsonOption",
    "LabelOption",
    "MirrorOption",
    "ModelOption",
    "NoGuardOption",
    "PromptOption",
    "RangeOption",
    "RecordOption",
    "SnapshotOption",
    "SourceOption",
    "View",
    "ViewOption",
    "WidthOption",
    "WindowOption",
]


class Crop(str, Enum):
    """What of the picture is judged."""

    AUTO = "auto"
    OFF = "off"


class View(str, Enum):
    """Where the picture is shown."""

    AUTO = "auto"
    WINDOW = "window"
    NONE = "none"


def _prompt(text: str | None) -> str | None:
    """Draw a prompt where "random" was asked for."""
    if text is None or text.strip().lower() != "random":
        return text
    from paintcam.prompts import PromptGenerator

    drawn = next(PromptGenerator())
    typer.echo(f"paintcam: The prompt is: {drawn}", err=True)
    return drawn


PromptOption = Annotated[
    str | None,
    typer.Option(
        "--prompt",
        "-p",
        callback=_prompt,
        help='What the drawing should show: "a raccoon on a tractor"; or random.',
        show_default=False,
    ),
]
SourceOption = Annotated[
    str,
    typer.Option(
        "--source",
        "-s",
        envvar="PAINTCAM_SOURCE",
        help="Camera index (see `paintcam cameras`), video file, or RTSP/HTTP URL.",
    ),
]
ModelOption = Annotated[
    str,
    typer.Option(
        "--model",
        "-m",
        envvar="PAINTCAM_MODEL",
        help="auto: CLIP where its weights are cached, else the bundled sketch encoder. "
        "Or sketch, clip, clip:VARIANT (see `paintcam models`).",
    ),
]
RangeOption = Annotated[
    tuple[float, float] | None,
    typer.Option(
        "--range",
        metavar="LOW HIGH",
        help="Similarities that score 0 and 100. Default: the encoder's own, CLIP's 0.08 0.48.",
        show_default=False,
    ),
]
ViewOption = Annotated[
    View,
    typer.Option("--view", envvar="PAINTCAM_VIEW", help="auto: a window where there is a screen."),
]
RecordOption = Annotated[
    Path | None,
    typer.Option(
        "--record",
        metavar="FILE",
        help="Record the picture to an .mp4 or .mkv; the .mkv survives a crash.",
        show_default=False,
    ),
]
JsonOption = Annotated[
    bool, typer.Option("--json", help="One JSON object a line on stdout, and nothing else.")
]
EveryFrameOption = Annotated[
    bool,
    typer.Option(
        "--every-frame",
        help="Score every frame of a file once, in order, as fast as it goes.",
    ),
]
LabelOption = Annotated[
    list[str] | None,
    typer.Option(
        "--label",
        "-l",
        help="Tell labels apart instead of scoring a prompt: two or more of this option.",
        show_default=False,
    ),
]
NoGuardOption = Annotated[
    list[str] | None,
    typer.Option(
        "--no-guard",
        metavar="GUARD",
        help="Switch a guard off: handwriting, nsfw.",
        show_default=False,
    ),
]
CropOption = Annotated[
    Crop,
    typer.Option(
        "--crop",
        envvar="PAINTCAM_CROP",
        help="auto: find the sheet of paper and judge it alone.",
    ),
]
DatabaseOption = Annotated[
    str | None,
    typer.Option(
        "--database",
        metavar="URL",
        envvar="PAINTCAM_DATABASE",
        help="Where scores are kept, any SQLAlchemy URL: sqlite:///PATH, postgresql+psycopg://… "
        "Default: an SQLite file in the data folder.",
        show_default=False,
    ),
]
MirrorOption = Annotated[
    bool,
    typer.Option(
        "--mirror",
        envvar="PAINTCAM_MIRROR",
        help="Mirror the picture, never what the encoder sees.",
    ),
]
FullscreenOption = Annotated[
    bool, typer.Option("--fullscreen", envvar="PAINTCAM_FULLSCREEN", help="Fill the screen.")
]
WidthOption = Annotated[
    int | None,
    typer.Option(
        "--width",
        envvar="PAINTCAM_WIDTH",
        help="Wished width of the camera's picture.",
        show_default=False,
    ),
]
HeightOption = Annotated[
    int | None,
    typer.Option(
        "--height",
        envvar="PAINTCAM_HEIGHT",
        help="Wished height of the camera's picture.",
        show_default=False,
    ),
]
FpsOption = Annotated[
    float | None,
    typer.Option(
        "--fps",
        envvar="PAINTCAM_FPS",
        help="Wished frames a second of the camera.",
        show_default=False,
    ),
]
BackendOption = Annotated[
    str | None,
    typer.Option(
        "--backend",
        envvar="PAINTCAM_BACKEND",
        help="OpenCV's capture backend for the camera: V4L2, MSMF, DSHOW …",
        show_default=False,
    ),
]
SnapshotOption = Annotated[
    Path | None,
    typer.Option(
        "--snapshot",
        metavar="DIR",
        envvar="PAINTCAM_SNAPSHOT",
        help="Keep the best frame in this folder.",
        show_default=False,
    ),
]
WindowOption = Annotated[
    float,
    typer.Option(
        "--window",
        envvar="PAINTCAM_WINDOW",
        help="What ranks on the leaderboard is the maximum over a median of so many seconds, so "
        "that a flicker does not win; 0 ranks the raw maximum.",
    ),
]
