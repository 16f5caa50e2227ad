"""Guards, labels and the sheet finder as `score` and `run` show them: processes of their own."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

import scenes
from paintcam.judge.nsfw import open_classifier
from program import paintcam, rows


def house():
    """A plain drawing."""
    paper = np.full((480, 480, 3), 250, np.uint8)
    cv2.rectangle(paper, (120, 220), (360, 420), (60, 120, 200), -1)
    cv2.fillPoly(paper, [np.int32([[90, 220], [390, 220], [240, 80]])], (40, 40, 170))
    cv2.rectangle(paper, (210, 320), (270, 420), (50, 60, 80), -1)
    return paper


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """A drawing held up in a room, the same alone, and a page of words."""
    folder = tmp_path_factory.mktemp("pictures")
    cv2.imwrite(str(folder / "held.png"), scenes.held_sheet(2, drawing=house()).image)
    cv2.imwrite(str(folder / "house.png"), house())
    page = np.full((480, 480, 3), 250, np.uint8)
    for row in range(5):
        at = (20, 90 + 80 * row)
        face = cv2.FONT_HERSHEY_SCRIPT_COMPLEX
        cv2.putText(page, "handwritten text", at, face, 1.6, (40, 20, 20), 3, cv2.LINE_AA)
    cv2.imwrite(str(folder / "page.png"), page)
    return folder


def score(folder, *more, cwd):
    """`score --json` with the bundled encoder: file name → row."""
    done = paintcam("score", folder, "--model", "sketch", "--json", *more, cwd=cwd)
    assert done.returncode == 0, done.stderr
    found = rows(done.stdout)
    return {row["path"].rsplit("/", 1)[-1]: row for row in found}, done.stderr


def test_score_crops_to_the_sheet_and_leaves_a_plain_drawing_alone(pictures, tmp_path):
    """--crop off judges the whole frame."""
    prompt = ("--prompt", "a house", "--range", "-0.2", "0.8")
    auto, _ = score(pictures, *prompt, cwd=tmp_path)
    whole, _ = score(pictures, *prompt, "--crop", "off", cwd=tmp_path)
    assert auto["held.png"]["score"] > whole["held.png"]["score"] + 5
    assert auto["house.png"]["score"] == pytest.approx(whole["house.png"]["score"], abs=1)


def test_a_page_of_words_is_reported_and_the_guard_can_be_switched_off(pictures, tmp_path):
    """In so wide a range the bundled encoder scores what it does not read, too."""
    prompt = ("--prompt", "a house", "--range", "-0.2", "0.8")
    guarded, _ = score(pictures, *prompt, cwd=tmp_path)
    free, _ = score(pictures, *prompt, "--no-guard", "handwriting", cwd=tmp_path)
    assert free["page.png"]["score"] > 5
    assert guarded["page.png"]["score"] < free["page.png"]["score"]
    assert guarded["page.png"]["flags"][0].startswith("handwriting detected: −")
    assert "flags" not in free["page.png"]


def test_score_classifies_between_labels(pictures, tmp_path):
    """The form of the rows: labels that sum to 1, and no score."""
    found, _ = score(pictures, "--label", "a house", "--label", "a bicycle", cwd=tmp_path)
    row = found["house.png"]
    assert set(row) == {"type", "path", "labels"}
    assert sum(row["labels"].values()) == pytest.approx(1)
    assert row["labels"]["a house"] > 0.6


def test_the_first_label_sorts_even_with_spaces_around_it(pictures, tmp_path):
    """Spaces are no part of a label."""
    found, _ = score(pictures, "--label", " a signed letter ", "--label", "a house", cwd=tmp_path)
    shares = [row["labels"]["a signed letter"] for row in found.values()]
    assert shares == sorted(shares, reverse=True)
    assert len(shares) == 3


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--label", "hot dog"], "two labels"),
        (["--label", "a", "--label", "b", "--label", "a"], "appears twice"),
        (["--label", "a", "--label", "b", "--prompt", "a house"], "--label"),
        (["--prompt", "a house", "--no-guard", "bot"], "bot"),
        (["--prompt", "a naked man"], "--no-guard nsfw"),
        (["--prompt", "word " * 90], "too long"),
        ([], "prompt"),
    ],
)
def test_invalid_options_are_errors(pictures, tmp_path, options, words):
    """An error in words, exit 1, nothing on stdout."""
    done = paintcam("score", pictures, "--model", "sketch", *options, cwd=tmp_path)
    assert done.returncode == 1
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_a_run_of_labels_has_them_in_every_verdict(tmp_path):
    """And its summary names the guards that were really running."""
    video = cv2.VideoWriter(
        str(tmp_path / "a.mp4"), cv2.VideoWriter_fourcc(*"mp4v"), 10, (480, 480)
    )
    for _ in range(8):
        video.write(house())
    video.release()
    done = paintcam(
        "run", "--label", "a house", "--label", "a bicycle", "--source", "a.mp4", "--model",
        "sketch", "--every-frame", "--view", "none", "--json", cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = rows(done.stdout)
    verdicts = [row for row in found if row["type"] == "verdict"]
    assert len(verdicts) == 8
    for verdict in verdicts:
        assert sum(verdict["labels"].values()) == pytest.approx(1)
        assert verdict["labels"]["a house"] > 0.6
    running = ["handwriting", "nsfw"] if open_classifier() is not None else ["handwriting"]
    assert found[-1]["guards"] == running
    if "nsfw" not in running:
        assert "paintcam[nsfw]" in done.stderr
