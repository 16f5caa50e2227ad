"""Frames, and the protocols of what delivers and what receives them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any, Protocol, TypeAlias, runtime_checkable

import numpy as np
import numpy.typing as npt

from paintcam.errors import SourceError

__all__ = [
    "Frame",
    "FrameSink",
    "FrameSource",
    "Image",
    "SourceState",
    "TimedSink",
    "to_bgr",
    "write_at",
]

Image: TypeAlias = npt.NDArray[np.uint8]
"""A BGR picture, uint8, shape (H, W, 3).

Example:
    >>> import numpy as np
    >>> red = np.full((480, 640, 3), (0, 0, 255), np.uint8)  # an Image
"""


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture of a stream.

    Attributes:
        image: BGR uint8, (H, W, 3). Read-only, because the scorer may be reading it.
        index: 0 for the first frame of the run; continues across reconnections.
        captured_at: Seconds, on one clock within a run: when a live frame was received, or when a
            frame of a file that is played was due (monotonic clock); `time_s` if a file is
            read frame by frame, so that nothing depends on the machine's speed.
        time_s: Position in seconds: the presentation time in a file, or the time since the first
            frame of a live stream.

    Example:
        >>> import numpy as np
        >>> from paintcam import Frame
        >>> frame = Frame(np.zeros((480, 640, 3), np.uint8), index=0, captured_at=0.0, time_s=0.0)
        >>> frame.image.shape
        (480, 640, 3)
    """

    image: Image
    index: int
    captured_at: float
    time_s: float


class SourceState(str, Enum):
    """The state of a source.

    Example:
        >>> from paintcam import SourceState
        >>> SourceState("live") is SourceState.LIVE
        True
    """

    OPENING = "opening"
    LIVE = "live"
    RECONNECTING = "reconnecting"
    ENDED = "ended"


class FrameSource(Protocol):
    """Anything that delivers frames. `read` is called from one thread, the others from any.

    Example:
        >>> import paintcam
        >>> source = paintcam.open_stream("video.mp4", every_frame=True)  # a FrameSource
        >>> source.read(timeout_s=10).index
        0
        >>> source.close()
    """

    @property
    def state(self) -> SourceState:
        """The current state of the source."""

    @property
    def fps(self) -> float:
        """Nominal frame rate for recordings; 30 if it is unknown."""

    def read(self, timeout_s: float) -> Frame | None:
        """Return the newest frame that was not returned before (of a file: the one that is due).

        Args:
            timeout_s: How long to wait for it.

        Returns:
            The frame, or None if none arrived in time or the source has ended.

        Raises:
            SourceError: The source never opened.
        """

    def close(self) -> None:
        """Release the camera or file. May be called twice."""


class FrameSink(Protocol):
    """Anything that receives finished pictures.

    Example:
        >>> class Counter:  # a FrameSink
        ...     pictures = 0
        ...
        ...     def write(self, image):
        ...         self.pictures += 1
        ...
        ...     def close(self):
        ...         print(self.pictures, "pictures")
        >>> sink = Counter()
        >>> sink.write(None)
        >>> sink.close()
        1 pictures
    """

    def write(self, image: Image) -> None:
        """Take one BGR uint8 (H, W, 3) picture.

        Raises:
            SinkError: It cannot be written.
        """

    def close(self) -> None:
        """Finish what was written. May be called twice."""


@runtime_checkable
class TimedSink(FrameSink, Protocol):
    """A sink that keeps the time of each picture, so that it plays at the speed of its source."""

    def write_at(self, image: Image, time_s: float) -> None:
        """Take one BGR uint8 (H, W, 3) picture that belongs to this time of its source.

        Raises:
            SinkError: It cannot be written.
        """


_PASS_BGR = "Pass BGR pixels of type uint8 and shape (H, W, 3)."


def write_at(sink: FrameSink, image: Image, time_s: float) -> None:
    """Write a picture to a sink, with its time if the sink keeps times.

    Args:
        sink: Where to.
        image: BGR uint8 (H, W, 3).
        time_s: The picture's time in its source, in seconds.

    Raises:
        SinkError: It cannot be written.
    """
    if isinstance(sink, TimedSink):
        sink.write_at(image, time_s)
    else:
        sink.write(image)


def to_bgr(image: npt.NDArray[Any]) -> Image:
    """Make any decoded picture BGR uint8.

    Args:
        image: Grey (H, W), (H, W, 1), BGR (H, W, 3) or BGRA (H, W, 4); uint8, uint16 or float in
            0…1. Alpha is laid on white paper.

    Returns:
        BGR uint8 (H, W, 3); the same array if it already is.

    Raises:
        SourceError: No picture, or a shape or dtype that is none of the above.

    Example:
        >>> import numpy as np
        >>> from paintcam import to_bgr
        >>> to_bgr(np.zeros((480, 640), np.uint8)).shape
        (480, 640, 3)
    """
    if image.size == 0 or image.ndim not in (2, 3):
        raise SourceError(f"Not a picture: an array of shape {image.shape}.", fix=_PASS_BGR)
    pixels = image
    if pixels.dtype == np.uint16:
        pixels = (pixels >> 8).astype(np.uint8)
    elif pixels.dtype.kind == "f":
        pixels = (np.nan_to_num(pixels).clip(0, 1) * 255).astype(np.uint8)
    elif pixels.dtype == np.bool_:
        pixels = pixels.astype(np.uint8) * 255
    elif pixels.dtype != np.uint8:
        raise SourceError(f"Not a picture: pixels of type {image.dtype}.", fix=_PASS_BGR)
    if pixels.ndim == 2:
        pixels = pixels[:, :, None]
    channels = pixels.shape[2]
    if channels == 1:
        return np.ascontiguousarray(np.repeat(pixels, 3, axis=2), dtype=np.uint8)
    if channels == 3:
        return np.ascontiguousarray(pixels, dtype=np.uint8)
    if channels == 4:
        alpha = pixels[:, :, 3:].astype(np.float32) / 255
        laid: Image = (pixels[:, :, :3] * alpha + 255 * (1 - alpha)).round().astype(np.uint8)
        return laid
    raise SourceError(f"Not a picture: {channels} channels, not 1, 3 or 4.", fix=_PASS_BGR)
