"""Cameras and live streams in the form in which Inference's `VideoSource` reads them."""

from __future__ import annotations

import os
from fractions import Fraction
from typing import TYPE_CHECKING, Protocol

from paintcam.errors import SourceError
from paintcam.sources.decoder import decoded, length_of, open_video, picture_of, shape_of_pixels
from paintcam.sources.reference import Reference

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from av import VideoFrame
    from streamvision.camera.entities import SourceProperties

__all__ = ["Camera", "Capture", "NetworkStream", "check_backend", "open_capture", "quiet_backends"]


class Capture(Protocol):
    """What `VideoSource` needs; streamvision calls it a `VideoFrameProducer`."""

    def isOpened(self) -> bool:  # noqa: N802 - VideoSource's name
        """Return whether the source is open."""

    def grab(self) -> bool:
        """Advance to the next frame; blocks until it is there."""

    def retrieve(self) -> tuple[bool, npt.NDArray[np.generic]]:
        """Decode the grabbed frame: BGR uint8 (H, W, 3), or what an unusual camera delivers."""

    def release(self) -> None:
        """Close the device or stream."""

    def connection_error_message(self) -> str:
        """Return nothing: paintcam has its own messages."""

    def initialize_source_properties(self, properties: dict[str, float | str]) -> None:
        """Request a size, rate and format from the camera."""

    def discover_source_properties(self) -> SourceProperties:
        """Return width and height in pixels, fps (0 if unknown), and the number of frames."""


def open_capture(reference: Reference, *, backend: str | None = None) -> Capture:
    """Open a camera or a live stream.

    Args:
        reference: What to open.
        backend: OpenCV's name of a backend; None lets OpenCV choose. One that reads only cameras
            is ignored for streams.

    Returns:
        The capture; it may turn out not to be open.

    Raises:
        SourceError: OpenCV has no backend of that name here, or the stream cannot be opened.
    """
    import cv2

    if reference.kind == "camera" or check_backend(backend) == cv2.CAP_GSTREAMER:
        return Camera(reference, backend=backend)
    return NetworkStream(reference)


class Camera:
    """A camera, or whatever a chosen GStreamer backend reads, through `cv2.VideoCapture`.

    Args:
        reference: What to open.
        backend: OpenCV's name of a backend; None lets OpenCV choose.

    Raises:
        SourceError: OpenCV has no backend of that name here.
    """

    def __init__(self, reference: Reference, *, backend: str | None = None) -> None:
        """Open it; blocks for as long as the driver takes."""
        quiet_backends()
        import cv2

        # the environment variable has no effect once OpenCV is loaded
        cv2.setLogLevel(0)
        self.stream = cv2.VideoCapture(reference.value, check_backend(backend))

    def isOpened(self) -> bool:  # noqa: N802, D102
        return bool(self.stream.isOpened())

    def grab(self) -> bool:  # noqa: D102
        return bool(self.stream.grab())

    def retrieve(self) -> tuple[bool, npt.NDArray[np.generic]]:  # noqa: D102
        ok, image = self.stream.retrieve()
        return bool(ok), image

    def release(self) -> None:  # noqa: D102
        self.stream.release()

    def connection_error_message(self) -> str:  # noqa: D102
        return ""

    def initialize_source_properties(  # noqa: D102
        self, properties: dict[str, float | str]
    ) -> None:
        from streamvision.camera.capture_properties import apply_capture_properties

        apply_capture_properties(self.stream, properties=properties)

    def discover_source_properties(self) -> SourceProperties:  # noqa: D102
        import cv2

        return _properties(
            int(self.stream.get(cv2.CAP_PROP_FRAME_WIDTH)),
            int(self.stream.get(cv2.CAP_PROP_FRAME_HEIGHT)),
            float(self.stream.get(cv2.CAP_PROP_FPS)),
        )


class NetworkStream:
    """A live stream through FFmpeg: every picture has the size that it was sent with.

    OpenCV keeps the size of the first picture. A phone that is turned would freeze it.

    Args:
        reference: A stream.

    Raises:
        SourceError: It cannot be opened.
    """

    def __init__(self, reference: Reference) -> None:
        """Connect; blocks for `TIMEOUT_S` at most."""
        self._container, self._stream = open_video(reference)
        self._frames = (
            frame for _, frames in decoded(self._container, self._stream) for frame in frames
        )
        self._frame: VideoFrame | None = None
        self._open = True

    def isOpened(self) -> bool:  # noqa: N802, D102
        return self._open

    def grab(self) -> bool:  # noqa: D102
        self._frame = next(self._frames, None)
        return self._frame is not None

    def retrieve(self) -> tuple[bool, npt.NDArray[np.generic]]:  # noqa: D102
        import numpy as np

        nothing = np.zeros((0, 0, 3), np.uint8)
        if self._frame is None:
            return False, nothing
        try:
            return True, picture_of(self._frame, shape_of_pixels(self._stream))
        except (SourceError, ValueError, MemoryError):
            return True, nothing  # one odd picture is skipped; the stream continues

    def release(self) -> None:  # noqa: D102
        self._open = False
        self._frames.close()
        self._container.close()

    def connection_error_message(self) -> str:  # noqa: D102
        return ""

    def initialize_source_properties(self, properties: dict[str, float | str]) -> None:
        """Ignore requests: a stream takes none."""

    def discover_source_properties(self) -> SourceProperties:  # noqa: D102
        context = self._stream.codec_context
        rate = float(self._stream.average_rate or Fraction(0))
        # a stream whose length is known before it is read is a clip; a camera's still picture is
        # requested repeatedly
        format_name = self._container.format.name
        ends = format_name not in ("rtsp", "image2") and not format_name.endswith("_pipe")
        frames = 1 if ends and length_of(self._container, self._stream) else -1
        return _properties(context.width, context.height, rate, frames)


def _properties(width: int, height: int, fps: float, total_frames: int = -1) -> SourceProperties:
    from streamvision.camera.entities import SourceProperties

    return SourceProperties(
        width=width, height=height, total_frames=total_frames, is_file=False, fps=fps
    )


def check_backend(backend: str | None) -> int:
    """Return OpenCV's number of a backend; not every `cv2.CAP_` name is a backend.

    Raises:
        SourceError: OpenCV has no backend of that name here.
    """
    import cv2
    from cv2 import videoio_registry as registry

    known = {registry.getBackendName(api): int(api) for api in registry.getBackends()}
    api = {"ANY": int(cv2.CAP_ANY), **known}.get((backend or "ANY").upper())
    if api is None:
        cameras = ", ".join(registry.getBackendName(a) for a in registry.getCameraBackends())
        raise SourceError(
            f"OpenCV has no backend {backend!r} on this machine.",
            fix=f"Omit the backend, or use one of {cameras}.",
            parameter="backend",
        )
    return api


def quiet_backends() -> None:
    """Keep OpenCV's and FFmpeg's own log off the terminal: FFmpeg prints URLs with passwords.

    Works only before the process opens its first capture.
    """
    os.environ["OPENCV_FFMPEG_LOGLEVEL"] = "-8"
    os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")
    # without it Media Foundation takes half a minute to open some cameras
    os.environ.setdefault("OPENCV_VIDEOIO_MSMF_ENABLE_HW_TRANSFORMS", "0")
