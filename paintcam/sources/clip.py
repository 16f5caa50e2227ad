"""A video file: every frame once, in order, at its own presentation time."""

from __future__ import annotations

from collections.abc import Iterator
from types import TracebackType
from typing import TYPE_CHECKING

from paintcam.errors import SourceError
from paintcam.frames import Image
from paintcam.sources.decoder import decoded, length_of, open_video, picture_of, shape_of_pixels
from paintcam.sources.reference import Reference

if TYPE_CHECKING:
    from av import VideoFrame

__all__ = ["Clip"]

LONGEST_GAP_S = 60.0
"""A longer pause between two frames is a damaged timestamp if the file's length is unknown."""
SHORTEST_FRAME_S = 0.005
"""A last frame that is shorter than this has no real duration: browsers write 1 ms."""


class Clip:
    """Decodes a video file or a clip behind a URL. A context manager.

    Timestamps decide when a frame is shown, not a frame rate: files from browsers and phones have
    a variable one, and headers claim 1,000 fps.

    Args:
        reference: A file.

    Attributes:
        fps: Nominal frame rate; 0 if it is unknown.
        end_s: When the newest decoded frame ends, seconds from the first one.
        endless: It is a live stream with the name of a file: it has no duration, and the server
            gives no length.

    Raises:
        SourceError: It cannot be opened.
    """

    def __init__(self, reference: Reference) -> None:
        self._reference = reference
        self._container, self._stream = open_video(reference)
        self.fps = float(self._stream.average_rate or 0)
        self.end_s = 0.0
        self._pixel_aspect = shape_of_pixels(self._stream)
        self._step_s = 1 / self.fps if 1 / 60 <= self.fps <= 1000 else 1 / 30
        self._length_s = length_of(self._container, self._stream)
        self.endless = reference.remote and self._length_s is None and self._container.size <= 0

    def __enter__(self) -> Clip:
        """Return itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the file."""
        self._container.close()

    def picture(self, frame: VideoFrame) -> Image | None:
        """Convert a decoded frame to BGR uint8 (H, W, 3); None if it is no picture."""
        try:
            return picture_of(frame, self._pixel_aspect)
        except (SourceError, ValueError, MemoryError):
            return None  # one odd frame does not end the run

    def frames(self) -> Iterator[tuple[VideoFrame, float]]:
        """Decode the frames in order.

        Yields:
            A frame and its time, in seconds from the first frame; the times increase strictly.
        """
        start_s = None
        shift_s = 0.0
        last_s = -1.0
        for frame, duration_s in self._decoded():
            next_s = last_s + self._step_s if last_s >= 0 else 0.0
            if frame.time is None:
                time_s = next_s
            else:
                start_s = frame.time if start_s is None else start_s
                time_s = frame.time - start_s + shift_s
                if time_s <= last_s or self._too_far(time_s, last_s):
                    shift_s += next_s - time_s
                    time_s = next_s
            gap_s = time_s - last_s if last_s >= 0 else self._step_s
            last_s = time_s
            self.end_s = time_s + (duration_s if duration_s > SHORTEST_FRAME_S else gap_s)
            yield frame, time_s

    def _too_far(self, time_s: float, last_s: float) -> bool:
        if self._length_s is not None:
            return time_s > self._length_s + LONGEST_GAP_S
        return last_s >= 0 and time_s - last_s > LONGEST_GAP_S

    def _decoded(self) -> Iterator[tuple[VideoFrame, float]]:
        """Yield frames with their duration in seconds; 0 if the file gives none."""
        durations: dict[int, int] = {}
        for packet, frames in decoded(self._container, self._stream):
            if packet.pts is not None and packet.duration:
                durations[packet.pts] = packet.duration
            for frame in frames:
                duration = durations.pop(frame.pts, 0) if frame.pts is not None else 0
                yield frame, float(duration * (self._stream.time_base or 0))
