"""Where frames come from: Inference's `VideoSource` on a webcam, a stream or a file."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from paintcam.errors import SourceError
from paintcam.frames import Frame, Image, SourceState, to_bgr
from paintcam.sources.capture import Capture, Reference

if TYPE_CHECKING:
    from streamvision.camera.video_source import VideoSource

__all__ = ["VideoStream", "open_stream"]

FIRST_FRAME_S = 12.0
"""How long an opened camera may take to its first picture (USB cameras behind hubs need 5 s)."""
STALL_S = 3.0
BACKOFF_S = (0.25, 0.5, 1.0, 2.0)
DEFAULT_FPS = 30.0


class VideoStream:
    """A webcam, stream or file, opened and read off the caller's thread.

    Live sources give the newest frame and reconnect for ever. Files give every frame once, paced
    at their own rate, or as fast as they are read with `every_frame`.

    Args:
        reference: What to open.
        every_frame: Drop nothing and do not pace.
        properties: Wishes for a camera, OpenCV's `CAP_PROP_` names in lower case: `frame_width`,
            `frame_height`, `fps`, `fourcc`. What the camera does not honour is ignored.
        backend: OpenCV's name of a camera backend ("V4L2", "MSMF", "DSHOW"); None lets
            OpenCV choose.
        open_capture: Makes the producer that `VideoSource` reads; for tests and odd hardware.
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
        self._open_capture = open_capture or (lambda: Capture(reference, backend=backend))
        self._state = SourceState.OPENING
        self._fps = DEFAULT_FPS
        self._error: SourceError | None = None
        self._slot: Frame | None = None
        self._slot_changed = threading.Condition()
        self._closed = threading.Event()
        self._index = 0
        self._first_at: float | None = None
        self._next_due: float | None = None
        self._ending: threading.Thread | None = None
        self._thread = threading.Thread(target=self._run, name="paintcam-source", daemon=True)
        self._thread.start()

    @property
    def state(self) -> SourceState:
        """Where the source is now; ended only after its last frame was read."""
        if self._state is SourceState.ENDED and self._slot is not None:
            return SourceState.LIVE
        return self._state

    @property
    def fps(self) -> float:
        """Nominal frames a second; 30 where the source does not tell."""
        return self._fps

    @property
    def live(self) -> bool:
        """Whether frames come at the source's own time: not a file."""
        return self.reference.kind != "file"

    def read(self, timeout_s: float) -> Frame | None:
        """Give the newest frame that was not given before (of a file: the next one).

        Args:
            timeout_s: How long to wait for it.

        Returns:
            The frame, or None where none came in time or the source has ended.

        Raises:
            SourceError: The source never opened.
        """
        deadline = time.monotonic() + timeout_s
        if self._paced and self._next_due is not None:
            now = time.monotonic()
            if self._next_due > deadline:
                self._closed.wait(max(0.0, timeout_s))
                return None
            self._closed.wait(max(0.0, self._next_due - now))
        with self._slot_changed:
            while self._slot is None:
                if self._error is not None:
                    raise self._error
                left = deadline - time.monotonic()
                if self._state is SourceState.ENDED or left <= 0:
                    return None
                self._slot_changed.wait(left)
            frame, self._slot = self._slot, None
            self._slot_changed.notify_all()
        if self._paced:
            now = time.monotonic()
            due = now if self._next_due is None or now - self._next_due > 0.5 else self._next_due
            self._next_due = due + 1 / self._fps
            # decoded ahead of its time: what counts is when a camera would have given it
            frame = replace(frame, captured_at=now)
        return frame

    def close(self) -> None:
        """Release the camera, waiting a second at most, or the file, which never hangs."""
        patience_s = 0.5 if self.live else 3.0
        self._closed.set()
        with self._slot_changed:
            self._slot_changed.notify_all()
        self._thread.join(patience_s)
        if self._ending is not None:
            # an interpreter that ends while a thread is inside FFmpeg aborts
            self._ending.join(patience_s)

    @property
    def _paced(self) -> bool:
        return not self.live and not self._every_frame

    def _run(self) -> None:
        try:
            failures = 0
            while not self._closed.is_set():
                given = self._index
                error = self._play()
                if self._closed.is_set() or (not self.live and error is None):
                    return
                if self._index == 0:
                    self._error = error or SourceError(self.reference.silence())
                    return
                self._state = SourceState.RECONNECTING
                failures = 0 if self._index > given else failures + 1
                self._closed.wait(BACKOFF_S[min(failures, len(BACKOFF_S) - 1)])
        except Exception as error:
            self._error = SourceError(f"{self.reference.failure()} ({type(error).__name__})")
        finally:
            self._state = SourceState.ENDED
            with self._slot_changed:
                self._slot_changed.notify_all()

    def _play(self) -> SourceError | None:
        """Open the source and forward its frames until it ends, stalls or is closed."""
        # not at module level: 0.6 s, and the window can open meanwhile
        from streamvision.camera.exceptions import EndOfStreamError
        from streamvision.camera.video_source import (
            BufferConsumptionStrategy,
            BufferFillingStrategy,
            VideoSource,
        )

        if self._closed.is_set():
            return None  # while these were imported
        newest = self.live and not self._every_frame
        source = VideoSource.init(
            self._open_capture,
            buffer_size=2,
            buffer_filling_strategy=(
                BufferFillingStrategy.DROP_OLDEST if newest else BufferFillingStrategy.WAIT
            ),
            buffer_consumption_strategy=(
                BufferConsumptionStrategy.EAGER if newest else BufferConsumptionStrategy.LAZY
            ),
            video_source_properties=self._properties,
        )
        try:
            try:
                source.start()
            except SourceError as error:
                return error
            except Exception:
                return SourceError(self.reference.failure())
            fps = source.describe_source().source_properties.fps
            self._fps = fps if 1 <= fps <= 240 else DEFAULT_FPS
            last = time.monotonic()
            patience = FIRST_FRAME_S  # a camera that was plugged in again starts as slowly
            while not self._closed.is_set():
                try:
                    read = source.read_frame(timeout=0.25)
                except EndOfStreamError:
                    return None if self._index else SourceError(self.reference.silence())
                now = time.monotonic()
                if read is None:
                    if now - last > patience:
                        return SourceError(self.reference.silence())
                    continue
                try:
                    image = to_bgr(read.image)
                except SourceError as error:
                    if self._index == 0 and now - last > patience:
                        return error
                    continue  # one odd frame is no reason to end a show
                last, patience = now, STALL_S
                self._state = SourceState.LIVE
                self._give(image, now)
            return None
        finally:
            # it joins a thread that can hang in grab() for as long as the driver likes
            self._ending = threading.Thread(target=_terminate, args=(source,), daemon=True)
            self._ending.start()

    def _give(self, image: Image, now: float) -> None:
        if self._first_at is None:
            self._first_at = now
        time_s = now - self._first_at if self.live else self._index / self._fps
        frame = Frame(image, self._index, now, time_s)
        self._index += 1
        with self._slot_changed:
            while not (self.live and not self._every_frame) and self._slot is not None:
                if self._closed.is_set():
                    return
                self._slot_changed.wait(0.25)
            self._slot = frame
            self._slot_changed.notify_all()


def _terminate(source: VideoSource) -> None:
    with contextlib.suppress(Exception):  # it may have ended or never started
        source.terminate(wait_on_frames_consumption=False, purge_frames_buffer=True)


def open_stream(
    text: str,
    *,
    every_frame: bool = False,
    width: int | None = None,
    height: int | None = None,
    fps: float | None = None,
    backend: str | None = None,
) -> VideoStream:
    """Open what `--source` names.

    Args:
        text: Camera index, device path, file or URL.
        every_frame: Drop nothing and do not pace.
        width: Wished width of a camera's picture, pixels.
        height: Wished height of a camera's picture, pixels.
        fps: Wished frames a second of a camera.
        backend: OpenCV's name of a capture backend.

    Returns:
        The stream, opening in the background.

    Raises:
        SourceError: No such file, an empty file, a still picture, or an unknown backend.
    """
    reference = Reference.parse(text)
    properties: dict[str, float | str] = {
        # raw YUYV over USB 2 reaches 10 fps at 720p: ask for the compressed format
        "fourcc": "MJPG",
        "frame_width": width or 1280,
        "frame_height": height or 720,
        "fps": fps or 30,
    }
    return VideoStream(reference, every_frame=every_frame, properties=properties, backend=backend)
