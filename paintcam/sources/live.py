"""One connection to a camera or live stream, read by Inference's `VideoSource`.

Until `VideoSource` is imported, the first pictures are read without it.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any

from paintcam.errors import SourceError
from paintcam.frames import Image, to_bgr
from paintcam.sources.early_reader import EarlyReader, is_imported
from paintcam.sources.reference import Reference

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from streamvision.camera.video_source import VideoSource

    from paintcam.sources.capture import Capture

__all__ = ["LiveConnection"]


class LiveConnection:
    """Opens a live source and yields its pictures until it ends or stalls. A context manager.

    Args:
        reference: Names the source in errors.
        open_capture: Opens the capture.
        properties: Requests to a camera.
        every_frame: Drop nothing.

    Attributes:
        fps: Nominal frame rate; 0 if it is unknown.
        is_clip: Whether the source turned out to be a video that ends.
        ending: The thread that closes the source; None until the context was left.

    Raises:
        SourceError: It cannot be opened.
    """

    def __init__(
        self,
        reference: Reference,
        open_capture: Callable[[], Capture],
        *,
        properties: Mapping[str, float | str],
        every_frame: bool,
    ) -> None:
        self._reference = reference
        self._every_frame = every_frame
        self.ending: threading.Thread | None = None
        self._source: VideoSource | None = None
        self._early: EarlyReader | None = None
        self._capture = self._opened(open_capture, properties)

    def __enter__(self) -> LiveConnection:
        """Return itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the source in a thread of its own."""
        self._end()

    def pictures(
        self, closed: threading.Event, *, first_s: float, stall_s: float
    ) -> Iterator[Image]:
        """Yield BGR uint8 (H, W, 3) pictures as they arrive, each in the size it was sent with.

        Args:
            closed: Ends the iteration.
            first_s: How long to wait for the first picture, seconds.
            stall_s: How long to wait for each of the next ones, seconds.

        Raises:
            SourceError: No picture arrived in time.
        """
        from streamvision.camera.exceptions import EndOfStreamError

        if is_imported() or self._every_frame:
            self._start_source()
        else:
            self._early = EarlyReader(self._capture)
        last = time.monotonic()
        patience_s = first_s
        while not closed.is_set():
            try:
                read = self._read(0.25)
            except EndOfStreamError:
                return
            now = time.monotonic()
            error = self._reference.no_picture()
            if read is not None:
                try:
                    image = to_bgr(read)
                except SourceError as odd:
                    error = odd  # one odd frame does not end the run
                else:
                    last, patience_s = now, stall_s
                    yield image
                    continue
            if now - last > patience_s:
                raise error

    def _opened(
        self, open_capture: Callable[[], Capture], properties: Mapping[str, float | str]
    ) -> Capture:
        capture = None
        try:
            capture = open_capture()
            if not capture.isOpened():
                raise self._reference.cannot_open()
            capture.initialize_source_properties(dict(properties))
            found = capture.discover_source_properties()
        except BaseException as error:
            if capture is not None:
                threading.Thread(target=capture.release, daemon=True).start()  # it can hang
            if isinstance(error, SourceError) or not isinstance(error, Exception):
                raise
            raise self._reference.cannot_open() from (None if self._reference.remote else error)
        self.fps = float(found.fps)
        self.is_clip = self._reference.kind == "stream" and found.total_frames > 0
        return capture

    def _start_source(self) -> None:
        """Let `VideoSource` read the capture from now on."""
        from streamvision.camera.video_source import (
            BufferConsumptionStrategy,
            BufferFillingStrategy,
            VideoSource,
        )

        self._source = VideoSource.init(
            lambda: _Configured(self._capture),
            buffer_size=2,
            buffer_filling_strategy=(
                BufferFillingStrategy.WAIT
                if self._every_frame
                else BufferFillingStrategy.DROP_OLDEST
            ),
            buffer_consumption_strategy=(
                BufferConsumptionStrategy.LAZY
                if self._every_frame
                else BufferConsumptionStrategy.EAGER
            ),
        )
        self._source.start()

    def _read(self, timeout_s: float) -> npt.NDArray[np.generic] | None:
        """Return the next picture as the capture delivered it; None if none arrived in time.

        Raises:
            EndOfStreamError: There are no more.
        """
        from streamvision.camera.exceptions import EndOfStreamError

        if self._early is not None:
            picture = self._early.read(timeout_s)
            if picture is not None or not self._early.over:
                return picture
            if not self._early.handed_over:
                raise EndOfStreamError
            self._start_source()
            self._early = None
        assert self._source is not None  # started above, or in the constructor
        frame = self._source.read_frame(timeout=timeout_s)
        return None if frame is None else frame.image

    def _end(self) -> None:
        # it joins a thread that can hang in grab() indefinitely
        self.ending = threading.Thread(target=self._terminate, daemon=True)
        self.ending.start()

    def _terminate(self) -> None:
        with contextlib.suppress(Exception):  # it may have ended
            if self._early is not None:
                self._early.close()
            elif self._source is not None:
                self._source.terminate(wait_on_frames_consumption=False, purge_frames_buffer=True)
            else:
                self._capture.release()


class _Configured:
    """A capture that is open and has its properties."""

    def __init__(self, capture: Capture) -> None:
        self._capture = capture

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the capture has
        return getattr(self._capture, name)

    def initialize_source_properties(self, properties: dict[str, float | str]) -> None:
        """Request nothing: a camera that is asked again starts again."""
