"""`paintcam bench`: measures this machine."""

from __future__ import annotations

import contextlib
import platform
import sys
import time
from collections.abc import Iterable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated, Any

import typer

from paintcam.cli.bench_advice import best_provider, try_provider, variant_advice
from paintcam.cli.build_run import build
from paintcam.cli.options import options_of
from paintcam.cli.output import print_json, print_line, print_table
from paintcam.cli.run_options import RunOptions
from paintcam.cli.signals import conduct

__all__ = ["bench"]


@options_of(RunOptions, only=("model", "engine", "provider", "view", "json"))
def bench(
    options: RunOptions,
    source: Annotated[
        str | None,
        typer.Option(
            "--source",
            "-s",
            help="Camera, file or URL. Default: the bundled clip. Example: --source 0",
            show_default=False,
        ),
    ] = None,
    seconds: Annotated[
        float,
        typer.Option(
            "--seconds", help="Measure for N seconds after the first frame. Example: --seconds 30"
        ),
    ] = 10.0,
    providers: Annotated[
        bool,
        typer.Option(
            "--providers",
            help="Compare ONNX Runtime's providers with this encoder and recommend one. "
            "Example: --providers",
        ),
    ] = False,
) -> None:
    """Measure the speed, CPU time and memory of a live run on this machine."""
    if providers:
        _compare_providers(options)
        return
    from paintcam.cli.demo import demo_clip
    from paintcam.cli.report import TextReport
    from paintcam.run.live import Live

    clip, prompt = demo_clip()
    meter = _meter()
    measured = replace(options, prompt=prompt, source=source or clip, seconds=seconds, json=False)
    loop, report = build(measured, show=meter)
    if isinstance(report, TextReport):
        report.mute()
    if not isinstance(loop, Live):
        raise TypeError("A bench is a live run.")
    meter.presenter = loop.presenter
    conduct(loop)
    figures = {
        "type": "bench",
        "model": loop.presenter.state.model,
        "engine": loop.summary().engine,
        "machine": f"{platform.machine()}, {_cores()} cores, {platform.system()}",
        "start_to_picture_s": _since_start(loop.first_picture_at),
        "start_to_verdict_s": _since_start(meter.first_at),
        "longest_gap_s": _rounded(meter.longest_gap_s, 2),
        **meter.rates(),
        **_percentiles("capture_ms", loop.capture_s),
        **_percentiles("encode_ms", loop.scorer.encode_s),
        **_percentiles("draw_ms", loop.presenter.timings.draw_s),
        **_percentiles("show_ms", loop.presenter.timings.show_s),
        **_percentiles("verdict_age_ms", loop.presenter.timings.age_s),
        "peak_mib": _peak_mib(),
    }
    advice = variant_advice(str(figures["model"]), figures["encode_ms_p50"])
    figures["advice"] = advice or None
    if options.json:
        print_json(figures)
        return
    _print_table(figures)


def _compare_providers(options: RunOptions) -> None:
    """Try every provider that is installed, and recommend one."""
    from paintcam.cli.model_choice import choose_model
    from paintcam.encoders.providers import available_providers

    model = choose_model(options.model, ask=False).name
    trials = [try_provider(model, provider) for provider in available_providers()]
    best = best_provider(trials)
    if options.json:
        rows = [asdict(trial) for trial in trials]
        print_json({"type": "providers", "model": model, "trials": rows, "best": best or None})
        return
    cells = [
        (one.provider, "–" if one.frame_ms is None else f"{one.frame_ms:g}", one.problem)
        for one in trials
    ]
    print_table(["provider", ("ms per frame", "right"), ("problem", "fold")], cells, title=model)
    if best:
        print_line(f"Recommended: --provider {best}, or set PAINTCAM_PROVIDER={best}.")


def _meter() -> Any:  # noqa: ANN401 - a class made here keeps --help free of its imports
    from paintcam.frames import Frame
    from paintcam.judge.judge import Verdict
    from paintcam.overlay import Hud
    from paintcam.run.hooks import Show
    from paintcam.run.presenter import Presenter
    from paintcam.run.session import Standing

    class Meter(Show):
        """Counts from the first verdict on."""

        presenter: Presenter
        first_at: float | None = None
        longest_gap_s = 0.0
        _counts = (0, 0, 0.0)
        _last = (0, 0.0)
        _now = (0.0, 0.0, 0)
        scored = 0

        def on_verdict(self, verdict: Verdict, standing: Standing, frame: Frame) -> None:
            self.scored += 1
            self._now = time.monotonic(), _cpu_s(), self.presenter.timings.frames_shown
            if self.first_at is None:
                self._counts = (self.presenter.timings.frames_shown, self.scored, self._now[1])
                self.first_at = self._now[0]

        def dress(self, hud: Hud) -> Hud:
            shown, at = self._last
            now = time.monotonic()
            if self.presenter.timings.frames_shown > shown:
                if shown and self.first_at is None:
                    self.longest_gap_s = max(self.longest_gap_s, now - at)
                self._last = self.presenter.timings.frames_shown, now
            return hud

        def rates(self) -> dict[str, float | None]:
            if self.first_at is None:
                return {"shown_fps": None, "scored_fps": None, "cpu_s_per_s": None}
            now, cpu_now_s, shown_now = self._now
            elapsed = max(now - self.first_at, 1e-6)
            shown, scored, cpu_s = self._counts
            return {
                "shown_fps": _rounded((shown_now - shown) / elapsed, 2),
                "scored_fps": _rounded((self.scored - scored) / elapsed, 2),
                "cpu_s_per_s": _rounded((cpu_now_s - cpu_s) / elapsed, 2),
            }

    return Meter()


def _percentiles(name: str, values: Iterable[float]) -> dict[str, float | None]:
    import numpy as np

    ms = 1000 * np.array(list(values), dtype=float)
    if not ms.size:
        return {f"{name}_p50": None, f"{name}_p95": None}
    return {
        f"{name}_p50": _rounded(float(np.percentile(ms, 50)), 2),
        f"{name}_p95": _rounded(float(np.percentile(ms, 95)), 2),
    }


def _rounded(value: float, digits: int) -> float:
    return round(value, digits)


def _cores() -> int:
    import os

    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


def _since_start(at: float | None) -> float | None:
    """Return the seconds from the start of the process to a time on the monotonic clock."""
    import psutil

    if at is None:
        return None
    started = time.monotonic() - (time.time() - psutil.Process().create_time())
    return float(round(at - started, 2))


def _cpu_s() -> float:
    """Return the CPU seconds of this process and of the one that CLIP runs in."""
    import psutil

    process = psutil.Process()
    total = 0.0
    for one in (process, *process.children(recursive=True)):
        with contextlib.suppress(psutil.Error):  # it has just ended
            times = one.cpu_times()
            total += times.user + times.system
    return total


def _peak_mib() -> int | None:
    """Return the peak memory of this process and CLIP's, MiB; None if the system reports none."""
    if sys.platform == "win32":
        return None
    import resource

    unit = 1 << 20 if sys.platform == "darwin" else 1 << 10
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    ended = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return round((own + max(ended, _running_peak_kib())) / unit)


def _running_peak_kib() -> int:
    """Return the peak memory of the running child processes, KiB; 0 except on Linux."""
    import psutil

    total = 0
    for child in psutil.Process().children(recursive=True):
        with contextlib.suppress(OSError, ValueError):  # it has just ended
            status = Path(f"/proc/{child.pid}/status").read_text()
            total += int(status.partition("VmHWM:")[2].split()[0])
    return total


def _print_table(figures: dict[str, Any]) -> None:
    title = f"{figures.pop('model')} · {figures.pop('machine')}"
    figures.pop("type")
    advice = figures.pop("advice")
    rows = [(name, "–" if value is None else str(value)) for name, value in figures.items()]
    print_table(["figure", ("value", "right")], rows, title=title)
    if advice:
        print_line(advice)
