"""A sink that records to a video file, in its own thread."""

from __future__ import annotations

import contextlib
import queue
import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from paintcam.errors import SinkError
from paintcam.frames import Image

if TYPE_CHECKING:
    import cv2

__all__ = ["VideoFile"]

MIN_FREE_BYTES = 32 << 20
CHECK_S = 1.0
CLOSE_S = 1.0
"""How long `close` may go on writing what is still due: a slow machine must end all the same."""
LARGEST_WH = (1920, 1080)
"""Larger pictures are recorded smaller, in pixels: two cores do not encode 4K as it happens."""


class VideoFile:
    """Records pictures to .mp4 or .mkv (MPEG-4), as long as the run.

    In real time it repeats or leaves out pictures so that the file plays at the speed of life,
    whatever rate they came at. A Matroska file stays readable after `kill -9`; an MP4 needs
    `close`. An existing file is never overwritten: "talk.mp4" becomes "talk-2.mp4".

    Args:
        path: File to write, its folder existing.
        fps: Gives the file's frames a second; asked with the first picture, when it is known.
        realtime: Whether pictures stand for their time of arrival; otherwise each is one frame.

    Raises:
        SinkError: Another suffix, a folder that is missing or not writable, a full disk.
    """

    def __init__(self, path: Path, *, fps: Callable[[], float], realtime: bool = True) -> None:
        """Check that the file can be written; it is opened with the first picture."""
        if path.suffix.lower() not in (".mp4", ".mkv"):
            raise SinkError(f"Cannot record to {str(path)!r}: use a name with .mp4 or .mkv.")
        self.path = _free_name(path)
        try:
            self.path.open("xb").close()
            self.path.unlink()  # an end before the first picture must leave no empty file
        except OSError as error:
            raise SinkError(
                f"Cannot record to {str(path)!r}: {error.strerror}. Pass `--record` a file in a "
                "folder that you may write to, such as ~/talk.mkv."
            ) from error
        self._check_space()
        self._ask_fps = fps
        self._realtime = realtime
        self._pictures: queue.Queue[tuple[Image, float]] = queue.Queue(maxsize=8)
        self._closing = threading.Event()
        self._ended_at = self._started_at = self._checked_at = 0.0
        self._written = 0
        self._last: Image
        self._error: SinkError | None = None
        self._thread = threading.Thread(target=self._run, name="paintcam-record", daemon=True)
        self._thread.start()

    def write(self, image: Image) -> None:
        """Take one BGR uint8 (H, W, 3) picture; it must not be changed afterwards.

        Raises:
            SinkError: An earlier picture could not be written; says what is kept.
        """
        if self._error is not None:
            raise self._error
        item = (image, time.monotonic())
        if self._realtime:
            # the file must not hold up the show: a picture too many is left out
            with contextlib.suppress(queue.Full):
                self._pictures.put_nowait(item)
        else:
            while self._error is None:
                with contextlib.suppress(queue.Full):
                    self._pictures.put(item, timeout=0.25)
                    break

    def close(self) -> None:
        """Finish the file: it lasts until now. May be called twice."""
        if not self._closing.is_set():
            self._ended_at = time.monotonic()
            self._closing.set()
        self._thread.join(CLOSE_S + 1.0)
        if self.path.exists() and self.path.stat().st_size == 0:
            self.path.unlink()  # nothing was ever shown

    def _run(self) -> None:
        writer: cv2.VideoWriter | None = None
        try:
            while True:
                item = self._next()
                if item is None:
                    break
                if writer is None:
                    self._started_at = self._checked_at = item[1]
                    writer = self._open(item[0])
                self._last = _fit(item[0], self._size_wh)
                due = self._written + 1
                if self._realtime:
                    due = round((item[1] - self._started_at) * self._fps) + 1
                self._write(writer, due)
                if item[1] - self._checked_at > CHECK_S:
                    self._checked_at = item[1]
                    self._check_space()
                    self._check_growth()
            if writer is not None and self._realtime:
                self._write(writer, round((self._ended_at - self._started_at) * self._fps))
        except SinkError as error:
            self._error = error
        except Exception as error:
            self._error = SinkError(f"The recording {self.path} stopped: {error}")
        finally:
            if writer is not None:
                writer.release()

    def _next(self) -> tuple[Image, float] | None:
        """The next picture; None once closed, when no more are worth their time."""
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

    def _write(self, writer: cv2.VideoWriter, due: int) -> None:
        """Repeat the last picture until the file has so many."""
        while self._written < due and not self._late():
            writer.write(self._last)
            self._written += 1

    def _open(self, image: Image) -> cv2.VideoWriter:
        import cv2

        self._fps = self._ask_fps()
        height, width = image.shape[:2]
        largest = LARGEST_WH if width >= height else LARGEST_WH[::-1]
        scale = min(1.0, largest[0] / width, largest[1] / height) if self._realtime else 1.0
        width, height = round(width * scale), round(height * scale)
        self._size_wh = (width + width % 2, height + height % 2)  # 4:2:0 wants even sides
        writer = cv2.VideoWriter(
            str(self.path),
            cv2.CAP_FFMPEG,
            cv2.VideoWriter.fourcc(*"mp4v"),
            self._fps,
            self._size_wh,
        )
        if not writer.isOpened():
            raise SinkError(
                f"Cannot record {width}×{height} to {self.path}: OpenCV {cv2.__version__} has no "
                "encoder for it. Run `paintcam doctor`, or record without `--record` by your "
                "screen recorder."
            )
        self._last_bytes, self._still_checks = 0, 0
        return writer

    def _check_space(self) -> None:
        try:
            free = shutil.disk_usage(self.path.parent).free
        except OSError as error:
            raise SinkError(
                f"Cannot record to {str(self.path)!r}: {error.strerror}. Pass `--record` a file in "
                "a folder that you may write to, such as ~/talk.mkv."
            ) from error
        if free < MIN_FREE_BYTES:
            raise SinkError(
                f"The disk of {self.path} is full: {free >> 20} MiB free. What was recorded so far "
                "is kept; free some space, or pass `--record` a file on another disk."
            )

    def _check_growth(self) -> None:
        """OpenCV's writer reports no error: a file that no longer grows is one."""
        now_bytes = self.path.stat().st_size if self.path.exists() else -1
        # both muxers hold back many seconds of a small still picture
        self._still_checks = 0 if now_bytes > self._last_bytes else self._still_checks + 1
        self._last_bytes = now_bytes
        if now_bytes < 0 or self._still_checks >= 30:
            raise SinkError(
                f"The recording {self.path} "
                + ("was removed." if now_bytes < 0 else "no longer grows: it cannot be written.")
                + " Pass `--record` another file, on a disk with space."
            )


def _free_name(path: Path) -> Path:
    """Give the path, or the first of "talk-2.mp4", "talk-3.mp4" … that is free."""
    number = 2
    free = path
    while free.exists():
        free = path.with_stem(f"{path.stem}-{number}")
        number += 1
    return free


def _fit(image: Image, size_wh: tuple[int, int]) -> Image:
    """Fit a picture into (width, height) pixels: the source may come back at another size."""
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
