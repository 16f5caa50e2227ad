"""`paintcam score`: score still pictures."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from paintcam.cli.error_text import error_text
from paintcam.cli.explaining import check_explain, explain_picture, explanation_row
from paintcam.cli.option_checks import check_options
from paintcam.cli.options import options_of
from paintcam.cli.output import print_json, print_line, print_table, say
from paintcam.cli.run_options import RunOptions
from paintcam.cli.signals import check_stop
from paintcam.errors import SourceError

if TYPE_CHECKING:
    from paintcam.judge.verdict import Verdict

__all__ = ["score"]

BATCH = 8


@options_of(
    RunOptions,
    only=(
        "prompt",
        "model",
        "engine",
        "provider",
        "labels",
        "score_range",
        "no_guards",
        "crop",
        "json",
    ),
)
def score(
    options: RunOptions,
    images: Annotated[
        list[str],
        typer.Argument(
            metavar="IMAGE…",
            help="Pictures, or folders of pictures. Example: drawing.png drawings",
            show_default=False,
        ),
    ],
    explain: Annotated[
        Path | None,
        typer.Option(
            "--explain",
            metavar="FILE",
            help="Explain the score of one picture. Save it with a heat map, and show the score "
            "of each noun. Example: --explain why.png",
            show_default=False,
        ),
    ] = None,
) -> int:
    """Score still pictures against a prompt, and list the best first."""
    check_options(options)
    from paintcam.cli.judge_loading import load_judge
    from paintcam.cli.model_choice import choose_model
    from paintcam.cli.models import fetch_progress
    from paintcam.sources.pictures import find_pictures, left_out, read_picture

    paths = find_pictures(images)
    if explain is not None:
        check_explain(options, explain, paths)
    choice = choose_model(options.model, ask=not options.json)
    with fetch_progress(choice.name) as progress:
        judge, notes = load_judge(choice.name, options, "stills", progress)
    for note in (*choice.notes, *notes, *filter(None, [judge.warning, left_out(images)])):
        say(note)
    verdicts: list[Verdict] = []
    unread = 0
    for start in range(0, len(paths), BATCH):
        check_stop()
        frames = []
        for index, path in enumerate(paths[start : start + BATCH], start):
            try:
                frames.append(read_picture(path, index))
            except SourceError as error:
                unread += 1
                say(error_text(error))
        verdicts += judge.judge(frames)
    verdicts.sort(key=_rank, reverse=True)
    explanation = None
    if explain is not None and verdicts:
        explanation = explain_picture(judge, frames[0], explain)
    if options.json:
        for verdict in verdicts:
            print_json(_row(paths[verdict.frame], verdict) | explanation_row(explanation))
    elif verdicts:
        title = f"{options.prompt or ' / '.join(options.labels)} · {choice.name}"
        _print_table([(paths[verdict.frame], verdict) for verdict in verdicts], title)
    if explanation is not None and not options.json:
        print_line(f"{explanation.text}. Heat map saved in {explain}")
    return 1 if unread or not verdicts else 0


def _rank(verdict: Verdict) -> float:
    """Sort key of the table: the score, or the share of the first label."""
    return verdict.score if verdict.labels is None else next(iter(verdict.labels.values()))


def _row(path: Path, verdict: Verdict) -> dict[str, Any]:
    row: dict[str, Any] = {"type": "score", "path": str(path)}
    if verdict.labels is None:
        row |= {"similarity": round(verdict.similarity, 5), "score": round(verdict.score, 2)}
    else:
        row["labels"] = dict(verdict.labels)
    return row | ({"flags": list(verdict.flags)} if verdict.flags else {})


def _print_table(rows: list[tuple[Path, Verdict]], title: str) -> None:
    labels = rows[0][1].labels
    numbers = [(name, "right") for name in (("score", "similarity") if labels is None else labels)]
    cells = []
    for path, verdict in rows:
        flags = ", ".join(verdict.flags)
        if verdict.labels is None:
            shown = [f"{verdict.score:.1f}", f"{verdict.similarity:.3f}"]
        else:
            shown = [f"{share:.1%}" for share in verdict.labels.values()]
        cells.append([*shown, str(path), flags])
    print_table([*numbers, ("picture", "fold"), ("note", "fold")], cells, title=title)
