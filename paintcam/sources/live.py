"""One connection to a camera or live stream, read by Inference's `VideoSource`."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any

from paintcam.errors import SourceError
from paintcam.frames import Image, to_bgr
from paintcam.sources.reference import Reference

if TYPE_CHECKING:
    from streamvision.camera.video_source import VideoSource

__all__ = ["LiveConnection"]


class LiveConnection:
    """Opens a live source and yields its pictures until it ends or stalls. A context manager.

    Args:
        reference: Names the source in errors.
        open_capture: Makes the producer that `VideoSource` reads.
        properties: Requests to a camera.
        every_frame: Drop nothing.

    Attributes:
        fps: Nominal frame rate; 0 where it is unknown.
        is_clip: Whether the source turned out to be a video that ends.
        ending: The thread that closes the source; None until the context was left.

    Raises:
        SourceError: It cannot be opened.
    """

    def __init__(
        self,
        reference: Reference,
        open_capture: Callable[[], Any],
        *,
        properties: Mapping[str, float | str],
        every_frame: bool,
    ) -> None:
        # not at module level: it takes 0.6 s, in which the window can open
        from streamvision.camera.video_source import (
            BufferConsumptionStrategy,
            BufferFillingStrategy,
            VideoSource,
        )

        self._reference = reference
        self.ending: threading.Thread | None = None
        self._source = VideoSource.init(
            open_capture,
            buffer_size=2,
            buffer_filling_strategy=(
                BufferFillingStrategy.WAIT if every_frame else BufferFillingStrategy.DROP_OLDEST
            ),
            buffer_consumption_strategy=(
                BufferConsumptionStrategy.LAZY if every_frame else BufferConsumptionStrategy.EAGER
            ),
            video_source_properties=dict(properties),
        )
        try:
            self._source.start()
        except BaseException as error:
            self._end()
            if isinstance(error, SourceError) or not isinstance(error, Exception):
                raise
            raise reference.cannot_open() from error
        found = self._source.describe_source().source_properties
        self.fps = float(found.fps)
        self.is_clip = reference.kind == "stream" and found.total_frames > 0

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

        last = time.monotonic()
        patience_s = first_s
        while not closed.is_set():
            try:
                read = self._source.read_frame(timeout=0.25)
            except EndOfStreamError:
                return
            now = time.monotonic()
            error = self._reference.no_picture()
            if read is not None:
                try:
                    image = to_bgr(read.image)
                except SourceError as odd:
                    error = odd  # one odd frame does not end the run
                else:
                    last, patience_s = now, stall_s
                    yield image
                    continue
            if now - last > patience_s:
                raise error

    def _end(self) -> None:
        # it joins a thread that can hang in grab() indefinitely
        self.ending = threading.Thread(target=_terminate, args=(self._source,), daemon=True)
        self.ending.start()


def _terminate(source: VideoSource) -> None:
    with contextlib.suppress(Exception):  # it may have ended or never started
        source.terminate(wait_on_frames_consumption=False, purge_frames_buffer=True)
