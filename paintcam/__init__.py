"""paintcam: hold a drawing to a webcam, and CLIP scores it live against a prompt.

The names below load what they need when they are first used: `import paintcam` alone is free.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from paintcam.encoders import Encoder, load_encoder
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
    from paintcam.every_frame import EveryFrame
    from paintcam.frames import Frame, FrameSink, FrameSource, SourceState
    from paintcam.judge import Judge, Verdict, score_of
    from paintcam.judging import make_judge
    from paintcam.live import Live, Summary
    from paintcam.overlay import Hud, Overlay
    from paintcam.recording import VideoFile
    from paintcam.session import Session, Standing
    from paintcam.show import Show
    from paintcam.sinks import Window
    from paintcam.sources import VideoStream, open_stream
    from paintcam.stage import Stage
    from paintcam.stills import read_picture

__version__ = "0.1.0"

_HOMES = {
    "DisplayError": "errors",
    "Encoder": "encoders",
    "EveryFrame": "every_frame",
    "Frame": "frames",
    "FrameSink": "frames",
    "FrameSource": "frames",
    "Hud": "overlay",
    "Judge": "judge",
    "LeaderboardError": "errors",
    "Live": "live",
    "ModelError": "errors",
    "Overlay": "overlay",
    "PaintcamError": "errors",
    "PromptError": "errors",
    "Session": "session",
    "Show": "show",
    "SinkError": "errors",
    "SourceError": "errors",
    "SourceState": "frames",
    "Stage": "stage",
    "Standing": "session",
    "Summary": "live",
    "UsageError": "errors",
    "Verdict": "judge",
    "VideoFile": "recording",
    "VideoStream": "sources",
    "Window": "sinks",
    "load_encoder": "encoders",
    "make_judge": "judging",
    "open_stream": "sources",
    "read_picture": "stills",
    "score_of": "judge",
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
