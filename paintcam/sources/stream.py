"""Where frames come from: a webcam or live stream by Inference's `VideoSource`, or a file."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from paintcam.errors import SourceError
from paintcam.frames import Frame, SourceState
from paintcam.sources import capture
from paintcam.sources.clip import Clip
from paintcam.sources.live import LiveConnection
from paintcam.sources.reference import Reference
from paintcam.sources.slot import FrameSlot

__all__ = ["VideoStream", "open_stream"]

FIRST_FRAME_S = 12.0
"""How long an opened camera may take to its first picture (USB cameras behind hubs need 5 s)."""
STALL_S = 3.0
BACKOFF_S = (0.25, 0.5, 1.0, 2.0)
DEFAULT_FPS = 30.0


class VideoStream:
    """A webcam, stream or file, opened and read off the caller's thread.

    Live sources give the newest frame and reconnect indefinitely. A file is played by its own
    timestamps: a reader that is late misses frames, and the file stands still while nobody reads.

    Args:
        reference: What to open.
        every_frame: Drop nothing and do not pace; the clock plays no part.
        properties: Requests to a camera, OpenCV's `CAP_PROP_` names in lower case: `frame_width`,
            `frame_height`, `fps`, `fourcc`. What the camera does not support is ignored.
        backend: OpenCV's name of a camera backend ("V4L2", "DSHOW"); None lets it choose.
        open_capture: Makes the producer that `VideoSource` reads; for tests and unusual hardware.

    Example:
        >>> import paintcam
        >>> stream = paintcam.open_stream("video.mp4")
        >>> stream.live
        False
        >>> stream.close()
    """

    def __init__(
        self,
        reference: Reference,
        *,
        every_frame: bool = False,
        properties: Mapping[str, float | str] | None = None,
        backend: str | None = None,
        open_capture: Callable[[], Any] | None = None,
    ) -> None:
        """Start opening the source in the background; returns at once."""
        self.reference = reference
        self._every_frame = every_frame
        self._properties = dict(properties or {}) if reference.kind == "camera" else {}
        self._backend = backend
        self._open_capture = open_capture
        self._live = reference.kind != "file"
        self._state = SourceState.OPENING
        self._fps = DEFAULT_FPS
        self._error: SourceError | None = None
        self._slot = FrameSlot("every" if every_frame else "newest" if self._live else "timed")
        self._closed = threading.Event()
        self._index = 0
        self._first_at: float | None = None
        self._ending: threading.Thread | None = None
        self._thread = threading.Thread(target=self._run, name="paintcam-source", daemon=True)
        self._thread.start()

    @property
    def state(self) -> SourceState:
        """Where the source is now; ended only after its last frame was read."""
        if self._state is SourceState.ENDED and not self._slot.empty:
            return SourceState.LIVE
        return self._state

    @property
    def fps(self) -> float:
        """Nominal frame rate; 30 if the source reports none, or an impossible one."""
        return self._fps

    @property
    def live(self) -> bool:
        """Whether the source is live, unlike a file."""
        return self._live

    def read(self, timeout_s: float) -> Frame | None:
        """Return the newest frame that was not returned before (of a file: the one that is due).

        Args:
            timeout_s: How long to wait for it.

        Returns:
            The frame, or None if none arrived in time or the source has ended. For a file that is
            played, `captured_at` is when the frame was due; with `every_frame` it is `time_s`.

        Raises:
            SourceError: The source never opened.
        """
        frame = self._slot.take(timeout_s, lambda: self._state is SourceState.ENDED)
        if frame is None and self._error is not None:
            raise self._error
        return frame

    def close(self) -> None:
        """Release the camera or file. Waits a second at most for a camera, three for a file."""
        patience_s = 0.5 if self.live else 3.0
        self._closed.set()
        self._slot.close()
        self._thread.join(patience_s)
        if self._ending is not None:
            # an interpreter that ends while a thread is inside FFmpeg aborts
            self._ending.join(patience_s)

    def _run(self) -> None:
        try:
            failures = 0
            while not self._closed.is_set():
                before = self._index
                error = self._play() if not self._live else self._watch()
                if self._closed.is_set():
                    return
                if self._index == 0 or not self._live:
                    self._error = error
                    return
                self._state = SourceState.RECONNECTING
                failures = 0 if self._index > before else failures + 1
                self._closed.wait(BACKOFF_S[min(failures, len(BACKOFF_S) - 1)])
        except Exception as error:
            broken = self.reference.cannot_open()
            self._error = SourceError(f"{broken.what} ({type(error).__name__})", fix=broken.fix)
        finally:
            self._state = SourceState.ENDED
            self._slot.close()

    def _watch(self) -> SourceError | None:
        """Forward a live source's pictures until it ends, stalls or is closed."""
        connection: LiveConnection | None = None
        try:
            with LiveConnection(
                self.reference,
                self._open_capture
                or partial(capture.open_capture, self.reference, backend=self._backend),
                properties=self._properties,
                every_frame=self._every_frame,
            ) as connection:
                if connection.is_clip and self._index == 0:
                    self._live = False
                    self._slot.delivery = "every" if self._every_frame else "timed"
                    return self._play()
                self._set_fps(connection.fps)
                for image in connection.pictures(
                    self._closed, first_s=FIRST_FRAME_S, stall_s=STALL_S
                ):
                    now = time.monotonic()
                    if self._first_at is None:
                        self._first_at = now
                    self._offer(Frame(image, self._index, now, now - self._first_at))
        except SourceError as error:
            return error
        finally:
            if connection is not None:
                self._ending = connection.ending
        return self.reference.no_picture() if self._index == 0 else None

    def _play(self) -> SourceError | None:
        """Play a file from its first to its last frame, or watch what turns out to be live."""
        try:
            if self._backend is not None:
                capture.check_backend(self._backend)
            with Clip(self.reference) as clip:
                if not clip.endless:
                    self._forward(clip)
                    return self.reference.no_picture() if self._index == 0 else None
        except SourceError as error:
            return error
        self._live = True
        self.reference = replace(self.reference, kind="stream")
        self._slot.delivery = "every" if self._every_frame else "newest"
        return self._watch()

    def _forward(self, clip: Clip) -> None:
        self._set_fps(clip.fps)
        for decoded, time_s in clip.frames():
            if self._closed.is_set():
                return
            image = None if self._slot.may_skip(time_s) else clip.picture(decoded)
            if image is not None:
                self._offer(Frame(image, self._index, time_s, time_s))
        if self._index:
            self._slot.wait_until(clip.end_s)  # the last frame has a duration too

    def _offer(self, frame: Frame) -> None:
        """Hand a frame to the reader."""
        self._state = SourceState.LIVE
        self._index += 1
        self._slot.put(frame)

    def _set_fps(self, fps: float) -> None:
        self._fps = fps if 1 <= fps <= 240 else DEFAULT_FPS


def open_stream(
    text: str,
    *,
    every_frame: bool = False,
    width: int | None = None,
    height: int | None = None,
    fps: float | None = None,
    backend: str | None = None,
) -> VideoStream:
    """Open a camera, a live stream or a video file.

    Args:
        text: Camera index, device path, file or URL.
        every_frame: Drop nothing and do not pace.
        width: Requested width of a camera's picture, pixels.
        height: Requested height of a camera's picture, pixels.
        fps: Requested frame rate of a camera.
        backend: OpenCV's name of a capture backend.

    Returns:
        The stream, opening in the background.

    Raises:
        SourceError: No such file, an empty file, or a still picture.

    Example:
        >>> import paintcam
        >>> stream = paintcam.open_stream("video.mp4", every_frame=True)
        >>> stream.read(timeout_s=10).index
        0
        >>> stream.close()
    """
    reference = Reference.parse(text)
    properties: dict[str, float | str] = {
        "fourcc": "MJPG",  # uncompressed pictures over USB 2 reach 10 fps at 720p
        "frame_width": width or 1280,
        "frame_height": height or 720,
        "fps": fps or 30,
    }
    return VideoStream(reference, every_frame=every_frame, properties=properties, backend=backend)
