"""Why a score: the map's peak is where the drawing is, words have scores, the key x shows it."""

from __future__ import annotations

import itertools
import json
import time
from dataclasses import replace

import cv2
import numpy as np
import pytest

from fakes import Ear, FakeJudge, FakeSource, FakeWindow, Running, make_presenter
from paintcam.encoders.base import EncoderInfo, middle_square, unit_rows
from paintcam.encoders.int8 import PICTURES
from paintcam.encoders.sketch import SketchEncoder
from paintcam.frames import Frame
from paintcam.judge.explain import GRID, LEAST_SCORE, Explaining, Explanation, WordScore, nouns
from paintcam.judge.judge import Judge
from paintcam.judge.make import make_judge
from paintcam.overlay import Overlay
from paintcam.overlay.canvas import Box, Canvas
from paintcam.overlay.heat_map import draw_heat_map
from paintcam.overlay.hud import PlacedText
from paintcam.overlay.text import Lettering
from paintcam.overlay.words import draw_words
from paintcam.run.autosave import Autosave
from paintcam.run.explaining import Explained
from paintcam.run.hooks import Show
from paintcam.run.hud import hud_of
from paintcam.run.keys import Controls
from paintcam.run.live import Live
from paintcam.run.run_view import RunView
from paintcam.sinks.snapshots import Snapshots
from program import paintcam, rows

DRAWINGS = {
    path.stem.removeprefix("drawing-"): cv2.imread(str(path))
    for path in sorted(PICTURES.glob("drawing-*.png"))
}


GRID_3 = np.eye(3, dtype=np.float32)


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
def test_the_peak_lies_in_the_half_with_the_drawing_of_the_prompt():
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


def test_the_key_x_freezes_the_picture_and_explains_it_until_it_continues():
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


def test_an_explanation_is_cancelled_when_the_picture_continues():
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


def words_on(picture, texts, places, plates=()):
    """The boxes of the words that were written."""
    canvas = Canvas(picture, Lettering())
    for plate in plates:
        canvas.plate(plate, 4)
    before = len(canvas.plates)
    draw_words(
        canvas, [PlacedText(text, *place) for text, place in zip(texts, places, strict=True)]
    )
    assert [text for text, _ in canvas.texts] == list(texts)
    return canvas.plates[before:]


def apart(boxes):
    return all(
        one.right <= other.left
        or other.right <= one.left
        or one.bottom <= other.top
        or other.bottom <= one.top
        for one, other in itertools.combinations(boxes, 2)
    )


@pytest.mark.parametrize("size", [(720, 1280), (1280, 720), (224, 224), (2160, 3840)])
def test_words_stand_in_the_picture_and_never_on_each_other(size):
    height, width = size
    texts = ["cat 71", "tractor 55", "ёлка 8", "a-very-long-word-indeed 100"]
    for places in ([(width / 2, height / 2)] * 4, [(0, 0), (width, height), (-50, 0), (width, 0)]):
        panel = Box(0, round(0.8 * height), width, height)
        boxes = words_on(np.full((*size, 3), 200, np.uint8), texts, places, [panel])
        assert apart([*boxes, panel])
        for box in boxes:
            assert 0 <= box.left < box.right <= width
            assert 0 <= box.top < box.bottom <= height


def test_a_word_stands_where_its_own_map_peaks_on_a_tilted_sheet_and_in_the_mirror():
    region = np.float32([[400, 100], [800, 200], [700, 600], [300, 500]])
    word = WordScore("cat", 71.4, (0.25, 0.75))
    view = RunView("a cat", "fake", explanation=Explanation(60.0, GRID_3, (word,), region))
    image = np.full((720, 1280, 3), 200, np.uint8)
    hud = hud_of(view, image.shape)
    (placed,) = hud.words
    assert (placed.text, placed.x, placed.y) == ("cat 71", pytest.approx(425), pytest.approx(425))
    for mirrored in (False, True):
        plain = Overlay().draw(image, replace(hud, words=None, mirrored=mirrored))
        drawn = Overlay().draw(image, replace(hud, mirrored=mirrored))
        rows, columns = np.nonzero((drawn != plain).any(axis=2))
        assert rows.mean() == pytest.approx(425, abs=5)
        assert columns.mean() == pytest.approx(1279 - 425 if mirrored else 425, abs=5)


def test_words_are_on_no_blocked_picture():
    word = WordScore("cat", 71.4, (0.5, 0.5))
    view = RunView("a cat", "fake", blocked=True, explanation=Explanation(60.0, GRID_3, (word,)))
    image = np.random.default_rng(0).integers(0, 256, (480, 640, 3), np.uint8)
    hud = hud_of(view, image.shape)
    assert np.array_equal(
        Overlay().draw(image, hud), Overlay().draw(image, replace(hud, words=None))
    )


class Patches:
    """An encoder with patches: a picture is its mean colour, so is each of 4 × 4 patches."""

    info = EncoderInfo("patches", (0.0, 1.0), patch_grid=4)

    def __init__(self):
        self.runs = []

    def encode_image(self, images):
        self.runs.append("image")
        means = [middle_square(image).reshape(-1, 3).mean(0) + 1 for image in images]
        return unit_rows(np.array(means), len(images), "patches")

    def encode_patches(self, images):
        rows = self.encode_image(images)
        self.runs[-1] = "patches"
        small = [
            cv2.resize(middle_square(one), (4, 4), interpolation=cv2.INTER_AREA) for one in images
        ]
        patches = [unit_rows(one.reshape(16, 3).astype(float) + 1, 16, "patches") for one in small]
        return rows, np.stack(patches)

    def encode_text(self, texts):
        named = [
            [1 + 9 * ("sky" in t), 1 + 9 * ("grass" in t), 1 + 9 * ("rose" in t)] for t in texts
        ]
        return unit_rows(np.array(named, float), len(texts), "patches")


def red_spot(index=0):
    image = np.full((64, 64, 3), 120, np.uint8)
    image[32:48, 16:32] = (0, 0, 250)
    image[0:16, 48:64] = (0, 250, 0)
    return Frame(image, index, time.monotonic(), index / 30)


def test_patches_explain_a_score_in_the_run_that_scored_it():
    encoder = Patches()
    judge = make_judge(encoder, "a rose in the grass", guards=(), crop=False)
    assert judge.explains_live
    first, second = red_spot(0), red_spot(1)
    judge.judge([first])
    assert judge.explain(first).advance().grid.shape == (4, 4)  # one more run, the first time
    assert encoder.runs == ["image", "patches"]
    (verdict,) = judge.judge([second])
    found = judge.explain(second).advance()
    assert encoder.runs == ["image", "patches", "patches"]  # the map came with the score
    assert found.score == pytest.approx(verdict.score, abs=1e-3)
    assert {word.word: word.peak for word in found.words} == {
        "rose": (0.375, 0.625),
        "grass": (0.875, 0.125),
    }
    assert found.grid.max() == 1
    assert found.grid[2, 1] > 0.5
    assert found.grid[0, 0] == 0
    judge.judge([red_spot(2)])
    judge.judge([red_spot(3)])  # nobody asked for a map
    assert encoder.runs[-1] == "image"


def test_a_frozen_frame_is_cropped_once():
    class Finder:
        confirmed, found = True, 0

        def find(self, image, time_s=None):
            self.found += 1
            return np.float32([[0, 0], [32, 0], [32, 32], [0, 32]])

        def rectify(self, image, corners):
            return image[:32, :32]

    finder = Finder()
    judge = Judge(Patches(), "a rose", sheet_finder=finder)
    frame = red_spot()
    (verdict,) = judge.judge([frame])
    assert judge.explain(frame).advance().region is verdict.region
    region = np.float32([[9, 9], [32, 9], [32, 32], [9, 32]])
    assert judge.explain(red_spot(), region).advance().region is region
    assert finder.found == 1


def test_with_patches_x_shows_the_map_while_the_picture_goes_on():
    window, ear = FakeWindow(), Ear()
    stage = make_presenter(prompt="a rose", listener=ear, window=window)

    def load():
        judge = make_judge(Patches(), "a rose", guards=(), crop=False)
        stage.state.take_judge(judge, [])
        return judge

    grids = []
    with Running(Live(FakeSource(), load, stage)) as running:
        running.until(lambda: len(ear.verdicts) > 1)
        running.press(window, "x")
        running.until(lambda: stage.state.snapshot().explanation is not None)
        assert not stage.controls.paused
        for _ in range(3):  # a new map for every verdict
            grids.append(stage.state.snapshot().explanation)
            running.until(lambda: stage.state.snapshot().explanation is not grids[-1])
        assert len(ear.verdicts) > 3
        running.press(window, " ")
        assert stage.controls.paused
        assert stage.controls.explain  # the frozen picture keeps it
        running.press(window, " ", "x")
        count = len(ear.verdicts)
        running.until(lambda: len(ear.verdicts) > count + 2)
        assert stage.state.snapshot().explanation is None
    assert "The score is too low to explain." not in ear.notes


def test_an_explanation_that_comes_after_x_was_pressed_again_is_not_shown():
    state = make_presenter().state
    state.take_explanation(None, pending=True)
    state.stop_explaining()
    state.take_explanation(Explanation(60.0, GRID_3))
    assert state.snapshot().explanation is None
    state.take_explanation(None, pending=True)
    state.take_explanation(Explanation(60.0, GRID_3))
    assert state.snapshot().explanation is not None


def test_empty_parts_of_the_sheet_are_not_embedded_and_bring_nothing():
    encoder = Patches()
    picture = np.full((224, 224, 3), 240, np.uint8)
    explaining = Explaining(encoder, picture, "a rose", (0.0, 1.0))
    while (blank := explaining.advance()) is None:
        pass
    assert blank.grid.shape == (GRID, GRID)
    assert blank.grid.max() == 0
    assert encoder.runs == ["image"]
    cv2.line(picture, (10, 10), (40, 40), (0, 0, 250), 6)  # in the upper left corner
    found = explain(encoder, picture, "a rose")
    assert found.grid.max() == 1
    assert found.grid[3:].max() == found.grid[:, 3:].max() == 0


class PhotoFinish(Show):
    """A show of another picture than the live one."""

    def __init__(self):
        self.photo, self.received = None, []

    @property
    def still(self):
        return self.photo

    def picture(self, image):
        return image if self.photo is None else self.photo.frame.image

    def on_explanation(self, explanation):
        self.received.append(explanation)


def test_x_on_a_photo_finish_explains_that_picture_until_it_goes():
    judge, window, ear, show = ExplainingJudge(), FakeWindow(), Ear(), PhotoFinish()
    regions = []
    original = judge.explain
    judge.explain = lambda frame, region=None: regions.append(region) or original(frame)
    stage = make_presenter(listener=ear, window=window, show=show)
    corners = np.float32([[0, 0], [99, 0], [99, 99], [0, 99]])
    with Running(Live(FakeSource(), lambda: judge, stage)) as running:
        running.until(lambda: len(ear.verdicts) > 2)
        frame = Frame(np.full((100, 100, 3), 7, np.uint8), 12345, 0.0, 0.0)
        show.photo = Explained(frame, corners)
        running.press(window, "x")
        running.until(lambda: show.received)
        assert judge.explained == [12345]
        assert regions == [corners]
        assert not stage.controls.paused  # the next turn must not be frozen
        assert stage.state.snapshot().explanation is show.received[0]
        shown = len(window.pictures)
        running.until(lambda: len(window.pictures) > shown + 1)
        show.photo = None
        running.until(lambda: stage.state.snapshot().explanation is None)
        assert not stage.controls.explain
