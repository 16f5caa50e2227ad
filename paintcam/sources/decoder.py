"""FFmpeg, through PyAV: opens files and network streams and makes BGR pictures of their frames."""

from __future__ import annotations

import contextlib
import ctypes
import os
from collections.abc import Iterator
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from paintcam.errors import SourceError
from paintcam.frames import Image, to_bgr
from paintcam.sources.reference import TIMEOUT_S, Reference

if TYPE_CHECKING:
    from av import VideoFrame
    from av.container import InputContainer
    from av.packet import Packet
    from av.video.stream import VideoStream

__all__ = ["MAX_PIXELS", "decoded", "length_of", "open_video", "picture_of", "shape_of_pixels"]

MAX_PIXELS = 42_000_000
"""Larger frames are refused: 8K has 33 million pixels."""
MAX_ALLOCATION_BYTES = 128 << 20
"""The largest block that FFmpeg may allocate: a frame of MAX_PIXELS as BGR."""

MAX_BAD_PACKETS = 1000
"""After this many damaged packets in a row, decoding gives up."""


def open_video(reference: Reference) -> tuple[InputContainer, VideoStream]:
    """Open a file or URL and its video stream.

    Args:
        reference: A stream or file.

    Returns:
        The container, to be closed by the caller, and its first video stream.

    Raises:
        SourceError: It cannot be opened, has no video, or frames past `MAX_PIXELS`.
    """
    import av

    _limit_memory()
    address = str(reference.value) if reference.remote else f"file:{reference.value}"
    timeout = (TIMEOUT_S, TIMEOUT_S) if reference.remote else None
    try:
        container = av.open(address, timeout=timeout, options=_options(reference))
    except (av.FFmpegError, OSError, ValueError, MemoryError) as error:
        # a traceback would show the cause, and with it the address and its password
        raise reference.cannot_open() from (None if reference.remote else error)
    try:
        stream = container.streams.best("video")
        if stream is None:
            raise reference.cannot_open()
        width, height = stream.codec_context.width, stream.codec_context.height
        if width * height > MAX_PIXELS:
            raise SourceError(
                f"Cannot play {reference.name}: {width}×{height} is too large.",
                fix="Convert it to a smaller size, such as 1920×1080.",
            )
        if reference.kind == "file":
            # Decoding several frames at once is faster, but each thread holds a frame back.
            stream.thread_type = "AUTO"
        return container, stream
    except BaseException:
        container.close()
        raise


def decoded(
    container: InputContainer, stream: VideoStream
) -> Iterator[tuple[Packet, list[VideoFrame]]]:
    """Decode the packets in order; a damaged one is skipped, since the next one may be whole.

    Yields:
        Each packet with the frames that the decoder released for it; the last one is empty and
        brings the frames that were held back. The end of the file, or of the connection, ends it.
    """
    import av

    packets = container.demux(stream)
    bad = 0
    while bad < MAX_BAD_PACKETS:
        try:
            packet = next(packets, None)
            if packet is None:
                return
            frames = packet.decode()
        except av.InvalidDataError:
            bad += 1
            packets = container.demux(stream)  # a generator that raised yields nothing more
        except (av.FFmpegError, OSError, MemoryError):
            return
        else:
            bad = 0
            yield packet, frames


def length_of(container: InputContainer, stream: VideoStream) -> float | None:
    """Return how many seconds a video lasts; None where its header does not say."""
    length = container.duration
    # MP4 in fragments: what FFmpeg calls its length are the fragments that have arrived
    fragmented = container.size <= 0 and "mp4" in container.format.name and not stream.frames
    return None if fragmented or not length or length < 0 else length / 1_000_000


def shape_of_pixels(stream: VideoStream) -> Fraction:
    """Return a pixel's width divided by its height; 1 if the video does not say."""
    aspect = stream.sample_aspect_ratio or stream.codec_context.sample_aspect_ratio
    if not aspect or not Fraction(1, 10) <= aspect <= 10:
        return Fraction(1)
    return Fraction(aspect)


def picture_of(frame: VideoFrame, pixel_aspect: Fraction) -> Image:
    """Convert a decoded frame, upright and with square pixels.

    Args:
        frame: As FFmpeg decoded it; its rotation is applied.
        pixel_aspect: A pixel's width divided by its height.

    Returns:
        BGR uint8 (H, W, 3).

    Raises:
        SourceError: The frame has a shape that is no picture.
    """
    width, height = frame.width, frame.height
    # enlarge the shorter side: no line of a drawing is lost
    if pixel_aspect > 1:
        width = round(width * pixel_aspect)
    elif pixel_aspect < 1:
        height = round(height / pixel_aspect)
    pixels = frame.to_ndarray(format=_target(frame.format.name), width=width, height=height)
    image = to_bgr(pixels)
    turns = round(frame.rotation / 90) % 4
    return np.ascontiguousarray(np.rot90(image, turns)) if turns else image


@cache
def _target(pixel_format: str) -> str:
    """Keep alpha if there is any; `to_bgr` lays it on white."""
    import av

    known = av.VideoFormat(pixel_format)
    has_alpha = known.has_palette or any(c.is_alpha for c in known.components)
    return "bgra" if has_alpha else "bgr24"


def _options(reference: Reference) -> dict[str, str]:
    if not reference.remote:
        return {}
    if reference.kind == "file":
        # a clip is longer than a hiccup of the network
        return {"reconnect": "1", "reconnect_on_network_error": "1", "reconnect_delay_max": "4"}
    options = {"rtsp_flags": "prefer_tcp"}
    # the variable that users of OpenCV know: "rtsp_transport;udp|fflags;nobuffer"
    for pair in os.environ.get("OPENCV_FFMPEG_CAPTURE_OPTIONS", "").split("|"):
        name, _, value = pair.partition(";")
        if name and value:
            options[name] = value
    return options


@cache
def _limit_memory() -> None:
    """Cap FFmpeg's allocations: a stream may claim a picture of 2 GB, or one that never ends.

    PyAV has no call for it, so the library that PyAV loaded is asked itself. Where it cannot be
    found (an unusual build of PyAV), nothing is capped.
    """
    import av

    package = Path(av.__file__).parent
    for folder in (package.parent / "av.libs", package / ".dylibs", package):
        for library in (*folder.glob("libavutil*"), *folder.glob("avutil*.dll")):
            with contextlib.suppress(OSError, AttributeError):
                ctypes.CDLL(str(library)).av_max_alloc(ctypes.c_size_t(MAX_ALLOCATION_BYTES))
                return
