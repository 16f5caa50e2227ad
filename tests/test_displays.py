"""The window on two displays, one of which is unplugged, and on a Wayland compositor that dies."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from window_script import in_a_window

DRIVER = Path("/usr/lib/xorg/modules/drivers/dummy_drv.so")
CONFIGURATION = """
Section "Device"
  Identifier "device"
  Driver "dummy"
  VideoRam 256000
EndSection
Section "Monitor"
  Identifier "monitor"
  HorizSync 5.0-1000.0
  VertRefresh 5.0-200.0
EndSection
Section "Screen"
  Identifier "screen"
  Device "device"
  Monitor "monitor"
  DefaultDepth 24
  SubSection "Display"
    Depth 24
    Virtual 4000 1200
    Modes "1280x720"
  EndSubSection
EndSection
"""


@pytest.fixture
def two_displays(tmp_path):
    """An X server with 1280×720 on the left and 1024×768 on the right."""
    if not DRIVER.exists() or not shutil.which("xrandr") or os.getuid() != 0:
        pytest.skip("needs root and: apt-get install xserver-xorg-video-dummy x11-xserver-utils")
    (tmp_path / "xorg.conf").write_text(CONFIGURATION)
    reader, writer = os.pipe()
    log = str(tmp_path / "xorg.log")
    server = subprocess.Popen(
        ["Xorg", "-displayfd", str(writer), "-config", str(tmp_path / "xorg.conf"), "-noreset",
         "-nolisten", "tcp", "-novtswitch", "-sharevts", "-logfile", log],
        pass_fds=(writer,), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    os.close(writer)
    with os.fdopen(reader) as pipe:
        env = {**os.environ, "DISPLAY": f":{pipe.readline().strip()}"}
    try:
        for words in (
            ("--addmode", "DUMMY1", "1024x768"),
            ("--output", "DUMMY1", "--mode", "1024x768", "--right-of", "DUMMY0"),
        ):
            if subprocess.run(["xrandr", *words], env=env, check=False).returncode:
                pytest.skip("this X server has one display alone")
        deadline = time.monotonic() + 10
        while b"DUMMY1 connected 1024x768" not in subprocess.check_output(["xrandr"], env=env):
            assert time.monotonic() < deadline
            time.sleep(0.2)
        manager = subprocess.Popen(["openbox"], env=env, stderr=subprocess.DEVNULL)
        time.sleep(1)
        yield SimpleNamespace(env=env)
        manager.terminate()
        manager.wait(10)
    finally:
        server.terminate()
        server.wait(10)


def test_full_screen_on_the_projector_that_is_unplugged_and_comes_back(tmp_path, two_displays):
    """The picture stays on the screen that is left, and the window goes on."""
    answer = in_a_window(
        two_displays,
        tmp_path,
        """
        import subprocess

        def place():
            until = time.monotonic() + 2
            while time.monotonic() < until:
                window.write(np.zeros((480, 640, 3), np.uint8))
                window.poll()
                time.sleep(0.02)
            found = subprocess.run(
                ["xdotool", "search", "--onlyvisible", "--name", "^paintcam$",
                 "getwindowgeometry", "--shell"], capture_output=True, text=True, check=True)
            rows = dict(line.split("=") for line in found.stdout.split())
            return [int(rows[name]) for name in ("X", "Y", "WIDTH", "HEIGHT")]

        window = Window(fullscreen=True, display=1)
        answer["on the projector"] = place()
        window.toggle_fullscreen()
        place()
        window.toggle_fullscreen()
        answer["again"] = place()
        subprocess.run(["xrandr", "--output", "DUMMY1", "--off"], check=True)
        answer["unplugged"] = place()
        again = ["--mode", "1024x768", "--right-of", "DUMMY0"]
        subprocess.run(["xrandr", "--output", "DUMMY1", *again], check=True)
        place()
        answer["closed"] = window.closed or window.lost
        window.close()
        """,
    )
    assert answer["on the projector"] == answer["again"] == [1280, 0, 1024, 768]
    assert answer["unplugged"][:2] == [0, 0]
    assert not answer["closed"]


@pytest.mark.skipif(
    sys.platform != "linux" or not shutil.which("weston"), reason="needs apt-get install weston"
)
def test_a_wayland_compositor_that_dies_is_noticed(tmp_path, monkeypatch):
    """SDL alone draws on into nothing."""
    runtime = tmp_path / "run"
    runtime.mkdir(mode=0o700)
    env = {**os.environ, "XDG_RUNTIME_DIR": str(runtime), "WAYLAND_DISPLAY": "wayland-7"}
    env.pop("DISPLAY", None)
    weston = subprocess.Popen(
        ["weston", "--backend=headless-backend.so", "--socket=wayland-7", "--idle-time=0"],
        env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    deadline = time.monotonic() + 20
    while not (runtime / "wayland-7").exists():
        assert time.monotonic() < deadline
        time.sleep(0.1)
    try:
        answer = in_a_window(
            SimpleNamespace(env=env),
            tmp_path,
            f"""
            import os, signal

            def show(seconds):
                until = time.monotonic() + seconds
                while time.monotonic() < until:
                    window.write(np.zeros((480, 640, 3), np.uint8))
                    window.poll()
                    time.sleep(0.02)
                return window.closed, window.lost

            window = Window()
            import pygame
            answer["driver"] = pygame.display.get_driver()
            answer["before"] = show(1.5)
            os.killpg({weston.pid}, signal.SIGKILL)
            answer["after"] = show(3)
            window.close()
            """,
        )
    finally:
        if weston.poll() is None:
            os.killpg(weston.pid, signal.SIGKILL)
        weston.wait(10)
    assert answer == {"driver": "wayland", "before": [False, False], "after": [False, True]}
