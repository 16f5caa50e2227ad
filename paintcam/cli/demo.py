"""`paintcam demo`: the bundled clip through the bundled encoder."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path

import typer

from paintcam.cli.build_run import build, conduct
from paintcam.cli.options import JsonOption, RecordOption, View, ViewOption
from paintcam.cli.run_options import RunOptions
from paintcam.errors import DisplayError

__all__ = ["demo", "demo_clip"]


def demo_clip() -> tuple[str, str]:
    """Give the bundled clip's path and the prompt that it was drawn for."""
    folder = files("paintcam") / "assets" / "demo"
    about = json.loads((folder / "demo.json").read_text(encoding="utf-8"))
    return str(folder / about["file"]), about["prompt"]


def demo(
    view: ViewOption = View.AUTO,
    record: RecordOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show paintcam on a bundled clip: no webcam, no key, no network.

    Without a screen it writes an annotated video, paintcam-demo.mp4, and prints the course of
    the score.
    """
    clip, prompt = demo_clip()
    if record is None and view is View.AUTO and not _has_screen():
        record = Path("paintcam-demo.mp4")
    options = RunOptions(
        prompt=prompt,
        model="sketch",
        source=clip,
        view=view,
        record=record,
        json=as_json,
        no_guards=("nsfw",),  # the clip is known to be safe
    )
    loop, report = build(options)
    if not as_json:
        typer.echo(f'Two players draw "{prompt}".')
    summary = conduct(loop, report)
    report.summary(summary, **_written(loop.presenter.recording))


def _has_screen() -> bool:
    from paintcam.sinks.window import check_display

    try:
        check_display()
    except DisplayError:
        return False
    return True


def _written(recording: object) -> dict[str, str]:
    path = getattr(recording, "path", None)
    return {} if path is None else {"video": str(path)}
