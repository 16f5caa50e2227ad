"""The real window, on a real X server, with a window manager and typed keys."""

from __future__ import annotations

import sys
import time

import cv2
import numpy as np
import pytest

from mjpeg import Webcam
from paintcam.errors import DisplayError
from paintcam.sinks.window import check_display
from program import Program, house, paintcam
from screen import MISSING, Screen

pytestmark = pytest.mark.skipif(
    bool(MISSING) or sys.platform != "linux",
    reason=f"needs {', '.join(MISSING) or 'Linux'}: apt-get install xvfb openbox xdotool",
)
WINDOWED = ("--prompt", "a house", "--model", "sketch", "--view", "window")


@pytest.fixture
def screen(tmp_path):
    with Screen(tmp_path) as screen:
        yield screen


@pytest.fixture
def webcam():
    with Webcam([house(4)] * 10) as webcam:
        yield webcam


def test_a_run_in_a_window(tmp_path, screen, webcam):
    """The picture is there, every key does its work, and q ends it."""
    with Program(
        *WINDOWED, "-s", webcam.url, "--snapshot", "kept", cwd=tmp_path, DISPLAY=screen.display
    ) as program:
        window = screen.window()
        program.until(lambda: len(program.of("verdict")) > 5)
        plain = screen.shot()
        assert plain.std() > 20  # a picture, not a black window
        screen.key("question")
        time.sleep(0.4)
        assert np.abs(screen.shot().astype(int) - plain).mean() > 5  # the table of keys
        screen.key("question", "i", "m")
        before = screen.geometry(window)
        screen.key("f")
        time.sleep(1.0)
        assert screen.geometry(screen.window()) == (1280, 800) != before
        screen.key("f")
        screen.key("s")
        program.until(lambda: list((tmp_path / "kept").glob("*frame*.jpg")))
        screen.key("space")
        time.sleep(0.5)
        count = len(program.of("verdict"))
        time.sleep(0.5)
        assert len(program.of("verdict")) <= count + 1
        screen.key("space")
        program.until(lambda: len(program.of("verdict")) > count + 3)
        screen.key("q")
        assert program.wait() == 0
    assert program.rows[-1]["type"] == "summary"


def test_a_typed_prompt_is_judged(tmp_path, screen, webcam):
    """Another prompt, another similarity of the same picture."""
    with Program(*WINDOWED, "-s", webcam.url, cwd=tmp_path, DISPLAY=screen.display) as program:
        screen.window()
        program.until(lambda: program.of("verdict"))
        before = program.of("verdict")[-1]["similarity"]
        screen.key("p", "f", "i", "s", "h", "Return")
        program.until(lambda: abs(program.of("verdict")[-1]["similarity"] - before) > 0.02)
        screen.key("Escape")
        assert program.wait() == 0


def test_arrows_and_modifiers_are_no_letters(tmp_path, screen, webcam):
    """On X11 the low bytes of Left, Up, Home are Q, R, P: a clicker must not end the show."""
    with Program(*WINDOWED, "-s", webcam.url, cwd=tmp_path, DISPLAY=screen.display) as program:
        screen.window()
        program.until(lambda: program.of("verdict"))
        screen.key("Left", "Up", "Right", "Home", "Shift_L", "F1", "Prior")
        count = len(program.of("verdict"))
        program.until(lambda: len(program.of("verdict")) > count + 5)
        best = program.of("verdict")[-1]["similarity"]
        screen.key("p", "f", "shift+i", "s", "h", "BackSpace", "h", "Return")
        program.until(lambda: abs(program.of("verdict")[-1]["similarity"] - best) > 0.02)
        screen.key("q")
        assert program.wait() == 0


def test_the_close_button_ends_the_run(tmp_path, screen, webcam):
    """Exit 0 with a summary; no second window opens."""
    with Program(*WINDOWED, "-s", webcam.url, cwd=tmp_path, DISPLAY=screen.display) as program:
        screen.window()
        program.until(lambda: program.of("verdict"))
        screen.close_window()
        assert program.wait() == 0
    assert program.rows[-1]["type"] == "summary"


def test_fullscreen_from_the_start(tmp_path, screen, webcam):
    """It fills the screen."""
    with Program(
        *WINDOWED, "--fullscreen", "-s", webcam.url, cwd=tmp_path, DISPLAY=screen.display
    ) as program:
        program.until(lambda: program.of("verdict"))
        assert screen.geometry(screen.window()) == (1280, 800)
        screen.key("q")
        assert program.wait() == 0


def test_mirror_flips_the_window_only(tmp_path, screen):
    """The shown picture is mirrored; the similarities are those of the plain one."""
    lopsided = np.full((480, 640, 3), 250, np.uint8)
    cv2.rectangle(lopsided, (100, 100), (300, 300), (0, 0, 255), -1)
    similarities, reds = [], []
    for mirror in ((), ("--mirror",)):
        with (
            Webcam([lopsided] * 5) as webcam,
            Program(
                *WINDOWED, *mirror, "-s", webcam.url, cwd=tmp_path, DISPLAY=screen.display
            ) as program,
        ):
            screen.window()
            program.until(lambda: len(program.of("verdict")) > 10)
            shot = screen.shot().astype(int)
            red = (shot[:, :, 2] > 180) & (shot[:, :, 1] < 60)
            reds.append(np.nonzero(red)[1].mean())
            similarities.append(program.of("verdict")[-1]["similarity"])
            screen.key("q")
            assert program.wait() == 0
    assert similarities[0] == pytest.approx(similarities[1], abs=0.01)
    assert reds[1] > reds[0] + 50


def test_a_screen_that_does_not_answer(monkeypatch):
    """A wrong DISPLAY is an error in words; OpenCV would abort the process."""
    monkeypatch.setenv("DISPLAY", ":987")
    with pytest.raises(DisplayError, match="DISPLAY=:987 does not answer"):
        check_display()


def test_opencv_without_windows(monkeypatch, screen):
    """The headless build is told with the command that mends it."""
    monkeypatch.setenv("DISPLAY", screen.display)
    check_display()
    monkeypatch.setattr(cv2, "getBuildInformation", lambda: "  GUI:                NONE\n")
    with pytest.raises(DisplayError, match="pip install --force-reinstall --no-deps"):
        check_display()


def test_demo_opens_the_window(tmp_path, screen):
    """With a screen, the demo is shown, not written."""
    with Program("demo", cwd=tmp_path, DISPLAY=screen.display) as program:
        screen.window()
        program.until(lambda: program.of("verdict"))
        screen.key("q")
        assert program.wait() == 0
    assert not list(tmp_path.glob("*.mp4"))


def test_a_window_that_cannot_open_is_no_crash(tmp_path):
    """`--view auto` with a dead DISPLAY goes on without a window."""
    clip = tmp_path / "a.mp4"
    from program import write_video

    write_video(clip, [house(4)] * 10)
    done = paintcam(
        "--prompt", "a house", "-m", "sketch", "-s", clip, cwd=tmp_path, DISPLAY=":987"
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "does not answer" in done.stderr
