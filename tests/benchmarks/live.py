"""The live loop beside the loop that one writes by hand, in one run, on one 720p30 live source.

    python tests/benchmarks/live.py [--seconds 15] [--peer PLAIN_STREAM.py] [--clip-cache DIR]

Needs Debian's xvfb. The source is Motion JPEG over HTTP on loopback, served by a process of its
own. With `--clip-cache` (a MODEL_CACHE_DIR that holds clip/ViT-B-16; random weights will do, since
only speed is measured) CLIP is measured, the bare ONNX Runtime loop over its visual.onnx, and,
with `--peer`, the hand-written loop. Nothing here is an assertion: timings are for reading.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).parent
BARE = """
import sys, time, numpy as np, onnxruntime as ort
session = ort.InferenceSession(sys.argv[1], providers=["CPUExecutionProvider"])
name = session.get_inputs()[0].name
picture = np.random.default_rng(0).standard_normal((1, 3, 224, 224)).astype(np.float32)
session.run(None, {name: picture})
count, started = 0, time.monotonic()
while time.monotonic() - started < float(sys.argv[2]):
    session.run(None, {name: picture})
    count += 1
print(count / (time.monotonic() - started))
"""


def on_a_screen(*command: str | Path, **env: str) -> dict[str, object]:
    """Run a program under Xvfb; its last line of stdout is JSON."""
    done = subprocess.run(
        ["xvfb-run", "-a", "-s", "-screen 0 1280x800x24", sys.executable, *map(str, command)],
        env={**os.environ, "DISABLE_VERSION_CHECK": "True", **env},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(done.stderr)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def help_s() -> float:
    """Seconds that `paintcam --help` takes, the median of five."""
    taken = []
    for _ in range(5):
        started = time.monotonic()
        subprocess.run(
            [sys.executable, "-m", "paintcam", "--help"], capture_output=True, check=True
        )
        taken.append(time.monotonic() - started)
    return round(sorted(taken)[2], 2)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=15)
    parser.add_argument("--peer", type=Path, help="plain_stream.py")
    parser.add_argument("--clip-cache", type=Path)
    options = parser.parse_args()

    clip = HERE.parents[1] / "paintcam" / "assets" / "demo" / "demo.mp4"
    server = subprocess.Popen(
        [sys.executable, HERE.parent / "mjpeg.py", clip, "1280", "720", "30"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert server.stdout is not None
    url = server.stdout.readline().strip()
    results: dict[str, dict[str, object]] = {}
    bench = ("-m", "paintcam", "bench", "--json", "--source", url, "--view", "window")
    seconds = str(options.seconds)
    try:
        results["sketch"] = on_a_screen(*bench, "--seconds", seconds, "--model", "sketch")
        if options.clip_cache:
            cache = {"MODEL_CACHE_DIR": str(options.clip_cache)}
            longer = str(options.seconds + 12)  # the first seconds go into loading
            results["clip"] = on_a_screen(*bench, "--seconds", longer, "--model", "clip", **cache)
            (visual,) = options.clip_cache.glob("*ViT-B-16*/visual.onnx")
            done = subprocess.run(
                [sys.executable, "-c", BARE, visual, seconds],
                capture_output=True,
                text=True,
                check=True,
            )
            results["bare ONNX Runtime"] = {"scored_fps": round(float(done.stdout), 2)}
            if options.peer:
                results["plain stream"] = on_a_screen(options.peer, url, seconds, **cache)
    finally:
        server.communicate("")
    results["--help"] = {"start_s": help_s()}
    for name, figures in results.items():
        print(f"\n{name}")
        for figure, value in figures.items():
            print(f"  {figure:24}{value}")
    print(json.dumps(results))


if __name__ == "__main__":
    main()
