"""Every file in examples/ runs, as a process of its own; and the bundled clip tells its story."""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from paintcam import Frame, Verdict, load_encoder, make_judge
from program import environment
from screen import MISSING, Screen

TESTS = Path(__file__).parent
EXAMPLES = TESTS.parent / "examples"
DEMO = TESTS.parent / "paintcam" / "assets" / "demo"
ABOUT = json.loads((DEMO / "demo.json").read_text(encoding="utf-8"))
CLIP = DEMO / ABOUT["file"]

HERE = {
    "custom_encoder.py",
    "custom_source.py",
    "demo_clip",  # run by make_demo_clip.py
    "inference_pipeline.py",
    "make_demo_clip.py",
    "score_image.py",
}
ELSEWHERE = {
    "inference_server.py": "test_server_encoder.py",
    "not_hotdog.py": "test_classifier_examples.py",
    "rock_paper_scissors.py": "test_classifier_examples.py",
    "sketch_encoder": "test_sketch_encoder_build.py",
}


def run(name: str, *args: str | Path, **env: str) -> subprocess.CompletedProcess[str]:
    """Run an example to its end, offline and without a screen."""
    return subprocess.run(
        [sys.executable, str(EXAMPLES / name), *map(str, args)],
        env=environment(**env),
        capture_output=True,
        text=True,
        timeout=280,
        stdin=subprocess.DEVNULL,
        check=False,
    )


def scores(output: str) -> dict[str, float]:
    """Lines such as " 44.1  house.png" as a table."""
    return {name: float(score) for score, name in re.findall(r"^ *([\d.]+)  (\S+)$", output, re.M)}


def at(clip: Path, time_s: float) -> np.ndarray:
    """A clip's picture at a time: BGR uint8."""
    capture = cv2.VideoCapture(str(clip))
    capture.set(cv2.CAP_PROP_POS_FRAMES, round(time_s * capture.get(cv2.CAP_PROP_FPS)))
    got, picture = capture.read()
    capture.release()
    assert got
    return picture


@pytest.fixture(scope="module")
def slides(tmp_path_factory) -> Path:
    """A folder: the first player's drawing and the second's."""
    folder = tmp_path_factory.mktemp("slides")
    cv2.imwrite(str(folder / "first.png"), at(CLIP, 17.5))
    cv2.imwrite(str(folder / "second.png"), at(CLIP, 29.0))
    return folder


@pytest.fixture(scope="module")
def small_clip(tmp_path_factory) -> Path:
    """The whole story in two seconds, 320 pixels wide."""
    clip = tmp_path_factory.mktemp("clip") / "small.mp4"
    done = run("make_demo_clip.py", "--seconds", "2", "--width", "320", "--output", clip)
    assert done.returncode == 0, done.stderr
    assert str(clip) in done.stdout
    return clip


def test_every_example_is_tested():
    """A new file in examples/ needs a test, and a test needs its file."""
    found = {
        path.name
        for path in EXAMPLES.iterdir()
        if path.suffix == ".py" or (path.is_dir() and any(path.glob("*.py")))
    }
    assert found - set(ELSEWHERE) == HERE
    for name in found & set(ELSEWHERE):
        assert Path(name).stem in (TESTS / ELSEWHERE[name]).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", sorted(name for name in HERE if name.endswith(".py")))
def test_every_example_shows_its_command(name):
    """In its first lines, and with --help."""
    assert f"    python examples/{name}" in (EXAMPLES / name).read_text(encoding="utf-8")[:400]
    done = run(name, "--help")
    assert done.returncode == 0
    assert "usage: " in done.stdout


def test_the_clip_maker_draws_both_turns_at_any_length(small_clip):
    """48 frames in H.264: white paper first, then a ginger cat, then another player's paper."""
    capture = cv2.VideoCapture(str(small_clip))
    pictures = []
    while (read := capture.read())[0]:
        pictures.append(read[1])
    capture.release()
    assert len(pictures) == 48
    assert pictures[0].shape == (180, 320, 3)

    def ginger(picture: np.ndarray) -> int:
        hsv = cv2.cvtColor(picture[30:130, 96:224], cv2.COLOR_BGR2HSV)
        return int(cv2.inRange(hsv, (8, 170, 170), (20, 255, 255)).sum() // 255)

    blank, drawn, second = pictures[1], pictures[27], pictures[45]
    assert ginger(blank) < 20
    assert ginger(drawn) > 300
    assert ginger(second) < 20


def test_the_clip_maker_makes_the_same_file_twice(tmp_path):
    """Noise and tremor come from a seed; 144 pixels of height are whole blocks for x264."""
    for name in ("a.mp4", "b.mp4"):
        options = ("--seconds", "0.5", "--width", "256", "--output", tmp_path / name)
        assert run("make_demo_clip.py", *options).returncode == 0
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()


def test_the_clip_maker_refuses_an_odd_width(tmp_path):
    """H.264 in yuv420p has none."""
    done = run("make_demo_clip.py", "--width", "161", "--output", tmp_path / "x.mp4")
    assert done.returncode == 2
    assert "even --width" in done.stderr
    assert not (tmp_path / "x.mp4").exists()


def test_the_bundled_clip_is_small_short_and_licensed():
    """At most 1.5 MB and 40 s, its chapters within it, CC0 beside it."""
    capture = cv2.VideoCapture(str(CLIP))
    length_s = capture.get(cv2.CAP_PROP_FRAME_COUNT) / capture.get(cv2.CAP_PROP_FPS)
    capture.release()
    assert CLIP.stat().st_size <= 1_500_000
    assert 20 <= length_s <= 40
    starts = [chapter["at_s"] for chapter in ABOUT["chapters"]]
    assert starts == sorted(starts)
    assert starts[0] == 0
    assert starts[-1] < length_s
    assert all(chapter["title"] for chapter in ABOUT["chapters"])
    assert "CC0" in (DEMO / "LICENSE.txt").read_text(encoding="utf-8")


def test_the_bundled_encoder_scores_the_bundled_clip_as_intended():
    """The first player's score climbs with the strokes; the second's stays clearly below."""
    judge = make_judge(load_encoder("sketch"), ABOUT["prompt"])
    capture = cv2.VideoCapture(str(CLIP))
    fps = capture.get(cv2.CAP_PROP_FPS)
    course = []
    index = 0
    while (read := capture.read())[0]:
        if index % 6 == 0:
            course += judge.judge([Frame(read[1], index, index / fps, index / fps)])
        index += 1
    capture.release()
    points = np.array([verdict.score for verdict in course])
    times = np.array([verdict.time_s for verdict in course])
    assert len(points) >= 20
    assert np.ptp(points) >= 20
    turn = ABOUT["chapters"][1]["at_s"]
    early, midway, done = (
        float(np.median(points[(times >= start) & (times < end)]))
        for start, end in ((1, 5), (7, 11), (14, 17.5))
    )
    assert early < midway < done
    assert done - early >= 20
    assert points[times < turn].max() - points[times >= turn].max() >= 15


def test_score_image_scores_the_right_drawing_higher(slides):
    """The better one has more points; both lines have the form that the docstring shows."""
    points = []
    for name in ("first.png", "second.png"):
        done = run("score_image.py", slides / name, "--prompt", ABOUT["prompt"])
        assert done.returncode == 0, done.stderr
        points.append(float(re.match(r" *([\d.]+) of 100  \(similarity", done.stdout)[1]))
    assert points[0] > points[1]


def test_score_image_reports_errors(tmp_path):
    """One line, no traceback."""
    done = run("score_image.py", tmp_path / "none.png", "--prompt", "a house")
    assert done.returncode == 1
    assert "none.png" in done.stderr
    assert "Traceback" not in done.stderr


def test_custom_encoder_scores_by_colour(small_clip):
    """The story through an encoder that knows only colours, every frame once."""
    done = run("custom_encoder.py", "--source", small_clip)
    assert done.returncode == 0, done.stderr
    best, frames = re.search(r"best ([\d.]+) of (\d+) frames scored", done.stdout).groups()
    assert float(best) > 50
    assert 20 <= int(frames) <= 48  # white paper has no colour: no verdict


def test_custom_encoder_refuses_a_prompt_without_colours(small_clip):
    """Its own error reaches the user in words."""
    done = run("custom_encoder.py", "--source", small_clip, "--prompt", "a house")
    assert done.returncode == 1
    assert "names no colour" in done.stderr
    assert "Traceback" not in done.stderr


def test_custom_source_shows_every_slide(slides):
    """Without a window: each picture's best, the better one first."""
    args = (slides, "--prompt", ABOUT["prompt"], "--seconds-each", "0.5")
    done = run("custom_source.py", *args)
    assert done.returncode == 0, done.stderr
    found = scores(done.stdout)
    assert list(found) == ["first.png", "second.png"]
    assert found["first.png"] > found["second.png"]


def test_custom_source_names_the_missing_folder(tmp_path):
    """One line, no traceback."""
    done = run("custom_source.py", tmp_path / "none", "--prompt", "a house")
    assert done.returncode == 1
    assert "none" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(bool(MISSING), reason=f"not installed: {', '.join(MISSING)}")
def test_custom_source_opens_a_window(slides, tmp_path):
    """The slides are on the screen, and q ends them."""
    command = [sys.executable, str(EXAMPLES / "custom_source.py"), str(slides), "--window"]
    with Screen(tmp_path) as screen:
        process = subprocess.Popen(
            [*command, "--prompt", ABOUT["prompt"], "--seconds-each", "120"],
            env=environment(DISPLAY=screen.display),
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            screen.window()
            assert process.stdout is not None
            while process.stdout.readline().strip() != "[live]":
                assert process.poll() is None
            until = time.monotonic() + 20
            while screen.shot().std() <= 20:  # black until the first slide is drawn
                assert time.monotonic() < until
                time.sleep(0.1)
            time.sleep(2.0)  # for a verdict of it
            screen.key("q")
            assert process.wait(30) == 0
            assert "first.png" in process.stdout.read()
        finally:
            process.kill()
            process.communicate()


def test_inference_pipeline_judges_every_frame_of_the_demo_clip():
    """Inference's own loop, paintcam's judge: none dropped, the course of the score printed."""
    capture = cv2.VideoCapture(str(CLIP))
    frames = int(capture.get(cv2.CAP_PROP_FRAME_COUNT))
    capture.release()
    done = run("inference_pipeline.py")
    assert done.returncode == 0, done.stderr
    assert len(re.findall(r"^ *[\d.]+ s +[\d.]+  best +[\d.]+$", done.stdout, re.M)) >= 20
    best = re.search(rf"best ([\d.]+), {frames} frames scored", done.stdout)
    assert best is not None, done.stdout
    assert float(best[1]) > 20


def test_the_pipeline_example_hides_a_blocked_frame_and_reports_that_nothing_counted():
    """What a guard blocks is pixelated there too, and a best of 0.0 is a score."""
    spec = importlib.util.spec_from_file_location("pipeline", EXAMPLES / "inference_pipeline.py")
    assert spec is not None
    assert spec.loader is not None
    example = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(example)
    noise = np.random.default_rng(1).integers(0, 255, (240, 320, 3), np.uint8)
    shown: list[np.ndarray] = []
    window = SimpleNamespace(write=shown.append, poll=lambda: "", closed=False)
    for blocked in (False, True):
        board = example.Scoreboard("a house", "sketch", window)
        assert board.summary() == "nothing scored"
        verdict = Verdict(0, 0.0, 0.0, 0.1, 0.0, blocked=blocked)
        board(verdict, SimpleNamespace(image=noise))
        best = "nothing counted" if blocked else "best 0.0"
        assert board.summary() == f"{best}, 1 frames scored"
    clear, hidden = (picture[100:140, 150:190].astype(int) for picture in shown)
    assert (clear == noise[100:140, 150:190]).all()
    assert np.abs(np.diff(hidden, axis=1)).mean() < np.abs(np.diff(clear, axis=1)).mean() / 3
