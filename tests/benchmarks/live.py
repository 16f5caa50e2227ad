"""The live loop and CLIP's start, in one run, on one 720p30 live source: the tables of README.md.

    python tests/benchmarks/live.py [--clip-cache DIR] [--peer LOOP.py] [--paintcam CHECKOUT]

Needs Debian's xvfb. The source is Motion JPEG over HTTP on loopback, served by a process of its
own. `--clip-cache` is a MODEL_CACHE_DIR that holds clip/ViT-B-16 (random weights will do, since
only speed is measured), and for the row of int8 also clip:ViT-B-16-int8. `--peer` measures the
loop that one would write by hand, and `--paintcam` another checkout, an older one, beside this one.
Nothing here is an assertion: timings are for reading.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import psutil

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
CLIP = ROOT / "paintcam" / "assets" / "demo" / "demo.mp4"
SCREEN = ("xvfb-run", "-a", "-s", "-screen 0 1280x800x24")
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
# From the request for a new prompt to its first verdict, seven seconds after the last one: the
# text half is closed by then.
NEW_PROMPT = """
import time, numpy as np
from paintcam import Frame, load_encoder, make_judge
from paintcam.run.scorer import Scorer
encoder = load_encoder("clip", apart=True)
verdicts, prompts, taken = [], [], []
picture = np.random.default_rng(0).integers(0, 256, (720, 1280, 3), dtype=np.uint8)
def offer(seconds, until=lambda: False):
    end = time.monotonic() + seconds
    while time.monotonic() < end and not until():
        scorer.offer(Frame(picture, 0, time.monotonic(), time.monotonic()))
        time.sleep(1 / 30)
with Scorer(lambda: make_judge(encoder, "a house", crop=False),
            lambda *_: verdicts.append(time.monotonic()),
            lambda *_: prompts.append(time.monotonic())) as scorer:
    offer(60, lambda: len(verdicts) > 2)
    for number in range(3):
        offer(7)
        asked, before = time.monotonic(), len(prompts)
        scorer.ask(f"a drawing of {number} foxes")
        offer(30, lambda: len(prompts) > before and verdicts[-1] > prompts[-1])
        taken.append(verdicts[-1] - asked)
print(sorted(taken)[1])
"""


def command(checkout: Path, *arguments: str) -> list[str]:
    """Run a checkout's own paintcam, whichever is installed."""
    code = "import sys; sys.path.insert(0, sys.argv.pop(1)); from paintcam.cli import main; main()"
    return [sys.executable, "-c", code, str(checkout), *arguments]


def environment(cache: Path | None = None, **env: str) -> dict[str, str]:
    """Set the model cache; modules are compiled once, as in an installed package."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, **({"MODEL_CACHE_DIR": str(cache)} if cache else {}), **env}


def on_a_screen(program: list[str], cache: Path | None = None) -> dict[str, Any]:
    """Run a program under Xvfb; its last line of stdout is JSON. Empty if the program fails."""
    done = subprocess.run(
        [*SCREEN, *program], env=environment(cache), capture_output=True, text=True, check=False
    )
    if done.returncode:
        print(*done.stderr.splitlines()[-1:], file=sys.stderr)
        return {}
    return dict(json.loads(done.stdout.splitlines()[-1]))


def printed(code: str, *arguments: str, checkout: Path = ROOT, cache: Path | None = None) -> float:
    """Run Python code that prints a number; NaN if it fails."""
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=checkout,
        env=environment(cache, PYTHONPATH=str(checkout)),
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    return float("nan") if done.returncode else float(done.stdout)


def started(checkout: Path, url: str, seconds: float, cache: Path) -> dict[str, float]:
    """Run CLIP in a window; seconds from start to verdict and guards, and the peak of memory.

    Memory is the PSS of all processes: pages that two of them share count once.
    """
    arguments = ["run", "--json", "--model", "clip", "--prompt", "a red fox", "--source", url]
    process = subprocess.Popen(
        [*SCREEN, *command(checkout, *arguments, "--view", "window", "--seconds", str(seconds))],
        env=environment(cache),
        stdout=subprocess.PIPE,
        text=True,
    )
    figures, created = {"MiB": 0.0}, []

    def sample() -> None:
        while process.poll() is None:
            with contextlib.suppress(psutil.Error):
                tree = psutil.Process(process.pid).children(recursive=True)
                ours = [one for one in tree if "python" in one.name()]
                created[:] = created or [one.create_time() for one in ours[:1]]
                pss = sum(one.memory_full_info().pss for one in ours)
                figures["MiB"] = max(figures["MiB"], round(pss / (1 << 20)))
            time.sleep(0.2)

    sampler = threading.Thread(target=sample)
    sampler.start()
    assert process.stdout is not None
    for line in process.stdout:
        row = json.loads(line)
        name = row["type"] if row["type"] == "verdict" else row.get("state", "")
        if name in ("verdict", "guards"):
            figures.setdefault(name, round(time.time() - created[0], 2))
    sampler.join()
    # before there were rows for them, guards ran from the first verdict on
    return {"guards": figures.get("verdict", float("nan")), **figures}


def help_s(checkout: Path) -> float:
    """Seconds that `paintcam --help` takes, the median of five."""
    taken = []
    for _ in range(5):
        at = time.monotonic()
        subprocess.run(command(checkout, "--help"), capture_output=True, check=True)
        taken.append(time.monotonic() - at)
    return round(sorted(taken)[2], 2)


def measure(
    checkout: Path, url: str, seconds: float, cache: Path | None, bare: float
) -> dict[str, Any]:
    """Measure one checkout: the rows of README's table."""
    subprocess.run([sys.executable, "-m", "compileall", "-q", checkout / "paintcam"], check=False)
    bench = command(checkout, "bench", "--json", "--source", url, "--view", "window", "--seconds")
    sketch = on_a_screen([*bench, str(seconds), "--model", "sketch"])
    rows = {
        "paintcam --help, s": help_s(checkout),
        "start to first picture, sketch, s": sketch.get("start_to_picture_s"),
        "start to first verdict, sketch, s": sketch.get("start_to_verdict_s"),
        "fps shown, sketch": sketch.get("shown_fps"),
        "fps scored, sketch": sketch.get("scored_fps"),
        "CPU seconds per second, sketch": sketch.get("cpu_s_per_s"),
    }
    if cache is None:
        return rows
    for kept in cache.glob("guards-*.npz"):
        kept.unlink()
    longer = seconds + 12  # the first seconds go into loading
    for start in ("first start", "second start"):
        figures = started(checkout, url, longer, cache)
        rows[f"start to first CLIP verdict, {start}, s"] = figures.get("verdict")
        rows[f"start to all guards, {start}, s"] = figures["guards"]
        rows[f"peak memory with CLIP, {start}, PSS, MiB"] = figures["MiB"]
    clip = on_a_screen([*bench, str(longer), "--model", "clip"], cache)
    int8 = on_a_screen([*bench, str(longer), "--model", "clip:ViT-B-16-int8"], cache)
    return rows | {
        "start to first picture, CLIP, s": clip.get("start_to_picture_s"),
        "longest gap while loading, s": clip.get("longest_gap_s"),
        "fps shown while scoring with CLIP": clip.get("shown_fps"),
        "fps scored with CLIP": clip.get("scored_fps"),
        "CLIP's fps over the bare loop's": over(clip.get("scored_fps"), bare),
        "int8's fps over the bare fp32 loop's": over(int8.get("scored_fps"), bare),
        "a new prompt to its first verdict, CLIP, s": round(
            printed(NEW_PROMPT, checkout=checkout, cache=cache), 2
        ),
    }


def over(fps: float | None, bare: float) -> float | None:
    """Divide by the bare loop's fps, if both were measured."""
    return round(fps / bare, 2) if fps and bare else None


def by_hand(peer: Path, url: str, seconds: float, cache: Path, bare: float) -> dict[str, Any]:
    """Measure the loop that one would write by hand: it shows as often as it scores."""
    found = on_a_screen([sys.executable, str(peer), url, str(seconds)], cache)
    return {
        "start to first CLIP verdict, second start, s": found.get("startup_s"),
        "peak memory with CLIP, second start, PSS, MiB": found.get("peak_mib"),
        "fps shown while scoring with CLIP": found.get("shown_fps"),
        "fps scored with CLIP": found.get("scored_fps"),
        "CLIP's fps over the bare loop's": over(found.get("scored_fps"), bare),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=15)
    parser.add_argument("--peer", type=Path, help="plain_stream.py")
    parser.add_argument("--clip-cache", type=Path)
    parser.add_argument("--paintcam", type=Path, help="another checkout, measured first")
    options = parser.parse_args()
    cache = options.clip_cache.resolve() if options.clip_cache else None
    load = os.getloadavg()[0]
    server = subprocess.Popen(
        [sys.executable, HERE.parent / "mjpeg.py", CLIP, "1280", "720", "30"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert server.stdout is not None
    url = server.stdout.readline().strip()
    columns: dict[str, dict[str, Any]] = {}
    try:
        bare = 0.0
        if cache:
            (visual,) = cache.glob("*clip*ViT-B-16*/visual.onnx")
            bare = printed(BARE, str(visual), str(options.seconds))
        for name, checkout in {"before": options.paintcam, "this": ROOT}.items():
            if checkout:
                columns[name] = measure(checkout.resolve(), url, options.seconds, cache, bare)
        if cache and options.peer:
            columns["by hand"] = by_hand(options.peer, url, options.seconds, cache, bare)
    finally:
        server.communicate("")
    print(f"load {load:.1f} … {os.getloadavg()[0]:.1f}, bare ONNX Runtime loop {bare:.2f} fps")
    print(f"{'':48}" + "".join(f"{name:>10}" for name in columns))
    for row in columns["this"]:
        cells = ("–" if (value := one.get(row)) is None else value for one in columns.values())
        print(f"{row:48}" + "".join(f"{cell!s:>10}" for cell in cells))


if __name__ == "__main__":
    main()
