"""From Python: every public name, and the examples in its docstring."""

from __future__ import annotations

import ast
import doctest
import inspect
import os
import shutil
import sys
from importlib import import_module
from pathlib import Path

import cv2
import numpy as np
import pytest

import paintcam
from mjpeg import Webcam
from program import house, write_video


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """What the examples find: drawing.png, drawings/, video.mp4."""
    folder = tmp_path_factory.mktemp("python")
    cv2.imwrite(str(folder / "drawing.png"), house(4))
    (folder / "drawings").mkdir()
    cv2.imwrite(str(folder / "drawings" / "house.png"), house(3))
    write_video(folder / "video.mp4", [house(step) for step in range(5) for _ in range(4)])
    return folder


EXAMPLES = Path(__file__).parents[1] / "examples"
NAMES = [name for name in paintcam.__all__ if not name.startswith("__")]


def docstring_of(name: str) -> str:
    """Of a class, a function, or the text below a type alias."""
    module = import_module(f"paintcam.{paintcam._HOMES[name]}")
    value = getattr(paintcam, name)
    home = sys.modules.get(getattr(value, "__module__", ""), module)
    path = Path(home.__file__ if home.__name__.startswith("paintcam") else module.__file__)
    body = ast.parse(path.read_text(encoding="utf-8")).body
    for node, below in zip(body, [*body[1:], None], strict=True):
        if isinstance(node, ast.ClassDef | ast.FunctionDef) and node.name == value.__name__:
            return ast.get_docstring(node) or ""
        if isinstance(node, ast.AnnAssign) and getattr(node.target, "id", "") == name:
            return inspect.cleandoc(below.value.value)
    raise AssertionError(name)


@pytest.mark.parametrize("name", NAMES)
def test_the_example_of_a_public_name_runs(name, folder, tmp_path, monkeypatch):
    """As a reader would paste it."""
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    examples = doctest.DocTestParser().get_doctest(docstring_of(name), {}, name, None, 0)
    assert examples.examples
    runner = doctest.DocTestRunner()
    runner.run(examples)
    assert runner.summarize(verbose=False).failed == 0


def test_pixels_score_as_their_file_does(folder):
    """A path, its text and an array are one picture."""
    path = folder / "drawing.png"
    similarities = [
        paintcam.score(picture, "a house", model="sketch").similarity
        for picture in (path, os.fspath(path), cv2.imread(str(path)))
    ]
    assert similarities == [similarities[0]] * 3
    assert paintcam.score(path, "a fish", model="sketch").similarity < similarities[0]


def test_a_picture_that_cannot_be_scored_is_an_error(folder):
    """Not there, no picture, or a prompt that is blank."""
    with pytest.raises(paintcam.SourceError, match=r"nothing\.png"):
        paintcam.score(folder / "nothing.png", "a house", model="sketch")
    with pytest.raises(paintcam.SourceError):
        paintcam.score(np.zeros((4, 4, 7), np.uint8), "a house", model="sketch")
    with pytest.raises(paintcam.PromptError, match="blank"):
        paintcam.score(folder / "drawing.png", " ", model="sketch")


def test_a_video_is_watched_frame_by_frame(folder):
    """Each once and in order; the video is closed at its end."""
    with paintcam.watch("a house", folder / "video.mp4", model="sketch") as watched:
        indices = [frame.index for frame, verdict in watched if verdict.frame == frame.index]
    assert indices == list(range(20))
    assert next(watched, None) is None


def test_a_stream_is_left_at_once():
    """Leaving the block releases the stream, however much of it is to come."""
    with (
        Webcam() as server,
        paintcam.watch("a house", server.url, model="sketch") as watched,
    ):
        first, _ = next(watched)
        second, verdict = next(watched)
        assert second.index > first.index
        assert 0 <= verdict.score <= 100


def test_a_source_that_never_opens_is_an_error(folder):
    """At once for a file that is not there."""
    with pytest.raises(paintcam.SourceError, match=r"nothing\.mp4"):
        paintcam.watch("a house", folder / "nothing.mp4", model="sketch")


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.py")), ids=lambda path: path.name)
def test_an_example_uses_public_names_alone(path):
    """What a reader copies must not break with the next release."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    modules = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert [name for name in modules if name and name.startswith("paintcam.")] == []
