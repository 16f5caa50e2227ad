"""`paintcam models`: the encoders, and fetching CLIP's weights."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from paintcam.cli.options import JsonOption
from paintcam.cli.output import Column, print_json, print_line, print_table, say
from paintcam.cli.signals import check_stop

if TYPE_CHECKING:
    from paintcam.encoders.base import Progress

__all__ = ["ModelRow", "fetch_progress", "models", "models_app", "pull_model", "rows"]

models_app = typer.Typer(
    help="List encoders: place of the weights, size, cached or not, licence.",
    invoke_without_command=True,
    rich_markup_mode=None,
)


@dataclass(frozen=True, slots=True)
class ModelRow:
    """One encoder in the table.

    Attributes:
        name: As `--model` takes it.
        cached: Whether it can run without a download.
        megabytes: Size on disk, or about that of the download.
        place: Where its files are, or would be.
        licence: SPDX name.
    """

    name: str
    cached: bool
    megabytes: float
    place: Path
    licence: str


def rows() -> list[ModelRow]:
    """All encoders that `--model` takes, the bundled one first."""
    from paintcam.encoders.sketch_files import BUNDLED, SketchManifest
    from paintcam.encoders.weights import FILES, VARIANTS, cache_root, clip_folder, is_cached

    bundled = SketchManifest.read(BUNDLED)
    size = sum(length for length, _ in bundled.files.values())
    found = [ModelRow(bundled.name, True, size / 1e6, BUNDLED, bundled.licence)]
    for variant, told in VARIANTS.items():
        cached, place, megabytes = is_cached(variant), cache_root(), float(told.megabytes)
        if cached:
            place = clip_folder(variant)
            megabytes = sum((place / file).stat().st_size for file in FILES) / 1e6
        # OpenAI's code and weights are under one licence: https://github.com/openai/CLIP
        found.append(ModelRow(f"clip:{variant}", cached, megabytes, place, "MIT"))
    return found


@models_app.callback()
def models(ctx: typer.Context, as_json: JsonOption = False) -> None:
    """List encoders: place of the weights, size, cached or not, licence."""
    if ctx.invoked_subcommand is not None:
        if as_json:
            raise typer.BadParameter("--json goes with `paintcam models` alone.")
        return
    found = rows()
    if as_json:
        for row in found:
            print_json(
                {
                    "type": "model",
                    "name": row.name,
                    "cached": row.cached,
                    "megabytes": round(row.megabytes, 1),
                    "place": str(row.place),
                    "licence": row.licence,
                }
            )
        return
    _print_table(found)


def _print_table(found: list[ModelRow]) -> None:
    rows = []
    for row in found:
        size = f"{row.megabytes:.0f}" if row.cached else f"~{row.megabytes:.0f}"
        place = str(row.place) if row.cached else ""
        rows.append((row.name, "yes" if row.cached else "no", size, row.licence, place))
    columns: list[Column] = ["model", "installed", ("MB", "right"), "licence", ("place", "fold")]
    print_table(columns, rows, box=False)
    print_line("To download one: paintcam models pull clip:ViT-B-16. `clip` means that one.")


@models_app.command("pull")
def pull_model(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="clip, or clip:VARIANT as `models` lists them.")
    ],
) -> int:
    """Fetch an encoder's weights; a download that was cut goes on where it stopped."""
    from paintcam.encoders import resolve_model

    # "auto" means CLIP here: the bundled encoder needs no fetching
    full = resolve_model("clip" if name == "auto" else name)
    if full == "sketch":
        print_line("sketch is bundled: nothing to download. `paintcam models` lists the others.")
        return 0
    from paintcam.encoders.pull import pull

    with fetch_progress(full) as progress:
        folder = pull(full.partition(":")[2], progress)
    print_line(f"{full} is installed in {folder}")
    print_line(f'To use it: paintcam --model {full} --prompt "a red fox"')
    return 0


@contextmanager
def fetch_progress(name: str) -> Iterator[Progress]:
    """A progress bar on stderr that appears with the first byte.

    On Ctrl-C it says how to go on, and lets the interrupt pass.

    Args:
        name: What is fetched, as `--model` takes it.
    """
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )

    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    )
    task = None

    def show(done: int, total: int) -> None:
        nonlocal task
        check_stop()
        if task is None:
            task = bar.add_task(name, total=total)
            bar.start()
        bar.update(task, completed=done, total=total)

    try:
        yield show
    except KeyboardInterrupt:
        if task is not None:
            done = bar.tasks[0].completed / 1e6
            bar.stop()
            say(f"{done:.0f} MB are kept. Run `paintcam models pull {name}` to resume.")
        raise
    finally:
        bar.stop()
