"""Video files: their own timestamps decide, whatever the header claims or the machine can do."""

from __future__ import annotations

import itertools
import time
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from clips import Dripping, FileServer, grey, make_clip, which
from fakes import Ear, FakeJudge, make_presenter
from paintcam.errors import SourceError
from paintcam.frames import Frame, FrameSource, SourceState
from paintcam.judge.verdict import Verdict
from paintcam.run.every_frame import EveryFrame
from paintcam.run.live import Live
from paintcam.run.session import Session
from paintcam.sinks.video_file import VideoFile
from paintcam.sources import decoder
from paintcam.sources.clock import AWAY_S, PlaybackClock
from paintcam.sources.stream import VideoStream, open_stream

CASES = Path(__file__).parent / "references" / "cases"
UNEVEN_S = (0.0, 0.033, 0.066, 0.5, 0.533, 1.2, 1.233, 1.25, 1.5)


def play(source: VideoStream, limit_s: float = 60) -> tuple[list[Frame], float]:
    """Read like a display loop; give the frames, and how long it took from the first one."""
    frames: list[Frame] = []
    started = 0.0
    deadline = time.monotonic() + limit_s
    ended = False
    while not ended:
        assert time.monotonic() < deadline, "it never ends"
        # Asked before reading: it may end, or fail, right after a read timed out.
        ended = source.state is SourceState.ENDED
        frame = source.read(0.03)
        if frame is not None:
            started = started or time.monotonic()
            frames.append(frame)
            ended = False
    source.close()
    return frames, time.monotonic() - started


@pytest.fixture(autouse=True)
def patient(monkeypatch):
    """On a busy machine, a server of a test may answer late."""
    monkeypatch.setattr(decoder, "TIMEOUT_S", 20)


@pytest.mark.alone
@pytest.mark.parametrize(
    ("suffix", "times_s", "rate", "lasts_s"),
    [
        (".mkv", UNEVEN_S, 30, 1.53),
        (".mp4", UNEVEN_S, 30, 1.53),
        (".mkv", UNEVEN_S, 1000, 1.7),  # FFmpeg writes no such header for MP4
        (".mkv", (0.0, 1.0, 2.0), 1, 3.0),
        (".mp4", (0.0, 1.0, 2.0), 1, 3.0),
        (".mkv", tuple(index / 300 for index in range(600)), 300, 2.0),
        (".mp4", tuple(index / 300 for index in range(600)), 300, 2.0),
    ],
    ids=[
        "variable rate-.mkv",
        "variable rate-.mp4",
        "1,000 fps in the header-.mkv",
        "1 fps-.mkv",
        "1 fps-.mp4",
        "300 fps-.mkv",
        "300 fps-.mp4",
    ],
)
def test_a_video_takes_as_long_as_it_lasts(tmp_path, suffix, times_s, rate, lasts_s):
    """Timestamps decide; each frame is given when it is due."""
    path = make_clip(tmp_path / f"a{suffix}", times_s, rate=rate)
    frames, took_s = play(open_stream(str(path)))
    assert lasts_s - 0.1 < took_s < lasts_s + 0.7  # on a busy machine
    assert len(frames) > len(times_s) / 10
    assert frames[-1].time_s == pytest.approx(times_s[-1], abs=0.005)
    for before, after in itertools.pairwise(frames[1:]):
        assert after.captured_at - before.captured_at == pytest.approx(
            after.time_s - before.time_s, abs=0.02
        )


@pytest.mark.parametrize(
    ("name", "lasts_s"),
    [("chrome.webm", 5.31), ("vfr.webm", 5.8), ("slow.mp4", 6.0), ("fps300.mp4", 6.0)],
)
def test_the_videos_that_went_wrong(name, lasts_s):
    _, took_s = play(open_stream(str(CASES / name)))
    assert lasts_s - 0.1 < took_s < lasts_s + 0.9


@pytest.mark.alone
def test_reading_every_frame_depends_on_no_clock(tmp_path):
    """All frames with their presentation times, also as the clock of smoothing and guards."""
    path = make_clip(tmp_path / "a.mkv", UNEVEN_S)
    runs = []
    for _ in range(2):
        frames, took_s = play(open_stream(str(path), every_frame=True))
        assert took_s < 1
        assert [which(frame.image) for frame in frames] == list(range(len(UNEVEN_S)))
        assert [frame.time_s for frame in frames] == pytest.approx(UNEVEN_S, abs=0.002)
        runs.append([(frame.time_s, frame.captured_at) for frame in frames])
    assert runs[0] == runs[1]
    assert all(time_s == captured_at for time_s, captured_at in runs[0])


def test_smoothing_of_every_frame_is_the_same_on_a_slow_machine(tmp_path):
    """The same ten scores give the same best, decoded fast or slowly."""
    path = make_clip(tmp_path / "a.mkv", [index / 10 for index in range(10)])
    bests = []
    for takes_s in (0.0, 0.1):
        judge = FakeJudge(lambda k: 10.0 * (k % 2), takes_s=takes_s)
        stage = make_presenter(session=Session(1.0))
        source = open_stream(str(path), every_frame=True)
        bests.append(EveryFrame(source, lambda judge=judge: judge, stage).run().best)
    assert bests[0] == bests[1]
    assert 0 < bests[0] < 10


def test_a_take_back_of_every_frame_goes_by_the_videos_time(tmp_path):
    """A guard that blocks two seconds later takes nothing back, however fast the file is read."""

    class LateGuard(FakeJudge):
        def judge(self, frames):
            return [
                Verdict(f.index, f.time_s, f.captured_at, 0.5, 50, blocked=f.time_s >= 2)
                for f in frames
            ]

    path = make_clip(tmp_path / "a.mkv", [0.0, 1.0, 2.0])
    judge = LateGuard()
    summary = EveryFrame(
        open_stream(str(path), every_frame=True), lambda: judge, make_presenter()
    ).run()
    assert summary.best == 50


@pytest.mark.alone
def test_a_slow_reader_misses_frames_but_no_time(tmp_path):
    """A display that manages 8 frames per second still shows two seconds in two seconds."""
    path = make_clip(tmp_path / "a.mkv", [index / 60 for index in range(120)], rate=60)
    source = open_stream(str(path))
    frames = []
    started = 0.0
    while source.state is not SourceState.ENDED:
        frame = source.read(0.03)
        if frame is not None:
            started = started or time.monotonic()
            frames.append(frame)
            time.sleep(0.125)
    assert 1.9 < time.monotonic() - started < 4  # all 120 frames would take 15 s
    assert 8 <= len(frames) <= 30
    source.close()


@pytest.mark.alone
def test_a_video_pauses_while_nobody_reads(tmp_path):
    """After a pause of a second it goes on where it stood."""
    path = make_clip(tmp_path / "a.mkv", [index / 20 for index in range(40)], rate=20)
    source = open_stream(str(path))
    frames = [read(source), read(source), read(source)]
    time.sleep(1.0)
    frames.append(read(source))
    assert frames[-1].time_s - frames[-2].time_s <= AWAY_S + 0.15
    assert frames[-1].captured_at > frames[-2].captured_at
    rest, _ = play(source)
    assert rest[-1].time_s == pytest.approx(39 / 20, abs=0.01)


@pytest.mark.alone
def test_a_video_waits_for_its_second_reader_at_its_first_frame(tmp_path):
    """A model that loads for a second costs the video nothing."""
    path = make_clip(tmp_path / "a.mkv", [index / 20 for index in range(20)], rate=20)
    source = open_stream(str(path))
    assert read(source).time_s == 0
    time.sleep(1.0)
    frames, _ = play(source)
    assert frames[0].time_s <= 0.1
    assert len(frames) >= 17


def test_the_end_of_a_file_is_the_end_of_the_run(tmp_path):
    """A file of one second with a limit of fifteen."""
    path = make_clip(tmp_path / "a.mkv", [index / 10 for index in range(10)], rate=10)
    ear = Ear()
    live = Live(
        open_stream(str(path)), FakeJudge, make_presenter(listener=ear), seconds=15, hold=True
    )
    started = time.monotonic()
    live.run()
    assert time.monotonic() - started < 5
    assert ear.states[-1] == "ended"


@pytest.mark.alone
def test_a_recording_lasts_as_long_as_its_video(tmp_path):
    """What the model took to load is not in it, nor is the wait for the last verdict."""
    path = make_clip(tmp_path / "a.mkv", UNEVEN_S, rate=1000)
    recording = VideoFile(tmp_path / "b.mkv", fps=lambda: 30.0)

    def load() -> FakeJudge:
        time.sleep(1.5)
        return FakeJudge(takes_s=0.5)

    presenter = make_presenter(recording=recording)
    Live(open_stream(str(path)), load, presenter, hold=True).run()
    with av.open(str(recording.path)) as written:
        length_s = written.duration / 1_000_000
    assert 1.4 < length_s < 2.3


def test_a_frame_that_stands_for_a_second_is_judged(tmp_path):
    """Half a frame per second: what is on screen counts."""
    path = make_clip(tmp_path / "a.mkv", [0.0, 1.0, 2.0], rate=1)
    judge = FakeJudge(lambda k: (0, 66, 0)[k])
    summary = Live(open_stream(str(path)), lambda: judge, make_presenter(), hold=True).run()
    assert summary.best == 66
    assert judge.judged == [0, 1, 2]


@pytest.mark.alone
@pytest.mark.parametrize("name", ["clip.mp4", "clip.mkv?token=secret"])
def test_a_video_behind_a_url_is_a_file(tmp_path, name):
    """It plays once, at its own rate, then ends."""
    make_clip(tmp_path / name.partition("?")[0], UNEVEN_S)
    with FileServer(tmp_path) as server:
        source = open_stream(server.url(name))
        assert not source.live
        assert "secret" not in source.reference.name
        frames, took_s = play(source)
        every, _ = play(open_stream(server.url(name), every_frame=True))
    assert 1.4 < took_s < 2.3
    assert frames[-1].time_s == pytest.approx(1.5, abs=0.01)
    assert [which(frame.image) for frame in every] == list(range(len(UNEVEN_S)))


@pytest.mark.alone
@pytest.mark.parametrize("length", [None, "unknown"])
def test_a_live_stream_with_the_name_of_a_file_is_live(tmp_path, length):
    """A server that sends MP4 without an end: only the newest picture counts, as of a camera."""
    path = make_clip(
        tmp_path / "live.mp4",
        [index / 10 for index in range(80)],
        pictures=[grey(index) for index in range(80)],
        options={"movflags": "frag_every_frame+empty_moov+default_base_moof"},
    )
    with Dripping(path.read_bytes(), seconds=8, chunked=length is not None) as server:
        source = open_stream(server.url)
        first = read(source)
        assert source.live
        time.sleep(1.0)
        newest = read(source)
        source.close()
    assert newest.captured_at - first.captured_at > 0.7, "it waits for no reader"
    assert newest.index > first.index + 3


@pytest.mark.alone
def test_a_video_without_a_length_in_its_header_is_a_file_where_the_server_knows_its_size(tmp_path):
    """A browser's recording has no duration, but it ends."""
    options = {"movflags": "frag_every_frame+empty_moov+default_base_moof"}
    make_clip(tmp_path / "a.mp4", UNEVEN_S, options=options)
    with FileServer(tmp_path) as server:
        source = open_stream(server.url("a.mp4"))
        _, took_s = play(source)
    assert not source.live
    assert 1.4 < took_s < 2.3


@pytest.mark.alone
def test_a_video_behind_a_url_without_a_suffix_is_a_file(tmp_path):
    """What has a length is no live stream."""
    make_clip(tmp_path / "a.mp4", UNEVEN_S).rename(tmp_path / "download")
    with FileServer(tmp_path) as server:
        source = open_stream(server.url("download"))
        frames, took_s = play(source)
    assert 1.4 < took_s < 2.3
    assert frames[0].time_s == 0
    assert not source.live


def test_a_cameras_still_picture_is_requested_repeatedly(tmp_path):
    """The address of one JPEG, as many cameras have it, is a live source."""
    Image.fromarray(grey(3)).save(tmp_path / "shot.jpg")
    with FileServer(tmp_path) as server:
        source = open_stream(server.url("shot.jpg"))
        for _ in range(3):
            assert read(source).image.shape == (48, 64, 3)
        assert source.live
        source.close()


def test_a_video_behind_a_dead_url_fails_soon():
    started = time.monotonic()
    with pytest.raises(SourceError, match=r"Cannot open http://127\.0\.0\.1:9:"):
        play(open_stream("http://127.0.0.1:9/clip.mp4?password=secret"))
    assert time.monotonic() - started < 5


@pytest.mark.parametrize("name", ["12:30.mp4", "a:b.mp4", "http:x.mp4", "a%03d.mp4", "-i.mp4"])
def test_names_that_mean_something_to_a_decoder(tmp_path, monkeypatch, name):
    """Colons, percent signs and dashes are part of a name."""
    make_clip(tmp_path / name, [0.0, 0.1])
    monkeypatch.chdir(tmp_path)
    uri = (tmp_path / name).as_uri()
    for text in (name, str(tmp_path / name), uri, uri.replace("file:///", "FILE:/")):
        frames, _ = play(open_stream(text, every_frame=True))
        assert len(frames) == 2


@pytest.mark.parametrize(
    ("aspect", "shape"),
    [(Fraction(2), (48, 128, 3)), (Fraction(1, 2), (96, 64, 3)), (Fraction(1), (48, 64, 3))],
)
def test_pixels_that_are_not_square(tmp_path, aspect, shape):
    path = make_clip(tmp_path / "a.mkv", [0.0, 0.1], pixel_aspect=aspect)
    frames, _ = play(open_stream(str(path), every_frame=True))
    assert frames[0].image.shape == shape


def test_the_anamorphic_video_that_went_wrong():
    source = open_stream(str(CASES / "sar.mp4"), every_frame=True)
    assert read(source).image.shape == (480, 640, 3)
    source.close()


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_a_phones_video_is_upright(tmp_path, degrees):
    """The display matrix of the container is applied as OpenCV applies it."""
    import cv2

    sheet = grey(0)
    sheet[:20, :20] = (0, 0, 255)
    path = make_clip(tmp_path / "a.mp4", [0.0, 0.1], pictures=[sheet, sheet])
    turn_header(path, degrees)
    capture = cv2.VideoCapture(str(path))
    expected = capture.read()[1]
    capture.release()
    assert expected.shape[:2] == ((48, 64) if degrees == 180 else (64, 48))
    frames, _ = play(open_stream(str(path), every_frame=True))
    assert frames[0].image.shape == expected.shape
    assert np.abs(frames[0].image.astype(int) - expected).mean() < 2


def test_a_video_that_claims_too_many_pixels_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(decoder, "MAX_PIXELS", 1000)
    path = make_clip(tmp_path / "a.mp4", [0.0, 0.1])
    with pytest.raises(SourceError, match="64×48"):
        play(open_stream(str(path)))


def test_a_damaged_part_does_not_end_a_video(tmp_path):
    """What comes after it is shown."""
    path = make_clip(tmp_path / "a.mp4", [index / 30 for index in range(60)], codec="mjpeg")
    content = bytearray(path.read_bytes())
    for at in (0.4, 0.5, 0.6):
        content[int(at * len(content)) : int(at * len(content)) + 400] = bytes(400)
    path.write_bytes(content)
    frames, _ = play(open_stream(str(path), every_frame=True))
    assert len(frames) > 40
    assert frames[-1].time_s > 1.8
    assert all(a.time_s < b.time_s for a, b in itertools.pairwise(frames))


def test_a_timestamp_that_jumps_for_hours_is_not_believed(tmp_path):
    """The picture does not stand still until the next day."""
    path = make_clip(tmp_path / "a.mkv", [0.0, 0.1, 0.2, 50_000.0, 50_000.1])
    content = path.read_bytes()
    at = content.index(b"\x44\x89")  # the header's duration: left out, as in a live recording
    path.write_bytes(content[:at] + b"\xec" + content[at + 1 :])
    frames, _ = play(open_stream(str(path), every_frame=True))
    assert frames[-1].time_s < 1


def test_the_clock_runs_only_while_somebody_watches():
    """Started by the second read; at most `AWAY_S` pass between two reads."""
    clock = PlaybackClock()
    clock.enter(10)
    assert clock.wait_s(0.0, 10) == 0
    assert clock.take(0.0, 10) == 10
    clock.leave(10)
    assert clock.wait_s(0.1, 15) == float("inf")
    clock.enter(20)
    assert clock.wait_s(0.5, 20.25) == pytest.approx(0.25)
    assert clock.take(0.25, 20.25) == pytest.approx(20.25)
    clock.leave(20.25)
    assert clock.wait_s(1.0, 99) == pytest.approx(0.75 - AWAY_S)
    clock.enter(99)
    assert clock.wait_s(1.0, 99) == pytest.approx(0.75 - AWAY_S)


def test_the_clock_waits_for_a_decoder_that_is_too_slow():
    clock = PlaybackClock()
    clock.take(0.0, 0)
    clock.enter(1)
    assert clock.take(0.1, 3) == pytest.approx(3)
    assert clock.wait_s(0.2, 3) == pytest.approx(0.1)


def read(source: FrameSource) -> Frame:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        frame = source.read(0.1)
        if frame is not None:
            return frame
    raise AssertionError("no frame")


def turn_header(path: Path, degrees: int) -> None:
    """Write a rotation into an MP4's track header: the matrix lies at a fixed place in it."""
    content = bytearray(path.read_bytes())
    at = content.index(b"tkhd") + 4 + 4 + 20 + 16
    one = 1 << 16
    a, b = {90: (0, one), 180: (-one, 0), 270: (0, -one)}[degrees]
    c, d = -b, a
    for offset, value in ((0, a), (4, b), (12, c), (16, d)):
        content[at + offset : at + offset + 4] = value.to_bytes(4, "big", signed=True)
    path.write_bytes(content)
