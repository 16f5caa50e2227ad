"""MPEG-4 video in an .mp4 or .mkv file, written by FFmpeg into a file that is already open."""

from __future__ import annotations

from fractions import Fraction
from io import FileIO
from typing import TYPE_CHECKING

import numpy as np

from paintcam.frames import Image

if TYPE_CHECKING:
    from av import VideoFrame

__all__ = ["CONTAINERS", "VideoEncoder", "fit"]

CONTAINERS = {".mp4": "mp4", ".mkv": "matroska"}
# The part already written stays readable if the process is killed or the disk is full.
_OPTIONS = {
    "mp4": {"movflags": "hybrid_fragmented", "frag_duration": "500000"},  # µs
    "matroska": {"cluster_time_limit": "300"},  # ms
}
TICKS = 10_000
"""Times are rounded to this part of a second; MPEG-4 allows up to 65,535."""
LEAST_QUANTIZER = "3"  # OpenCV's: finer steps only make the file larger
MOST_BITS = 1_000_000_000


class VideoEncoder:
    """Encodes pictures of one size.

    Args:
        file: Where to; closed by the caller.
        container: "mp4" or "matroska".
        fps: Nominal frame rate.
        size_wh: Width and height in pixels, both even.
        exact: Whether every picture lasts 1 / `fps`; otherwise each one has its own time.

    Raises:
        OSError: The file cannot be written.
    """

    def __init__(
        self,
        file: FileIO,
        container: str,
        *,
        fps: float,
        size_wh: tuple[int, int],
        exact: bool,
    ) -> None:
        import av

        rate = Fraction(fps).limit_denominator(1001)
        self._unit = 1 / rate if exact else Fraction(1, TICKS)
        self._container = av.open(
            file, "w", format=container, options={"flush_packets": "1", **_OPTIONS[container]}
        )
        self._stream = self._container.add_stream("mpeg4", rate=rate)
        self._stream.width, self._stream.height = size_wh
        self._stream.pix_fmt = "yuv420p"
        context = self._stream.codec_context
        context.time_base = self._unit
        context.bit_rate = MOST_BITS
        context.thread_count = 1  # a second thread costs a loaded machine more than it gains
        self._stream.options = {"qmin": LEAST_QUANTIZER}
        self._frame: VideoFrame
        self._last = -1

    def show(self, image: Image) -> None:
        """Take BGR uint8 (H, W, 3) of the right size as the picture for the next `write`."""
        import av
        import cv2

        planes = cv2.cvtColor(image, cv2.COLOR_BGR2YUV_I420)
        self._frame = av.VideoFrame.from_ndarray(planes, format="yuv420p")

    def write(self, time_s: float) -> None:
        """Write the picture at a time from the start; times that do not increase are moved."""
        self._last = max(self._last + 1, round(time_s / self._unit))
        self._frame.pts = self._last
        self._frame.time_base = self._unit
        self._container.mux(self._stream.encode(self._frame))

    def close(self) -> None:
        """Write the end of the file. A disk that is full takes none; the file plays without it.

        Raises:
            OSError: It cannot be written.
        """
        try:
            self._container.mux(self._stream.encode())
        finally:
            self._container.close()


def fit(image: Image, size_wh: tuple[int, int]) -> Image:
    """Fit a picture into a recording's size: a reconnected source may have another one.

    Args:
        image: BGR uint8 (H, W, 3).
        size_wh: Width and height in pixels.

    Returns:
        BGR uint8 of that size, with black bars if the shape differs.
    """
    import cv2

    width, height = size_wh
    if image.shape[:2] == (height, width):
        return image
    fitted = np.zeros((height, width, 3), np.uint8)
    scale = min(width / image.shape[1], height / image.shape[0])
    if abs(height - image.shape[0]) <= 1 and abs(width - image.shape[1]) <= 1:
        scale = 1.0  # an odd side: a black line, not a blurred picture
    if scale != 1.0:
        wh = max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale))
        image = cv2.resize(image, wh, interpolation=cv2.INTER_AREA).astype(np.uint8)
    top, left = (height - image.shape[0]) // 2, (width - image.shape[1]) // 2
    fitted[top : top + image.shape[0], left : left + image.shape[1]] = image
    return fitted
