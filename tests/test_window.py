"""The real window, on a real X server, with a window manager and typed keys."""

from __future__ import annotations

import json
import signal
import sys
import time

import cv2
import numpy as np
import pytest

from mjpeg import Webcam
from paintcam.errors import DisplayError
from paintcam.sinks import sdl
from paintcam.sinks.window import check_display
from program import Program, house, paintcam, write_video
from screen import MISSING, Screen
from window_script import in_a_window

pytestmark = pytest.mark.skipif(
    bool(MISSING) or sys.platform != "linux",
    reason=f"needs {', '.join(MISSING) or 'Linux'}: "
    "apt-get install xvfb openbox xdotool x11-xkb-utils",
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
        screen.key("question")  # shows the table of keys
        program.until(lambda: np.abs(screen.shot().astype(int) - plain).mean() > 5)
        screen.key("question", "i", "m")
        before = screen.geometry(window)
        assert before != (1280, 800)
        screen.key("f")
        program.until(lambda: screen.geometry(screen.window()) == (1280, 800))
        screen.key("f")
        screen.key("s")
        program.until(lambda: list((tmp_path / "kept").glob("*frame*.jpg")))
        screen.key("space")
        _until(lambda: _stands_still(lambda: len(program.of("verdict"))))
        count = len(program.of("verdict"))
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


def test_arrows_and_modifiers_are_not_letters(tmp_path, screen, webcam):
    """A presentation clicker sends arrows and page keys: it must not end the show."""
    with Program(*WINDOWED, "-s", webcam.url, cwd=tmp_path, DISPLAY=screen.display) as program:
        screen.window()
        program.until(lambda: program.of("verdict"))
        screen.key(
            "Left", "Up", "Right", "Home", "Shift_L", "F1", "F5", "Prior", "Next", "b", "period"
        )
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
    """A wrong DISPLAY is an error in words, not the end of the process."""
    monkeypatch.setenv("DISPLAY", ":987")
    with pytest.raises(DisplayError, match="DISPLAY=:987 does not answer"):
        check_display()


def test_no_screen_at_all(monkeypatch):
    """The message says how to run without one."""
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    with pytest.raises(DisplayError, match="DISPLAY is not set") as caught:
        check_display()
    assert "--view none" in caught.value.fix


@pytest.mark.parametrize("broken", ["missing", "replaced"])
def test_a_pygame_that_cannot_open_a_window(monkeypatch, screen, broken):
    """pygame-ce is missing, or the older pygame was installed over it: the fix is a command."""
    monkeypatch.setenv("DISPLAY", screen.display)
    check_display()
    old = type(sys)("pygame")
    old.version = type(sys)("version")
    old.version.ver = "2.6.1"
    monkeypatch.setitem(sys.modules, "pygame", old if broken == "replaced" else None)
    with pytest.raises(DisplayError, match="pygame") as caught:
        sdl.check_display()
    assert caught.value.fix.startswith("Run `pip ")


def prompts_of(program: Program) -> list[str]:
    return list(program.rows[-1]["prompts"])


def test_no_letter_is_lost_at_30_ms_a_key_while_4k_frames_are_drawn(tmp_path, screen):
    """Mixed case, at a good typist's speed: the prompt is what was typed."""
    with (
        Webcam([house(4, (3840, 2160))] * 4) as webcam,
        Program(*WINDOWED, "-s", webcam.url, cwd=tmp_path, DISPLAY=screen.display) as program,
    ):
        screen.window()
        program.until(lambda: program.of("verdict"))
        words = "Bartholomew The Bookkeeper"
        screen.press_fast("p", *(_xdotool_name(letter) for letter in words), "Return")
        count = len(program.of("verdict"))
        program.until(lambda: len(program.of("verdict")) > count + 4)
        time.sleep(1.0)
        screen.key("q")
        assert program.wait() == 0
    assert prompts_of(program) == ["a house", words]


def _xdotool_name(letter: str) -> str:
    if letter == " ":
        return "space"
    return f"shift+{letter.lower()}" if letter.isupper() else letter


def test_keys_work_by_their_place_on_a_russian_keyboard(tmp_path, screen, webcam):
    """The keys lie where they lie on a US keyboard, and a Cyrillic prompt is typed as it is."""
    screen.keyboard("ru")
    with Program(*WINDOWED, "-s", webcam.url, cwd=tmp_path, DISPLAY=screen.display) as program:
        window = screen.window()
        program.until(lambda: program.of("verdict"))
        before = screen.geometry(window)
        screen.place("f")
        _until(lambda: screen.geometry(screen.window()) == (1280, 800) != before)
        screen.place("f")
        _until(lambda: screen.geometry(screen.window()) == before)
        best = program.of("verdict")[-1]["best"]
        webcam.use([house(0)] * 10)
        program.until(lambda: program.of("verdict")[-1]["score"] < best)
        screen.place("r")
        program.until(lambda: program.of("verdict")[-1]["best"] < best)
        for keys in (("p", *"ljv"), ("n",)):  # on ljv a Russian keyboard has д, о and м
            screen.place(*keys)
            if keys[0] == "p":
                screen.key("Return")
            count = len(program.of("verdict"))
            program.until(lambda: len(program.of("verdict")) > count + 10)  # noqa: B023
        screen.place("q")
        assert program.wait() == 0
    prompts = prompts_of(program)
    assert prompts[:2] == ["a house", "дом"]
    assert len(prompts) == 3


def _stands_still(value, for_s: float = 0.5) -> bool:
    """Whether a value, or a picture, stays as it is."""
    before = value()
    time.sleep(for_s)
    return np.array_equal(before, value())


def _until(happened, limit_s: float = 20) -> None:
    deadline = time.monotonic() + limit_s
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_accents_are_typed_with_dead_keys(tmp_path, screen, webcam):
    """´ and then e make é."""
    screen.keyboard("us -variant intl")
    with Program(
        *WINDOWED, "-s", webcam.url, cwd=tmp_path, DISPLAY=screen.display, LANG="C.UTF-8"
    ) as program:
        screen.window()
        program.until(lambda: program.of("verdict"))
        screen.key("p", "c", "a", "f", "dead_acute", "e", "Return")
        count = len(program.of("verdict"))
        program.until(lambda: len(program.of("verdict")) > count + 5)
        screen.key("q")
        assert program.wait() == 0
    assert prompts_of(program) == ["a house", "café"]


def test_text_of_any_script_arrives_as_text(tmp_path, screen):
    """What an input method enters, pastes with Ctrl-V and Shift-Insert, cursor keys."""
    answer = in_a_window(
        screen,
        tmp_path,
        """
        import pygame
        window = Window()
        settle(window)
        window.next_key(typing=True)
        for text in ("Кошка", "日本の家", "é", "🏠"):
            post(pygame.TEXTINPUT, text=text)
        post(pygame.TEXTEDITING, text="にほ", start=0, length=2)
        answer["texts"] = keys(window)
        answer["composing"] = window.composing
        post(pygame.TEXTINPUT, text="日本")
        answer["entered"] = keys(window), window.composing
        pygame.scrap.put_text("two\\nlines")
        key_down(pygame.K_v, "\\x16", 25, pygame.KMOD_LCTRL)
        key_down(1084, "", 25, pygame.KMOD_LCTRL)  # the same key on a Russian keyboard
        key_down(pygame.K_INSERT, "", 73, pygame.KMOD_LSHIFT)
        for key in (pygame.K_LEFT, pygame.K_HOME, pygame.K_END, pygame.K_DELETE, pygame.K_KP_ENTER):
            key_down(key)
        answer["keys"] = keys(window)
        window.close()
        """,
    )
    assert answer["texts"] == ["Кошка", "日本の家", "é", "🏠"]
    assert answer["composing"] == "にほ"
    assert answer["entered"] == [["日本"], ""]
    paste = "two\nlines"
    assert answer["keys"] == [paste, paste, paste, "\x1b[D", "\x1b[H", "\x1b[F", "\x7f", "\r"]


def test_a_letter_that_starts_the_typing_is_not_typed(tmp_path, screen):
    """Neither is it while it is held down; shortcuts of the desktop are no keys."""
    answer = in_a_window(
        screen,
        tmp_path,
        """
        import pygame
        window = Window()
        settle(window)
        key_down(pygame.K_p, "p", 19)
        post(pygame.TEXTINPUT, text="p")
        key_down(pygame.K_q, "q", 20, pygame.KMOD_LALT)
        key_down(pygame.K_c, "\\x03", 6, pygame.KMOD_LCTRL)
        answer["command"] = keys(window, typing=False)
        key_down(pygame.K_p, "p", 19)
        answer["again"] = window.next_key().text
        for _ in range(3):  # held down: X11 repeats the text
            post(pygame.TEXTINPUT, text="p")
        post(pygame.KEYUP, key=pygame.K_p, scancode=19, mod=0)
        key_down(pygame.K_p, "p", 19)
        post(pygame.TEXTINPUT, text="p")
        answer["typed"] = keys(window)
        window.close()
        """,
    )
    assert answer == {"command": ["p"], "again": "p", "typed": ["p"]}


def test_a_key_that_is_held_repeats_for_text_alone(tmp_path, screen):
    """A held i must not flicker; a held backspace clears the line."""
    answer = in_a_window(
        screen,
        tmp_path,
        """
        import subprocess, pygame
        window = Window()
        settle(window)
        def held(name, typing):
            found = []
            subprocess.run(["xdotool", "keydown", name])
            until = time.monotonic() + 1.5
            while time.monotonic() < until:
                found += keys(window, typing)
                time.sleep(0.01)
            subprocess.run(["xdotool", "keyup", name])
            settle(window, 0.2)
            return len(found)
        answer["command"] = held("i", False)
        keys(window, True)
        answer["letter"] = held("x", True)
        answer["backspace"] = held("BackSpace", True)
        window.close()
        """,
    )
    assert answer["command"] == 1
    assert answer["letter"] > 3
    assert answer["backspace"] > 3


def test_the_window_is_quiet_named_and_keeps_the_screen_on(tmp_path, screen):
    """No greeting, no sound device, a title; the cursor goes in full screen alone."""
    answer = in_a_window(
        screen,
        tmp_path,
        """
        window = Window()
        import pygame
        settle(window)
        answer["video"] = pygame.display.get_init(), pygame.mixer.get_init()
        answer["saver"] = pygame.display.get_allow_screensaver()
        answer["title"] = window._window.title
        answer["cursor"] = [pygame.mouse.get_visible()]
        for _ in range(2):
            window.toggle_fullscreen()
            settle(window)
            answer["cursor"].append(pygame.mouse.get_visible())
        window.close()
        answer["after"] = pygame.display.get_init()
        """,
    )
    assert answer == {
        "video": [True, None],
        "saver": False,
        "title": "paintcam",
        "cursor": [True, False, True],
        "after": False,
    }


def test_the_mouse_wheel_does_nothing(tmp_path, screen, webcam):
    """Three clicks used to zoom score and prompt off the screen."""
    with Program(*WINDOWED, "-s", webcam.url, cwd=tmp_path, DISPLAY=screen.display) as program:
        screen.window()
        program.until(lambda: program.of("verdict"))
        screen.key("space")
        _until(lambda: _stands_still(lambda: len(program.of("verdict"))))
        _until(lambda: _stands_still(screen.shot))
        before = screen.shot()
        screen.wheel(3)
        screen.wheel(-3)
        screen.command("mousemove", "1", "1")
        time.sleep(0.5)
        after = screen.shot()
        screen.key("q")
        assert program.wait() == 0
    changed = (np.abs(after.astype(int) - before) > 20).any(axis=2)
    assert changed.mean() < 0.002  # the cursor itself


def test_a_resized_window_shows_all_of_the_picture_on_black(tmp_path, screen):
    """Its aspect stays; no grey bars."""
    red = np.zeros((480, 640, 3), np.uint8)
    red[:] = (0, 0, 200)
    with (
        Webcam([red] * 5) as webcam,
        Program(
            *WINDOWED, "-s", webcam.url, "--record", "a.mp4", cwd=tmp_path, DISPLAY=screen.display
        ) as program,
    ):
        window = screen.window()
        program.until(lambda: len(program.of("verdict")) > 5)
        screen.key("h")
        for wide, high in ((1000, 400), (400, 600)):
            screen.command("windowsize", window, str(wide), str(high))
            screen.command("windowmove", window, "100", "100")
            _until(lambda size=(wide, high): screen.geometry(window) == size)
            time.sleep(0.5)  # until it is drawn at this size and place
            _until(lambda: _stands_still(screen.shot, 0.2))
            shot = screen.shot()
            picture = (shot[:, :, 2] > 150) & (shot[:, :, 1] < 60)
            rows, columns = np.nonzero(picture)
            height, width = np.ptp(rows) + 1, np.ptp(columns) + 1
            assert width / height == pytest.approx(640 / 480, abs=0.02)
            assert max(width / wide, height / high) == pytest.approx(1, abs=0.01)
            bars = shot[rows.min() : rows.max(), columns.min() - 40 : columns.min() - 4]
            if height / high < 0.99:
                bars = shot[rows.min() - 40 : rows.min() - 4, columns.min() : columns.max()]
            assert bars.max() == 0
        count = len(program.of("verdict"))
        screen.command("windowminimize", window)
        program.until(lambda: len(program.of("verdict")) > count + 10)
        screen.command("windowmap", window)
        screen.window()
        _until(lambda: screen.shot()[:, :, 2].max() > 150)
        screen.key("q")
        assert program.wait() == 0
    video = cv2.VideoCapture(str(tmp_path / "a.mp4"))
    assert (video.get(cv2.CAP_PROP_FRAME_WIDTH), video.get(cv2.CAP_PROP_FRAME_HEIGHT)) == (640, 480)
    assert video.get(cv2.CAP_PROP_FRAME_COUNT) > 20


def frames_of(path) -> int:
    video, count = cv2.VideoCapture(str(path)), 0
    while video.read()[0]:
        count += 1
    return count


@pytest.mark.parametrize("how", ["server", "kicked out"])
def test_a_run_continues_without_its_window_when_the_display_dies(tmp_path, screen, webcam, how):
    """The recording is whole, a message says so, and Ctrl-C ends it with exit 0."""
    with Program(
        *WINDOWED, "-s", webcam.url, "--record", "a.mp4", cwd=tmp_path, DISPLAY=screen.display
    ) as program:
        window = screen.window()
        program.until(lambda: len(program.of("verdict")) > 5)
        if how == "server":
            screen.die()
        else:
            screen.command("windowkill", window)
        program.until(lambda: "display was lost" in program.stderr)
        count = len(program.of("verdict"))
        program.until(lambda: len(program.of("verdict")) > count + 20)
        program.process.send_signal(signal.SIGINT)
        assert program.wait() == 0
    assert program.rows[-1]["type"] == "summary"
    assert program.stderr.count("display was lost") == 1
    assert frames_of(tmp_path / "a.mp4") > 30


def test_a_contest_continues_without_its_window_when_the_display_dies(tmp_path, screen, webcam):
    """Without keys it advances by itself: the podium is reached."""
    with Program(
        "contest", "--prompt", "a house", "--model", "sketch", "--view", "window",
        "--player", "Ada", "--seconds", "3", "-s", webcam.url,
        cwd=tmp_path, DISPLAY=screen.display,
    ) as program:  # fmt: skip
        screen.window()
        program.until(lambda: program.of("verdict"))
        screen.key("space")
        screen.die()
        program.until(lambda: program.of("podium"))
        assert program.wait() == 0
    assert program.of("podium")[0]["places"][0]["player"] == "Ada"


def test_a_window_that_is_destroyed_ends_the_run(tmp_path, screen, webcam):
    """It must not go on invisibly: exit 0, and the recording is whole."""
    with Program(
        *WINDOWED, "-s", webcam.url, "--record", "a.mp4", cwd=tmp_path, DISPLAY=screen.display
    ) as program:
        window = screen.window()
        program.until(lambda: len(program.of("verdict")) > 5)
        screen.command("windowclose", window)
        assert program.wait() == 0
    assert program.rows[-1]["type"] == "summary"
    assert frames_of(tmp_path / "a.mp4") > 5


def test_the_size_that_was_chosen_is_kept_for_the_next_run(tmp_path, screen, webcam):
    """And the place: the window does not wander from run to run either."""
    places = []
    for run in range(3):
        with Program(*WINDOWED, "-s", webcam.url, cwd=tmp_path, DISPLAY=screen.display) as program:
            window = screen.window()
            program.until(lambda: len(program.of("verdict")) > 5)
            if run == 0:
                screen.command("windowsize", window, "700", "500")
                screen.command("windowmove", window, "200", "150")
            _until(lambda: screen.geometry(window) == (700, 500))  # noqa: B023
            _until(lambda: _stands_still(lambda: screen.position(window)))  # noqa: B023
            places.append(screen.position(window))
            screen.key("q")
            assert program.wait() == 0
    assert np.abs(np.diff(places, axis=0)).max() <= 2
    placed = json.loads((tmp_path / "data" / "window.json").read_text())
    assert placed["size"] == [700, 500]


def test_a_missing_display_is_an_error(tmp_path, screen, webcam):
    """It names how many there are; 0 is the first one."""
    done = paintcam(
        *WINDOWED, "-s", webcam.url, "--display", "3", cwd=tmp_path, DISPLAY=screen.display
    )
    assert done.returncode == 1
    assert "There is no display 3: this computer has 1" in done.stderr
    with Program(
        *WINDOWED, "-s", webcam.url, "--display", "0", "--fullscreen", cwd=tmp_path,
        DISPLAY=screen.display,
    ) as program:  # fmt: skip
        program.until(lambda: program.of("verdict"))
        assert screen.geometry(screen.window()) == (1280, 800)
        screen.key("q")
        assert program.wait() == 0


def test_demo_opens_the_window(tmp_path, screen):
    """With a screen, the demo is shown, not written."""
    with Program("demo", cwd=tmp_path, DISPLAY=screen.display) as program:
        screen.window()
        program.until(lambda: program.of("verdict"))
        screen.key("q")
        assert program.wait() == 0
    assert not list(tmp_path.glob("*.mp4"))


def test_a_window_that_cannot_open_causes_no_crash(tmp_path):
    """`--view auto` with a dead DISPLAY goes on without a window."""
    clip = tmp_path / "a.mp4"
    write_video(clip, [house(4)] * 10)
    done = paintcam(
        "--prompt", "a house", "-m", "sketch", "-s", clip, cwd=tmp_path, DISPLAY=":987"
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "does not answer" in done.stderr
