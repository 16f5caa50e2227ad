"""The two loops: newest frame, newest verdict, every key, every way to end."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from fakes import Ear, FakeJudge, FakeSource, FakeWindow, Running, make_presenter
from paintcam.cli import build_run
from paintcam.errors import ModelError, SinkError, SourceError
from paintcam.folders import interrupted_runs
from paintcam.frames import Frame, SourceState
from paintcam.judge.verdict import Verdict
from paintcam.run.autosave import Autosave
from paintcam.run.every_frame import EveryFrame
from paintcam.run.hooks import Show
from paintcam.run.live import Live
from paintcam.run.presenter import Presenter
from paintcam.run.shortcuts import Watch
from paintcam.sinks.keyboard import Key
from paintcam.sinks.snapshots import Snapshots


@pytest.mark.alone
def test_the_picture_never_waits_for_the_judge():
    """A judge of 0.3 s a frame scores few frames while many are shown."""
    judge, window = FakeJudge(takes_s=0.3), FakeWindow()
    presenter = make_presenter(window=window)
    with Running(Live(FakeSource(), lambda: judge, presenter)) as run:
        run.until(lambda: len(judge.judged) >= 3)
    assert run.summary is not None
    assert run.summary.frames_shown > 4 * run.summary.frames_scored


def test_the_scorer_takes_the_newest_frame():
    """Frames that came while it was busy are skipped, none is judged twice."""
    judge = FakeJudge(takes_s=0.1)
    with Running(Live(FakeSource(), lambda: judge, make_presenter())) as run:
        run.until(lambda: len(judge.judged) >= 5)
    steps = np.diff(judge.judged)
    assert (steps > 0).all()
    assert np.median(steps) > 2


def test_a_slow_judge_says_what_was_shown_between_its_verdicts():
    """Two pictures take turns faster than it judges: neither is all that was held."""

    class Flicker(FakeSource):
        def read(self, timeout_s):
            frame = super().read(timeout_s)
            image = np.full((48, 64, 3), 40 if self.index % 2 else 200, np.uint8)
            return None if frame is None else replace(frame, image=image)

    judge, ear = FakeJudge(score=lambda k: 50.0 + 40 * (k % 2), takes_s=0.1), Ear()
    with Running(Live(Flicker(), lambda: judge, make_presenter(listener=ear))) as run:
        run.until(lambda: len(ear.verdicts) >= 6)
    held = [dict(verdict.held) for verdict, _ in ear.verdicts[3:]]
    assert {verdict.score for verdict, _ in ear.verdicts} == {50.0, 90.0}
    assert any(0 < shares.get(50.0, 0) < 1 and shares.get(90.0) for shares in held), held


def test_the_window_opens_on_the_live_picture_while_the_model_loads():
    """New frames are on screen before there is a judge, and the state says so."""
    loading = threading.Event()

    def load() -> FakeJudge:
        loading.wait(10)
        return FakeJudge()

    ear, window = Ear(), FakeWindow()
    with Running(Live(FakeSource(), load, make_presenter(window=window, listener=ear))) as run:
        run.until(lambda: run.live.presenter.timings.frames_shown > 10)
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
    with Running(Live(source, load, make_presenter(), hold=True)) as run:
        run.until(lambda: source.index == 1)
        time.sleep(0.2)
        assert source.index == 1
        loading.set()
        run.until(lambda: run.summary is not None)
    assert run.summary.frames_shown == 30


def test_the_end_of_a_file_ends_the_run_after_its_last_verdict():
    """The last frame is judged although the source has ended."""
    judge = FakeJudge(takes_s=0.2)
    summary = Live(FakeSource(frames=20), lambda: judge, make_presenter()).run()
    assert summary.frames_shown == 20
    assert judge.judged[-1] == 19


def test_the_best_is_the_last_verdicts():
    """The summary reports what the last verdict reported."""
    ear = Ear()
    summary = Live(FakeSource(frames=40), FakeJudge, make_presenter(listener=ear)).run()
    assert summary.best == ear.verdicts[-1][1].best
    assert summary.frames_scored == len(ear.verdicts)
    bests = [standing.best for _, standing in ear.verdicts]
    assert bests == sorted(bests)


@pytest.mark.alone
def test_seconds_end_the_run():
    """Counted from the first picture."""
    live = Live(FakeSource(), FakeJudge, make_presenter(), seconds=0.5)
    summary = live.run()
    assert 20 <= summary.frames_shown <= 60


@pytest.mark.alone
def test_the_time_of_a_file_starts_when_the_model_is_loaded():
    """Loading for longer than `seconds` leaves the whole time for scoring."""

    def load() -> FakeJudge:
        time.sleep(0.6)
        return FakeJudge()

    summary = Live(FakeSource(), load, make_presenter(), seconds=0.4, hold=True).run()
    assert summary.frames_scored > 5


def test_nothing_is_scored_after_the_summary():
    """A verdict after the end is dropped: the summary's best is the last one reported."""
    ear, judge = Ear(), FakeJudge(takes_s=2.0)
    live = Live(FakeSource(), lambda: judge, make_presenter(listener=ear), seconds=0.3)
    summary = live.run()
    time.sleep(1.5)
    assert summary.frames_scored == len(ear.verdicts) == 0


def test_a_new_prompt_makes_no_picture_safe():
    """What was blocked stays pixelated until a verdict says otherwise."""
    presenter = make_presenter(window=FakeWindow())
    noise = np.random.default_rng(0).integers(0, 255, (96, 128, 3), np.uint8)
    frame = Frame(noise, 0, 0.0, 0.0)
    presenter.state.take_verdict(Verdict(0, 0.0, 0.0, 0.5, 0.0, blocked=True), frame)
    presenter.state.switch_prompt("a cat")
    presenter.controls.overlay = False
    presenter.present(frame, state="", is_new=True)
    shown = presenter.window.pictures[-1]
    assert np.abs(np.diff(shown.astype(int), axis=1)).mean() < 20


def test_a_source_that_never_opens_is_an_error_and_all_is_released():
    """Its own words reach the user."""
    source, window = FakeSource(error=SourceError("No camera.")), FakeWindow()
    with pytest.raises(SourceError, match=r"No camera\."):
        Live(source, FakeJudge, make_presenter(window=window)).run()
    assert source.closed
    assert window.released
    assert not [t for t in threading.enumerate() if t.name == "paintcam-scorer" and t.is_alive()]


def test_a_model_that_does_not_load_is_an_error_and_all_is_released():
    """A failing load ends the run with its message."""

    def load() -> FakeJudge:
        raise ModelError("Damaged weights.")

    source, window = FakeSource(), FakeWindow()
    with pytest.raises(ModelError, match=r"Damaged weights\."):
        Live(source, load, make_presenter(window=window)).run()
    assert source.closed
    assert window.released


def test_a_stop_while_loading_ends_at_once():
    """The model is still loading: the run ends, and says that a thread was left behind."""
    blocked = threading.Event()

    def load() -> FakeJudge:
        blocked.wait(30)
        return FakeJudge()

    live = Live(FakeSource(), load, make_presenter())
    with Running(live) as run:
        run.until(lambda: live.presenter.timings.frames_shown > 3)
        started = time.monotonic()
        live.stop()
        run.until(lambda: run.summary is not None)
    assert time.monotonic() - started < 5
    assert run.summary.frames_scored == 0
    blocked.set()


def test_a_stalled_source_keeps_the_best_and_is_reported():
    """Reconnecting is shown, keys still work, and the best survives."""
    source, ear = FakeSource(), Ear()
    window = FakeWindow()
    with Running(Live(source, FakeJudge, make_presenter(listener=ear, window=window))) as run:
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
    with Running(Live(FakeSource(), FakeJudge, make_presenter(window=window))) as run:
        run.until(lambda: len(window.pictures) > 2)
        window.keys.append(key)
        run.until(lambda: run.summary is not None)


def test_a_closed_window_ends_the_run():
    """The close button ends it as q does."""
    window = FakeWindow()
    with Running(Live(FakeSource(), FakeJudge, make_presenter(window=window))) as run:
        run.until(lambda: len(window.pictures) > 2)
        window.closed = True
        run.until(lambda: run.summary is not None)


def test_space_freezes_the_picture_and_the_score():
    """While frozen no new frame is shown or judged; the second press goes on."""
    window, judge = FakeWindow(), FakeJudge()
    with Running(Live(FakeSource(), lambda: judge, make_presenter(window=window))) as run:
        run.until(lambda: len(judge.judged) > 3)
        run.press(window, " ")
        run.until(lambda: run.live.scorer.idle)
        shown, judged = run.live.presenter.timings.frames_shown, len(judge.judged)
        time.sleep(0.3)
        assert (run.live.presenter.timings.frames_shown, len(judge.judged)) == (shown, judged)
        run.press(window, " ")
        run.until(lambda: len(judge.judged) > judged)


def test_r_resets_the_best():
    """After it, the best is that of newer frames alone."""
    window, ear = FakeWindow(), Ear()
    judge = FakeJudge(score=lambda k: 90 if k < 20 else 10)
    with Running(
        Live(FakeSource(), lambda: judge, make_presenter(window=window, listener=ear))
    ) as run:
        run.until(lambda: judge.judged and judge.judged[-1] > 25)
        assert ear.verdicts[-1][1].best == 90
        run.press(window, "r")
        run.until(lambda: ear.verdicts[-1][1].best == 10)
    assert run.summary.best == 10


def test_p_types_a_new_prompt():
    """Letters are no commands while typing; Enter judges against it, and the best starts again."""
    window, judge = FakeWindow(), FakeJudge()
    presenter = make_presenter(window=window)
    with Running(Live(FakeSource(), lambda: judge, presenter)) as run:
        run.until(lambda: judge.judged)
        run.press(window, "p", *"a qox", "\x08", "\x08", *"uick cat")
        assert presenter.controls.typing == "a quick cat"
        run.press(window, "\r")
        run.until(lambda: judge.prompt == "a quick cat")
        run.until(lambda: presenter.state.prompt == "a quick cat")
        run.press(window, "p", "x", "\x1b")
        assert presenter.state.prompt == "a quick cat"
        assert presenter.controls.typing is None


def test_a_prompt_that_the_encoder_refuses_keeps_the_old_one():
    """The message is on the picture, and the run goes on."""
    window, judge, ear = FakeWindow(), FakeJudge(), Ear()
    presenter = make_presenter(window=window, listener=ear)
    with Running(Live(FakeSource(), lambda: judge, presenter)) as run:
        run.until(lambda: judge.judged)
        run.press(window, "p", *("x" * 60), "\r")
        run.until(lambda: ear.notes)
        assert ear.notes == ["The prompt is too long."]
        assert presenter.state.prompt == "a house"
        judged = len(judge.judged)
        run.until(lambda: len(judge.judged) > judged)


def test_n_takes_the_next_prompt():
    """It comes from whoever gives prompts."""
    window, judge = FakeWindow(), FakeJudge()
    live = Live(
        FakeSource(), lambda: judge, make_presenter(window=window), next_prompt=lambda: "a blue dog"
    )
    with Running(live) as run:
        run.until(lambda: judge.judged)
        run.press(window, "n")
        run.until(lambda: live.presenter.state.prompt == "a blue dog")


def test_m_mirrors_the_picture_but_not_what_is_judged():
    """The shown picture flips; the judge's frames do not change."""
    window = FakeWindow()
    presenter = make_presenter(window=window)
    presenter.controls.overlay = False
    with Running(Live(FakeSource(), FakeJudge, presenter)) as run:
        run.press(window, "m")
        assert presenter.controls.mirror
        run.press(window, "f", "h", "i", "?")
        assert window.fullscreen
        assert presenter.controls.overlay
        assert presenter.controls.rates
        assert presenter.controls.help


class Asking(Show):
    """A show that somebody types into."""

    typing = True


class Helping(Show):
    """A show with its own table of keys up."""

    help = True


@pytest.mark.parametrize(
    ("key", "show"), [("p", Show()), ("?", Show()), ("", Asking()), ("", Helping())]
)
def test_typed_text_and_help_are_drawn_without_the_overlay_too(key, show):
    """Keys that go into a text must not do so unseen; h takes away all else."""
    window = FakeWindow()
    presenter = make_presenter(window=window, show=show)
    presenter.controls.overlay = False
    frame = Frame(np.full((480, 640, 3), 200, np.uint8), 0, 0.0, 0.0)
    presenter.press(Key(key), frame)
    presenter.present(frame, state="", is_new=True)
    assert window.pictures[-1].std() > 5
    if key:
        presenter.press(Key("\x1b" if key == "p" else key), frame)
        presenter.present(frame, state="", is_new=True)
        assert window.pictures[-1].std() == 0


def test_letters_for_a_show_arrive_at_the_typing_rate():
    """The loop looks at keys as often as while a prompt is typed."""

    class Patient(FakeSource):
        waits: list[float]

        def read(self, timeout_s: float) -> Frame | None:
            self.waits = [*getattr(self, "waits", []), timeout_s]
            return super().read(timeout_s)

    for show, longest_s in ((Asking(), 0.005), (Show(), 0.03)):
        source = Patient()
        Live(source, FakeJudge, make_presenter(show=show), seconds=0.1).run()
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
    presenter = make_presenter(recording=broken, listener=ear, window=window)
    with Running(Live(FakeSource(), FakeJudge, presenter)) as run:
        run.until(lambda: len(ear.verdicts) > 10)
    assert ear.notes == ["The disk is full."]
    assert not presenter.complete
    assert broken.closed == 1
    assert run.summary.best is not None


def rising(presenter: Presenter, scores: Sequence[float]) -> None:
    for index, score in enumerate(scores):
        frame = Frame(np.full((48, 64, 3), 200, np.uint8), index, 0.0, float(index))
        presenter.state.take_verdict(Verdict(index, float(index), 0.0, score / 100, score), frame)


def test_a_snapshot_that_fails_is_reported_without_a_window(tmp_path):
    """Without window and recording the terminal still reports a full disk, during the run."""
    ear, folder = Ear(), Snapshots(tmp_path / "gone")
    folder.folder.rmdir()
    presenter = make_presenter(listener=ear, autosave=Autosave(folder, None, model="fake"))
    rising(presenter, [50])
    deadline = time.monotonic() + 20
    while not ear.notes and time.monotonic() < deadline:
        presenter.present(None, state="", is_new=False)
    assert "could not be written" in "".join(ear.notes)
    presenter.close()


def test_the_last_snapshot_that_fails_is_reported(tmp_path):
    """It is written while the run ends: nobody draws any more."""
    ear, folder = Ear(), Snapshots(tmp_path / "gone")
    folder.folder.rmdir()
    presenter = make_presenter(listener=ear, autosave=Autosave(folder, None, model="fake"))
    rising(presenter, [50])
    presenter.close()
    assert "could not be written" in "".join(ear.notes)
    presenter.close()
    assert len(ear.notes) == 1


def test_every_prompts_best_is_kept_for_the_next_run(tmp_path, monkeypatch):
    """A run that is killed after n, p or r has lost nothing but what was taken back."""
    monkeypatch.setenv("PAINTCAM_DATA_DIR", str(tmp_path))
    monkeypatch.setattr("psutil.pid_exists", lambda _pid: False)
    presenter = make_presenter(autosave=Autosave(None, Snapshots(tmp_path), model="fake"))
    rising(presenter, [20, 61])
    presenter.state.switch_prompt("a cat")
    rising(presenter, [2])
    presenter.press(Key("r"), None)
    rising(presenter, [1])
    presenter.state.switch_prompt("a dog")
    rising(presenter, [7, 9])
    frame = Frame(np.zeros((48, 64, 3), np.uint8), 2, 0.0, 0.0)
    presenter.state.take_verdict(Verdict(2, 2.0, 0.1, 0.5, 0.0, blocked=True), frame)
    presenter.state.switch_prompt("a house")
    rising(presenter, [3])
    presenter.close()
    (facts,) = interrupted_runs()
    assert facts["bests"] == {"a house": 61, "a cat": 2}
    assert (facts["prompt"], facts["best"]) == ("a house", 3)
    presenter = make_presenter(autosave=Autosave(None, Snapshots(tmp_path), model="fake"))
    presenter.state.switch_prompt("a cat")
    rising(presenter, [4])
    presenter.state.switch_prompt("a dog")
    rising(presenter, [5])
    presenter.close()
    (message,) = build_run._interrupted_runs()
    assert message.startswith(
        'The previous run ended unexpectedly. Best score: 4.0 for "a cat", 5.0 for "a dog" (20'
    )


def test_a_show_takes_keys_and_may_end_the_run():
    """What a command adds comes first."""

    class Quiz(Show):
        def on_key(self, key: str) -> bool:
            self.finished = key == "x"
            return self.finished

    window = FakeWindow()
    with Running(Live(FakeSource(), FakeJudge, make_presenter(window=window, show=Quiz()))) as run:
        window.keys.append("x")
        run.until(lambda: run.summary is not None)


def test_every_frame_is_judged_once_in_order():
    """None is dropped, whatever the judge takes, and two runs give the same numbers."""

    def score() -> list[tuple[int, float, float]]:
        judge, ear = FakeJudge(takes_s=0.02), Ear()
        summary = EveryFrame(
            FakeSource(frames=23), lambda: judge, make_presenter(listener=ear)
        ).run()
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

    loop = EveryFrame(FakeSource(frames=5), load, make_presenter())
    threading.Timer(0.2, loop.stop).start()
    assert loop.run().frames_scored == 0
    blocked.set()


class EndingLate(FakeSource):
    """Ends right after a read timed out: with a last frame, or with an error."""

    def __init__(self, error: SourceError | None) -> None:
        super().__init__()
        self.late: list[Frame | SourceError] = [
            error or Frame(np.full((48, 64, 3), 200, np.uint8), 0, 0.0, 0.0)
        ]

    def read(self, timeout_s: float) -> Frame | None:
        if self.state is SourceState.LIVE:
            self.state = SourceState.ENDED
            return None
        late = self.late.pop() if self.late else None
        if isinstance(late, SourceError):
            raise late
        return late


def test_every_frame_keeps_a_last_frame_that_was_slow_to_decode():
    """The file ends while nobody waits for a frame."""
    judge = FakeJudge()
    assert EveryFrame(EndingLate(None), lambda: judge, make_presenter()).run().frames_scored == 1
    assert judge.judged == [0]


def test_every_frame_reports_a_file_that_was_slow_to_fail():
    """Not "Nothing was scored" and exit 0."""
    with pytest.raises(SourceError, match=r"Damaged\."):
        EveryFrame(EndingLate(SourceError("Damaged.")), FakeJudge, make_presenter()).run()


def test_watch_gives_the_last_frame_and_the_error_of_a_slow_source():
    """As a loop in Python sees them."""
    with Watch(EndingLate(None), FakeJudge()) as verdicts:
        assert [frame.index for frame, _ in verdicts] == [0]
    with pytest.raises(SourceError, match=r"Damaged\."):
        next(Watch(EndingLate(SourceError("Damaged.")), FakeJudge()))


def test_every_frame_raises_what_loading_raises():
    """The model's own message reaches the user."""

    def load() -> FakeJudge:
        raise ModelError("Damaged weights.")

    with pytest.raises(ModelError, match=r"Damaged weights\."):
        EveryFrame(FakeSource(frames=5), load, make_presenter()).run()


def blocked(presenter: Presenter, index: int, at: float) -> None:
    frame = Frame(np.full((48, 64, 3), 200, np.uint8), index, at, float(index))
    presenter.state.take_verdict(Verdict(index, float(index), at, 0.5, 0.0, blocked=True), frame)


def test_a_killed_run_is_reported_without_a_best_that_a_guard_took_back(tmp_path, monkeypatch):
    """The file holds the best that was left, or nothing: never the one that was rejected."""
    monkeypatch.setenv("PAINTCAM_DATA_DIR", str(tmp_path))
    monkeypatch.setattr("psutil.pid_exists", lambda _pid: False)
    for scores, bests in (([40, 95], {"a house": 40}), ([95], None)):
        presenter = make_presenter(autosave=Autosave(None, Snapshots(tmp_path), model="fake"))
        for index, score in enumerate(scores, 2 - len(scores)):
            at = 10.0 * index  # the last one rose in the time that a guard may be late
            frame = Frame(np.full((48, 64, 3), 200, np.uint8), index, at, at)
            presenter.state.take_verdict(Verdict(index, at, at, score / 100, score), frame)
        blocked(presenter, 2, 10.4)
        presenter.close()
        found = interrupted_runs()
        assert [facts["bests"] for facts in found] == ([bests] if bests else [])
        assert [facts["best"] for facts in found] == ([40] if bests else [])
        assert presenter.state.snapshot().best == (40 if bests else None)


def test_the_summary_has_the_best_of_the_whole_run():
    """Of all prompts, also right after a switch; what r reset does not count."""
    presenter = make_presenter()
    loop = Live(FakeSource(), FakeJudge, presenter)
    assert loop.summary().best is None
    rising(presenter, [20, 61])
    presenter.state.switch_prompt("a cat")
    assert loop.summary().best == 61
    rising(presenter, [30])
    assert loop.summary().best == 61
    assert loop.summary().results == {"a house": 61, "a cat": 30}
    presenter.state.switch_prompt("a house")
    rising(presenter, [90])
    presenter.press(Key("r"), None)
    assert loop.summary().best == 61


def test_the_summary_has_no_best_where_everything_was_blocked():
    """Not 0.0, which would be a score."""
    presenter = make_presenter()
    blocked(presenter, 0, 0.0)
    summary = Live(FakeSource(), FakeJudge, presenter).summary()
    assert (summary.best, summary.results, summary.frames_scored) == (None, {}, 1)


def test_r_takes_the_best_off_a_frozen_picture():
    """The key shows its effect at once, and the frozen frame does not count again."""
    window = FakeWindow()
    presenter = make_presenter(window=window)
    judge = FakeJudge(score=lambda k: 50)
    with Running(Live(FakeSource(), lambda: judge, presenter)) as run:
        run.until(lambda: presenter.state.snapshot().best == 50)
        run.press(window, " ")
        run.until(lambda: run.live.scorer.idle)
        before = window.pictures[-1]
        run.press(window, "r")
        assert presenter.state.snapshot().best is None
        assert (window.pictures[-1] != before).any()
        run.press(window, " ")
        run.until(lambda: presenter.state.snapshot().best == 50)


def test_a_drawing_that_is_being_judged_does_not_count_after_r():
    """A slow judge's verdict on a frame from before the key arrives after it."""
    window, ear = FakeWindow(), Ear()
    pressed = threading.Event()

    class Slow(FakeJudge):
        def judge(self, frames: Sequence[Frame]) -> list[Verdict]:
            if len(self.judged) == 1:
                pressed.wait(10)
            return super().judge(frames)

    presenter = make_presenter(window=window, listener=ear)
    judge = Slow(score=lambda k: 90 if k <= presenter.state._reset_frame else 10)
    with Running(Live(FakeSource(), lambda: judge, presenter)) as run:
        run.until(lambda: len(judge.judged) == 1 and not run.live.scorer.idle)
        run.press(window, "r")
        count = len(ear.verdicts)
        pressed.set()
        run.until(lambda: len(ear.verdicts) > count + 2)
    assert {standing.best for _, standing in ear.verdicts[count:]} == {10}


def test_a_new_prompt_judges_a_frozen_picture():
    """Its verdict comes without a new frame."""
    window, judge = FakeWindow(), FakeJudge()
    presenter = make_presenter(window=window)
    with Running(Live(FakeSource(), lambda: judge, presenter)) as run:
        run.until(lambda: judge.judged)
        run.press(window, " ")
        run.until(lambda: run.live.scorer.idle)
        run.press(window, "r", "p", *"a cat", "\r")
        run.until(lambda: presenter.state.snapshot().verdict)
        view = presenter.state.snapshot()
        assert (view.prompt, view.best) == ("a cat", judge.judged[-1] % 100)


def test_leaving_the_with_block_closes_a_run_that_never_ran():
    """Nothing stays open where a command fails between building and running."""
    source, window = FakeSource(), FakeWindow()
    with Live(source, FakeJudge, make_presenter(window=window)) as live:
        assert live.scorer.close()
    assert source.closed
    assert window.released


def test_two_threads_share_one_state():
    """Verdicts, prompts, notes and resets from all sides, while the picture is drawn."""
    presenter = make_presenter()
    state, errors = presenter.state, []
    stop = threading.Event()

    def hammer(act) -> None:
        try:
            while not stop.is_set():
                act()
        except Exception as error:
            errors.append(error)

    acts = [
        lambda: rising(presenter, [5, 60]),
        lambda: state.switch_prompt("a cat"),
        lambda: state.note("hello"),
        lambda: state.reset(None),
        lambda: presenter.present(None, state="", is_new=True),
        lambda: state.snapshot(),
    ]
    threads = [threading.Thread(target=hammer, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    time.sleep(0.5)
    stop.set()
    for thread in threads:
        thread.join(10)
    assert not errors
    view = state.snapshot()
    assert view.best in (None, 5, 60)
    assert (view.verdict is None) == (view.standing is None)


def test_the_model_is_loaded_after_the_first_picture_or_soon_in_any_case(monkeypatch):
    """Loading must not delay the picture, and a camera that is slow to open not the model."""

    class Late(FakeSource):
        opens_at = 0.0

        def read(self, timeout_s: float) -> Frame | None:
            if time.monotonic() < self.opens_at:
                time.sleep(timeout_s)
                return None
            return super().read(timeout_s)

    for wait_s, load_after_s in ((0.2, 20.0), (30.0, 0.3)):
        monkeypatch.setattr("paintcam.run.live.LOAD_AFTER_S", load_after_s)
        source, window, loaded_at = Late(), FakeWindow(), []
        source.opens_at = time.monotonic() + wait_s

        def load(loaded_at: list[float] = loaded_at) -> FakeJudge:
            loaded_at.append(time.monotonic())
            return FakeJudge()

        live = Live(source, load, make_presenter(window=window))
        with Running(live) as run:
            run.until(lambda: loaded_at)  # noqa: B023
            if wait_s < 1:
                assert live.first_picture_at is not None
                assert loaded_at[0] >= live.first_picture_at
            else:
                assert live.first_picture_at is None


def test_a_run_whose_display_is_lost_continues_without_the_window():
    """A prompt that was being typed is dropped, a message says what happened, scores go on."""
    window, ear, judge = FakeWindow(), Ear(), FakeJudge()
    presenter = make_presenter(window=window, listener=ear)
    with Running(Live(FakeSource(), lambda: judge, presenter)) as run:
        run.press(window, "p", "x")
        window.lost = True
        run.until(lambda: ear.notes)
        judged = len(judge.judged)
        run.until(lambda: len(judge.judged) > judged + 3)
        assert (presenter.window, presenter.typing) == (None, False)
    assert window.released
    assert len(ear.notes) == 1
    assert "display was lost" in ear.notes[0]


def test_a_key_works_by_its_character_first_and_by_its_place_otherwise():
    """й lies where q lies; so does a on a French keyboard, where a show may want it as a."""

    class Adding(Show):
        def on_key(self, key: str) -> bool:
            return key == "a"

    presenter = make_presenter()
    assert presenter.press(Key("й", "q"), None) == "quit"
    assert presenter.press(Key("Й", "q"), None) == "quit"
    assert presenter.press(Key("r", "o"), None) == "reset"
    assert presenter.press(Key("щ", "o"), None) == ""
    assert presenter.press(Key("a", "q"), None) == "quit"
    assert make_presenter(show=Adding()).press(Key("a", "q"), None) == ""
