"""First the score, then the guards: what is embedded when, what is kept, what is taken back."""

from __future__ import annotations

import os
import time
import zlib
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from fakes import Ear, FakeJudge
from paintcam.encoders.base import EncoderInfo, unit_rows
from paintcam.encoders.sketch import SketchEncoder
from paintcam.errors import PromptError
from paintcam.frames import Frame
from paintcam.judge.make import make_judge
from paintcam.judge.references import References
from paintcam.judge.verdict import Verdict
from paintcam.run.autosave import Autosave
from paintcam.run.scorer import Scorer
from paintcam.run.session import Session
from paintcam.run.state import RunState
from paintcam.sinks.snapshots import Snapshots


class Counting:
    """Random but fixed embeddings, and a list of what was asked for, in order."""

    def __init__(self, fingerprint="one"):
        self.info = EncoderInfo("counting", (0.0, 1.0), fingerprint=fingerprint, knows_nsfw=True)
        self.embedded = []

    def _rows(self, seeds):
        rows = [np.random.default_rng(seed).normal(size=32) for seed in seeds]
        return unit_rows(np.array(rows).reshape(-1, 32), len(rows), "counting")

    def encode_text(self, texts):
        self.embedded += texts
        return self._rows([zlib.crc32(text.encode()) for text in texts])

    def encode_image(self, images):
        self.embedded += ["a picture"] * len(images)
        return self._rows([int(image.sum()) for image in images])


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("MODEL_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache"


def finish(judge, limit=200):
    """Build the pending guards; gives the number of pieces."""
    for piece in range(1, limit):
        if judge.build_guards():
            return piece
    raise AssertionError("the guards were never built")


def frame(index=0, value=0):
    return Frame(np.full((48, 64, 3), value, np.uint8), index, time.monotonic(), index / 30)


def test_the_prompt_is_embedded_before_any_guard_text():
    encoder = Counting()
    judge = make_judge(encoder, "a house", crop=False, score_first=True)
    assert encoder.embedded == ["a house"]
    assert judge.active_guards == ()
    assert judge.guards_pending
    assert len(judge.judge([frame()])) == 1
    assert encoder.embedded == ["a house", "a picture"]


def test_guards_are_built_in_small_pieces_and_named_only_when_they_run():
    encoder = Counting()
    judge = make_judge(encoder, "a house", crop=False, score_first=True)
    sizes = []
    while not judge.build_guards():
        assert judge.active_guards == ()
        sizes.append(len(encoder.embedded))
    assert max(np.diff(sizes)) <= 8  # a piece, after which a frame is scored
    assert judge.active_guards == ("handwriting", "nsfw")
    assert not judge.guards_pending
    assert not judge.build_guards()


def test_guards_built_later_judge_as_guards_built_first():
    pictures = [frame(k, 40 * k) for k in range(5)]
    later = make_judge(SketchEncoder(), "a house", crop=False, pictures="stills", score_first=True)
    finish(later)
    first = make_judge(SketchEncoder(), "a house", crop=False, pictures="stills")
    assert later.active_guards == first.active_guards
    assert later.judge(pictures) == first.judge(pictures)


def test_what_was_embedded_once_is_never_embedded_again(cache):
    first = Counting()
    finish(make_judge(first, "a house", crop=False, score_first=True))
    assert len(list(cache.glob("guards-*.npz"))) == 1
    second = Counting()
    judge = make_judge(second, "a fox", crop=False, score_first=True)
    assert judge.active_guards == ("handwriting", "nsfw")
    assert Counter(second.embedded) == {"a fox": 2}  # checked, then embedded


def test_other_weights_have_embeddings_of_their_own(cache):
    finish(make_judge(Counting(), "a house", crop=False, score_first=True))
    assert make_judge(Counting("two"), "a house", crop=False, score_first=True).guards_pending
    nothing_kept = Counting("")
    finish(make_judge(nothing_kept, "a house", crop=False, score_first=True))
    assert len(list(cache.glob("guards-*.npz"))) == 1


@pytest.mark.parametrize("fault", ["rubbish", "empty", "folder", "fifo", "link", "short", "NaN"])
def test_a_damaged_cache_is_ignored_and_replaced(cache, fault, tmp_path):
    finish(make_judge(Counting(), "a house", crop=False, score_first=True))
    (path,) = cache.glob("guards-*.npz")
    whole = path.read_bytes()
    path.unlink()
    if fault == "folder":
        path.mkdir()
    elif fault == "fifo":
        os.mkfifo(path)
    elif fault == "link":
        (tmp_path / "other").write_bytes(whole)
        path.symlink_to(tmp_path / "other")
    elif fault == "NaN":
        count = len(np.load(__import__("io").BytesIO(whole))["embeddings"])
        np.savez(path, embeddings=np.full((count, 32), np.nan, np.float32))
    else:
        path.write_bytes({"rubbish": b"PK rubbish", "empty": b"", "short": whole[:900]}[fault])
    judge = make_judge(Counting(), "a house", crop=False, score_first=True)
    assert judge.guards_pending
    finish(judge)
    assert judge.active_guards == ("handwriting", "nsfw")
    if fault not in ("folder",):
        assert path.read_bytes() == whole
        assert not path.is_symlink()


def test_a_cache_that_cannot_be_written_costs_nothing_but_time(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("MODEL_CACHE_DIR", str(tmp_path / "file" / "cache"))
    judge = make_judge(Counting(), "a house", crop=False, score_first=True)
    finish(judge)
    assert judge.active_guards == ("handwriting", "nsfw")


def test_only_what_the_guards_need_is_embedded():
    encoder = Counting()
    references = References(encoder, ["nsfw"])
    while not references.advance():
        pass
    assert "a picture" not in encoder.embedded
    assert References(Counting(), []).complete


def test_a_prompt_that_the_guards_refuse_is_refused_when_they_are_built():
    class Naked(Counting):
        def encode_text(self, texts):
            rows = super().encode_text(texts)
            for row, text in zip(rows, texts, strict=True):
                if "naked" in text or text == "someone undressed":
                    row[:] = np.eye(32)[0]
            return rows

    judge = make_judge(Naked(), "someone undressed", crop=False, score_first=True)
    with pytest.raises(PromptError, match="does not look safe for work"):
        finish(judge)


def test_a_word_from_the_list_is_refused_before_anything_is_embedded():
    encoder = Counting()
    with pytest.raises(PromptError, match="does not look safe for work"):
        make_judge(encoder, "porn", crop=False, score_first=True)
    assert encoder.embedded == []


class LateGuards(FakeJudge):
    """A judge whose guards take three pieces; they take half of every score, and block `bad`."""

    def __init__(self, bad=(), **more):
        super().__init__(**more)
        self.bad, self.pieces = bad, 3
        self.active_guards = ()
        self.runs_on, self.warning = "fake on cpu", ""
        self.events = []

    @property
    def guards_pending(self):
        return self.pieces > 0

    def build_guards(self):
        self.pieces -= 1
        self.events.append("piece")
        if self.pieces == 0:
            self.active_guards = ("handwriting",)
        return self.pieces == 0

    def judge(self, frames):
        self.events.append("frame")
        return super().judge(frames)

    def review(self, frame, verdict):
        bad = frame.index in self.bad
        return replace(verdict, score=0.0 if bad else verdict.score / 2, blocked=bad)


def test_the_first_verdict_comes_before_the_guards_and_frames_come_between():
    judge, verdicts, guards = LateGuards(), [], []
    with Scorer(
        lambda: judge,
        lambda verdict, _frame: verdicts.append(verdict),
        on_guards=lambda: guards.append(1),
    ) as scorer:
        time.sleep(0.05)
        assert judge.events == []
        for index in range(4):
            scorer.offer(frame(index))
            deadline = time.monotonic() + 20
            while len(verdicts) <= index:
                assert time.monotonic() < deadline
                time.sleep(0.002)
        while not guards:
            assert time.monotonic() < deadline
            time.sleep(0.002)
    assert judge.events[0] == "frame"
    assert judge.events.count("piece") == 3
    assert guards == [1]


def test_guards_are_built_while_the_picture_is_frozen():
    judge, guards = LateGuards(), []
    with Scorer(lambda: judge, lambda *_: None, on_guards=lambda: guards.append(1)) as scorer:
        scorer.offer(frame())
        deadline = time.monotonic() + 20
        while not guards:
            assert time.monotonic() < deadline
            time.sleep(0.002)


def test_a_new_prompt_waits_for_the_guards_that_must_check_it():
    judge, prompts = LateGuards(), []
    with Scorer(
        lambda: judge, lambda *_: None, lambda *args: prompts.append((args, judge.pieces))
    ) as scorer:
        scorer.ask("a fox")
        deadline = time.monotonic() + 20
        while not prompts:
            assert time.monotonic() < deadline
            time.sleep(0.002)
    assert prompts == [(("a fox", None), 0)]


class GuardEar(Ear):
    """A listener that also receives the guards."""

    def __init__(self):
        super().__init__()
        self.received = []

    def guards(self, names):
        self.received.append(names)


def run_state(tmp_path, judge, smoothing_s=0.0):
    ear = GuardEar()
    snapshots = Snapshots(tmp_path / "pictures")
    autosave = Autosave(snapshots, Snapshots(tmp_path / "data"), model="fake")
    state = RunState("a house", "fake", ear, session=Session(smoothing_s), autosave=autosave)
    state.take_judge(judge, [])
    return state, autosave, ear


def score(state, index, points):
    state.take_verdict(
        Verdict(index, index / 30, time.monotonic(), points / 100, points), frame(index)
    )


def test_a_best_from_before_the_guards_is_taken_back_where_they_object(tmp_path):
    judge = LateGuards(bad=[2])
    state, autosave, ear = run_state(tmp_path, judge)
    for index, points in enumerate([20, 60, 90, 30]):
        score(state, index, points)
    assert state.snapshot().best == 90
    assert state.snapshot().guards == ()
    assert ear.received == []
    while not judge.build_guards():
        pass
    state.take_guards()
    assert state.snapshot().best == 30  # half of 60: the 90 is blocked
    assert state.snapshot().guards == ("handwriting",)
    assert ear.received == [("handwriting",)]
    picture = autosave.best_picture
    autosave.close()
    assert (
        "30"
        in (tmp_path / "pictures" / picture.rpartition("/")[2].replace(".jpg", ".json")).read_text()
    )


def test_only_blocked_frames_leave_no_best(tmp_path):
    judge = LateGuards(bad=[0, 1])
    state, autosave, _ = run_state(tmp_path, judge)
    score(state, 0, 50)
    score(state, 1, 80)
    while not judge.build_guards():
        pass
    state.take_guards()
    assert state.snapshot().best is None
    autosave.close()
    assert not list((tmp_path / "pictures").glob("*best*"))
    score(state, 2, 10)
    assert state.snapshot().best == 10


def test_of_many_rises_the_oldest_are_not_believed(tmp_path):
    judge = LateGuards(bad=range(5, 20))
    state, _, _ = run_state(tmp_path, judge)
    for index in range(20):
        score(state, index, 10 + index)
    while not judge.build_guards():
        pass
    state.take_guards()
    assert state.snapshot().best is None


def test_what_was_reset_before_the_guards_ran_does_not_come_back(tmp_path):
    judge = LateGuards()
    state, _, _ = run_state(tmp_path, judge)
    score(state, 0, 80)
    state.reset(frame(0))
    score(state, 1, 40)
    while not judge.build_guards():
        pass
    state.take_guards()
    assert state.snapshot().best == 20


def test_with_guards_from_the_start_nothing_is_reviewed(tmp_path):
    judge = LateGuards(bad=[0])
    while not judge.build_guards():
        pass
    state, _, ear = run_state(tmp_path, judge)
    assert ear.received == [("handwriting",)]
    score(state, 0, 80)
    state.take_guards()
    assert state.snapshot().best == 80
