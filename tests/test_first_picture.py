"""The first picture and the first verdict wait for nothing that they do not need."""

from __future__ import annotations

import subprocess
import sys
import threading
import time

import numpy as np
import pytest

from mjpeg import Webcam
from paintcam.errors import SourceError
from paintcam.frames import SourceState
from paintcam.sources.reference import Reference
from paintcam.sources.stream import VideoStream
from test_sources import PICTURE, FakeCamera, read_until

CAMERA = Reference("camera", 0, "camera 0")


@pytest.fixture(autouse=True)
def not_imported(monkeypatch):
    """Read every connection's first pictures as if `VideoSource` was not imported yet."""
    monkeypatch.setattr("paintcam.sources.live.is_imported", lambda: False)
    monkeypatch.setattr("paintcam.sources.early_reader.IMPORT_AFTER", 4)


def readers() -> list[threading.Thread]:
    return [one for one in threading.enumerate() if one.name == "paintcam-capture"]


READ = """
import sys, threading
from paintcam.sources.capture import NetworkStream
from paintcam.sources.reference import Reference
from paintcam.sources.stream import VideoStream
looked = threading.Event()

class Waiting(NetworkStream):
    pictures = 0
    def grab(self):
        self.pictures += 1
        return (self.pictures <= 2 or looked.wait(60)) and super().grab()

reference = Reference.parse(sys.argv[1])
source = VideoStream(reference, open_capture=lambda: Waiting(reference))
while (first := source.read(10)) is None:
    pass
print(*(name in sys.modules for name in ("supervision", "scipy")))
looked.set()
later = first
while later.index < first.index + 40 or "supervision" not in sys.modules:
    later = source.read(10) or later
source.close()
"""


SCORE = """
import sys, threading
import paintcam
from paintcam.sources.capture import NetworkStream
from paintcam.sources.reference import Reference
from paintcam.sources.stream import VideoStream
scored = threading.Event()

class Waiting(NetworkStream):
    pictures = 0
    def grab(self):
        self.pictures += 1
        return (self.pictures <= 60 or scored.wait(60)) and super().grab()

class Screen:
    def write(self, picture): pass
    def close(self): pass

class Listener:
    def state(self, state): pass
    def note(self, text): pass
    def verdict(self, verdict, standing):
        if not scored.is_set():
            print(*(name in sys.modules for name in ("supervision", "scipy")))
        scored.set()
        if "supervision" in sys.modules:
            live.stop()

reference = Reference.parse(sys.argv[1])
live = paintcam.Live(
    VideoStream(reference, open_capture=lambda: Waiting(reference)),
    lambda: paintcam.make_judge(paintcam.load_encoder("sketch"), "a house"),
    paintcam.Presenter(prompt="a house", model="sketch", overlay=paintcam.Overlay(),
                       listener=Listener(), recording=Screen()),
    seconds=60,
)
live.run()
print("supervision" in sys.modules)
"""


def test_the_first_verdict_comes_before_large_libraries_are_imported():
    """Two seconds of pictures are drawn and shown meanwhile, and no library is imported."""
    with Webcam() as webcam:
        done = subprocess.run(
            [sys.executable, "-c", SCORE, webcam.url],
            capture_output=True,
            text=True,
            timeout=120,
            check=True,
        )
    assert done.stdout.split() == ["False", "False", "True"]


def test_the_first_picture_comes_before_large_libraries_are_imported():
    """They are imported afterwards, while the pictures continue."""
    with Webcam() as webcam:
        done = subprocess.run(
            [sys.executable, "-c", READ, webcam.url],
            capture_output=True,
            text=True,
            timeout=120,
            check=True,
        )
    assert done.stdout.split() == ["False", "False"]


def test_the_camera_is_handed_over_without_being_opened_or_asked_again():
    opened: list[FakeCamera] = []

    def plug() -> FakeCamera:
        opened.append(FakeCamera(PICTURE))
        return opened[-1]

    source = VideoStream(CAMERA, properties={"fps": 15}, open_capture=plug)
    read_until(source, lambda frame: frame.index >= 2)
    deadline = time.monotonic() + 20
    while readers() and time.monotonic() < deadline:
        source.read(0.05)
    assert not readers()
    before = read_until(source, lambda _: True).index
    read_until(source, lambda frame: frame.index > before + 5)
    assert len(opened) == 1
    assert opened[0].requested == {"fps": 15}
    assert not opened[0].released.is_set()
    source.close()
    assert opened[0].released.wait(5)


@pytest.mark.parametrize("frames", [2, 5, 40])
def test_a_camera_that_ends_at_any_moment_is_opened_again(frames):
    opened: list[FakeCamera] = []

    def plug() -> FakeCamera:
        opened.append(FakeCamera(PICTURE, frames))
        return opened[-1]

    source = VideoStream(CAMERA, open_capture=plug)
    read_until(source, lambda _: len(opened) >= 2)
    assert opened[0].released.wait(5)
    source.close()


def test_a_driver_that_hangs_at_its_first_picture_does_not_hold_up_the_end():
    camera = FakeCamera(PICTURE, hang_s=10)
    source = VideoStream(CAMERA, open_capture=lambda: camera)
    assert source.read(0.2) is None
    started = time.monotonic()
    source.close()
    assert time.monotonic() - started < 5


def test_a_camera_without_a_first_picture_is_an_error(monkeypatch):
    """It may be slow, but not for ever."""
    monkeypatch.setattr("paintcam.sources.stream.FIRST_FRAME_S", 0.5)
    source = VideoStream(CAMERA, open_capture=lambda: FakeCamera(PICTURE, hang_s=3))
    with pytest.raises(SourceError, match="Another program may be using it"):
        read_until(source, lambda _: True)
    assert source.state is SourceState.ENDED
    source.close()


def test_a_driver_that_fails_at_once_is_an_error():
    class Broken(FakeCamera):
        def grab(self) -> bool:
            raise RuntimeError("VIDIOC_DQBUF: No such device")

    camera = Broken(PICTURE)
    source = VideoStream(CAMERA, open_capture=lambda: camera)
    with pytest.raises(SourceError):
        read_until(source, lambda _: True)
    assert camera.released.wait(5)
    source.close()


def test_a_first_picture_of_an_odd_kind_is_left_out():
    class Odd(FakeCamera):
        def retrieve(self) -> tuple[bool, np.ndarray | None]:
            odd = np.zeros((48, 64, 2), np.uint8)
            return (True, odd) if self.left > 10**9 - 3 else super().retrieve()

    source = VideoStream(CAMERA, open_capture=lambda: Odd(PICTURE))
    assert read_until(source, lambda _: True).image.shape == PICTURE.shape
    source.close()
