"""A sink that records to a video file in a separate thread."""

from __future__ import annotations

import contextlib
import queue
import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path

from paintcam.errors import SinkError
from paintcam.frames import Image
from paintcam.sinks.new_file import check_name, create_new, is_at, remove
from paintcam.sinks.video_encoder import CONTAINERS, VideoEncoder, fit
from paintcam.text import printable

__all__ = ["VideoFile"]

MIN_FREE_BYTES = 32 << 20
CHECK_S = 1.0
CLOSE_S = 1.0
"""How long `close` may keep writing what is still due: a slow machine must end too."""
LARGEST_WH = (1920, 1080)
"""Larger pictures are recorded smaller, in pixels: two cores do not encode 4K in real time."""
MOST_FPS = 60.0
"""A recording in real time has no more frames per second, whatever the source claims."""


class VideoFile:
    """Records pictures to .mp4 or .mkv (MPEG-4), for as long as the run lasts.

    In real time it repeats or leaves out pictures, so that the file plays at natural speed
    whatever rate they arrived at. The file stays readable after `kill -9` and on a full disk. It is
    created at once and exclusively: an existing file is never opened, "talk.mp4" becomes
    "talk-2.mp4".

    Args:
        path: File to write, its folder existing.
        fps: Gives the file's frame rate; called with the first picture, when it is known.
        realtime: Whether pictures stand for their time of arrival; otherwise each is one frame.

    Attributes:
        path: The file that is written.

    Raises:
        SinkError: Another suffix, a folder that is missing or not writable, a full disk, or a name
            that is not valid UTF-8.

    Example:
        >>> import numpy as np
        >>> from pathlib import Path
        >>> from paintcam import VideoFile
        >>> recording = VideoFile(Path("talk.mkv"), fps=lambda: 30.0, realtime=False)
        >>> for _ in range(30):
        ...     recording.write(np.full((240, 320, 3), 200, np.uint8))
        >>> recording.close()
        >>> recording.path.exists()
        True
    """

    def __init__(self, path: Path, *, fps: Callable[[], float], realtime: bool = True) -> None:
        """Create the file."""
        check_name(path)
        container = CONTAINERS.get(path.suffix.lower())
        if container is None:
            raise SinkError(
                f"Cannot record to {str(path)!r} (unknown kind of video).",
                fix="Use a name that ends in .mp4 or .mkv.",
            )
        self._container = container
        self._written = 0
        try:
            self.path, self._file = create_new(path)
        except OSError as error:
            raise _cannot_record(path, error) from error
        try:
            self._check_space()
        except SinkError:
            remove(self.path, self._file)
            raise
        self._ask_fps = fps
        self._realtime = realtime
        self._pictures: queue.Queue[tuple[Image, float, float | None]] = queue.Queue(maxsize=8)
        self._closing = threading.Event()
        self._ended_at = self._started_at = self._checked_at = 0.0
        self._error: SinkError | None = None
        self._reported = False
        self._thread = threading.Thread(target=self._run, name="paintcam-record", daemon=True)
        self._thread.start()

    def write(self, image: Image) -> None:
        """Take one BGR uint8 (H, W, 3) picture; it must not be changed afterwards.

        Raises:
            SinkError: An earlier picture could not be written; says what is kept.
        """
        self._put(image, None)

    def write_at(self, image: Image, time_s: float) -> None:
        """Take one picture that belongs to this time of its source, in seconds.

        In real time the time of arrival counts instead.

        Args:
            image: BGR uint8 (H, W, 3); it must not be changed afterwards.
            time_s: Seconds, increasing.

        Raises:
            SinkError: An earlier picture could not be written; says what is kept.
        """
        self._put(image, time_s)

    def close(self) -> None:
        """Finish the file: it lasts until now. May be called twice.

        Raises:
            SinkError: The end could not be written, and no `write` has raised it.
        """
        if not self._closing.is_set():
            self._ended_at = time.monotonic()
            self._closing.set()
        self._thread.join(CLOSE_S + 1.0)
        self._raise_once()

    def _put(self, image: Image, time_s: float | None) -> None:
        self._raise_once(again=True)
        item = (image, time.monotonic(), time_s)
        if self._realtime:
            # the file must not delay the run: surplus pictures are dropped
            with contextlib.suppress(queue.Full):
                self._pictures.put_nowait(item)
        else:
            while self._error is None:
                with contextlib.suppress(queue.Full):
                    self._pictures.put(item, timeout=0.25)
                    break

    def _raise_once(self, *, again: bool = False) -> None:
        if self._error is not None and (again or not self._reported):
            self._reported = True
            raise self._error

    def _run(self) -> None:
        encoder: VideoEncoder | None = None
        try:
            while (item := self._next()) is not None:
                image, arrived_at, time_s = item
                if encoder is None:
                    self._started_at = self._checked_at = arrived_at
                    first_s = time_s
                    encoder = self._open(image, exact=self._realtime or time_s is None)
                encoder.show(fit(image, self._size_wh))
                if self._realtime:
                    self._fill(encoder, round((arrived_at - self._started_at) * self._fps) + 1)
                else:
                    shown_s = self._written / self._fps
                    encoder.write(shown_s if time_s is None else time_s - (first_s or 0.0))
                    self._written += 1
                if arrived_at - self._checked_at > CHECK_S:
                    self._checked_at = arrived_at
                    self._check_space()
                    self._check_place()
            if encoder is not None and self._realtime:
                self._fill(encoder, round((self._ended_at - self._started_at) * self._fps))
        except Exception as error:
            self._error = error if isinstance(error, SinkError) else self._stopped(error)
        finally:
            self._finish(encoder)

    def _finish(self, encoder: VideoEncoder | None) -> None:
        if encoder is None:
            remove(self.path, self._file)  # no picture was ever written
            return
        try:
            encoder.close()
        except Exception as error:
            self._error = self._error or self._stopped(error)
        finally:
            self._file.close()

    def _next(self) -> tuple[Image, float, float | None] | None:
        """Return the next picture; None once closed and out of time."""
        while True:
            closing = self._closing.is_set()
            if closing and self._realtime and self._late():
                return None
            try:
                return self._pictures.get(timeout=0.0 if closing else 0.1)
            except queue.Empty:
                if closing:
                    return None

    def _late(self) -> bool:
        return self._closing.is_set() and time.monotonic() > self._ended_at + CLOSE_S

    def _fill(self, encoder: VideoEncoder, due: int) -> None:
        """Repeat the picture until the file has this many."""
        while self._written < due and not self._late():
            encoder.write(self._written / self._fps)
            self._written += 1

    def _open(self, image: Image, *, exact: bool) -> VideoEncoder:
        fps = self._ask_fps()
        self._fps = min(fps, MOST_FPS) if self._realtime else fps
        height, width = image.shape[:2]
        largest = LARGEST_WH if width >= height else LARGEST_WH[::-1]
        scale = min(1.0, largest[0] / width, largest[1] / height) if self._realtime else 1.0
        width, height = max(2, round(width * scale)), max(2, round(height * scale))
        self._size_wh = (width + width % 2, height + height % 2)  # 4:2:0 needs even sides
        return VideoEncoder(
            self._file, self._container, fps=self._fps, size_wh=self._size_wh, exact=exact
        )

    def _check_space(self) -> None:
        try:
            free = shutil.disk_usage(self.path.parent).free
        except OSError as error:
            raise _cannot_record(self.path, error) from error
        if free < MIN_FREE_BYTES:
            raise SinkError(
                f"The disk of {printable(str(self.path))} is full ({free >> 20} MiB free)."
                f"{self._kept}",
                fix="Free some space, or choose a file on another disk.",
            )

    def _check_place(self) -> None:
        if not is_at(self.path, self._file):
            what = f"The recording {printable(str(self.path))} was removed."
            raise SinkError(what, fix="Choose another file.")

    @property
    def _kept(self) -> str:
        return " What was recorded so far is kept." if self._written else ""

    def _stopped(self, error: Exception) -> SinkError:
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        return SinkError(
            f"The recording {printable(str(self.path))} stopped ({reason}).{self._kept}",
            fix="Free some space, or choose a file on another disk.",
        )


def _cannot_record(path: Path, error: OSError) -> SinkError:
    return SinkError(
        f"Cannot record to {printable(str(path))!r} ({error.strerror}).",
        fix="Choose a file in a folder that you can write to, such as ~/talk.mkv.",
    )
