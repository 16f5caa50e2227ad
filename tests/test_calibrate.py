"""Calibration: the range from drawings, where it is kept, and folders that cannot work."""

from __future__ import annotations

import importlib
import json
import os

import cv2
import numpy as np
import pytest

from hostile import run_here
from paintcam.encoders.base import EncoderInfo
from paintcam.errors import PromptError, UsageError
from paintcam.judge.calibration import (
    Calibration,
    encoder_key,
    forget,
    measure,
    ranges_file,
    store,
    stored_range,
)
from paintcam.judge.histogram import draw_histogram
from program import paintcam, rows


class Grey:
    """Pictures by their brightness, texts by their number: similarities that are known."""

    def __init__(self, name="grey", version="1"):
        self.info = EncoderInfo(name, (0.0, 1.0), version)

    def encode_image(self, images):
        angles = np.array([image.mean() / 255 * np.pi / 2 for image in images])
        return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)

    def encode_text(self, texts):
        if any(not text.strip() for text in texts):
            raise PromptError("The prompt is blank.")
        angles = np.array([float(text) * np.pi / 2 for text in texts])
        return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)


@pytest.fixture(autouse=True)
def _own_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("PAINTCAM_DATA_DIR", str(tmp_path / "data"))


def drawings():
    """Dark ones for the prompt "0", bright ones for the prompt "1"."""
    for tone in (0, 10, 20, 30):
        yield "0", np.full((8, 8, 3), tone, np.uint8)
        yield "1", np.full((8, 8, 3), 255 - tone, np.uint8)


def test_the_range_is_what_the_pairs_say():
    """Low: the median of pairs that do not match. High: the 99th percentile of those that do."""
    found = measure(Grey(), drawings())
    assert (len(found.matching), len(found.other)) == (8, 8)
    low, high = found.score_range
    angles = np.array([0, 10, 20, 30]) / 255 * np.pi / 2
    assert low == pytest.approx(np.median(np.sin(angles)), abs=1e-3)
    assert high == pytest.approx(1, abs=1e-3)


def test_pictures_that_say_the_contrary_are_refused():
    """A range upside down would make every score nonsense."""
    swapped = Calibration(np.array([0.1, 0.2]), np.array([0.4, 0.5]))
    with pytest.raises(UsageError, match="cannot distinguish these drawings"):
        _ = swapped.score_range


@pytest.mark.parametrize("prompts", [[], ["0"]])
def test_one_prompt_has_no_others(prompts):
    """Nothing to compare with."""
    pictures = [(prompt, np.zeros((8, 8, 3), np.uint8)) for prompt in prompts]
    with pytest.raises(UsageError, match=f"{len(prompts)} found"):
        measure(Grey(), pictures)


def test_ranges_are_kept_per_encoder_and_version():
    """Never mixed: another encoder, or another version of it, has its own."""
    assert stored_range(Grey()) is None
    store(Grey(), (0.1, 0.4))
    store(Grey(version="2"), (0.2, 0.5))
    store(Grey("other", ""), (0.3, 0.6))
    assert stored_range(Grey()) == (0.1, 0.4)
    assert stored_range(Grey(version="2")) == (0.2, 0.5)
    assert encoder_key(Grey("other", "")) == "other"
    assert forget("grey") == ["grey@1", "grey@2"]
    assert forget("grey") == []
    assert stored_range(Grey()) is None
    assert json.loads(ranges_file().read_text()) == {"other": [0.3, 0.6]}


@pytest.mark.parametrize(
    "text",
    ["{", "[]", '{"grey@1": [1]}', '{"grey@1": [0.5, 0.2]}', '{"grey@1": [NaN, 1]}', "null",
     '{"grey@1": {"a": 1, "b": 2}}', '{"grey@1": [[], 1]}', '{"grey@1": [0, 1e999]}', "[" * 100_000,
     '{"grey@1": "01"}', '{"grey@1": [true, 2]}', '{"grey@1": ["0.1", "0.2"]}'],
)  # fmt: skip
def test_a_damaged_file_is_named_and_left_alone(text):
    """The run says what to do, and nothing is overwritten."""
    ranges_file().parent.mkdir(parents=True)
    ranges_file().write_text(text)
    for use in (lambda: stored_range(Grey()), lambda: store(Grey(), (0.1, 0.2))):
        with pytest.raises(
            UsageError, match=r"ranges.json.*Delete the file, or pass `--range LOW HIGH`"
        ):
            use()
    assert ranges_file().read_text() == text


def test_without_a_folder_for_it_no_range_is_stored(tmp_path, monkeypatch):
    """Services run with HOME=/dev/null, and they score like everyone else."""
    (tmp_path / "file").touch()
    monkeypatch.setenv("PAINTCAM_DATA_DIR", str(tmp_path / "file" / "data"))
    assert stored_range(Grey()) is None


def test_the_histogram_is_a_picture(tmp_path):
    """Both distributions in it, and a clear error where it cannot be written."""
    found = measure(Grey(), drawings())
    draw_histogram(found, tmp_path / "h.png", "grey@1")
    picture = cv2.imread(str(tmp_path / "h.png"))
    assert picture.shape == (480, 960, 3)
    assert (picture[:, :, 0].astype(int) - picture[:, :, 2] > 60).sum() > 200  # blue bars
    for wrong in (tmp_path / "none" / "h.png", tmp_path / "h.nonsense"):
        with pytest.raises(UsageError, match="Cannot write the histogram"):
            draw_histogram(found, wrong, "grey@1")


def _draw(kind, seed):
    """A house or a sun, a little different every time."""
    rng = np.random.default_rng(seed)
    page = np.full((300, 300, 3), 250, np.uint8)
    x, y = (int(v) for v in rng.integers(120, 180, 2))
    if kind == "a house":
        cv2.rectangle(page, (x - 70, y), (x + 70, y + 90), (60, 120, 200), -1)
        cv2.fillPoly(page, [np.int32([[x - 90, y], [x + 90, y], [x, y - 90]])], (40, 40, 170))
        cv2.rectangle(page, (x - 20, y + 40), (x + 20, y + 90), (50, 60, 80), -1)
    else:
        cv2.circle(page, (x, y), 50, (30, 200, 250), -1)
        for turn in np.linspace(0, 2 * np.pi, 12, endpoint=False):
            way = np.array([np.cos(turn), np.sin(turn)])
            a, b = (np.array([x, y]) + way * r for r in (60, 95))
            cv2.line(page, a.astype(int).tolist(), b.astype(int).tolist(), (30, 180, 250), 7)
    return page


@pytest.fixture
def folder(tmp_path):
    """Two prompts, three drawings each, and a broken file."""
    for kind in ("a house", "the_sun"):
        (tmp_path / "mine" / kind).mkdir(parents=True)
        for seed in range(3):
            path = tmp_path / "mine" / kind / f"{seed}.png"
            cv2.imwrite(str(path), _draw(kind, seed))
    (tmp_path / "mine" / "a house" / "broken.jpg").write_bytes(b"no picture")
    return tmp_path / "mine"


def test_calibrate_keeps_a_range_that_score_uses(folder, tmp_path):
    """And --range still wins, and --forget goes back."""
    done = paintcam("calibrate", folder, "--model", "sketch", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    (row,) = rows(done.stdout)
    assert row["type"] == "calibration"
    assert row["pictures"] == 6
    assert row["low"] < row["high"]
    assert "broken.jpg" in done.stderr
    assert (tmp_path / "calibration.png").stat().st_size > 1000

    def score(*more):
        scored = paintcam("score", folder / "the_sun", "--prompt", "the sun", "--model", "sketch",
                        "--json", *more, cwd=tmp_path)  # fmt: skip
        assert scored.returncode == 0, scored.stderr
        return rows(scored.stdout)[0]

    calibrated = score()
    share = (calibrated["similarity"] - row["low"]) / (row["high"] - row["low"])
    assert calibrated["score"] == pytest.approx(100 * min(1, max(0, share)), abs=0.1)
    assert score("--range", "-1", "1")["score"] == pytest.approx(
        50 + 50 * calibrated["similarity"], abs=0.1
    )
    gone = paintcam("calibrate", "--forget", "--model", "sketch", cwd=tmp_path)
    assert "Removed" in gone.stdout
    assert stored_range(Grey()) is None
    assert json.loads((tmp_path / "data" / "ranges.json").read_text()) == {}


def test_calibrate_in_words_and_without_saving(folder, tmp_path):
    """The line for the configuration, ready to paste."""
    done = paintcam("calibrate", folder, "--model", "sketch", "--no-save", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert '"sketch@' in done.stdout
    assert "--range" in done.stdout
    assert not (tmp_path / "data" / "ranges.json").exists()


@pytest.mark.parametrize("where", ["a drawing", "a link to one", "beside the drawings"])
def test_the_histogram_never_overwrites_a_drawing(folder, tmp_path, where):
    """Nor does it lie where the next calibration would read it as a drawing."""
    drawing = folder / "the_sun" / "0.png"
    before = drawing.read_bytes()
    target = {
        "a drawing": drawing,
        "a link to one": tmp_path / "link.png",
        "beside the drawings": folder / "the_sun" / "calibration.png",
    }[where]
    if where == "a link to one":
        target.symlink_to(drawing)
    done = paintcam("calibrate", folder, "-m", "sketch", "--histogram", target, cwd=tmp_path)
    assert done.returncode == 1
    assert "would be saved among the drawings" in done.stderr
    assert drawing.read_bytes() == before
    assert not (folder / "the_sun" / "calibration.png").exists()
    assert not (tmp_path / "data" / "ranges.json").exists()


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".pdf", ".svg", ""])
def test_the_histogram_replaces_an_earlier_plot_and_nothing_else(tmp_path, suffix):
    """Not a photograph, not a link, not a device: as root, that would replace /dev/null."""
    found = measure(Grey(), drawings())
    plot = tmp_path / f"calibration{suffix}"
    draw_histogram(found, plot, "first")
    first = plot.read_bytes()
    draw_histogram(found, plot, "a second title")
    assert plot.read_bytes() != first
    other = tmp_path / f"other{suffix}"
    other.write_bytes(b"a photograph")
    link, dangling, fifo = (tmp_path / f"{name}{suffix}" for name in ("link", "dangling", "fifo"))
    link.symlink_to(other)
    dangling.symlink_to("gone")
    os.mkfifo(fifo)
    for taken in (other, link, dangling, fifo, tmp_path):
        before = taken.lstat()
        with pytest.raises(UsageError, match="Cannot write the histogram"):
            draw_histogram(found, taken, "third")
        assert os.path.samestat(before, taken.lstat())
    assert other.read_bytes() == b"a photograph"


@pytest.mark.parametrize("name", ["loop.png", "n" * 300 + ".png", "caf\udce9.png", "~nobody/h.png"])
def test_a_name_that_no_histogram_can_have_is_refused_in_words(folder, tmp_path, monkeypatch, name):
    """Before any drawing is read."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "loop.png").symlink_to("loop.png")
    code, _, err = run_here("calibrate", str(folder), "-m", "sketch", f"--histogram={name}")
    assert code == 1
    assert err.startswith("paintcam: Cannot write")


def test_many_drawings_are_counted_while_they_are_measured(folder, tmp_path, monkeypatch):
    """A folder of 100,000 files takes long: what happens, and how to end it."""
    module = importlib.import_module("paintcam.cli.calibrate")
    monkeypatch.setattr(module, "_SILENT_S", 0)
    monkeypatch.setattr(module, "_REPORT_S", 0)
    monkeypatch.chdir(tmp_path)
    code, _, err = run_here("calibrate", str(folder), "-m", "sketch", "--no-save")
    assert code == 0, err
    assert "(4 found). Press Ctrl-C to stop." in err
    assert "Measured 5 of 7 pictures. Press Ctrl-C to stop." in err


def test_few_drawings_are_warned_of(folder, tmp_path):
    """Three drawings say little; ten of each prompt are enough."""
    few = paintcam("calibrate", folder, "-m", "sketch", cwd=tmp_path)
    assert few.returncode == 0
    assert 'fewer than 10 drawings for "a house" (3), "the sun" (3)' in few.stderr
    for kind in ("a house", "the_sun"):
        for seed in range(3, 10):
            cv2.imwrite(str(folder / kind / f"{seed}.png"), _draw(kind, seed))
    enough = paintcam("calibrate", folder, "-m", "sketch", cwd=tmp_path)
    assert "fewer than" not in enough.stderr


def test_folders_that_cannot_be_calibrated_are_errors(tmp_path):
    """Each error describes the expected layout; nothing is stored."""
    (tmp_path / "empty").mkdir()
    one = tmp_path / "one" / "a house"
    one.mkdir(parents=True)
    cv2.imwrite(str(one / "1.png"), _draw("a house", 1))
    broken = tmp_path / "broken"
    for kind in ("a house", "the sun"):
        (broken / kind).mkdir(parents=True)
        (broken / kind / "1.png").write_bytes(b"nothing")
    for name, words in (
        ("missing", "No such folder"),
        ("empty", "empty' has 0)"),
        ("one", "one' has 1)"),
        ("broken", "0 found"),
    ):
        done = paintcam("calibrate", tmp_path / name, "--model", "sketch", cwd=tmp_path)
        assert done.returncode == 1
        assert words in done.stderr, done.stderr
        assert "Traceback" not in done.stderr
    assert "Pass the folder" in paintcam("calibrate", cwd=tmp_path).stderr
    assert not (tmp_path / "data" / "ranges.json").exists()
