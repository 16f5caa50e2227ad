"""paintcam: hold a drawing up to a webcam, and CLIP scores it live against a prompt.

The names below load what they need when they are first used, so `import paintcam` is fast.
"""

# importing `typing` takes longer than starting Python, and Ctrl-C must work by then
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from paintcam.encoders import load_encoder
    from paintcam.encoders.base import Embeddings, Encoder, EncoderInfo, unit_rows
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
    from paintcam.frames import Frame, FrameSink, FrameSource, Image, SourceState, to_bgr
    from paintcam.judge.judge import Judge
    from paintcam.judge.make import Pictures, make_judge
    from paintcam.judge.verdict import Verdict, score_of
    from paintcam.overlay import Hud, Overlay
    from paintcam.run.every_frame import EveryFrame
    from paintcam.run.hooks import Listener, Show
    from paintcam.run.live import Live, Summary
    from paintcam.run.presenter import Presenter, Stage
    from paintcam.run.session import Session, Standing
    from paintcam.run.shortcuts import Watch, score, watch
    from paintcam.sinks.video_file import VideoFile
    from paintcam.sinks.window import Window
    from paintcam.sources.pictures import find_pictures, read_picture
    from paintcam.sources.stream import VideoStream, open_stream

__version__ = "0.1.0"

_HOMES = {
    "DisplayError": "errors",
    "Embeddings": "encoders.base",
    "Encoder": "encoders.base",
    "EncoderInfo": "encoders.base",
    "EveryFrame": "run.every_frame",
    "Frame": "frames",
    "FrameSink": "frames",
    "FrameSource": "frames",
    "Hud": "overlay",
    "Image": "frames",
    "Judge": "judge.judge",
    "LeaderboardError": "errors",
    "Listener": "run.hooks",
    "Live": "run.live",
    "ModelError": "errors",
    "Overlay": "overlay",
    "PaintcamError": "errors",
    "Pictures": "judge.make",
    "Presenter": "run.presenter",
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
    "Verdict": "judge.verdict",
    "VideoFile": "sinks.video_file",
    "VideoStream": "sources.stream",
    "Watch": "run.shortcuts",
    "Window": "sinks.window",
    "find_pictures": "sources.pictures",
    "load_encoder": "encoders",
    "make_judge": "judge.make",
    "open_stream": "sources.stream",
    "read_picture": "sources.pictures",
    "score": "run.shortcuts",
    "score_of": "judge.verdict",
    "to_bgr": "frames",
    "unit_rows": "encoders.base",
    "watch": "run.shortcuts",
}

__all__ = [
    "DisplayError",
    "Embeddings",
    "Encoder",
    "EncoderInfo",
    "EveryFrame",
    "Frame",
    "FrameSink",
    "FrameSource",
    "Hud",
    "Image",
    "Judge",
    "LeaderboardError",
    "Listener",
    "Live",
    "ModelError",
    "Overlay",
    "PaintcamError",
    "Pictures",
    "Presenter",
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
    "Watch",
    "Window",
    "__version__",
    "find_pictures",
    "load_encoder",
    "make_judge",
    "open_stream",
    "read_picture",
    "score",
    "score_of",
    "to_bgr",
    "unit_rows",
    "watch",
]


def __getattr__(name: str) -> "Any":  # noqa: ANN401 - whatever the name stands for
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'paintcam' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"paintcam.{home}"), name)
