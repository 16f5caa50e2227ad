"""A real screen in memory: Xvfb with a small window manager, keys by xdotool."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path

import cv2
import numpy as np

NEEDED = ("Xvfb", "openbox", "xdotool", "setxkbmap")
_ROWS = (("qwertyuiop", 24), ("asdfghjkl", 38), ("zxcvbnm", 52), (" ", 65))
_KEYCODES = {letter: first + i for row, first in _ROWS for i, letter in enumerate(row)}
MISSING = [name for name in NEEDED if shutil.which(name) is None]


class Screen:
    """Starts an X server on a free display, 1280×800 by default. A context manager."""

    def __init__(self, folder: Path, wh: tuple[int, int] = (1280, 800)) -> None:
        self.folder = folder
        self.wh = wh
        self._processes: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Screen:
        reader, writer = os.pipe()
        self._start(
            ["Xvfb", "-displayfd", str(writer), "-screen", "0", "{}x{}x24".format(*self.wh),
             "-nolisten", "tcp",
             "-noreset",
             "-fbdir", str(self.folder)],
            pass_fds=(writer,),
        )  # fmt: skip
        os.close(writer)
        with os.fdopen(reader) as pipe:
            self.display = f":{pipe.readline().strip()}"
        self.env = {**os.environ, "DISPLAY": self.display}
        self._start(["openbox"], env=self.env)
        return self

    def __exit__(self, *_: object) -> None:
        for process in reversed(self._processes):
            process.terminate()
            process.wait(10)

    def _start(self, command: list[str], **more) -> None:
        self._processes.append(
            subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **more)
        )

    def window(self, name: str = "paintcam", limit_s: float = 30) -> str:
        """Wait for a visible window, focus it, and give its id."""
        deadline = time.monotonic() + limit_s
        while time.monotonic() < deadline:
            found = self._xdotool("search", "--onlyvisible", "--name", f"^{name}$", check=False)
            if found:
                window = found.split()[-1]
                self._xdotool("windowfocus", window, check=False)
                return window
            time.sleep(0.1)
        raise AssertionError(f"no window {name!r} within {limit_s} s")

    def key(self, *keys: str) -> None:
        """Press keys, xdotool's names, in the focused window."""
        for key in keys:
            self._xdotool("key", key)

    def press_fast(self, *keys: str, delay_ms: int = 30) -> None:
        """Press keys as fast as a good typist."""
        self._xdotool("key", "--delay", str(delay_ms), *keys)

    def keyboard(self, layout: str) -> None:
        """Switch the keyboard's layout."""
        subprocess.run(["setxkbmap", *layout.split()], env=self.env, check=True)

    def place(self, *letters: str) -> None:
        """Press the keys that lie where a US keyboard has these letters, whatever the layout."""
        for letter in letters:
            self._xdotool("key", str(_KEYCODES[letter]))
            time.sleep(0.05)

    def wheel(self, clicks: int) -> None:
        """Turn the mouse wheel over the middle of the screen; negative turns it down."""
        self._xdotool("mousemove", str(self.wh[0] // 2), str(self.wh[1] // 2))
        for _ in range(abs(clicks)):
            self._xdotool("click", "4" if clicks > 0 else "5")

    def command(self, *words: str) -> None:
        """Give xdotool a command."""
        self._xdotool(*words)

    def die(self) -> None:
        """Kill the X server, as a crash of the desktop does."""
        self._processes[0].kill()
        self._processes[0].wait(10)

    def close_window(self) -> None:
        """Let the window manager close the focused window, as its close button does."""
        self._xdotool("key", "alt+F4")

    def geometry(self, window: str) -> tuple[int, int]:
        """Width and height of a window, pixels."""
        lines = dict(
            line.split("=")
            for line in self._xdotool("getwindowgeometry", "--shell", window).split()
        )
        return int(lines["WIDTH"]), int(lines["HEIGHT"])

    def position(self, window: str) -> tuple[int, int]:
        """Where the upper left corner of a window's picture is on the screen."""
        lines = dict(
            line.split("=")
            for line in self._xdotool("getwindowgeometry", "--shell", window).split()
        )
        return int(lines["X"]), int(lines["Y"])

    def shot(self) -> np.ndarray:
        """What is on the screen, BGR uint8 (H, W, 3)."""
        raw = (self.folder / "Xvfb_screen0").read_bytes()
        header = int.from_bytes(raw[:4], "big")
        colours = int.from_bytes(raw[76:80], "big")
        start = header + 12 * colours
        width, height = self.wh
        pixels = np.frombuffer(raw, np.uint8, width * height * 4, start)
        pixels = pixels.reshape(height, width, 4)
        return cv2.cvtColor(pixels, cv2.COLOR_BGRA2BGR)

    def _xdotool(self, *args: str, check: bool = True) -> str:
        done = subprocess.run(
            ["xdotool", *args], env=self.env, check=check, capture_output=True, text=True
        )
        return done.stdout
