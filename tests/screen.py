"""A real screen in memory: Xvfb with a small window manager, keys by xdotool."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path

import cv2
import numpy as np

NEEDED = ("Xvfb", "openbox", "xdotool")
MISSING = [name for name in NEEDED if shutil.which(name) is None]


class Screen:
    """Starts an X server of 1280×800 on a free display. A context manager."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._processes: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Screen:
        reader, writer = os.pipe()
        self._start(
            ["Xvfb", "-displayfd", str(writer), "-screen", "0", "1280x800x24", "-nolisten", "tcp",
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
            time.sleep(0.12)  # OpenCV takes one key a call of waitKey

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

    def shot(self) -> np.ndarray:
        """What is on the screen, BGR uint8 (800, 1280, 3)."""
        raw = (self.folder / "Xvfb_screen0").read_bytes()
        header = int.from_bytes(raw[:4], "big")
        colours = int.from_bytes(raw[76:80], "big")
        start = header + 12 * colours
        pixels = np.frombuffer(raw, np.uint8, 1280 * 800 * 4, start).reshape(800, 1280, 4)
        return cv2.cvtColor(pixels, cv2.COLOR_BGRA2BGR)

    def _xdotool(self, *args: str, check: bool = True) -> str:
        done = subprocess.run(
            ["xdotool", *args], env=self.env, check=check, capture_output=True, text=True
        )
        return done.stdout
