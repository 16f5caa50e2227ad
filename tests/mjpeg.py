"""A webcam on loopback: Motion JPEG over HTTP, which can be cut, frozen and restored.

As a program, for benchmarks in a process of its own:

    python tests/mjpeg.py VIDEO_OR_EMPTY [WIDTH HEIGHT FPS]

prints its URL, and serves until its standard input is closed.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import cv2
import numpy as np


def moving_picture(count: int = 30, wh: tuple[int, int] = (320, 240)) -> list[np.ndarray]:
    """A white sheet on grey with a red square that moves: BGR uint8 pictures."""
    width, height = wh
    pictures = []
    for index in range(count):
        picture = np.full((height, width, 3), 90, np.uint8)
        cv2.rectangle(
            picture, (width // 8, height // 8), (width * 7 // 8, height * 7 // 8), (240,) * 3, -1
        )
        x = width // 8 + index * width // (2 * count)
        cv2.rectangle(picture, (x, height // 3), (x + width // 8, height // 2), (0, 0, 200), -1)
        pictures.append(picture)
    return pictures


class Webcam:
    """Serves pictures in a loop. A context manager; `url` is its address."""

    def __init__(self, pictures: Sequence[np.ndarray] | None = None, fps: float = 30) -> None:
        self.fps = fps
        self.use(pictures if pictures is not None else moving_picture())
        self.frozen = threading.Event()
        self.down = threading.Event()
        self.served = 0
        self._closing = threading.Event()
        webcam = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                webcam._serve(self)

            def log_message(self, *args: object) -> None:
                """Quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/video.mjpg"

    def use(self, pictures: Sequence[np.ndarray]) -> None:
        """Serve these pictures from now on."""
        self._jpegs = [self.encode(picture) for picture in pictures]

    @staticmethod
    def encode(picture: np.ndarray) -> bytes:
        """Make a BGR uint8 picture a JPEG."""
        return cv2.imencode(".jpg", picture)[1].tobytes()

    def cut(self) -> None:
        """Hang up, and refuse new connections' pictures until `restore`."""
        self.down.set()

    def freeze(self) -> None:
        """Keep the connection, and send nothing until `restore`."""
        self.frozen.set()

    def restore(self) -> None:
        """Be a working camera again."""
        self.down.clear()
        self.frozen.clear()

    def __enter__(self) -> Webcam:
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()

    def _serve(self, handler: BaseHTTPRequestHandler) -> None:
        if self.down.is_set():
            handler.send_error(503)
            return
        handler.send_response(200)
        handler.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
        handler.end_headers()
        due = time.monotonic()
        index = 0
        try:
            while not self.down.is_set() and not self._closing.is_set():
                if self.frozen.is_set():
                    time.sleep(0.02)
                    due = time.monotonic()
                    continue
                jpeg = self._jpegs[index % len(self._jpegs)]
                handler.wfile.write(
                    b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n%b\r\n"
                    % (len(jpeg), jpeg)
                )
                handler.wfile.flush()
                index += 1
                self.served += 1
                due += 1 / self.fps
                time.sleep(max(0.0, due - time.monotonic()))
        except OSError:
            return  # the viewer has gone


def main() -> None:
    video = sys.argv[1] if len(sys.argv) > 1 else ""
    width, height, fps = (
        (int(arg) for arg in sys.argv[2:5]) if len(sys.argv) > 4 else (1280, 720, 30)
    )
    pictures = moving_picture(60, (width, height))
    if video:
        capture = cv2.VideoCapture(video)
        pictures = []
        while len(pictures) < 150:
            ok, picture = capture.read()
            if not ok:
                break
            pictures.append(cv2.resize(picture, (width, height)))
    with Webcam(pictures, fps) as webcam:
        print(webcam.url, flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
