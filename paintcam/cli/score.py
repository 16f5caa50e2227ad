"""`paintcam score`: score still pictures."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from paintcam.cli.options import (
    Crop,
    CropOption,
    JsonOption,
    LabelOption,
    ModelOption,
    NoGuardOption,
    PromptOption,
    RangeOption,
)
from paintcam.cli.report import print_json
from paintcam.errors import SourceError

if TYPE_CHECKING:
    from paintcam.judge.verdict import Verdict

__all__ = ["score"]

BATCH = 8


def score(
    images: Annotated[
        list[Path], typer.Argument(metavar="IMAGE…", help="Pictures, or folders of pictures.")
    ],
    prompt: PromptOption = None,
    model: ModelOption = "auto",
    label: LabelOption = None,
    score_range: RangeOption = None,
    no_guard: NoGuardOption = None,
    crop: CropOption = Crop.AUTO,
    as_json: JsonOption = False,
) -> int:
    """Score still pictures against a prompt: a table, best first."""
    from paintcam.cli.loading import judge_loader
    from paintcam.cli.model_choice import choose_model
    from paintcam.cli.models import fetch_progress
    from paintcam.cli.run_options import RunOptions, check_options
    from paintcam.sources.pictures import find_pictures, read_picture

    options = RunOptions(
        prompt=prompt,
        labels=tuple(label or ()),
        score_range=score_range,
        no_guards=tuple(no_guard or ()),
        crop=crop,
    )
    check_options(options)
    paths = find_pictures(images)
    choice = choose_model(model, ask=not as_json)
    notes = list(choice.notes)
    with fetch_progress(choice.name) as progress:
        judge = judge_loader(
            choice.name, options, "stills", progress, lambda _judge, more: notes.extend(more)
        )()
    for note in notes:
        typer.echo(f"paintcam: {note}", err=True)
    verdicts: list[Verdict] = []
    unread = 0
    for start in range(0, len(paths), BATCH):
        frames = []
        for index, path in enumerate(paths[start : start + BATCH], start):
            try:
                frames.append(read_picture(path, index))
            except SourceError as error:
                unread += 1
                typer.echo(f"paintcam: {error}", err=True)
        verdicts += judge.judge(frames)
    verdicts.sort(key=_rank, reverse=True)
    if as_json:
        for verdict in verdicts:
            print_json(_row(paths[verdict.frame], verdict))
    elif verdicts:
        title = f"{prompt or ' / '.join(options.labels)} · {choice.name}"
        _print_table([(paths[verdict.frame], verdict) for verdict in verdicts], title)
    return 1 if unread or not verdicts else 0


def _rank(verdict: Verdict) -> float:
    """What the table is sorted by: the score, or the share of the first label."""
    return verdict.score if verdict.labels is None else next(iter(verdict.labels.values()))


def _row(path: Path, verdict: Verdict) -> dict[str, Any]:
    row: dict[str, Any] = {"type": "score", "path": str(path)}
    if verdict.labels is None:
        row |= {"similarity": round(verdict.similarity, 5), "score": round(verdict.score, 2)}
    else:
        row["labels"] = dict(verdict.labels)
    return row | ({"flags": list(verdict.flags)} if verdict.flags else {})


def _print_table(rows: list[tuple[Path, Verdict]], title: str) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(title=Text(title))
    labels = rows[0][1].labels
    for column in ("score", "similarity") if labels is None else labels:
        table.add_column(Text(column), justify="right")
    table.add_column("picture", overflow="fold")
    for path, verdict in rows:
        name = Text(str(path))
        if verdict.flags:
            name.append("  " + ", ".join(verdict.flags), style="yellow")
        if verdict.labels is None:
            table.add_row(f"{verdict.score:.1f}", f"{verdict.similarity:.3f}", name)
        else:
            table.add_row(*(f"{share:.1%}" for share in verdict.labels.values()), name)
    Console().print(table)
