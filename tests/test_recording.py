"""Recordings and snapshots: real files, real faults."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import cv2
import numpy as np
import pytest

from paintcam.errors import SinkError
from paintcam.run.autosave import Autosave
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


@pytest.mark.alone
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


def test_a_source_that_reconnects_at_another_size(tmp_path):
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
    write = recording.VideoEncoder.write

    def slow(encoder, time_s: float) -> None:
        time.sleep(0.1)
        write(encoder, time_s)

    monkeypatch.setattr(recording.VideoEncoder, "write", slow)
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


def test_a_link_is_not_followed(tmp_path):
    """A link at the preferred name is left alone, and so is what it points to."""
    (tmp_path / "precious").write_bytes(b"precious")
    (tmp_path / "talk.mkv").symlink_to(tmp_path / "precious")
    (tmp_path / "talk-2.mkv").symlink_to(tmp_path / "nowhere")
    sink = VideoFile(tmp_path / "talk.mkv", fps=lambda: 24.0, realtime=False)
    sink.write(picture())
    sink.close()
    assert sink.path == tmp_path / "talk-3.mkv"
    assert (tmp_path / "precious").read_bytes() == b"precious"
    assert not (tmp_path / "nowhere").exists()


def test_a_file_created_under_the_name_meanwhile_is_not_overwritten(tmp_path):
    """The recording goes into the file that it created, wherever that lies now."""
    sink = VideoFile(tmp_path / "talk.mkv", fps=lambda: 24.0, realtime=False)
    (tmp_path / "talk.mkv").rename(tmp_path / "moved.mkv")
    (tmp_path / "talk.mkv").write_bytes(b"precious")
    for _ in range(5):
        sink.write(picture())
    sink.close()
    assert (tmp_path / "talk.mkv").read_bytes() == b"precious"
    assert len(read_back(tmp_path / "moved.mkv")[0]) == 5


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_two_recordings_with_one_name_each_have_their_file(tmp_path, suffix):
    """Opened at once, written at once: nothing is lost."""
    path = tmp_path / f"talk{suffix}"
    sinks = [VideoFile(path, fps=lambda: 24.0, realtime=False) for _ in range(3)]
    for index in range(10):
        for number, sink in enumerate(sinks):
            sink.write(picture(60 + 60 * number + index))
    for sink in sinks:
        sink.close()
    assert len({sink.path for sink in sinks}) == 3
    for number, sink in enumerate(sinks):
        pictures, _ = read_back(sink.path)
        assert len(pictures) == 10
        assert abs(float(pictures[0].mean()) - (60 + 60 * number)) < 6


def test_nothing_shown_leaves_what_others_put_there(tmp_path):
    sink = VideoFile(tmp_path / "a.mp4", fps=lambda: 24.0)
    sink.path.unlink()
    sink.path.write_bytes(b"precious")
    sink.close()
    assert sink.path.read_bytes() == b"precious"


def test_a_name_that_is_not_utf_8_is_refused(tmp_path):
    """As in old zip archives; the message can be printed."""
    with pytest.raises(SinkError, match="not valid UTF-8") as caught:
        VideoFile(tmp_path / "caf\udce9.mp4", fps=lambda: 24.0)
    assert str(caught.value).encode("utf-8")
    assert list(tmp_path.iterdir()) == []


def test_pictures_with_times_play_as_their_source_did(tmp_path):
    """Read as fast as possible, the file keeps the presentation times."""
    times_s = [2.0, 2.033, 2.5, 3.7, 3.71]
    for suffix in (".mp4", ".mkv"):
        sink = VideoFile(tmp_path / f"a{suffix}", fps=lambda: 30.0, realtime=False)
        for time_s in times_s:
            sink.write_at(picture(), time_s)
        sink.close()
        capture = cv2.VideoCapture(str(sink.path))
        written = []
        while capture.grab():
            written.append(capture.get(cv2.CAP_PROP_POS_MSEC) / 1000)
        assert written == pytest.approx([time_s - 2.0 for time_s in times_s], abs=0.002)


@pytest.mark.alone
@pytest.mark.parametrize("fps", [0.5, 300.0, 1000.0])
def test_real_time_is_kept_at_any_rate_of_the_source(tmp_path, fps):
    sink = VideoFile(tmp_path / "a.mkv", fps=lambda: max(1.0, fps))
    started = time.monotonic()
    for _ in range(10):
        sink.write(picture())
        time.sleep(0.1)
    sink.close()
    lasted_s = time.monotonic() - started
    pictures, rate = read_back(sink.path)
    assert rate <= 60
    assert len(pictures) / rate == pytest.approx(lasted_s, abs=max(0.15, 1 / rate))


FULL_DISK = """
import resource, sys, numpy as np
from pathlib import Path
from paintcam.errors import SinkError
from paintcam.run.autosave import Autosave
from paintcam.sinks.video_file import VideoFile
sink = VideoFile(Path(sys.argv[1]), fps=lambda: 30.0, realtime=False)
resource.setrlimit(resource.RLIMIT_FSIZE, (3 << 20, 3 << 20))
rng = np.random.default_rng(0)
try:
    for index in range(500):
        sink.write(rng.integers(0, 255, (240, 320, 3), dtype=np.uint8))
    sink.close()
except SinkError as error:
    print(error)
    sink.close()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs RLIMIT_FSIZE")
@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_a_disk_that_is_full_at_once_keeps_what_was_recorded(tmp_path, suffix):
    """Not one byte more can be written, no index either: the file plays all the same."""
    path = tmp_path / f"a{suffix}"
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(path)], capture_output=True, text=True, check=True
    )
    assert "What was recorded so far is kept" in done.stdout
    assert "Traceback" not in done.stderr
    assert len(read_back(path)[0]) > 20


def test_an_end_that_cannot_be_written_is_reported(tmp_path, monkeypatch):
    """By `close`, where no later picture reports it."""
    sink = VideoFile(tmp_path / "a.mkv", fps=lambda: 24.0, realtime=False)

    close = recording.VideoEncoder.close

    def fail(encoder) -> None:
        close(encoder)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(recording.VideoEncoder, "close", fail)
    sink.write(picture())
    with pytest.raises(SinkError, match="No space left on device"):
        sink.close()
    sink.close()


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


KILLED = """
import sys, time, numpy as np
from pathlib import Path
from paintcam.sinks.video_file import VideoFile
sink = VideoFile(Path(sys.argv[1]), fps=lambda: 30.0, realtime=False)
rng = np.random.default_rng(0)
for index in range(10**6):
    sink.write(rng.integers(0, 255, (240, 320, 3), dtype=np.uint8))
    if index == int(sys.argv[2]):
        print("go", flush=True)
"""


def kill_9(code: str, *args: str) -> None:
    """Run a program until it prints "go", and kill it."""
    process = subprocess.Popen(
        [sys.executable, "-c", code, *args], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "go\n"
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()


@pytest.mark.parametrize("suffix", [".mkv", ".mp4"])
def test_a_recording_survives_kill_9(tmp_path, suffix):
    """The process dies without a word; what was written plays."""
    path = tmp_path / f"a{suffix}"
    kill_9(KILLED, str(path), "300")
    assert len(read_back(path)[0]) > 100


KILLED_EARLY = """
import sys, time, numpy as np
from pathlib import Path
from paintcam.sinks.video_file import VideoFile
sink = VideoFile(Path(sys.argv[1]), fps=lambda: 30.0)
started = time.monotonic()
while time.monotonic() - started < 1.2:
    sink.write(np.full((240, 320, 3), 200, np.uint8))
    time.sleep(0.03)
print("go", flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize("suffix", [".mkv", ".mp4"])
def test_a_recording_killed_in_its_first_two_seconds_is_readable(tmp_path, suffix):
    """A still picture, which a muxer would hold back for long."""
    path = tmp_path / f"a{suffix}"
    kill_9(KILLED_EARLY, str(path))
    pictures, _ = read_back(path)
    assert len(pictures) > 10
    assert abs(float(pictures[-1].mean()) - 200) < 4


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
    """The thread survives, and the error is reported."""

    def fail() -> np.ndarray:
        raise ValueError("no pen")

    folder = Snapshots(tmp_path)
    folder.keep(Snapshot("one", {}, picture(), fail))
    folder.keep(Snapshot("two", {}, picture(), lambda: picture()))
    folder.close()
    assert "no pen" in str(folder.error)
    assert (tmp_path / "two-overlay.jpg").exists()


def test_a_snapshot_folder_that_vanishes_is_reported(tmp_path):
    """No crash, and no advice about space: the error is there for whoever asks."""
    folder = Snapshots(tmp_path / "gone")
    folder.folder.rmdir()
    folder.keep(Snapshot("best", {}, picture(), lambda: picture()))
    folder.close()
    assert "could not be written" in str(folder.error)
    assert "snapshot best" in folder.error.what
    assert "gone" in folder.error.what
    assert "space" not in folder.error.fix


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(28, "No space left on device"), "Free some space"),
        (PermissionError(13, "Permission denied"), "Check the folder"),
        (OSError("odd"), "Check the folder"),
        (MemoryError(), "MemoryError"),
    ],
)
def test_a_lost_snapshot_is_named_whatever_went_wrong(tmp_path, monkeypatch, error, words):
    """The writing thread lives on."""

    def fail(path: Path, content: bytes) -> None:
        raise error

    folder = Snapshots(tmp_path)
    with monkeypatch.context() as patched:
        patched.setattr("paintcam.sinks.snapshots.write_atomically", fail)
        folder.keep(Snapshot("20260101-house", {}))
        deadline = time.monotonic() + 20
        while folder.error is None and time.monotonic() < deadline:
            time.sleep(0.01)
    assert "20260101-house" in str(folder.error)
    assert words in str(folder.error)
    folder.keep(Snapshot("next", {}))
    folder.close()
    assert (tmp_path / "next.json").exists()


def test_facts_that_no_file_can_hold_lose_no_snapshot(tmp_path):
    """Half characters, as in a prompt of a broken terminal."""
    folder = Snapshots(tmp_path)
    folder.keep(Snapshot("best", {"prompt": "caf\udce9"}))
    folder.close()
    assert folder.error is None
    assert json.loads((tmp_path / "best.json").read_text("utf-8")) == {"prompt": "caf?"}


def test_a_snapshot_folder_that_is_not_utf_8_is_refused(tmp_path):
    """Before the show, with a message that can be printed."""
    with pytest.raises(SinkError, match="not valid UTF-8") as caught:
        Snapshots(tmp_path / "caf\udce9")
    assert str(caught.value).encode("utf-8")


def test_snapshots_that_a_slow_disk_did_not_take_are_named(tmp_path, monkeypatch):
    """Closing does not wait forever, and reports what is missing."""
    monkeypatch.setattr("paintcam.sinks.snapshots.CLOSE_S", 0.2)
    taken, release = threading.Event(), threading.Event()
    folder = Snapshots(tmp_path)

    def wait() -> np.ndarray:
        taken.set()
        release.wait(10)
        return picture()

    folder.keep(Snapshot("one", {}, None, wait))
    assert taken.wait(20)
    folder.keep(Snapshot("two", {}))
    folder.close()
    release.set()
    assert "two" in str(folder.error)


def test_two_runs_in_one_second_keep_their_snapshots_apart(tmp_path):
    """Both write "best" into one folder, at once; each has its own files."""
    first, second = Snapshots(tmp_path), Snapshots(tmp_path)
    starts = [folder.claim("20260101-120000") for folder in (first, second)]
    assert starts == ["20260101-120000", "20260101-120000-2"]
    for value, (folder, start) in enumerate(zip((first, second), starts, strict=True)):
        folder.keep(Snapshot(f"{start}-best", {"run": value}))
    for folder in (first, second):
        folder.close()
    for value, start in enumerate(starts):
        assert json.loads((tmp_path / f"{start}-best.json").read_text()) == {"run": value}
    assert len(list(tmp_path.iterdir())) == 2
    third = Snapshots(tmp_path)  # started and ended within the same second
    assert third.claim("20260101-120000") == "20260101-120000-3"
    third.close()


def test_two_autosaves_in_one_second_keep_their_pictures_apart(tmp_path, monkeypatch):
    monkeypatch.setattr(time, "strftime", lambda _format: "20260101-120000")
    folders = [Snapshots(tmp_path) for _ in range(2)]
    pictures = {Autosave(folder, None, model="fake").best_picture for folder in folders}
    assert len(pictures) == 2
    for folder in folders:
        folder.close()


def test_an_unusable_snapshot_folder_is_an_error(tmp_path):
    """Refused at the start, with the name."""
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(SinkError, match="Cannot write snapshots to"):
        Snapshots(tmp_path / "file" / "folder")
