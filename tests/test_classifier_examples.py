"""The two examples that classify: on clips, with a stand-in for the model that needs a key."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from program import environment

EXAMPLES = Path(__file__).parents[1] / "examples"

STAND_IN = """
import sys
sys.path.insert(0, {examples!r})
import rock_paper_scissors as game

def model(frames):
    "Reads the frame's own marks: a red square is rock, a blue one paper."
    found = []
    for frame in frames:
        boxes = []
        for name, number, channel in (("Rock", 1, 2), ("Paper", 0, 0)):
            others = [c for c in range(3) if c != channel]
            mask = (frame.image[:, :, channel] > 180) & (frame.image[:, :, others] < 90).all(axis=2)
            ys, xs = mask.nonzero()
            if len(xs) > 200:
                boxes.append(dict(x=float(xs.mean()), y=float(ys.mean()),
                    width=float(xs.max() - xs.min()), height=float(ys.max() - ys.min()),
                    confidence=0.9, class_id=number, **{{"class": name}}))
        height, width = frame.image.shape[:2]
        found.append(dict(image=dict(width=width, height=height), predictions=boxes))
    return found

sys.exit(game.main(model))
"""


def write_clip(path: Path, paint, frames: int = 20) -> Path:
    """A clip of 320 × 240 at 10 fps."""
    video = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"mp4v"), 10, (320, 240))
    for index in range(frames):
        picture = np.full((240, 320, 3), 235, np.uint8)
        paint(picture, index)
        video.write(picture)
    video.release()
    return path


def two_hands(picture, index):
    """Rock at the left; paper joins at the right."""
    cv2.rectangle(picture, (30, 80), (110, 160), (30, 30, 230), -1)
    if index >= 10:
        cv2.rectangle(picture, (210, 80), (290, 160), (230, 30, 30), -1)


def run(*args, cwd, **env):
    """Run Python, to its end."""
    return subprocess.run(
        [sys.executable, *map(str, args)],
        cwd=cwd,
        env=environment(PAINTCAM_DATA_DIR=str(cwd / "data"), **env),
        capture_output=True,
        text=True,
        timeout=240,
        stdin=subprocess.DEVNULL,
        check=False,
    )


def test_not_hotdog_classifies(tmp_path):
    """A sun, then an empty page: the likeliest label changes with the picture."""

    def paint(picture, index):
        if index < 15:
            cv2.circle(picture, (160, 120), 50, (30, 200, 250), -1)
            for turn in np.linspace(0, 2 * np.pi, 12, endpoint=False):
                way = np.array([np.cos(turn), np.sin(turn)])
                a, b = ((np.array([160, 120]) + way * r).astype(int).tolist() for r in (60, 95))
                cv2.line(picture, a, b, (30, 180, 250), 6)

    clip = write_clip(tmp_path / "clip.mp4", paint, 30)
    done = run(
        EXAMPLES / "not_hotdog.py", "--source", clip, "--no-window", "--model", "sketch",
        "--label", "the sun", "--label", "a bicycle", cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "the sun!" in done.stdout
    assert "frames  the sun" in done.stdout


def test_not_hotdog_refuses_labels_that_cannot_be_compared(tmp_path):
    """An error in words, no traceback."""
    clip = write_clip(tmp_path / "clip.mp4", lambda picture, index: None, 5)
    done = run(
        EXAMPLES / "not_hotdog.py", "--source", clip, "--no-window", "--model", "sketch",
        "--label", "hot dog", cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 1
    assert "least two labels" in done.stderr
    assert "Traceback" not in done.stderr


def test_rock_paper_scissors_runs_the_pipeline_and_draws(tmp_path):
    """The same pipeline and drawing as with Roboflow's model; only the model is a stand-in."""
    clip = write_clip(tmp_path / "hands.mp4", two_hands)
    script = tmp_path / "game.py"
    script.write_text(STAND_IN.format(examples=str(EXAMPLES)))
    done = run(script, "--source", clip, "--no-window", "--record", "boxes.mp4", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "rock against paper: right wins" in done.stdout
    assert "20 frames: Rock 20×, Paper 10×" in done.stdout
    boxes = cv2.VideoCapture(str(tmp_path / "boxes.mp4"))
    pictures = []
    while (read := boxes.read())[0]:
        pictures.append(read[1])
    assert len(pictures) == 20
    plain = np.full((240, 320, 3), 235, np.uint8)
    two_hands(plain, 19)
    changed = np.abs(pictures[19].astype(int) - plain).max(axis=2) > 60
    assert changed[50:170, 20:120].sum() > 100  # the box and its name
    assert changed[50:170, 200:300].sum() > 100
    assert changed[200:].sum() == 0


@pytest.mark.parametrize("args", [(), ("--model-id", "hard-hat-sample/2")])
def test_rock_paper_scissors_without_a_key(tmp_path, args):
    """Where the key comes from, before anything is loaded."""
    done = run(EXAMPLES / "rock_paper_scissors.py", "--no-window", *args, cwd=tmp_path)
    assert done.returncode == 1
    assert "export ROBOFLOW_API_KEY" in done.stderr
    assert "Traceback" not in done.stderr


def test_rock_paper_scissors_out_of_reach_of_roboflow(tmp_path):
    """A key, and no network: an error in words, without the key in it."""
    clip = write_clip(tmp_path / "hands.mp4", two_hands, 3)
    done = run(
        EXAMPLES / "rock_paper_scissors.py", "--no-window", "--source", clip, cwd=tmp_path,
        ROBOFLOW_API_KEY="not-a-real-key", API_BASE_URL="http://127.0.0.1:9",
        MODEL_CACHE_DIR=str(tmp_path / "cache"),
    )  # fmt: skip
    assert done.returncode == 1
    assert "Cannot run rock-paper-scissors-sxsw/11" in done.stderr
    assert "not-a-real-key" not in done.stderr.split("Cannot run")[-1]


@pytest.mark.skipif(
    "ROBOFLOW_API_KEY" not in os.environ, reason="the real model takes a ROBOFLOW_API_KEY"
)
def test_rock_paper_scissors_with_the_real_model(tmp_path):
    """Loads the model that the talk used."""
    clip = write_clip(tmp_path / "hands.mp4", two_hands, 3)
    done = run(
        EXAMPLES / "rock_paper_scissors.py", "--no-window", "--source", clip, cwd=tmp_path,
        ROBOFLOW_API_KEY=os.environ["ROBOFLOW_API_KEY"],
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "3 frames" in done.stdout
