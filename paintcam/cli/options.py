"""Options that several commands share."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

__all__ = [
    "DatabaseOption",
    "EveryFrameOption",
    "JsonOption",
    "ModelOption",
    "PromptOption",
    "RangeOption",
    "RecordOption",
    "SourceOption",
    "View",
    "ViewOption",
]


class View(str, Enum):
    """Where the picture is shown."""

    AUTO = "auto"
    WINDOW = "window"
    NONE = "none"


PromptOption = Annotated[
    str | None,
    typer.Option(
        "--prompt",
        "-p",
        help='What the drawing should show: "a raccoon on a tractor".',
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
