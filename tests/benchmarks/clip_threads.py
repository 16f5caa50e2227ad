"""Which thread settings let CLIP score most while the picture keeps its rate, for README.md.

    python tests/benchmarks/clip_threads.py VISUAL.onnx [--seconds 6]

A display loop draws on a 720p frame 30 times a second, as paintcam's does, while ONNX Runtime
scores beside it: in a thread of the same process, or in a process of its own.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import cv2
import numpy as np

SCORE = """
import sys, time, os, numpy as np, onnxruntime as ort
def score(path, threads, spinning, nice, until):
    if nice: os.nice(nice)
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.add_session_config_entry("session.intra_op.allow_spinning", str(int(spinning)))
    session = ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    picture = np.random.default_rng(0).standard_normal((1, 3, 224, 224)).astype(np.float32)
    session.run(None, {name: picture})
    count, started = 0, time.monotonic()
    while not until(time.monotonic() - started):
        session.run(None, {name: picture})
        count += 1
    return count / (time.monotonic() - started)
"""
MAIN = """
threads, spinning, nice, seconds = int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]), sys.argv[5]
print(score(sys.argv[1], threads, spinning, nice, lambda taken: taken > float(seconds)))
"""


def display(stop: threading.Event) -> tuple[float, float]:
    """Draw 30 frames per second until stopped; frames per second shown, longest gap in ms."""
    frame = np.random.default_rng(0).integers(0, 256, (720, 1280, 3), dtype=np.uint8)
    started = last = time.monotonic()
    count, gap = 0, 0.0
    while not stop.is_set():
        cv2.resize(cv2.GaussianBlur(frame, (5, 5), 0), (1280, 720))  # about 5 ms of work
        count += 1
        now = time.monotonic()
        gap, last = max(gap, now - last), now
        stop.wait(max(0.0, started + count / 30 - now))
    return count / (time.monotonic() - started), 1000 * gap


def measure(
    model: Path, place: str, threads: int, spinning: bool, nice: int, seconds: float
) -> str:
    """Score and show side by side; one row of the table."""
    stop, scored = threading.Event(), [0.0]

    def in_thread() -> None:
        scope: dict[str, object] = {}
        exec(SCORE, scope)
        scored[0] = scope["score"](str(model), threads, spinning, 0, lambda taken: taken > seconds)  # type: ignore[operator]
        stop.set()

    def in_process() -> None:
        arguments = [str(model), str(threads), str(int(spinning)), str(nice), str(seconds)]
        ran = subprocess.run(
            [sys.executable, "-c", SCORE + MAIN, *arguments], capture_output=True, text=True
        )
        scored[0] = float(ran.stdout)
        stop.set()

    threading.Thread(target=in_process if place == "process" else in_thread).start()
    shown, gap = display(stop)
    spin = "on" if spinning else "off"
    return f"| {place} | {threads} | {spin} | {nice} | {scored[0]:.2f} | {shown:.1f} | {gap:.0f} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("--seconds", type=float, default=6)
    options = parser.parse_args()
    print(f"load {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores")
    print("| where | threads | spinning | nice | fps scored | fps shown | longest gap, ms |")
    print("|---|---|---|---|---|---|---|")
    cores = os.cpu_count() or 1
    for place in ("process", "thread"):
        for threads in (1, cores, 2 * cores):
            for spinning in (False, True):
                for nice in (0, 5) if place == "process" else (0,):
                    print(measure(options.model, place, threads, spinning, nice, options.seconds))


if __name__ == "__main__":
    main()
