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
import json, threading, time, numpy as np
from paintcam import Frame, load_encoder, make_judge
from paintcam.run.scorer import Scorer
encoder = load_encoder("clip", apart=True)
verdicts, prompts = [], []
scorer = Scorer(lambda: make_judge(encoder, "a house", crop=False),
                lambda verdict, _frame: verdicts.append(time.monotonic()),
                lambda *_: prompts.append(time.monotonic()))
scorer.start()
picture = np.random.default_rng(0).integers(0, 256, (720, 1280, 3), dtype=np.uint8)
taken = []
def offer(seconds, until=lambda: False):
    end, index = time.monotonic() + seconds, 0
    while time.monotonic() < end and not until():
        scorer.offer(Frame(picture, index, time.monotonic(), index / 30))
        index += 1
        time.sleep(1 / 30)
offer(60, lambda: len(verdicts) > 2)
for number in range(3):
    offer(7)
    asked, before = time.monotonic(), len(prompts)
    scorer.ask(f"a drawing of {number} foxes")
    offer(30, lambda: len(prompts) > before and verdicts[-1] > prompts[-1])
    taken.append(verdicts[-1] - asked)
print(json.dumps(sorted(taken)[1]))
"""


def command(checkout: Path, *arguments: str) -> list[str]:
    """Run a checkout's own paintcam, whichever is installed."""
    code = "import sys; sys.path.insert(0, sys.argv.pop(1)); from paintcam.cli import main; main()"
    return [sys.executable, "-c", code, str(checkout), *arguments]


def environment(**env: str) -> dict[str, str]:
    return {**os.environ, "DISABLE_VERSION_CHECK": "True", **env}


def on_a_screen(*program: str | Path, **env: str) -> dict[str, Any]:
    """Run a program under Xvfb; its last line of stdout is JSON."""
    done = subprocess.run(
        [*SCREEN, *map(str, program)],
        env=environment(**env),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(done.stderr)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def watched(checkout: Path, url: str, seconds: float, model: str, **env: str) -> dict[str, Any]:
    """Run `paintcam run --json` under Xvfb; times from its start, and its memory with children.

    Memory is PSS, so that pages which two processes share count once.
    """
    arguments = ["run", "--json", "--model", model, "--prompt", "a red fox", "--source", url]
    process = subprocess.Popen(
        [*SCREEN, *command(checkout, *arguments, "--view", "window", "--seconds", str(seconds))],
        env=environment(**env),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    peak_mib, program = 0.0, []

    def sample() -> None:
        nonlocal peak_mib
        while process.poll() is None:
            with contextlib.suppress(psutil.Error):
                tree = psutil.Process(process.pid).children(recursive=True)
                mine = [one for one in tree if "python" in one.name()]
                program[:] = program or mine[:1]
                pss = sum(one.memory_full_info().pss for one in mine)
                peak_mib = max(peak_mib, pss / (1 << 20))
            time.sleep(0.2)

    sampler = threading.Thread(target=sample)
    sampler.start()
    first: dict[str, float] = {}
    assert process.stdout is not None
    started = None
    for line in process.stdout:
        row = json.loads(line)
        if started is None and program:
            started = program[0].create_time()
        name = row["type"] if row["type"] == "verdict" else row.get("state", "")
        if name in ("verdict", "guards"):
            first.setdefault(name, time.time())
    sampler.join()
    times = {name: round(at - (started or at), 2) for name, at in first.items()}
    return {
        "start_to_verdict_s": times.get("verdict"),
        # before there were rows for them, guards ran from the first verdict on
        "start_to_guards_s": times.get("guards", times.get("verdict")),
        "peak_pss_mib": round(peak_mib),
    }


def printed(code: str, *arguments: str, cwd: Path = ROOT, **env: str) -> float:
    """Run Python code that prints a number."""
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=cwd,
        env=environment(PYTHONPATH=str(cwd), **env),
        capture_output=True,
        text=True,
        check=False,
    )
    return float(done.stdout) if done.returncode == 0 else float("nan")


def help_s(checkout: Path) -> float:
    """Seconds that `paintcam --help` takes, the median of five."""
    taken = []
    for _ in range(5):
        started = time.monotonic()
        subprocess.run(command(checkout, "--help"), capture_output=True, check=True)
        taken.append(time.monotonic() - started)
    return round(sorted(taken)[2], 2)


def measure(checkout: Path, url: str, seconds: float, cache: Path | None) -> dict[str, Any]:
    """Measure one checkout: everything that the tables hold but the bare loop."""
    bench = [*command(checkout, "bench", "--json", "--source", url, "--view", "window")]
    found: dict[str, Any] = {
        "--help_s": help_s(checkout),
        "sketch": on_a_screen(*bench, "--seconds", str(seconds), "--model", "sketch"),
    }
    if cache is None:
        return found
    env = {"MODEL_CACHE_DIR": str(cache)}
    for kept in cache.glob("guards-*.npz"):
        kept.unlink()
    longer = seconds + 12  # the first seconds go into loading
    found["clip, first start"] = watched(checkout, url, longer, "clip", **env)
    found["clip, second start"] = watched(checkout, url, longer, "clip", **env)
    found["clip"] = on_a_screen(*bench, "--seconds", str(longer), "--model", "clip", **env)
    if list(cache.glob("int8-ViT-B-16/visual.onnx")):
        int8 = (*bench, "--seconds", str(longer), "--model", "clip:ViT-B-16-int8")
        with contextlib.suppress(SystemExit):  # an older checkout has none
            found["int8"] = on_a_screen(*int8, **env)
    found["new_prompt_s"] = round(printed(NEW_PROMPT, cwd=checkout, **env), 2)
    return found


def table(found: dict[str, Any], bare: float) -> dict[str, Any]:
    """The rows of README's table for one checkout."""
    sketch, clip, int8 = found["sketch"], found.get("clip", {}), found.get("int8", {})
    first, second = found.get("clip, first start", {}), found.get("clip, second start", {})

    def over(fps: float | None) -> float | None:
        return round(fps / bare, 2) if fps and bare else None

    return {
        "start to first CLIP verdict, first start, s": first.get("start_to_verdict_s"),
        "start to first CLIP verdict, second start, s": second.get("start_to_verdict_s"),
        "start to all guards, weights used before, s": second.get("start_to_guards_s"),
        "frames scored over the bare loop": over(clip.get("scored_fps")),
        "int8 over the bare fp32 loop": over(int8.get("scored_fps")),
        "fps shown while scoring with CLIP": clip.get("shown_fps"),
        "longest gap while loading, s": clip.get("longest_gap_s"),
        "peak memory with CLIP, PSS, MiB": second.get("peak_pss_mib"),
        "start to first picture, sketch, s": sketch.get("start_to_picture_s"),
        "start to first picture, CLIP, s": clip.get("start_to_picture_s"),
        "a new prompt to its first verdict, CLIP, s": found.get("new_prompt_s"),
        "fps scored, sketch": sketch.get("scored_fps"),
        "fps shown, sketch": sketch.get("shown_fps"),
        "CPU seconds per second, sketch": sketch.get("cpu_s_per_s"),
        "paintcam --help, s": found["--help_s"],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=15)
    parser.add_argument("--peer", type=Path, help="plain_stream.py")
    parser.add_argument("--clip-cache", type=Path)
    parser.add_argument("--paintcam", type=Path, help="another checkout, measured first")
    options = parser.parse_args()
    server = subprocess.Popen(
        [sys.executable, HERE.parent / "mjpeg.py", CLIP, "1280", "720", "30"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert server.stdout is not None
    url = server.stdout.readline().strip()
    cache = options.clip_cache.resolve() if options.clip_cache else None
    checkouts = {"this": ROOT}
    if options.paintcam:
        checkouts = {"other": options.paintcam.resolve(), **checkouts}
    results: dict[str, Any] = {"load at the start": os.getloadavg()[0]}
    try:
        bare = 0.0
        if cache:
            (visual,) = cache.glob("*clip*ViT-B-16*/visual.onnx")
            bare = printed(BARE, str(visual), str(options.seconds))
            results["bare ONNX Runtime loop, fps"] = round(bare, 2)
        for name, checkout in checkouts.items():
            results[name] = measure(checkout, url, options.seconds, cache)
        if cache and options.peer:
            peer = (sys.executable, options.peer, url, str(options.seconds))
            results["by hand"] = on_a_screen(*peer, MODEL_CACHE_DIR=str(cache))
    finally:
        server.communicate("")
    results["load at the end"] = os.getloadavg()[0]
    rows = {name: table(results[name], bare) for name in checkouts}
    print(f"{'':48}" + "".join(f"{name:>10}" for name in rows))
    for figure in rows["this"]:
        cells = ("–" if row[figure] is None else str(row[figure]) for row in rows.values())
        print(f"{figure:48}" + "".join(f"{cell:>10}" for cell in cells))
    print(json.dumps(results))


if __name__ == "__main__":
    main()
