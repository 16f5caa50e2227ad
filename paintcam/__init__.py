"""paintcam: hold a drawing to a webcam, and CLIP scores it live against a prompt.

The names below load what they need when they are first used: `import paintcam` alone is free.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from paintcam.encoders import load_encoder
    from paintcam.encoders.base import Encoder
    from paintcam.errors import (
        DisplayError,
        LeaderboardError,
        ModelError,
        PaintcamError,
        PromptError,
        SinkError,
        SourceError,
        UsageError,
    )
    from paintcam.frames import Frame, FrameSink, FrameSource, SourceState
    from paintcam.judge.judge import Judge, Verdict, score_of
    from paintcam.judge.make import make_judge
    from paintcam.overlay import Hud, Overlay
    from paintcam.run.every_frame import EveryFrame
    from paintcam.run.hooks import Show
    from paintcam.run.live import Live, Summary
    from paintcam.run.presenter import Stage
    from paintcam.run.session import Session, Standing
    from paintcam.sinks.video_file import VideoFile
    from paintcam.sinks.window import Window
    from paintcam.sources.pictures import read_picture
    from paintcam.sources.stream import VideoStream, open_stream

__version__ = "0.1.0"

_HOMES = {
    "DisplayError": "errors",
    "Encoder": "encoders",
    "EveryFrame": "run.every_frame",
    "Frame": "frames",
    "FrameSink": "frames",
    "FrameSource": "frames",
    "Hud": "overlay",
    "Judge": "judge.judge",
    "LeaderboardError": "errors",
    "Live": "run.live",
    "ModelError": "errors",
    "Overlay": "overlay",
    "PaintcamError": "errors",
    "PromptError": "errors",
    "Session": "run.session",
    "Show": "run.hooks",
    "SinkError": "errors",
    "SourceError": "errors",
    "SourceState": "frames",
    "Stage": "run.presenter",
    "Standing": "run.session",
    "Summary": "run.live",
    "UsageError": "errors",
    "Verdict": "judge.judge",
    "VideoFile": "sinks.video_file",
    "VideoStream": "sources.stream",
    "Window": "sinks.window",
    "load_encoder": "encoders",
    "make_judge": "judge.make",
    "open_stream": "sources.stream",
    "read_picture": "sources.pictures",
    "score_of": "judge.judge",
}

__all__ = [
    "DisplayError",
    "Encoder",
    "EveryFrame",
    "Frame",
    "FrameSink",
    "FrameSource",
    "Hud",
    "Judge",
    "LeaderboardError",
    "Live",
    "ModelError",
    "Overlay",
    "PaintcamError",
    "PromptError",
    "Session",
    "Show",
    "SinkError",
    "SourceError",
    "SourceState",
    "Stage",
    "Standing",
    "Summary",
    "UsageError",
    "Verdict",
    "VideoFile",
    "VideoStream",
    "Window",
    "__version__",
    "load_encoder",
    "make_judge",
    "open_stream",
    "read_picture",
    "score_of",
]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - whatever the name stands for
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'paintcam' has no attribute {name!r}")
    return getattr(import_module(f"paintcam.{home}"), name)
