"""Live streams that change while they run, and parts that never end."""

from __future__ import annotations

import io
import subprocess
import sys
import textwrap
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import av
import numpy as np
import pytest

from mjpeg import Webcam, moving_picture
from paintcam.frames import Frame, SourceState
from paintcam.sources.reference import Reference
from paintcam.sources.stream import VideoStream, open_stream
from test_sources import FakeCamera, read_until


def first_of_shape(source: VideoStream, shape: tuple[int, int, int]) -> tuple[Frame, float]:
    started = time.monotonic()
    frame = read_until(source, lambda frame: frame.image.shape == shape)
    return frame, time.monotonic() - started


@pytest.mark.alone
@pytest.mark.parametrize(
    "after_wh",
    [(240, 320), (640, 480), (160, 120), (1280, 720), (319, 241)],
    ids=["turned", "larger", "smaller", "much larger", "odd sides"],
)
def test_a_phone_that_is_turned_is_shown_as_it_is_held(after_wh):
    """The picture follows within a second, whole and unmixed, and goes on moving."""
    with Webcam(moving_picture(wh=(320, 240))) as webcam:
        source = open_stream(webcam.url)
        read_until(source, lambda frame: frame.image.shape == (240, 320, 3))
        pictures = moving_picture(wh=after_wh)
        webcam.use(pictures)
        frame, took_s = first_of_shape(source, (after_wh[1], after_wh[0], 3))
        assert took_s < 1
        differences = [np.abs(frame.image.astype(int) - picture).mean() for picture in pictures]
        assert min(differences) < 6
        later = read_until(source, lambda other: other.index > frame.index + 5)
        assert later.image.shape == frame.image.shape
        assert source.state is SourceState.LIVE
        source.close()


@pytest.mark.alone
def test_a_phone_that_is_turned_repeatedly():
    """Back and forth, once a second."""
    upright, lying = moving_picture(wh=(240, 320)), moving_picture(wh=(320, 240))
    with Webcam(lying) as webcam:
        source = open_stream(webcam.url)
        for pictures in (lying, upright, lying, upright):
            webcam.use(pictures)
            _, took_s = first_of_shape(source, pictures[0].shape)
            assert took_s < 1 + 12 * (pictures is lying and source.state is SourceState.OPENING)
            time.sleep(0.3)
        source.close()


def test_a_camera_whose_driver_changes_size_and_format():
    """Grey, another size, 16-bit, colour again: the picture follows."""
    steps = [
        np.full((48, 64, 3), 200, np.uint8),
        np.full((64, 48), 100, np.uint8),
        np.full((30, 40), 50 << 8, np.uint16),
        np.full((96, 128, 3), 30, np.uint8),
    ]
    camera = FakeCamera(steps[0])
    source = VideoStream(Reference("camera", 0, "camera 0"), open_capture=lambda: camera)
    for step in steps:
        camera.image = step
        frame, _ = first_of_shape(source, (*step.shape[:2], 3))
        assert int(frame.image.mean()) in (200, 100, 50, 30)
    source.close()


def mpeg_ts(wh: tuple[int, int], frames: int) -> bytes:
    """Video as an encoder or an IP camera sends it, BGR grey of 100."""
    file = io.BytesIO()
    with av.open(file, "w", format="mpegts") as container:
        stream = container.add_stream("mpeg2video", rate=30)
        stream.width, stream.height = wh
        stream.pix_fmt = "yuv420p"
        for index in range(frames):
            pixels = np.full((wh[1], wh[0], 3), 100 + index % 5, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="bgr24")))
        container.mux(stream.encode())
    return file.getvalue()


def test_a_video_stream_that_changes_its_size():
    """Not only Motion JPEG: the decoder starts again at another size."""
    parts = [mpeg_ts(wh, 60) for wh in ((320, 240), (240, 320), (160, 128))]

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "video/mp2t")
            self.end_headers()
            try:
                for part in parts:
                    for at in range(0, len(part), len(part) // 40):
                        self.wfile.write(part[at : at + len(part) // 40])
                        time.sleep(0.05)
            except OSError:
                return

        def log_message(self, *args: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    source = open_stream(f"http://127.0.0.1:{server.server_port}/live")
    for shape in ((240, 320, 3), (320, 240, 3), (128, 160, 3)):
        frame, _ = first_of_shape(source, shape)
        assert abs(float(frame.image.mean()) - 102) < 9
    assert source.live
    source.close()
    server.shutdown()
    server.server_close()


class HostileCamera:
    """Motion JPEG that starts well, then sends one part without an end. A context manager."""

    def __init__(self, *, claim: int | None) -> None:
        jpeg = Webcam.encode(moving_picture(1)[0])
        start = b"--frame\r\nContent-Type: image/jpeg\r\n"
        good = start + b"Content-Length: %d\r\n\r\n%b\r\n" % (len(jpeg), jpeg)
        length = b"" if claim is None else b"Content-Length: %d\r\n" % claim

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
                self.end_headers()
                try:
                    for _ in range(10):
                        self.wfile.write(good)
                        time.sleep(0.03)
                    self.wfile.write(start + length + b"\r\n")
                    while True:
                        self.wfile.write(bytes(1 << 20))
                except OSError:
                    return

            def log_message(self, *args: object) -> None:
                """Quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}/video.mjpg"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def __enter__(self) -> HostileCamera:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


WATCH = r"""
import re, sys, time
from paintcam.sources.stream import open_stream
source = open_stream(sys.argv[1])
deadline = time.monotonic() + float(sys.argv[2])
sizes, newest, reconnected = [], -1, False
while (now := time.monotonic()) < deadline or (newest <= 10 and now < deadline + 60):
    frame = source.read(0.1)
    reconnected |= source.state.value == "reconnecting"
    if frame is not None:
        newest = frame.index
source.close()
peak = re.search(r"VmHWM:\s*(\d+)", open("/proc/self/status").read())
print(newest, reconnected, int(peak[1]) >> 10)  # ru_maxrss would count the parent, too
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("claim", [2_000_000_000, None], ids=["claims 2 GB", "has no end"])
def test_a_part_of_a_stream_that_is_far_too_large_is_cut_off(claim):
    """The stream is opened again, and memory stays bounded."""
    with HostileCamera(claim=claim) as camera:
        done = subprocess.run(
            [sys.executable, "-c", textwrap.dedent(WATCH), camera.url, "6"],
            capture_output=True,
            text=True,
            check=True,
            timeout=120,
        )
    newest, reconnected, peak_mib = done.stdout.split()
    assert reconnected == "True"
    assert int(newest) > 10
    assert int(peak_mib) < 450
