"""`paintcam demo`: the bundled clip through the bundled encoder."""

from __future__ import annotations

import json
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

from paintcam.cli.build_run import build
from paintcam.cli.options import View, options_of
from paintcam.cli.output import print_line
from paintcam.cli.run_options import RunOptions
from paintcam.cli.signals import conduct, exit_code
from paintcam.errors import DisplayError

__all__ = ["demo", "demo_clip"]


def demo_clip() -> tuple[str, str]:
    """Return the bundled clip's path and the prompt that it was drawn for."""
    folder = files("paintcam") / "assets" / "demo"
    about = json.loads((folder / "demo.json").read_text(encoding="utf-8"))
    return str(folder / about["file"]), about["prompt"]


@options_of(RunOptions, only=("view", "record", "json"))
def demo(options: RunOptions) -> int:
    """Score a bundled clip, without a webcam, an API key or a network.

    Without a screen, it prints the score once per second and records an annotated video,
    paintcam-demo.mp4.
    """
    clip, prompt = demo_clip()
    record = options.record
    if record is None and options.view is View.AUTO and not _has_screen():
        record = Path("paintcam-demo.mp4")
    # without the nsfw guard: the clip is known to be safe
    options = replace(
        options, prompt=prompt, model="sketch", source=clip, record=record, no_guards=["nsfw"]
    )
    loop, report = build(options)
    if not options.json:
        print_line(f'Two players draw "{prompt}".')
    summary = conduct(loop, report)
    path = getattr(loop.presenter.recording, "path", None)
    report.summary(summary, **({} if path is None else {"video": str(path)}))
    return exit_code(loop)


def _has_screen() -> bool:
    from paintcam.sinks.window import check_display

    try:
        check_display()
    except DisplayError:
        return False
    return True
