"""The shortest way from Python: score one picture, or watch a stream."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

import numpy as np

from paintcam.errors import PaintcamError
from paintcam.frames import Frame, Image, SourceState, to_bgr
from paintcam.judge.judge import Judge
from paintcam.judge.verdict import Verdict

if TYPE_CHECKING:
    from paintcam.encoders.base import Encoder
    from paintcam.judge.make import Pictures
    from paintcam.sources.stream import VideoStream

__all__ = ["Watch", "score", "watch"]

WAIT_S = 0.25
"""How long one read waits: Ctrl-C and `close` are noticed this soon."""


@lru_cache(maxsize=1)
def _encoder(model: str) -> Encoder:
    from paintcam.encoders import load_encoder

    return load_encoder(model)


@lru_cache(maxsize=8)
def _picture_judge(prompt: str, model: str) -> Judge:
    from paintcam.judge.make import make_judge

    return make_judge(_encoder(model), prompt, pictures="stills")


def score(picture: str | Path | Image, prompt: str, *, model: str = "auto") -> Verdict:
    """Score one picture against a prompt.

    The encoder and the latest prompts stay loaded, so that a loop over pictures pays once.
    Call it from one thread at a time.

    Args:
        picture: A picture file, or pixels: BGR uint8 (H, W, 3), also grey or BGRA.
        prompt: What the drawing should show.
        model: "auto" (CLIP if its weights are installed, otherwise "sketch"), "sketch", "clip"
            or "clip:VARIANT".

    Returns:
        The verdict: `score` is 0…100, `similarity` the cosine, −1…1.

    Raises:
        SourceError: Not a picture, damaged, or not readable.
        PromptError: The prompt is blank, too long for the encoder, or refused by a guard.
        ModelError: No such model, or its weights are missing or damaged.
        PaintcamError: The encoder returned no usable embedding for this picture.

    Example:
        >>> import paintcam
        >>> verdict = paintcam.score("drawing.png", "a house", model="sketch")
        >>> 0 <= verdict.score <= 100
        True
    """
    from paintcam.sources.pictures import read_picture

    if isinstance(picture, np.ndarray):
        frame = Frame(to_bgr(picture), 0, 0.0, 0.0)
    else:
        frame = read_picture(Path(picture))
    verdicts = _picture_judge(prompt, model).judge([frame])
    if not verdicts:
        raise PaintcamError(
            "The encoder returned no usable embedding for this picture.",
            fix="Pass a picture with something drawn on it.",
        )
    return verdicts[0]


class Watch(Iterator[tuple[Frame, Verdict]]):
    """Frames of a stream with their verdicts, made by `watch`.

    An iterator and a context manager; `close`, leaving the `with` block and the end of the stream
    release the camera.

    Args:
        stream: Open or opening; closed at the end.
        judge: Judges each frame in the caller's thread.

    Example:
        >>> import paintcam
        >>> with paintcam.watch("a house", "video.mp4", model="sketch") as verdicts:
        ...     frame, verdict = next(verdicts)
        >>> frame.index
        0
    """

    def __init__(self, stream: VideoStream, judge: Judge) -> None:
        self._stream = stream
        self._judge = judge

    def __iter__(self) -> Watch:
        return self

    def __next__(self) -> tuple[Frame, Verdict]:
        try:
            while True:
                # Asked before reading: it may end, or fail, right after a read timed out.
                ended = self._stream.state is SourceState.ENDED
                frame = self._stream.read(WAIT_S)
                if frame is not None:
                    verdicts = self._judge.judge([frame])
                    if verdicts:
                        return frame, verdicts[0]
                elif ended:
                    raise StopIteration
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Watch:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Release the camera or file. May be called twice."""
        self._stream.close()


def watch(prompt: str, source: int | str | Path = 0, *, model: str = "auto") -> Watch:
    """Score a webcam, a stream or a video, frame by frame.

    Of a live source each step takes the newest frame and drops those that arrived meanwhile. A file
    gives every frame once, in order.

    Args:
        prompt: What the drawing should show.
        source: Camera index, video file, or RTSP/HTTP URL.
        model: As for `score`.

    Returns:
        An iterator of (frame, verdict) that is a context manager, too. A frame without a usable
        embedding is left out.

    Raises:
        SourceError: The source cannot be opened; a camera's failure is raised by the first step.
        PromptError: The prompt is blank, too long for the encoder, or refused by a guard.
        ModelError: No such model, or its weights are missing or damaged.

    Example:
        >>> import paintcam
        >>> with paintcam.watch("a house", "video.mp4", model="sketch") as verdicts:
        ...     best = max(verdict.score for frame, verdict in verdicts)
        >>> 0 <= best <= 100
        True
    """
    from paintcam.encoders import load_encoder
    from paintcam.judge.make import make_judge
    from paintcam.sources.reference import Reference
    from paintcam.sources.stream import open_stream

    is_file = Reference.parse(str(source)).kind == "file"
    stream = open_stream(str(source), every_frame=is_file)
    try:
        pictures: Pictures = "video" if is_file else "live"
        judge = make_judge(load_encoder(model), prompt, pictures=pictures)
    except BaseException:
        stream.close()
        raise
    return Watch(stream, judge)
