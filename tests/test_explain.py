"""Why a score: the map's peak is where the drawing is, words have scores, the key x shows it."""

from __future__ import annotations

import itertools
import json

import cv2
import numpy as np
import pytest

from fakes import Ear, FakeJudge, FakeSource, FakeWindow, Running, make_presenter
from paintcam.encoders.int8 import PICTURES
from paintcam.encoders.sketch import SketchEncoder
from paintcam.frames import Frame
from paintcam.judge.explain import GRID, LEAST_SCORE, Explaining, Explanation, WordScore, nouns
from paintcam.judge.make import make_judge
from paintcam.overlay.heat_map import draw_heat_map
from paintcam.run.autosave import Autosave
from paintcam.run.keys import Controls
from paintcam.run.live import Live
from paintcam.sinks.snapshots import Snapshots
from program import paintcam, rows

DRAWINGS = {
    path.stem.removeprefix("drawing-"): cv2.imread(str(path))
    for path in sorted(PICTURES.glob("drawing-*.png"))
}


def sheet(left, right):
    """Two drawings side by side on one sheet, BGR uint8."""
    picture = np.full((448, 448, 3), 245, np.uint8)
    for place, drawing in enumerate((left, right)):
        small = cv2.resize(DRAWINGS[drawing], (216, 216), interpolation=cv2.INTER_AREA)
        small[(small > 225).all(axis=2)] = 245
        picture[116:332, 6 + 222 * place : 222 + 222 * place] = small
    return picture


def explain(encoder, picture, prompt):
    explaining = Explaining(encoder, picture, prompt, encoder.info.score_range)
    while (explanation := explaining.advance()) is None:
        pass
    return explanation


@pytest.mark.timeout(280)
def test_the_peak_lies_in_the_half_with_the_drawing_that_was_asked_for():
    """Of composed pictures whose score is high enough to be explained: at least 85 %."""
    encoder = SketchEncoder()
    low, high = encoder.info.score_range
    pairs = list(itertools.permutations(DRAWINGS, 2))
    np.random.default_rng(0).shuffle(pairs)
    texts = encoder.encode_text([f"a drawing of a {left}" for left, _ in pairs])
    pictures = encoder.encode_image([sheet(*pair) for pair in pairs])
    scores = 100 * ((texts * pictures).sum(axis=1) - low) / (high - low)
    shown = [pair for pair, score in zip(pairs, scores, strict=True) if score >= LEAST_SCORE][:20]
    assert len(shown) >= 12
    right = 0
    for left, other in shown:
        grid = explain(encoder, sheet(left, other), f"a drawing of a {left}").grid
        right += int(grid.argmax()) % GRID < GRID / 2
    assert right / len(shown) >= 0.85


def test_an_explanation_has_a_grid_and_a_score_for_each_noun():
    found = explain(SketchEncoder(), sheet("clock", "house"), "a clock beside a house")
    assert found.grid.shape == (GRID, GRID)
    assert found.grid.dtype == np.float32
    assert found.grid.max() == 1
    assert found.grid.min() >= 0
    assert [one.word for one in found.words] == ["clock", "house"]
    assert all(0 <= one.score <= 100 and 0 < one.peak[0] < 1 for one in found.words)
    assert found.text.startswith("clock ")
    assert " · house " in found.text


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("a cat driving a red tractor", ("cat", "tractor")),
        ("a gorilla gardening with grapes", ("gorilla", "grapes")),
        ("the king of a spring", ("king", "spring")),
        ("a drawing of a cat and a cat", ("cat",)),
        ("Füchsin auf Skiern", ("füchsin", "auf", "skiern")),
        ("лиса", ("лиса",)),
        ("one two red", ()),
        ("apples pears plums cherries grapes", ("apples", "pears", "plums", "cherries")),
    ],
)
def test_the_nouns_of_a_prompt(prompt, expected):
    assert nouns(prompt) == expected


def test_a_map_is_laid_over_the_sheet_and_nowhere_else():
    image = np.full((100, 200, 3), 128, np.uint8)
    grid = np.zeros((7, 7), np.float32)
    grid[3, 5] = 1
    region = np.array([[100, 0], [200, 0], [200, 100], [100, 100]], np.float32)
    drawn = draw_heat_map(image, grid, region)
    assert np.array_equal(image, np.full((100, 200, 3), 128, np.uint8))
    changed = np.abs(drawn.astype(int) - 128).sum(axis=2)
    assert changed[:, :100].max() == 0
    row, column = np.unravel_index(changed.argmax(), changed.shape)
    assert 40 <= row <= 60
    assert 165 <= column <= 195
    assert tuple(drawn[row, column]) != (128, 128, 128)


class ExplainingJudge(FakeJudge):
    """A judge that explains after some pieces; `score` decides whether it is shown."""

    def __init__(self, score=50.0, pieces=3, **more):
        super().__init__(**more)
        self.points, self.pieces, self.explained = score, pieces, []

    def explain(self, frame):
        self.explained.append(frame.index)
        judge, left = self, [self.pieces]

        class Pieces:
            def advance(self):
                left[0] -= 1
                if left[0] > 0:
                    return None
                grid = np.zeros((7, 7), np.float32)
                grid[3, 3] = 1
                return Explanation(judge.points, grid, (WordScore("cat", 71.0, (0.5, 0.5)),))

        return Pieces()


def test_the_key_x_freezes_the_picture_and_explains_it_until_it_goes_on():
    judge, window, ear = ExplainingJudge(), FakeWindow(), Ear()
    stage = make_presenter(listener=ear, window=window)
    with Running(Live(FakeSource(), lambda: judge, stage)) as running:
        running.until(lambda: len(ear.verdicts) > 2)
        running.press(window, "x")
        running.until(lambda: stage.state.snapshot().explanation is not None)
        assert stage.controls.paused
        assert stage.state.snapshot().explanation.text == "cat 71"
        plain = len(window.pictures)
        running.until(lambda: len(window.pictures) > plain + 1)
        running.press(window, " ")  # goes on
        assert stage.state.snapshot().explanation is None
        assert not stage.controls.explain
        running.press(window, "x")
        running.until(lambda: stage.state.snapshot().explanation is not None)
        running.press(window, "x")  # hidden, still frozen
        assert stage.state.snapshot().explanation is None
        assert stage.controls.paused
    assert len(judge.explained) == 2


def test_a_score_that_is_too_low_is_not_explained():
    judge, window, ear = ExplainingJudge(score=LEAST_SCORE - 1), FakeWindow(), Ear()
    stage = make_presenter(listener=ear, window=window)
    with Running(Live(FakeSource(), lambda: judge, stage)) as running:
        running.until(lambda: len(ear.verdicts) > 2)
        running.press(window, "x")
        running.until(lambda: ear.notes)
    assert ear.notes == ["The score is too low to explain."]
    assert stage.state.snapshot().explanation is None


def test_an_explanation_is_given_up_when_the_picture_goes_on():
    judge, window, ear = ExplainingJudge(pieces=10**9), FakeWindow(), Ear()
    stage = make_presenter(listener=ear, window=window)
    with Running(Live(FakeSource(), lambda: judge, stage)) as running:
        running.until(lambda: len(ear.verdicts) > 2)
        running.press(window, "x")
        running.until(lambda: judge.explained)
        running.press(window, " ")
        count = len(ear.verdicts)
        running.until(lambda: len(ear.verdicts) > count + 2)
    assert ear.notes == []


def test_x_is_a_key_that_only_explains_frozen_pictures():
    controls = Controls()
    assert controls.knows("x")
    assert controls.press("x") == "explain"
    assert (controls.explain, controls.paused) == (True, True)
    controls.press(" ")
    assert (controls.explain, controls.paused) == (False, False)


def test_the_snapshot_of_an_explained_picture_has_the_map(tmp_path):
    pictures = Snapshots(tmp_path)
    autosave = Autosave(pictures, None, model="fake")
    stage = make_presenter(autosave=autosave)
    frame = Frame(np.full((480, 640, 3), 200, np.uint8), 1, 0.0, 0.0)
    stage.state.take_verdict(FakeJudge(lambda _k: 60).judge([frame])[0], frame)
    stage.press(key("s"), frame)
    grid = np.zeros((7, 7), np.float32)
    grid[3, 3] = 1
    stage.state.take_explanation(Explanation(60.0, grid))
    autosave.keep_frame(Frame(frame.image, 2, 0.0, 0.0), stage.state.snapshot())
    autosave.close()
    plain, explained = (cv2.imread(str(path)) for path in sorted(tmp_path.glob("*frame?.jpg")))
    assert np.abs(plain[240, 320].astype(int) - explained[240, 320].astype(int)).max() > 30


def key(text):
    from paintcam.sinks.keyboard import Key

    return Key(text, text)


def test_score_explains_one_picture(tmp_path):
    cv2.imwrite(str(tmp_path / "clock.png"), DRAWINGS["clock"])
    ran = paintcam(
        *["score", "clock.png", "--prompt", "a drawing of a clock", "--model", "sketch"],
        *["--explain", "why.png", "--json"],
        cwd=tmp_path,
    )
    assert ran.returncode == 0, ran.stderr
    (row,) = rows(ran.stdout)
    assert len(row["explain"]["grid"]) == len(row["explain"]["grid"][0]) == GRID
    assert list(row["explain"]["words"]) == ["clock"]
    why = cv2.imread(str(tmp_path / "why.png"))
    assert why.shape == DRAWINGS["clock"].shape
    assert np.abs(why.astype(int) - DRAWINGS["clock"]).max() > 50
    again = paintcam(
        *["score", "clock.png", "--prompt", "a clock", "--model", "sketch", "--explain", "why.png"],
        cwd=tmp_path,
    )
    assert again.returncode == 1
    assert "--explain does not overwrite why.png" in again.stderr


def test_a_judge_explains_the_sheet_that_it_judged():
    judge = make_judge(SketchEncoder(), "a clock", guards=(), crop=False, pictures="stills")
    explaining = judge.explain(Frame(DRAWINGS["clock"], 0, 0.0, 0.0))
    while (found := explaining.advance()) is None:
        pass
    assert json.loads(json.dumps(found.grid.tolist()))
    labels = make_judge(SketchEncoder(), labels=["a", "b"], guards=(), crop=False)
    assert labels.explain(Frame(DRAWINGS["clock"], 0, 0.0, 0.0)) is None
