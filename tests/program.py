"""Running paintcam as people do: a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np


def environment(**more: str) -> dict[str, str]:
    """No screen, no answer to questions, no settings of whoever runs the tests."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name == "PAINTCAM_CACHE_DIR"
        or (not name.startswith(("PAINTCAM_", "ROBOFLOW_")) and name not in ("DISPLAY", "COLUMNS"))
    }
    return {**kept, "COLUMNS": "200", "PYTHONUNBUFFERED": "1", **more}


def paintcam(*args: str | Path, cwd: Path, **env: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(
        [sys.executable, "-m", "paintcam", *map(str, args)],
        cwd=cwd,
        env=environment(PAINTCAM_DATA_DIR=str(cwd / "data"), **env),
        capture_output=True,
        text=True,
        timeout=240,
        stdin=subprocess.DEVNULL,
        check=False,
    )


def rows(output: str) -> list[dict[str, Any]]:
    """Every stdout line is one JSON object."""
    return [json.loads(line) for line in output.splitlines()]


class Program:
    """A paintcam that runs with --json, while the test watches its rows. A context manager."""

    def __init__(self, *args: str | Path, cwd: Path, **env: str) -> None:
        self.rows: list[dict[str, Any]] = []
        self.process = subprocess.Popen(
            [sys.executable, "-m", "paintcam", *map(str, args), "--json"],
            cwd=cwd,
            env=environment(PAINTCAM_DATA_DIR=str(cwd / "data"), **env),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            stdin=subprocess.DEVNULL,
        )
        self.stderr = ""
        self._threads = [threading.Thread(target=self._read), threading.Thread(target=self._hear)]
        for thread in self._threads:
            thread.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.rows.append(json.loads(line))

    def _hear(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.stderr += line

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [row for row in list(self.rows) if row["type"] == kind]

    @property
    def states(self) -> list[str]:
        return [row["state"] for row in self.of("state")]

    def until(self, condition: Callable[[], object], limit_s: float = 60) -> None:
        deadline = time.monotonic() + limit_s
        while not condition():
            assert time.monotonic() < deadline, (self.rows[-3:], self.stderr)
            assert self.process.poll() is None or condition(), (self.rows[-3:], self.stderr)
            time.sleep(0.02)

    def wait(self, limit_s: float = 30) -> int:
        code = self.process.wait(limit_s)
        for thread in self._threads:
            thread.join(5)
        return code

    def __enter__(self) -> Program:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.wait()
        for pipe in (self.process.stdout, self.process.stderr):
            if pipe is not None:
                pipe.close()


def house(step: int, wh: tuple[int, int] = (640, 480)) -> np.ndarray:
    """A house on paper, drawn in steps 0 (blank) to 4; BGR uint8."""
    width, height = wh
    picture = np.full((height, width, 3), 245, np.uint8)

    def at(x: float, y: float) -> tuple[int, int]:
        return round(width / 2 + (x - 0.5) * height), round(y * height)

    if step > 0:
        cv2.rectangle(picture, at(0.25, 0.5), at(0.75, 0.9), (60, 60, 200), 6)
    if step > 1:
        roof = np.array([at(0.2, 0.5), at(0.5, 0.15), at(0.8, 0.5)])
        cv2.polylines(picture, [roof], False, (30, 30, 30), 6)
    if step > 2:
        cv2.rectangle(picture, at(0.44, 0.68), at(0.56, 0.9), (40, 80, 120), -1)
    if step > 3:
        cv2.rectangle(picture, at(0.3, 0.56), at(0.4, 0.64), (200, 150, 50), -1)
    return picture


def write_video(path: Path, pictures: list[np.ndarray], fps: float = 24) -> Path:
    """Write BGR uint8 pictures as a video file."""
    height, width = pictures[0].shape[:2]
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), fps, (width, height))
    for picture in pictures:
        writer.write(picture)
    writer.release()
    return path
