"""The judge: prompts, labels, verdicts, and what it does with guards and sheets."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import scenes
from fakes import Ear
from paintcam.encoders import load_encoder
from paintcam.encoders.base import EncoderInfo
from paintcam.errors import PromptError, UsageError
from paintcam.frames import Frame
from paintcam.judge.guard import Finding
from paintcam.judge.judge import Judge
from paintcam.judge.make import make_judge
from paintcam.judge.verdict import score_of
from paintcam.run.session import Session
from paintcam.run.state import RunState


class Colours:
    """An encoder of three dimensions: a picture is its mean BGR, a text the colours it names."""

    info = EncoderInfo("colours", (0.0, 1.0), logit_scale=10.0)

    def encode_image(self, images):
        rows = np.array([image.reshape(-1, 3).mean(axis=0) for image in images], np.float32)
        norms = np.linalg.norm(rows, axis=1, keepdims=True)
        return np.divide(rows, norms, out=np.zeros_like(rows), where=norms > 0)

    def encode_text(self, texts):
        rows = [[word in text for word in ("blue", "green", "red")] for text in texts]
        if any(len(text) > 60 for text in texts):
            raise PromptError("The prompt is 3 tokens too long.")
        rows = np.array(rows, np.float32) + 1e-3
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)


class Fixed:
    """A guard that always says the same."""

    name = "fixed"

    def __init__(self, **finding):
        self.finding, self.prepared = Finding(**finding), 0

    def prepare(self, texts):
        self.prepared += len(texts)

    def check(self, frame, part, embedding):
        return self.finding


def frame(colour=(0, 0, 255), index=0, hw=(60, 80)):
    """A frame of one colour, BGR."""
    return Frame(np.full((*hw, 3), colour, np.uint8), index, 1.5, 0.25)


def test_a_verdict_has_its_frame_and_similarity():
    """Similarity is the score its place in the range."""
    (verdict,) = Judge(Colours(), "a red house").judge([frame(index=7)])
    assert (verdict.frame, verdict.time_s, verdict.captured_at) == (7, 0.25, 1.5)
    assert verdict.similarity == pytest.approx(1, abs=0.01)
    assert verdict.score == pytest.approx(100, abs=1)
    assert (verdict.flags, verdict.blocked, verdict.region, verdict.labels) == (
        (),
        False,
        None,
        None,
    )


def test_frames_come_back_in_order_and_black_ones_not_at_all():
    """A zero embedding is no score of 0: it gives no verdict."""
    frames = [frame(index=0), frame((0, 0, 0), index=1), frame((255, 0, 0), index=2)]
    verdicts = Judge(Colours(), "red").judge(frames)
    assert [verdict.frame for verdict in verdicts] == [0, 2]
    assert verdicts[0].score > 90 > 10 > verdicts[1].score


@pytest.mark.parametrize("value", [np.nan, np.inf, 0.0])
def test_an_embedding_of_nan_gives_no_verdict(value):
    """NaN, infinity and zero never become a score."""

    class Broken(Colours):
        def encode_image(self, images):
            return np.full((len(images), 3), value, np.float32)

    assert Judge(Broken(), "red").judge([frame()]) == []


def test_no_frames_no_verdicts():
    """And the encoder is not asked."""
    assert Judge(Colours(), "red").judge([]) == []


@given(st.floats(-1, 1), st.floats(-1, 0.99), st.floats(0.001, 1))
def test_scores_lie_in_0_to_100_and_follow_the_similarity(similarity, low, width):
    """The rescaling is monotone, and clipped at both ends."""
    score = score_of(similarity, low, low + width)
    assert 0 <= score <= 100
    assert score_of(similarity + 0.01, low, low + width) >= score


def test_an_explicit_range_overrides_the_encoders():
    """And a range upside down is refused."""
    judge = Judge(Colours(), "red green", score_range=(0.5, 0.9))
    assert judge.score_range == (0.5, 0.9)
    (verdict,) = judge.judge([frame()])
    assert verdict.score == pytest.approx(100 * (2**-0.5 - 0.5) / 0.4, abs=1)
    for wrong in ((0.5, 0.5), (0.6, 0.2), (float("nan"), 1.0)):
        with pytest.raises(UsageError, match="LOW must be below HIGH"):
            Judge(Colours(), "red", score_range=wrong)


def test_prompts_change_between_frames():
    """A prompt that is refused leaves the old one in place."""
    judge = Judge(Colours(), "red")
    judge.set_prompt("blue")
    assert judge.prompt == "blue"
    assert judge.judge([frame()])[0].score < 5
    for wrong in ("  ", "red " * 30):
        with pytest.raises(PromptError):
            judge.set_prompt(wrong)
    assert judge.prompt == "blue"
    assert judge.judge([frame((255, 0, 0))])[0].score > 95


def test_labels_are_probabilities_that_sum_to_one():
    """Softmax of the encoder's own scale times the cosine."""
    judge = Judge(Colours(), labels=["red", "blue", "green"])
    (verdict,) = judge.judge([frame((20, 20, 255))])
    assert list(verdict.labels) == ["red", "blue", "green"]
    assert sum(verdict.labels.values()) == pytest.approx(1)
    similarities = judge._texts @ Colours().encode_image([frame((20, 20, 255)).image])[0]
    expected = np.exp(10 * similarities) / np.exp(10 * similarities).sum()
    assert list(verdict.labels.values()) == pytest.approx(expected.tolist(), rel=1e-4)
    assert verdict.similarity == pytest.approx(float(similarities[0]), rel=1e-4)
    assert judge.labels == ("red", "blue", "green")
    assert judge.prompt is None


@pytest.mark.parametrize(
    ("prompt", "labels", "error", "words"),
    [
        (None, [], UsageError, "Pass `--prompt"),
        ("a house", ["a", "b"], UsageError, "cannot be used together"),
        (None, ["hot dog"], UsageError, "At least two labels"),
        (None, ["red", "blue", " red "], UsageError, '"red" appears twice'),
        (None, ["red", "  "], PromptError, "label is blank"),
        ("   ", [], PromptError, "blank"),
        ("", [], PromptError, "blank"),
        ("red " * 30, [], PromptError, "too long"),
        (None, ["red", "blue " * 30], PromptError, "too long"),
    ],
)
def test_invalid_prompts_and_labels_are_errors(prompt, labels, error, words):
    """Each with what to do instead."""
    with pytest.raises(error, match=words):
        Judge(Colours(), prompt, labels=labels)


def test_a_judge_with_labels_refuses_a_prompt():
    """`p` in the window has nothing to change."""
    with pytest.raises(UsageError, match="classifies by labels"):
        Judge(Colours(), labels=["red", "blue"]).set_prompt("green")


def test_a_penalty_is_shown_in_points():
    """The similarity stays as measured; the score pays, and the flag says how much."""
    judge = Judge(Colours(), "red", guards=[Fixed(penalty=0.18, words="handwriting detected")])
    (verdict,) = judge.judge([frame()])
    assert verdict.flags == ("handwriting detected: −18",)
    assert verdict.similarity == pytest.approx(1, abs=0.01)
    assert verdict.score == pytest.approx(82, abs=1)
    assert judge.active_guards == ("fixed",)


def test_a_penalty_that_costs_nothing_is_not_mentioned():
    """A score of 0 cannot lose points."""
    judge = Judge(Colours(), "red", guards=[Fixed(penalty=0.5, words="handwriting detected")])
    (verdict,) = judge.judge([frame((255, 0, 0))])
    assert (verdict.score, verdict.flags) == (0, ())


def test_a_blocked_frame_scores_zero_and_is_labelled():
    """Whatever the picture would have scored."""
    judge = Judge(Colours(), "red", guards=[Fixed(blocked=True, words="hidden")])
    (verdict,) = judge.judge([frame()])
    assert verdict.blocked
    assert verdict.score == 0
    assert verdict.flags == ("hidden",)


def test_a_page_of_words_is_neither_label():
    """With labels the penalty takes the lead of the first; the shares still sum to 1."""
    labels = ["red", "blue"]
    (free,) = Judge(Colours(), labels=labels).judge([frame()])
    guard = Fixed(penalty=2.0, words="handwriting detected")
    (caught,) = Judge(Colours(), labels=labels, guards=[guard]).judge([frame()])
    assert free.labels["red"] > 0.99
    assert caught.labels["red"] == pytest.approx(0.5)
    assert sum(caught.labels.values()) == pytest.approx(1)
    assert guard.prepared == 2


def test_a_found_sheet_is_what_is_judged():
    """Its corners are in the verdict; without one the whole frame is."""

    class Finder:
        confirmed = True

        def find(self, image, time_s):
            return np.float32([[0, 0], [9, 0], [9, 9], [0, 9]]) if image[0, 0, 1] else None

        def rectify(self, image, corners):
            return np.full((20, 20, 3), (255, 0, 0), np.uint8)

    judge = Judge(Colours(), "blue", sheet_finder=Finder())
    cropped, whole = judge.judge([frame((0, 9, 255)), frame((0, 0, 255))])
    assert cropped.score > 95
    assert cropped.region.tolist() == [[0, 0], [9, 0], [9, 9], [0, 9]]
    assert whole.score < 5
    assert whole.region is None


def test_the_bundled_encoder_knows_a_drawing_from_another():
    """The whole judge on a rendered scene: a house held up scores above another prompt."""
    import cv2

    page = np.full((480, 480, 3), 255, np.uint8)
    cv2.rectangle(page, (120, 220), (360, 420), (60, 120, 200), -1)
    cv2.fillPoly(page, [np.int32([[90, 220], [390, 220], [240, 80]])], (40, 40, 170))
    cv2.rectangle(page, (210, 320), (270, 420), (50, 60, 80), -1)
    image = scenes.held_sheet(3, drawing=page).image
    encoder = load_encoder("sketch")
    scores = {}
    for prompt in ("a house", "a bicycle"):
        judge = make_judge(encoder, prompt, pictures="stills")
        (verdict,) = judge.judge([Frame(image, 0, 0.0, 0.0)])
        scores[prompt] = verdict.score
        assert verdict.region is not None
    assert scores["a house"] > scores["a bicycle"] + 10
    json.dumps(scores)


def test_judging_a_file_twice_gives_the_same_numbers():
    """In batches of any size: `--every-frame` promises it."""
    encoder = load_encoder("sketch")
    frames = [
        Frame(scene.image, index, 0.0, index / 30)
        for index, scene in enumerate(scenes.tremor(1, 6, hw=(360, 640)))
    ]
    runs = []
    for size in (6, 6, 2):
        judge = make_judge(encoder, "a dog", pictures="video")
        parts = [frames[i : i + size] for i in range(0, 6, size)]
        runs.append([v.similarity for part in parts for v in judge.judge(part)])
    assert runs[0] == runs[1]
    assert runs[0] == pytest.approx(runs[2], abs=1e-3)


def test_guards_by_name(monkeypatch):
    """None is fine, an unknown one is not, and one that cannot run is not claimed."""
    encoder = load_encoder("sketch")
    assert make_judge(encoder, "a house", guards=(), crop=False).active_guards == ()
    assert make_judge(encoder, "a house", guards=["handwriting"]).active_guards == ("handwriting",)
    with pytest.raises(UsageError, match=r'no guard named "bot".*handwriting, nsfw'):
        make_judge(encoder, "a house", guards=["bot"])
    monkeypatch.setattr("paintcam.judge.nsfw.open_classifier", lambda: None)
    assert make_judge(encoder, "a house").active_guards == ("handwriting",)
    monkeypatch.setattr("paintcam.judge.nsfw.open_classifier", lambda: lambda picture: 0.0)
    assert make_judge(encoder, "a house").active_guards == ("handwriting", "nsfw")


def test_a_verdict_on_an_unconfirmed_sheet_does_not_count():
    """Its score is shown; neither the session's best nor a turn's maximum rises by it."""

    class Finder:
        confirmed = False

        def find(self, image, time_s):
            self.confirmed = time_s > 1
            return np.float32([[0, 0], [9, 0], [9, 9], [0, 9]])

        def rectify(self, image, corners):
            return image

    judge = Judge(Colours(), "red", sheet_finder=Finder())
    early, later = judge.judge([replace(frame(), time_s=0.5), replace(frame(), time_s=1.5)])
    assert (early.counts, later.counts) == (False, True)
    session = Session()
    shown = session.add(early)
    assert shown.score == early.score > 90
    assert session.best is None
    assert session.add(later).best == later.score


@pytest.mark.parametrize("prompt", ["家", "🏠", "a 🏠", "дом", "!!!"])
def test_an_unknown_prompt_causes_a_warning(prompt):
    """Its similarity would be the same, or random, whatever is drawn."""
    judge = make_judge(load_encoder("sketch"), prompt, guards=(), crop=False)
    assert f'knows no word of "{prompt}"' in judge.warning
    judge.set_prompt("a house")
    assert judge.warning == ""


@pytest.mark.parametrize("prompt", ["a capybara", "HOUSE", "café", "7", "a 家 house"])
def test_words_that_the_encoder_may_know_are_not_warned_of(prompt):
    """Rare words come in pieces, and are known all the same."""
    assert make_judge(load_encoder("sketch"), prompt, guards=(), crop=False).warning == ""


def test_the_warning_is_on_the_picture_and_returns_with_each_such_prompt():
    """At the start, and when it is typed in the window."""
    judge = make_judge(load_encoder("sketch"), "家", guards=(), crop=False)
    ear = Ear()
    state = RunState("家", "sketch", ear)
    state.take_judge(judge, [])
    assert any("knows no word" in note for note in state.snapshot().notes)
    for prompt, count in (("a house", 1), ("🏠", 2)):
        judge.set_prompt(prompt)
        state.switch_prompt(prompt)
        assert sum("knows no word" in note for note in ear.notes) == count
