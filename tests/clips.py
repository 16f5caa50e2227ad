"""Video files with any timestamps, made for a test."""

from __future__ import annotations

import contextlib
import shutil
import threading
from collections.abc import Sequence
from fractions import Fraction
from functools import partial
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import av
import numpy as np

WH = (64, 48)


def grey(index: int, wh: tuple[int, int] = WH) -> np.ndarray:
    """Frame k is grey of the value 8 k, up to 25 frames apart."""
    return np.full((wh[1], wh[0], 3), 8 * (index % 25) + 20, np.uint8)


def which(image: np.ndarray) -> int:
    """The k of a frame that `grey` made."""
    return round((float(image.mean()) - 20) / 8)


def make_clip(
    path: Path,
    times_s: Sequence[float],
    *,
    rate: float = 30,
    codec: str = "mpeg4",
    pixel_aspect: Fraction | None = None,
    pictures: Sequence[np.ndarray] | None = None,
    options: dict[str, str] | None = None,
) -> Path:
    """Write a video whose frames have exactly these timestamps.

    Args:
        path: Its suffix chooses the container.
        times_s: One for each frame, rising.
        rate: What the header claims, frames per second.
        codec: FFmpeg's name of an encoder.
        pixel_aspect: A pixel's width divided by its height.
        pictures: BGR uint8; `grey` by default.
        options: FFmpeg's options of the container.
    """
    pictures = pictures or [grey(index) for index in range(len(times_s))]
    with av.open(str(path), "w", options=options or {}) as container:
        stream = container.add_stream(codec, rate=Fraction(rate).limit_denominator(1000))
        stream.height, stream.width = pictures[0].shape[:2]
        stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        stream.codec_context.time_base = Fraction(1, 1000)
        stream.codec_context.max_b_frames = 0
        if pixel_aspect is not None:
            stream.codec_context.sample_aspect_ratio = pixel_aspect
        for time_s, picture in zip(times_s, pictures, strict=True):
            frame = av.VideoFrame.from_ndarray(picture, format="bgr24")
            frame.pts, frame.time_base = round(time_s * 1000), Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


class FileServer:
    """Serves a folder over HTTP on loopback. A context manager; `url` names a file in it."""

    def __init__(self, folder: Path) -> None:
        class Handler(SimpleHTTPRequestHandler):
            def log_message(self, *args: object) -> None:
                """Quiet."""

            def copyfile(self, source, outputfile) -> None:
                try:
                    shutil.copyfileobj(source, outputfile)
                except OSError:
                    return  # the player has gone

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=folder))
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def url(self, name: str) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/{name}"

    def __enter__(self) -> FileServer:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


class Dripping:
    """Sends a file little by little, and never ends: a live stream. A context manager.

    Args:
        data: The file.
        seconds: How long it takes to send it.
        chunked: By HTTP/1.1 in chunks; otherwise by HTTP/1.0, where the connection is all.
    """

    def __init__(self, data: bytes, seconds: float, *, chunked: bool) -> None:
        closing = self._closing = threading.Event()
        pieces = [data[at : at + len(data) // 160] for at in range(0, len(data), len(data) // 160)]

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1" if chunked else "HTTP/1.0"

            def do_GET(self) -> None:
                self.send_response(200)
                if chunked:
                    self.send_header("Transfer-Encoding", "chunked")
                self.end_headers()
                with contextlib.suppress(OSError):
                    for piece in pieces:
                        if chunked:
                            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
                        else:
                            self.wfile.write(piece)
                        if closing.wait(seconds / len(pieces)):
                            return
                    closing.wait()

            def log_message(self, *args: object) -> None:
                """Quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}/live.mp4"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self) -> Dripping:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()
