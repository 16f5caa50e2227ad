"""`paintcam demo`, the first command of the README: the whole clip, for a person and as JSON."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from program import environment, rows


@dataclass(frozen=True)
class Played:
    """A demo that was played to its end.

    Attributes:
        folder: Where it ran.
        returncode: Its exit code.
        stdout: What it printed.
        stderr: What it reported beside that.
    """

    folder: Path
    returncode: int
    stdout: str
    stderr: str


@pytest.fixture(scope="module")
def demos(tmp_path_factory) -> list[Played]:
    """`paintcam demo` and `paintcam demo --json --view none`, side by side: each takes 32 s."""
    running = []
    for options in ((), ("--json", "--view", "none")):
        folder = tmp_path_factory.mktemp("demo")
        # Files, because a pipe that nobody reads for so long would be full.
        with (folder / "stdout").open("w") as stdout, (folder / "stderr").open("w") as stderr:
            process = subprocess.Popen(
                [sys.executable, "-m", "paintcam", "demo", *options],
                cwd=folder,
                env=environment(PAINTCAM_DATA_DIR=str(folder / "data")),
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
            )
        running.append((folder, process))
    return [
        Played(
            folder,
            process.wait(240),
            (folder / "stdout").read_text(encoding="utf-8"),
            (folder / "stderr").read_text(encoding="utf-8"),
        )
        for folder, process in running
    ]


def test_demo_without_a_screen(demos):
    """It writes an annotated video and prints the course; the score climbs by 20 points."""
    done = demos[0]
    assert done.returncode == 0, done.stderr
    assert (done.folder / "paintcam-demo.mp4").stat().st_size > 50_000
    assert "paintcam-demo.mp4" in done.stdout
    course = [line for line in done.stdout.splitlines() if " s  " in line]
    assert len(course) >= 10


def test_demo_json(demos):
    """At least 20 verdicts that span at least 20 points, in at most 40 s; the first player wins."""
    done = demos[1]
    assert done.returncode == 0, done.stderr
    verdicts = [row for row in rows(done.stdout) if row["type"] == "verdict"]
    scores = np.array([row["score"] for row in verdicts])
    times = np.array([row["time_s"] for row in verdicts])
    assert len(verdicts) >= 20
    assert np.ptp(scores) >= 20
    assert times.max() <= 40
    first = times < 19  # the second chapter of demo.json
    assert scores[first].max() > scores[~first].max()
    assert not list(done.folder.glob("*.mp4"))
