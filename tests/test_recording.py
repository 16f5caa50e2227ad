"""Recordings and snapshots: real files, real faults."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import cv2
import numpy as np
import pytest

from paintcam.errors import SinkError
from paintcam.sinks import video_file as recording
from paintcam.sinks.snapshots import Snapshot, Snapshots
from paintcam.sinks.video_file import VideoFile


def picture(value: int = 128, wh: tuple[int, int] = (96, 64)) -> np.ndarray:
    return np.full((wh[1], wh[0], 3), value, np.uint8)


def read_back(path: Path) -> tuple[list[np.ndarray], float]:
    capture = cv2.VideoCapture(str(path))
    fps = capture.get(cv2.CAP_PROP_FPS)
    pictures = []
    while True:
        ok, image = capture.read()
        if not ok:
            return pictures, fps
        pictures.append(image)


def keep_writing(sink: VideoFile) -> None:
    for _ in range(200):
        sink.write(picture())
        time.sleep(0.01)


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_every_picture_is_a_frame(tmp_path, suffix):
    """Without real time, 37 pictures are 37 frames, in order."""
    sink = VideoFile(tmp_path / f"a{suffix}", fps=lambda: 24.0, realtime=False)
    for index in range(37):
        sink.write(picture(6 * index))
    sink.close()
    sink.close()
    pictures, fps = read_back(sink.path)
    assert fps == pytest.approx(24)
    assert len(pictures) == 37
    assert all(abs(float(p.mean()) - 6 * i) < 6 for i, p in enumerate(pictures))


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_real_time_lasts_as_long_as_the_run(tmp_path, suffix):
    """Pictures came in fits and starts; the file is as long as the time from first to close."""
    sink = VideoFile(tmp_path / f"a{suffix}", fps=lambda: 30.0)
    sink.write(picture(0))
    started = time.monotonic()
    for pause_s in (0.02, 0.5, 0.01, 0.01, 0.4, 0.05):
        time.sleep(pause_s)
        sink.write(picture(200))
    sink.close()
    lasted_s = time.monotonic() - started
    pictures, fps = read_back(sink.path)
    assert len(pictures) / fps == pytest.approx(lasted_s, abs=0.15)


def test_a_source_that_comes_back_at_another_size(tmp_path):
    """The file keeps its size; the new picture is fitted in."""
    sink = VideoFile(tmp_path / "a.mp4", fps=lambda: 24.0, realtime=False)
    sink.write(picture(250, (96, 64)))
    sink.write(picture(250, (64, 96)))
    sink.close()
    pictures, _ = read_back(sink.path)
    assert [p.shape for p in pictures] == [(64, 96, 3)] * 2
    assert pictures[1][32, 48].mean() > 200
    assert pictures[1][32, 2].mean() < 50


def test_odd_sides(tmp_path):
    """4:2:0 wants even sides: one black line more, no error."""
    sink = VideoFile(tmp_path / "a.mkv", fps=lambda: 24.0, realtime=False)
    sink.write(picture(200, (97, 63)))
    sink.close()
    assert read_back(sink.path)[0][0].shape == (64, 98, 3)


def test_an_encoder_slower_than_life_still_ends_with_a_playable_file(tmp_path, monkeypatch):
    """The file is closed in time, whatever is still due."""
    real = cv2.VideoWriter

    class Slow:
        def __init__(self, *args) -> None:
            self.writer = real(*args)

        fourcc = staticmethod(real.fourcc)

        def __getattr__(self, name: str):
            return getattr(self.writer, name)

        def write(self, image: np.ndarray) -> None:
            time.sleep(0.1)
            self.writer.write(image)

    monkeypatch.setattr(cv2, "VideoWriter", Slow)
    sink = VideoFile(tmp_path / "a.mp4", fps=lambda: 30.0)
    until = time.monotonic() + 2
    while time.monotonic() < until:
        sink.write(picture())
        time.sleep(0.03)
    sink.close()
    assert not sink._thread.is_alive()
    assert len(read_back(sink.path)[0]) > 10


def test_a_4k_picture_is_recorded_smaller(tmp_path):
    """Two cores do not encode 4K as it happens; an upright one stays upright."""
    for wh, recorded in (((3840, 2160), (1080, 1920)), ((2160, 3840), (1920, 1080))):
        sink = VideoFile(tmp_path / f"{wh[0]}.mp4", fps=lambda: 30.0)
        sink.write(picture(200, wh))
        sink.close()
        assert read_back(sink.path)[0][0].shape[:2] == recorded


def test_an_existing_file_is_never_overwritten(tmp_path):
    """The talk's first recording survives the second run."""
    (tmp_path / "talk.mp4").write_bytes(b"precious")
    sink = VideoFile(tmp_path / "talk.mp4", fps=lambda: 24.0, realtime=False)
    sink.write(picture())
    sink.close()
    assert sink.path == tmp_path / "talk-2.mp4"
    assert (tmp_path / "talk.mp4").read_bytes() == b"precious"


def test_nothing_shown_leaves_no_empty_file(tmp_path):
    """Closed before the first picture."""
    sink = VideoFile(tmp_path / "a.mp4", fps=lambda: 24.0)
    sink.close()
    assert not sink.path.exists()


@pytest.mark.parametrize("name", ["talk.avi", "talk", "missing/talk.mp4"])
def test_what_cannot_be_recorded_to(tmp_path, name):
    """Another suffix, or a folder that is not there; the message names it."""
    with pytest.raises(SinkError, match=Path(name).name):
        VideoFile(tmp_path / name, fps=lambda: 24.0)


def test_a_folder_that_is_not_writable():
    """/proc takes no files, not even root's."""
    with pytest.raises(SinkError, match=r"Cannot record to '/proc/talk\.mp4'"):
        VideoFile(Path("/proc/talk.mp4"), fps=lambda: 24.0)


def test_a_disk_that_fills_up(tmp_path, monkeypatch):
    """The error says what is kept, and the file so far is playable."""
    monkeypatch.setattr(recording, "CHECK_S", 0.0)
    sink = VideoFile(tmp_path / "a.mkv", fps=lambda: 24.0, realtime=False)
    for _ in range(20):
        sink.write(picture())
    usage = recording.shutil.disk_usage(tmp_path)
    monkeypatch.setattr(recording.shutil, "disk_usage", lambda _: usage._replace(free=1 << 20))
    with pytest.raises(SinkError, match="1 MiB free"):
        keep_writing(sink)
    sink.close()
    assert len(read_back(sink.path)[0]) >= 20 - 8  # all but those that waited in the queue


def test_a_full_disk_at_the_start(tmp_path, monkeypatch):
    """Refused before the show, not in it."""
    usage = recording.shutil.disk_usage(tmp_path)
    monkeypatch.setattr(recording.shutil, "disk_usage", lambda _: usage._replace(free=0))
    with pytest.raises(SinkError, match="is full"):
        VideoFile(tmp_path / "a.mkv", fps=lambda: 24.0)


def test_a_removed_file_is_noticed(tmp_path, monkeypatch):
    """Somebody deletes the recording while it runs."""
    monkeypatch.setattr(recording, "CHECK_S", 0.0)
    sink = VideoFile(tmp_path / "a.mkv", fps=lambda: 24.0, realtime=False)
    sink.write(picture())
    time.sleep(0.2)
    sink.path.unlink()
    with pytest.raises(SinkError, match="was removed"):
        keep_writing(sink)
    sink.close()


def test_matroska_survives_kill_9(tmp_path):
    """The process dies without a word; what was written plays."""
    script = textwrap.dedent(
        """
        import sys, time, numpy as np
        from pathlib import Path
        from paintcam.sinks.video_file import VideoFile
        sink = VideoFile(Path(sys.argv[1]), fps=lambda: 30.0, realtime=False)
        rng = np.random.default_rng(0)
        for index in range(10**6):
            sink.write(rng.integers(0, 255, (240, 320, 3), dtype=np.uint8))
            if index == 300:
                print("go", flush=True)
        """
    )
    path = tmp_path / "a.mkv"
    process = subprocess.Popen(
        [sys.executable, "-c", script, str(path)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "go\n"
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    assert len(read_back(path)[0]) > 100


def test_snapshots_are_written_whole_with_their_facts(tmp_path):
    """Clean picture, picture with overlay, and JSON; of one name the newest stays."""
    folder = Snapshots(tmp_path / "new" / "folder")
    for score in range(20):
        folder.keep(Snapshot("best", {"score": score}, picture(score * 10), lambda: picture(1)))
    folder.close()
    written = sorted(path.name for path in folder.folder.iterdir())
    assert written == ["best-overlay.jpg", "best.jpg", "best.json"]
    assert json.loads((folder.folder / "best.json").read_text()) == {"score": 19}
    assert abs(float(cv2.imread(str(folder.folder / "best.jpg")).mean()) - 190) < 2


def test_a_blocked_picture_is_kept_only_as_it_was_shown(tmp_path):
    """Without the clean one."""
    folder = Snapshots(tmp_path)
    folder.keep(Snapshot("best", {}, None, lambda: picture()))
    folder.close()
    assert not (tmp_path / "best.jpg").exists()
    assert (tmp_path / "best-overlay.jpg").exists()


def test_a_discarded_snapshot_is_gone(tmp_path):
    """Written or still waiting."""
    folder = Snapshots(tmp_path)
    folder.keep(Snapshot("best", {}, picture(), lambda: picture()))
    time.sleep(0.3)
    folder.discard("best")
    folder.close()
    assert list(tmp_path.iterdir()) == []


def test_a_snapshot_that_cannot_be_drawn_does_not_stop_the_next(tmp_path):
    """The thread lives on, and the error is told."""

    def fail() -> np.ndarray:
        raise ValueError("no pen")

    folder = Snapshots(tmp_path)
    folder.keep(Snapshot("one", {}, picture(), fail))
    folder.keep(Snapshot("two", {}, picture(), lambda: picture()))
    folder.close()
    assert "no pen" in str(folder.error)
    assert (tmp_path / "two-overlay.jpg").exists()


def test_a_snapshot_folder_that_vanishes_is_told(tmp_path):
    """No crash: the error is there for whoever asks."""
    folder = Snapshots(tmp_path / "gone")
    folder.folder.rmdir()
    folder.keep(Snapshot("best", {}, picture(), lambda: picture()))
    folder.close()
    assert "could not be written" in str(folder.error)


def test_a_snapshot_folder_that_cannot_be(tmp_path):
    """Refused at the start, with the name."""
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(SinkError, match="Cannot write snapshots to"):
        Snapshots(tmp_path / "file" / "folder")
