"""What `paintcam bench` recommends: a provider, and a variant of CLIP for a slow machine."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass

from paintcam.cli.signals import check_stop

__all__ = ["Trial", "best_provider", "try_provider", "variant_advice"]

LIMIT_S = 120.0
"""Longest time that a provider may take to load CLIP and run it; some hang."""
SLOW_MS = 400.0
MUCH = 0.8
"""A provider is recommended over the default if it needs less than this share of the time."""

TRY_CODE = """
import json, time
import numpy as np
from paintcam.encoders import load_encoder
encoder = load_encoder(sys.argv[1], provider=sys.argv[2])
picture = np.random.default_rng(0).integers(0, 256, (720, 1280, 3), dtype=np.uint8)
taken = []
started = time.monotonic()
while len(taken) < 4 or (time.monotonic() - started < 4 and len(taken) < 100):
    before = time.monotonic()
    encoder.encode_image([picture])
    taken.append(1000 * (time.monotonic() - before))
print("\\n" + json.dumps(float(np.median(taken[1:]))))
"""


@dataclass(frozen=True, slots=True)
class Trial:
    """The result of trying one provider.

    Attributes:
        provider: Its name, as `--provider` takes it.
        frame_ms: What a frame takes, the median, ms; None if it does not run.
        problem: Why it does not run; empty if it does.
    """

    provider: str
    frame_ms: float | None
    problem: str = ""


def try_provider(model: str, provider: str, limit_s: float = LIMIT_S) -> Trial:
    """Run an encoder on a provider, in a separate process that may crash or hang.

    Args:
        model: As `--model` takes it, installed.
        provider: One of `paintcam.encoders.providers.PROVIDERS`.
        limit_s: When the process is ended.
    """
    from paintcam.encoders.isolated import run_python

    check_stop()
    try:
        ran = run_python(TRY_CODE, model, provider, timeout_s=limit_s)
    except subprocess.TimeoutExpired:
        return Trial(provider, None, f"timed out after {limit_s:g} s")
    if ran.returncode < 0:
        return Trial(provider, None, f"it crashed (code {ran.returncode})")
    if ran.returncode:
        lines = ran.stderr.decode(errors="replace").strip().splitlines() or ["no message"]
        return Trial(provider, None, lines[-1].rpartition("Error: ")[2])
    return Trial(provider, round(float(json.loads(ran.stdout.splitlines()[-1])), 1))


def best_provider(trials: list[Trial]) -> str:
    """Recommend the CPU, or the provider that is much faster; "" if none runs."""
    times = {trial.provider: trial.frame_ms for trial in trials if trial.frame_ms is not None}
    if not times:
        return ""
    fastest = min(times, key=lambda provider: times[provider])
    default_ms = times.get("cpu", float("inf"))
    return fastest if times[fastest] < MUCH * default_ms else "cpu"


def variant_advice(model: str, frame_ms: float | None) -> str:
    """Recommend a smaller CLIP if frames take long; "" if they do not, or nothing is smaller.

    Args:
        model: The encoder that was measured.
        frame_ms: What a frame took, the median, ms.
    """
    if not model.startswith("clip:") or frame_ms is None or frame_ms <= SLOW_MS:
        return ""
    smaller = [
        ("clip:ViT-B-32", "3.6 times as fast as ViT-B-16, ImageNet 63.4 instead of 68.3 %"),
        ("clip:ViT-B-16-int8", "2 to 4 times as fast as ViT-B-16, checked against it"),
    ]
    offers = [f"`paintcam models pull {name}` ({why})" for name, why in smaller if name != model]
    if model == "clip:ViT-B-32":
        offers = ["`--model sketch`"]
    return f"{frame_ms:.0f} ms per frame is slow. Faster encoders: {', or '.join(offers)}."
