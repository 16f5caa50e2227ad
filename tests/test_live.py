"""The two loops: newest frame, newest verdict, every key, every way to end."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence

import numpy as np
import pytest

from fakes import Ear, FakeJudge, FakeSource, FakeWindow, Running, make_stage
from paintcam.cli import build_run
from paintcam.cli.run_options import RunOptions
from paintcam.errors import ModelError, SinkError, SourceError
from paintcam.folders import interrupted_runs
from paintcam.frames import Frame, SourceState
from paintcam.judge.verdict import Verdict
from paintcam.run.autosave import Keeper
from paintcam.run.every_frame import EveryFrame
from paintcam.run.hooks import Show
from paintcam.run.live import Live
from paintcam.run.presenter import Stage
from paintcam.sinks.snapshots import Snapshots


def test_the_picture_never_waits_for_the_judge():
    """A judge of 0.3 s a frame scores few frames while many are shown."""
    judge, window = FakeJudge(takes_s=0.3), FakeWindow()
    stage = make_stage(window=window)
    with Running(Live(FakeSource(), lambda: judge, stage)) as run:
        run.until(lambda: len(judge.judged) >= 3)
    assert run.summary is not None
    assert run.summary.frames_shown > 4 * run.summary.frames_scored


def test_the_scorer_takes_the_newest_frame():
    """Frames that came while it was busy are skipped, none is judged twice."""
    judge = FakeJudge(takes_s=0.1)
    with Running(Live(FakeSource(), lambda: judge, make_stage())) as run:
        run.until(lambda: len(judge.judged) >= 5)
    steps = np.diff(judge.judged)
    assert (steps > 0).all()
    assert np.median(steps) > 2


def test_the_window_opens_on_the_live_picture_while_the_model_loads():
    """New frames are on screen before there is a judge, and the state says so."""
    loading = threading.Event()

    def load() -> FakeJudge:
        loading.wait(10)
        return FakeJudge()

    ear, window = Ear(), FakeWindow()
    with Running(Live(FakeSource(), load, make_stage(window=window, listener=ear))) as run:
        run.until(lambda: run.live.stage.pace.frames_shown > 10)
        assert ear.states == ["loading"]
        loading.set()
        run.until(lambda: ear.verdicts and "live" in ear.states)
    assert ear.states == ["loading", "live", "ended"]


def test_a_held_source_waits_for_the_judge():
    """A file shows its first frame until the model is there: no frame goes unscored by loading."""
    loading = threading.Event()

    def load() -> FakeJudge:
        loading.wait(10)
        return FakeJudge()

    source = FakeSource(frames=30)
    with Running(Live(source, load, make_stage(), hold=True)) as run:
        run.until(lambda: source.index == 1)
        time.sleep(0.2)
        assert source.index == 1
        loading.set()
        run.until(lambda: run.summary is not None)
    assert run.summary.frames_shown == 30


def test_the_end_of_a_file_ends_the_run_after_its_last_verdict():
    """The last frame is judged although the source has ended."""
    judge = FakeJudge(takes_s=0.2)
    summary = Live(FakeSource(frames=20), lambda: judge, make_stage()).run()
    assert summary.frames_shown == 20
    assert judge.judged[-1] == 19


def test_the_best_is_the_last_verdicts():
    """The summary tells what the last verdict told."""
    ear = Ear()
    summary = Live(FakeSource(frames=40), FakeJudge, make_stage(listener=ear)).run()
    assert summary.best == ear.verdicts[-1][1].best
    assert summary.frames_scored == len(ear.verdicts)
    bests = [standing.best for _, standing in ear.verdicts]
    assert bests == sorted(bests)


def test_seconds_end_the_run():
    """Counted from the first picture."""
    live = Live(FakeSource(), FakeJudge, make_stage(), seconds=0.5)
    summary = live.run()
    assert 20 <= summary.frames_shown <= 60


def test_the_time_of_a_file_begins_when_the_model_is_there():
    """Loading for longer than `seconds` leaves the whole time for scoring."""

    def load() -> FakeJudge:
        time.sleep(0.6)
        return FakeJudge()

    summary = Live(FakeSource(), load, make_stage(), seconds=0.4, hold=True).run()
    assert summary.frames_scored > 5


def test_nothing_is_scored_after_the_summary():
    """A verdict that comes after the end is dropped: the summary's best is the last one told."""
    ear, judge = Ear(), FakeJudge(takes_s=2.0)
    live = Live(FakeSource(), lambda: judge, make_stage(listener=ear), seconds=0.3)
    summary = live.run()
    time.sleep(1.5)
    assert summary.frames_scored == len(ear.verdicts) == 0


def test_a_new_prompt_makes_no_picture_safe():
    """What was blocked stays pixelated until a verdict says otherwise."""
    stage = make_stage(window=FakeWindow())
    noise = np.random.default_rng(0).integers(0, 255, (96, 128, 3), np.uint8)
    frame = Frame(noise, 0, 0.0, 0.0)
    stage.take_verdict(Verdict(0, 0.0, 0.0, 0.5, 0.0, blocked=True), frame)
    stage.switch_prompt("a cat")
    stage.controls.overlay = False
    stage.present(frame, state="", is_new=True)
    shown = stage.window.pictures[-1]
    assert np.abs(np.diff(shown.astype(int), axis=1)).mean() < 20


def test_a_source_that_never_opens_is_an_error_and_all_is_released():
    """Its own words reach the user."""
    source, window = FakeSource(error=SourceError("No camera.")), FakeWindow()
    with pytest.raises(SourceError, match=r"No camera\."):
        Live(source, FakeJudge, make_stage(window=window)).run()
    assert source.closed
    assert window.released
    assert not [t for t in threading.enumerate() if t.name == "paintcam-scorer" and t.is_alive()]


def test_a_model_that_does_not_load_is_an_error_and_all_is_released():
    """A failing load ends the run with its message."""

    def load() -> FakeJudge:
        raise ModelError("Damaged weights.")

    source, window = FakeSource(), FakeWindow()
    with pytest.raises(ModelError, match=r"Damaged weights\."):
        Live(source, load, make_stage(window=window)).run()
    assert source.closed
    assert window.released


def test_a_stop_while_loading_ends_at_once():
    """The model is still loading: the run ends, and says that a thread was left behind."""
    blocked = threading.Event()

    def load() -> FakeJudge:
        blocked.wait(30)
        return FakeJudge()

    live = Live(FakeSource(), load, make_stage())
    with Running(live) as run:
        run.until(lambda: live.stage.pace.frames_shown > 3)
        started = time.monotonic()
        live.stop()
        run.until(lambda: run.summary is not None)
    assert time.monotonic() - started < 5
    assert run.summary.frames_scored == 0
    blocked.set()


def test_a_stalled_source_keeps_the_best_and_says_so():
    """Reconnecting is told, keys still work, and the best survives."""
    source, ear = FakeSource(), Ear()
    window = FakeWindow()
    with Running(Live(source, FakeJudge, make_stage(listener=ear, window=window))) as run:
        run.until(lambda: len(ear.verdicts) > 10)
        best = ear.verdicts[-1][1].best
        source.state = SourceState.RECONNECTING
        run.until(lambda: "reconnecting" in ear.states)
        run.press(window, "i")
        source.state = SourceState.LIVE
        run.until(lambda: ear.states[-1] == "live")
    assert run.summary.best >= best


@pytest.mark.parametrize("key", ["q", "Q", "\x1b"])
def test_quit_keys(key):
    """Q and Escape end the run."""
    window = FakeWindow()
    with Running(Live(FakeSource(), FakeJudge, make_stage(window=window))) as run:
        run.until(lambda: len(window.pictures) > 2)
        window.keys.append(key)
        run.until(lambda: run.summary is not None)


def test_a_closed_window_ends_the_run():
    """The close button ends it as q does."""
    window = FakeWindow()
    with Running(Live(FakeSource(), FakeJudge, make_stage(window=window))) as run:
        run.until(lambda: len(window.pictures) > 2)
        window.closed = True
        run.until(lambda: run.summary is not None)


def test_space_freezes_the_picture_and_the_score():
    """While frozen no new frame is shown or judged; the second press goes on."""
    window, judge = FakeWindow(), FakeJudge()
    with Running(Live(FakeSource(), lambda: judge, make_stage(window=window))) as run:
        run.until(lambda: len(judge.judged) > 3)
        run.press(window, " ")
        run.until(lambda: run.live.scorer.idle)
        shown, judged = run.live.stage.pace.frames_shown, len(judge.judged)
        time.sleep(0.3)
        assert (run.live.stage.pace.frames_shown, len(judge.judged)) == (shown, judged)
        run.press(window, " ")
        run.until(lambda: len(judge.judged) > judged)


def test_r_resets_the_best():
    """After it, the best is that of newer frames alone."""
    window, ear = FakeWindow(), Ear()
    judge = FakeJudge(score=lambda k: 90 if k < 20 else 10)
    with Running(Live(FakeSource(), lambda: judge, make_stage(window=window, listener=ear))) as run:
        run.until(lambda: judge.judged and judge.judged[-1] > 25)
        assert ear.verdicts[-1][1].best == 90
        run.press(window, "r")
        run.until(lambda: ear.verdicts[-1][1].best == 10)
    assert run.summary.best == 10


def test_p_types_a_new_prompt():
    """Letters are no commands while typing; Enter judges against it, and the best starts anew."""
    window, judge = FakeWindow(), FakeJudge()
    stage = make_stage(window=window)
    with Running(Live(FakeSource(), lambda: judge, stage)) as run:
        run.until(lambda: judge.judged)
        run.press(window, "p", *"a qox", "\x08", "\x08", *"uick cat")
        assert stage.controls.typing == "a quick cat"
        run.press(window, "\r")
        run.until(lambda: judge.prompt == "a quick cat")
        run.until(lambda: stage.prompt == "a quick cat")
        run.press(window, "p", "x", "\x1b")
        assert stage.prompt == "a quick cat"
        assert stage.controls.typing is None


def test_a_prompt_that_the_encoder_refuses_keeps_the_old_one():
    """The message is on the picture, and the run goes on."""
    window, judge, ear = FakeWindow(), FakeJudge(), Ear()
    stage = make_stage(window=window, listener=ear)
    with Running(Live(FakeSource(), lambda: judge, stage)) as run:
        run.until(lambda: judge.judged)
        run.press(window, "p", *("x" * 60), "\r")
        run.until(lambda: ear.notes)
        assert ear.notes == ["The prompt is too long."]
        assert stage.prompt == "a house"
        judged = len(judge.judged)
        run.until(lambda: len(judge.judged) > judged)


def test_n_takes_the_next_prompt():
    """It comes from whoever gives prompts."""
    window, judge = FakeWindow(), FakeJudge()
    live = Live(
        FakeSource(), lambda: judge, make_stage(window=window), next_prompt=lambda: "a blue dog"
    )
    with Running(live) as run:
        run.until(lambda: judge.judged)
        run.press(window, "n")
        run.until(lambda: live.stage.prompt == "a blue dog")


def test_m_mirrors_the_picture_but_not_what_is_judged():
    """The shown picture flips; the judge's frames do not change."""
    window = FakeWindow()
    stage = make_stage(window=window)
    stage.controls.overlay = False
    with Running(Live(FakeSource(), FakeJudge, stage)) as run:
        run.press(window, "m")
        assert stage.controls.mirror
        run.press(window, "f", "h", "i", "?")
        assert window.fullscreen
        assert stage.controls.overlay
        assert stage.controls.rates
        assert stage.controls.help


class Asking(Show):
    """A show that somebody types into."""

    typing = True


class Helping(Show):
    """A show with its own table of keys up."""

    help = True


@pytest.mark.parametrize(
    ("key", "show"), [("p", Show()), ("?", Show()), ("", Asking()), ("", Helping())]
)
def test_what_is_typed_and_asked_for_is_drawn_without_overlay_too(key, show):
    """Keys that go into a text must not do so unseen; h takes away all else."""
    window = FakeWindow()
    stage = make_stage(window=window, show=show)
    stage.controls.overlay = False
    frame = Frame(np.full((480, 640, 3), 200, np.uint8), 0, 0.0, 0.0)
    stage.press(key, frame)
    stage.present(frame, state="", is_new=True)
    assert window.pictures[-1].std() > 5
    if key:
        stage.press("\x1b" if key == "p" else key, frame)
        stage.present(frame, state="", is_new=True)
        assert window.pictures[-1].std() == 0


def test_letters_that_a_show_takes_come_at_the_typing_rate():
    """The loop looks at keys as often as while a prompt is typed."""

    class Patient(FakeSource):
        waits: list[float]

        def read(self, timeout_s: float) -> Frame | None:
            self.waits = [*getattr(self, "waits", []), timeout_s]
            return super().read(timeout_s)

    for show, longest_s in ((Asking(), 0.005), (Show(), 0.03)):
        source = Patient()
        Live(source, FakeJudge, make_stage(show=show), seconds=0.1).run()
        assert max(source.waits) == longest_s


def test_a_failing_recording_does_not_stop_the_show():
    """It is given up with a message; pictures and scores go on."""

    class Broken:
        closed = 0

        def write(self, image: np.ndarray) -> None:
            raise SinkError("The disk is full.")

        def close(self) -> None:
            self.closed += 1

    broken, ear, window = Broken(), Ear(), FakeWindow()
    stage = make_stage(recording=broken, listener=ear, window=window)
    with Running(Live(FakeSource(), FakeJudge, stage)) as run:
        run.until(lambda: len(ear.verdicts) > 10)
    assert ear.notes == ["The disk is full."]
    assert broken.closed == 1
    assert run.summary.best is not None


def rising(stage: Stage, scores: Sequence[float]) -> None:
    for index, score in enumerate(scores):
        frame = Frame(np.full((48, 64, 3), 200, np.uint8), index, 0.0, float(index))
        stage.take_verdict(Verdict(index, float(index), 0.0, score / 100, score), frame)


def test_a_snapshot_that_fails_is_told_though_nobody_watches(tmp_path):
    """Without window and recording the terminal still hears of a full disk, during the run."""
    ear, folder = Ear(), Snapshots(tmp_path / "gone")
    folder.folder.rmdir()
    stage = make_stage(listener=ear, keeper=Keeper(folder, None, model="fake"))
    rising(stage, [50])
    deadline = time.monotonic() + 5
    while not ear.notes and time.monotonic() < deadline:
        stage.present(None, state="", is_new=False)
    assert "could not be written" in "".join(ear.notes)
    stage.close()


def test_the_last_snapshot_that_fails_is_told(tmp_path):
    """It is written while the run ends: nobody draws any more."""
    ear, folder = Ear(), Snapshots(tmp_path / "gone")
    folder.folder.rmdir()
    stage = make_stage(listener=ear, keeper=Keeper(folder, None, model="fake"))
    rising(stage, [50])
    stage.close()
    assert "could not be written" in "".join(ear.notes)
    stage.close()
    assert len(ear.notes) == 1


def test_every_prompts_best_is_kept_for_the_next_run(tmp_path, monkeypatch):
    """A run that is killed after n, p or r has lost nothing but what was taken back."""
    monkeypatch.setenv("PAINTCAM_DATA_DIR", str(tmp_path))
    monkeypatch.setattr("psutil.pid_exists", lambda _pid: False)
    stage = make_stage(keeper=Keeper(None, Snapshots(tmp_path), model="fake"))
    rising(stage, [20, 61])
    stage.switch_prompt("a cat")
    rising(stage, [2])
    stage.press("r", None)
    rising(stage, [1])
    stage.switch_prompt("a dog")
    rising(stage, [7, 9])
    frame = Frame(np.zeros((48, 64, 3), np.uint8), 2, 0.0, 0.0)
    stage.take_verdict(Verdict(2, 2.0, 0.1, 0.5, 0.0, blocked=True), frame)
    stage.switch_prompt("a house")
    rising(stage, [3])
    stage.close()
    (facts,) = interrupted_runs()
    assert facts["bests"] == {"a house": 61, "a cat": 2}
    assert (facts["prompt"], facts["best"]) == ("a house", 3)
    options = RunOptions(prompt="a house")
    stage.keeper = Keeper(None, Snapshots(tmp_path), model="fake")
    stage.switch_prompt("a cat")
    rising(stage, [4])
    stage.switch_prompt("a dog")
    rising(stage, [5])
    stage.close()
    build_run._last_run(options)
    assert options.told[0].startswith(
        'A run was cut off: best 4.0 for "a cat", 5.0 for "a dog", 20'
    )


def test_a_show_takes_keys_and_may_end_the_run():
    """What a command adds comes first."""

    class Quiz(Show):
        def on_key(self, key: str) -> bool:
            self.finished = key == "x"
            return self.finished

    window = FakeWindow()
    with Running(Live(FakeSource(), FakeJudge, make_stage(window=window, show=Quiz()))) as run:
        window.keys.append("x")
        run.until(lambda: run.summary is not None)


def test_every_frame_is_judged_once_in_order():
    """None is dropped, whatever the judge takes, and two runs give the same numbers."""

    def score() -> list[tuple[int, float, float]]:
        judge, ear = FakeJudge(takes_s=0.02), Ear()
        summary = EveryFrame(FakeSource(frames=23), lambda: judge, make_stage(listener=ear)).run()
        assert judge.judged == list(range(23))
        assert (summary.frames_shown, summary.frames_scored) == (23, 23)
        return [(v.frame, s.score, s.best) for v, s in ear.verdicts]

    assert score() == score()


def test_every_frame_stops_while_loading():
    """A stop is heard although the model is still loading."""
    blocked = threading.Event()

    def load() -> FakeJudge:
        blocked.wait(30)
        return FakeJudge()

    loop = EveryFrame(FakeSource(frames=5), load, make_stage())
    threading.Timer(0.2, loop.stop).start()
    assert loop.run().frames_scored == 0
    blocked.set()


def test_every_frame_raises_what_loading_raises():
    """The model's own message reaches the user."""

    def load() -> FakeJudge:
        raise ModelError("Damaged weights.")

    with pytest.raises(ModelError, match=r"Damaged weights\."):
        EveryFrame(FakeSource(frames=5), load, make_stage()).run()
