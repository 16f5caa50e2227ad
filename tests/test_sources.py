"""The sources: real files, a real stream that is cut and frozen, and a camera's faults."""

from __future__ import annotations

import itertools
import os
import threading
import time
from pathlib import Path

import cv2
import numpy as np
import pytest
from cv2 import videoio_registry as registry

from mjpeg import Webcam, moving_picture
from paintcam.errors import SourceError
from paintcam.frames import Frame, FrameSource, SourceState
from paintcam.sources.reference import Reference
from paintcam.sources.stream import VideoStream, open_stream

FRAMES = 24


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """A video file in which frame k is grey of the value 10 k."""
    path = tmp_path / "clip.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 24.0, (64, 48))
    for index in range(FRAMES):
        writer.write(np.full((48, 64, 3), 10 * index, np.uint8))
    writer.release()
    return path


def read_all(source: FrameSource, limit_s: float = 20) -> list[Frame]:
    frames = []
    deadline = time.monotonic() + limit_s
    ended = False
    while not ended and time.monotonic() < deadline:
        # Asked before reading: it may end, or fail, right after a read timed out.
        ended = source.state is SourceState.ENDED
        frame = source.read(0.1)
        if frame is not None:
            frames.append(frame)
            ended = False
    return frames


def read_until(source: FrameSource, condition, limit_s: float = 15) -> Frame:
    deadline = time.monotonic() + limit_s
    while time.monotonic() < deadline:
        frame = source.read(0.1)
        if frame is not None and condition(frame):
            return frame
    raise AssertionError(f"no such frame in {limit_s} s; the source is {source.state}")


def wait_for(state: SourceState, source: FrameSource, limit_s: float = 15) -> None:
    deadline = time.monotonic() + limit_s
    while source.state is not state:
        assert time.monotonic() < deadline, f"still {source.state}"
        source.read(0.05)


class FakeCamera:
    """A capture of a webcam as `VideoSource` reads it, with faults to order."""

    def __init__(self, image: np.ndarray | None, frames: int = 10**9, hang_s: float = 0) -> None:
        self.image, self.left, self.hang_s = image, frames, hang_s
        self.released = threading.Event()
        self.requested: dict[str, float | str] = {}

    def isOpened(self) -> bool:  # noqa: N802
        return True

    def grab(self) -> bool:
        time.sleep(self.hang_s or 0.01)
        self.left -= 1
        return self.image is not None and self.left >= 0

    def retrieve(self) -> tuple[bool, np.ndarray | None]:
        return self.image is not None, self.image

    def release(self) -> None:
        self.released.set()

    def connection_error_message(self) -> str:
        return ""

    def initialize_source_properties(self, properties: dict[str, float | str]) -> None:
        self.requested = properties

    def discover_source_properties(self):
        from streamvision.camera.entities import SourceProperties

        return SourceProperties(width=64, height=48, total_frames=-1, is_file=False, fps=30.0)


PICTURE = np.full((48, 64, 3), 200, np.uint8)


@pytest.fixture(params=["camera", "stream", "file", "every frame of a file"])
def any_source(request, clip):
    """Every kind of source. A new one is one row here."""
    if request.param == "camera":
        source = VideoStream(
            Reference("camera", 0, "camera 0"), open_capture=lambda: FakeCamera(PICTURE)
        )
        yield source
    elif request.param == "stream":
        with Webcam() as webcam:
            source = open_stream(webcam.url)
            yield source
    else:
        source = open_stream(str(clip), every_frame=request.param != "file")
        yield source
    source.close()


def test_every_source_keeps_the_contract(any_source):
    """Frames are BGR uint8, numbered from 0 upwards, stamped by a clock that only goes on."""
    frames = [read_until(any_source, lambda _: True) for _ in range(5)]
    indexes = [frame.index for frame in frames]
    assert indexes == sorted(set(indexes))
    assert all(f.image.dtype == np.uint8 and f.image.shape[2] == 3 for f in frames)
    assert all(a.captured_at <= b.captured_at for a, b in itertools.pairwise(frames))
    assert all(a.time_s < b.time_s for a, b in itertools.pairwise(frames))
    assert any_source.state is SourceState.LIVE
    assert 1 <= any_source.fps <= 240
    any_source.close()
    any_source.close()
    assert not any(t.name == "paintcam-source" and t.is_alive() for t in threading.enumerate())


def test_a_file_gives_every_frame_once_and_in_order(clip):
    """Read slowly or fast, nothing is dropped and the last frame comes too."""
    source = open_stream(str(clip), every_frame=True)
    frames = read_all(source)
    assert [frame.index for frame in frames] == list(range(FRAMES))
    assert [round(float(f.image.mean()) / 10) for f in frames] == list(range(FRAMES))
    assert frames[-1].time_s == pytest.approx((FRAMES - 1) / 24)
    source.close()


@pytest.mark.alone
def test_a_file_is_played_at_its_own_rate(clip):
    """24 frames at 24 a second take a second less one frame, and none is dropped."""
    source = open_stream(str(clip))
    read_until(source, lambda frame: frame.index == 0)
    started = time.monotonic()
    rest = read_all(source)
    assert len(rest) == FRAMES - 1
    assert time.monotonic() - started > 0.8
    source.close()


@pytest.mark.alone
def test_a_live_source_drops_stale_frames():
    """A slow reader gets the newest frame, not the next one."""
    with Webcam(fps=60) as webcam:
        source = open_stream(webcam.url)
        first = read_until(source, lambda _: True)
        time.sleep(1.0)
        second = read_until(source, lambda _: True)
        assert time.monotonic() - second.captured_at < 0.3
        assert second.time_s - first.time_s > 0.5
        source.close()


@pytest.mark.parametrize("fault", ["cut", "freeze"])
def test_a_stream_reconnects_after_a_fault(fault):
    """It says so, reconnects, counts on, and takes another size."""
    with Webcam() as webcam:
        source = open_stream(webcam.url)
        before = read_until(source, lambda _: True)
        getattr(webcam, fault)()
        wait_for(SourceState.RECONNECTING, source)
        webcam.use(moving_picture(wh=(200, 160)))
        webcam.restore()
        after = read_until(source, lambda frame: frame.image.shape == (160, 200, 3))
        assert after.index > before.index
        assert source.state is SourceState.LIVE
        source.close()


def test_a_camera_that_ends_is_opened_again():
    """Unplugged and plugged in: a new capture is opened, the old one released."""
    opened: list[FakeCamera] = []

    def plug() -> FakeCamera:
        opened.append(FakeCamera(PICTURE, frames=5))
        return opened[-1]

    source = VideoStream(Reference("camera", 0, "camera 0"), open_capture=plug)
    read_until(source, lambda frame: frame.index >= 8)
    assert len(opened) >= 2
    assert opened[0].released.wait(5)
    source.close()


def test_a_slow_camera_reconnects_after_it_was_unplugged(monkeypatch):
    """Its first picture may take as long on every connection; the stall limit comes after it."""
    monkeypatch.setattr("paintcam.sources.stream.STALL_S", 0.3)
    opened: list[FakeCamera] = []

    class Slow(FakeCamera):
        waits_s = 1.2

        def grab(self) -> bool:
            time.sleep(self.waits_s)
            self.waits_s = 0.0
            return super().grab()

    def plug() -> FakeCamera:
        opened.append(Slow(PICTURE, frames=5))
        return opened[-1]

    source = VideoStream(Reference("camera", 0, "camera 0"), open_capture=plug)
    read_until(source, lambda frame: frame.index >= 8, limit_s=8)
    source.close()


def test_identical_frames_are_not_a_fault():
    """A virtual camera's still scene stays live for longer than the stall limit."""
    source = VideoStream(
        Reference("camera", 0, "camera 0"), open_capture=lambda: FakeCamera(PICTURE)
    )
    states = set()
    read_until(source, lambda _: True)
    deadline = time.monotonic() + 3.5
    while time.monotonic() < deadline:
        source.read(0.05)
        states.add(source.state)
    assert states == {SourceState.LIVE}
    source.close()


def test_a_hanging_driver_does_not_delay_the_end():
    """`grab` hangs for ten seconds; `close` returns at once all the same."""
    camera = FakeCamera(PICTURE, hang_s=10)
    source = VideoStream(Reference("camera", 0, "camera 0"), open_capture=lambda: camera)
    assert source.read(0.2) is None
    started = time.monotonic()
    source.close()
    assert time.monotonic() - started < 5


@pytest.mark.parametrize(
    "odd",
    [
        np.full((48, 64), 200, np.uint8),
        np.full((48, 64, 1), 200, np.uint8),
        np.full((48, 64), 200 << 8, np.uint16),
        np.dstack([np.full((48, 64, 3), 200, np.uint8), np.full((48, 64), 255, np.uint8)]),
        np.full((31, 17, 3), 200, np.uint8),
    ],
    ids=["grey", "grey with a channel", "16-bit", "alpha", "odd size"],
)
def test_odd_cameras_become_bgr(odd):
    """Whatever a camera gives, the frame is BGR uint8 of the same height and width."""
    source = VideoStream(Reference("camera", 0, "camera 0"), open_capture=lambda: FakeCamera(odd))
    frame = read_until(source, lambda _: True)
    assert frame.image.shape == (*odd.shape[:2], 3)
    assert int(frame.image.mean()) == 200
    source.close()


def test_one_odd_frame_is_left_out():
    """A camera that hiccups goes on: no show ends for a frame of two channels."""

    class Hiccup(FakeCamera):
        def retrieve(self) -> tuple[bool, np.ndarray | None]:
            if self.left % 5 == 0:
                return True, np.zeros((48, 64, 2), np.uint8)
            return super().retrieve()

    source = VideoStream(Reference("camera", 0, "camera 0"), open_capture=lambda: Hiccup(PICTURE))
    read_until(source, lambda frame: frame.index > 20)
    assert source.state is SourceState.LIVE
    source.close()


def failure_of(source: VideoStream) -> str:
    with pytest.raises(SourceError) as caught:
        read_until(source, lambda _: False, limit_s=20)
    source.close()
    return str(caught.value)


def test_no_camera_at_the_index():
    """The message names the camera and the command that lists them."""
    message = failure_of(open_stream("97"))
    assert message == (
        "Cannot open camera 97. Run `paintcam cameras` to list cameras, or pass "
        "`--source video.mp4`."
    )


def test_a_busy_camera():
    """It opens, but gives nothing: the message says that it may be in use."""
    source = VideoStream(Reference("camera", 0, "camera 0"), open_capture=lambda: FakeCamera(None))
    assert "Another program may be using it." in failure_of(source)


@pytest.mark.parametrize(
    "url", ["http://u:geheim@127.0.0.1:9/x?token=geheim", "rtsp://u:geheim@127.0.0.1:9/x"]
)
def test_an_unreachable_url_never_shows_its_password(url, capfd):
    """Neither the message nor FFmpeg's log holds it."""
    message = failure_of(open_stream(url))
    assert "Cannot open" in message
    assert "127.0.0.1" in message
    output = capfd.readouterr()
    assert "geheim" not in message + output.out + output.err


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"", "is empty"), (b"no video at all" * 99, "not a video, or cut short")],
)
def test_a_file_that_is_not_a_video_is_an_error(tmp_path, content, words):
    """An empty file and a text file get different errors."""
    path = tmp_path / "broken.mp4"
    path.write_bytes(content)
    with pytest.raises(SourceError, match=words):
        read_until(open_stream(str(path)), lambda _: False)


def test_a_truncated_file(tmp_path):
    """An MP4 that lost its end, and so its index, is an error in words."""
    whole = tmp_path / "whole.mp4"
    writer = cv2.VideoWriter(str(whole), cv2.VideoWriter.fourcc(*"mp4v"), 24.0, (64, 48))
    for picture in moving_picture(48, (64, 48)):
        writer.write(picture)
    writer.release()
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    assert "cut short" in failure_of(open_stream(str(cut)))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("gone.mp4", "No such file: 'gone.mp4'"),
        (".", "is a folder"),
        ("-1", "No camera has the index -1"),
        ("+-5", "No such file"),
        ("", "No such file"),
        ("x" * 300, "No such file"),
        ("~nobody-of-that-name/x", "No such file"),
        ("a\0b", "No such file"),
        ("9" * 5000, "No camera has the index 99999999999999999…"),
        ("-" + "0" * 20 + "1", "No camera has the index -0000"),
        ("4294967296", "No camera has the index 4294967296"),
        ("caf\udce9.mp4", "not valid UTF-8"),
        ("http://[::1/clip.mp4", "Cannot open http://"),
        ("rtsp:/u:geheim@cam/x", "No such file: 'rtsp://cam'"),
        ("u:geheim@cam/x", "No such file: 'cam'"),
    ],
)
def test_an_unknown_source_is_an_error(text, words):
    """Refused before anything opens."""
    with pytest.raises(SourceError, match=words) as caught:
        open_stream(text)
    assert str(caught.value).encode("utf-8")
    assert "geheim" not in str(caught.value)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs FIFOs")
def test_a_fifo_is_not_a_video(tmp_path):
    """Nothing waits for a writer."""
    os.mkfifo(tmp_path / "a.mp4")
    with pytest.raises(SourceError, match="not a regular file"):
        open_stream(str(tmp_path / "a.mp4"))


def test_a_picture_is_not_a_stream(tmp_path):
    """It names the command for pictures."""
    path = tmp_path / "drawing.png"
    path.write_bytes(b"x")
    with pytest.raises(SourceError, match="paintcam score"):
        open_stream(str(path))


@pytest.mark.parametrize("name", ["telepathy", "PROP_FPS", "OPENNI_DEPTH_MAP"])
def test_an_unknown_backend(clip, name):
    """The name is in the message, and those that this OpenCV has for cameras."""
    message = failure_of(open_stream(str(clip), backend=name))
    assert f"no backend '{name}'" in message
    assert registry.getBackendName(registry.getCameraBackends()[0]) in message


def test_a_cameras_backend_leaves_files_and_streams_alone(clip):
    """It may be set once, by PAINTCAM_BACKEND: the clip and the stream open all the same."""
    name = registry.getBackendName(registry.getCameraBackends()[-1])
    with Webcam() as webcam:
        for what in (str(clip), webcam.url):
            source = open_stream(what, backend=name.lower())
            read_until(source, lambda _: True)
            source.close()


def test_requested_properties_reach_the_camera():
    """Size and rate go to the camera; what it does not honour is no error."""
    camera = FakeCamera(PICTURE)
    source = VideoStream(
        Reference("camera", 0, "camera 0"),
        properties={"frame_width": 640, "fps": 15},
        open_capture=lambda: camera,
    )
    frame = read_until(source, lambda _: True)
    assert camera.requested == {"frame_width": 640, "fps": 15}
    assert frame.image.shape == (48, 64, 3)
    source.close()
