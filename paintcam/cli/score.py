"""`paintcam score`: score still pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from paintcam.cli.loading import judge_loader
from paintcam.cli.options import JsonOption, ModelOption, PromptOption, RangeOption
from paintcam.cli.report import print_json
from paintcam.cli.wiring import RunOptions, check_prompt
from paintcam.errors import SourceError

__all__ = ["score"]

BATCH = 8


def score(
    images: Annotated[
        list[Path], typer.Argument(metavar="IMAGE…", help="Pictures, or folders of pictures.")
    ],
    prompt: PromptOption = None,
    model: ModelOption = "auto",
    score_range: RangeOption = None,
    as_json: JsonOption = False,
) -> int:
    """Score still pictures against a prompt: a table, best first."""
    check_prompt(prompt)
    from paintcam.cli.choose import choose_model
    from paintcam.cli.models import fetch_progress
    from paintcam.stills import find_pictures, read_picture

    paths = find_pictures(images)
    choice = choose_model(model, ask=not as_json)
    for note in choice.notes:
        typer.echo(f"paintcam: {note}", err=True)
    options = RunOptions(prompt=prompt, score_range=score_range)
    with fetch_progress(choice.name) as progress:
        judge = judge_loader(choice.name, options, progress)()
    rows: list[tuple[Path, float, float, tuple[str, ...]]] = []
    unread = 0
    for start in range(0, len(paths), BATCH):
        frames = []
        for index, path in enumerate(paths[start : start + BATCH], start):
            try:
                frames.append(read_picture(path, index))
            except SourceError as error:
                unread += 1
                typer.echo(f"paintcam: {error}", err=True)
        for verdict in judge.judge(frames):
            path = paths[verdict.frame]
            rows.append((path, verdict.similarity, verdict.score, verdict.flags))
    rows.sort(key=lambda row: -row[2])
    if as_json:
        for path, similarity, points, flags in rows:
            row = {
                "type": "score",
                "path": str(path),
                "similarity": round(similarity, 5),
                "score": round(points, 2),
            }
            print_json(row | ({"flags": list(flags)} if flags else {}))
    elif rows:
        _print_table(rows, f"{prompt} · {choice.name}")
    return 1 if unread or not rows else 0


def _print_table(rows: list[tuple[Path, float, float, tuple[str, ...]]], title: str) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(title=Text(title))
    table.add_column("score", justify="right")
    table.add_column("similarity", justify="right")
    table.add_column("picture", overflow="fold")
    for path, similarity, points, flags in rows:
        name = Text(str(path))
        if flags:
            name.append("  " + ", ".join(flags), style="yellow")
        table.add_row(f"{points:.1f}", f"{similarity:.3f}", name)
    Console().print(table)
