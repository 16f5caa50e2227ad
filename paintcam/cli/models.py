"""`paintcam models`: list the encoders, and download CLIP's weights."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from paintcam.cli.options import JsonOption
from paintcam.cli.output import Column, print_json, print_line, print_table, say
from paintcam.cli.signals import before_leaving, check_stop

if TYPE_CHECKING:
    from paintcam.encoders.base import Progress

__all__ = ["ModelRow", "fetch_progress", "models", "models_app", "pull_model", "rows"]

models_app = typer.Typer(invoke_without_command=True)


@dataclass(frozen=True, slots=True)
class ModelRow:
    """One encoder in the table.

    Attributes:
        name: As `--model` takes it.
        cached: Whether it can run without a download.
        megabytes: Size on disk, or the approximate size of the download.
        place: Folder of its files, or of the cache.
        licence: SPDX name.
    """

    name: str
    cached: bool
    megabytes: float
    place: Path
    licence: str


def rows() -> list[ModelRow]:
    """List all encoders that `--model` takes, the bundled one first."""
    from paintcam.encoders.sketch_files import BUNDLED, SketchManifest
    from paintcam.encoders.weights import (
        INT8_VARIANTS,
        VARIANTS,
        cache_root,
        exact_variant,
        is_cached,
        weight_files,
    )

    bundled = SketchManifest.read(BUNDLED)
    size = sum(length for length, _ in bundled.files.values())
    found = [ModelRow(bundled.name, True, size / 1e6, BUNDLED, bundled.licence)]
    for variant in (*VARIANTS, *INT8_VARIANTS):
        cached, place = is_cached(variant), cache_root()
        megabytes = float(VARIANTS[exact_variant(variant)].megabytes)
        if cached:
            files = weight_files(variant)
            place = files["visual.onnx"].parent
            megabytes = sum(path.stat().st_size for path in files.values()) / 1e6
        # OpenAI's code and weights are under one licence: https://github.com/openai/CLIP
        found.append(ModelRow(f"clip:{variant}", cached, megabytes, place, "MIT"))
    return found


@models_app.callback()
def models(ctx: typer.Context, as_json: JsonOption = False) -> None:
    """List encoders with size, licence and folder, and show which are installed."""
    if ctx.invoked_subcommand is not None:
        if as_json:
            raise typer.BadParameter("--json cannot be used with `pull`.")
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
    print_line(
        "To download one, run `paintcam models pull clip:ViT-B-16`. `clip` means clip:ViT-B-16."
    )
    print_line("The int8 variants are built on this machine and run faster on a CPU.")


@models_app.command("pull")
def pull_model(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME",
            help="clip, or clip:VARIANT as `paintcam models` lists them. Example: clip:ViT-B-32",
            show_default=False,
        ),
    ],
) -> int:
    """Download, check and prepare an encoder's weights.

    Run the command again to resume a download that was interrupted.
    """
    from paintcam.encoders import resolve_model

    # "auto" means CLIP here: the bundled encoder needs no download
    full = resolve_model("clip" if name == "auto" else name)
    if full == "sketch":
        print_line("sketch is bundled. Run `paintcam models` to list what can be downloaded.")
        return 0
    from paintcam.encoders.int8 import stored_agreement
    from paintcam.encoders.pull import pull

    variant = full.partition(":")[2]
    with fetch_progress(full) as progress:
        folder = pull(variant, progress, _say_waiting, _say_quantising)
    print_line(f"{full} is installed in {folder}.")
    if (found := stored_agreement(variant)) is not None:
        print_line(f"It was compared with the exact weights ({found}).")
    _prepare_patches(variant)
    _embed_references(full)
    print_line(f'To use it, run `paintcam --model {full} --prompt "a red fox"`.')
    return 0


def _say_waiting() -> None:
    say("Another process is downloading these files. Waiting…")


def _say_quantising() -> None:
    say(
        "Quantising the weights and checking the result. This takes several minutes and "
        "2 GB of memory…"
    )


def _prepare_patches(variant: str) -> None:
    """Write the file with which the key x explains scores live."""
    from paintcam.encoders.clip_patches import write_patches
    from paintcam.encoders.weights import weight_files

    if reason := write_patches(weight_files(variant)["visual.onnx"]):
        say(f"clip:{variant} explains scores on the frozen picture, not live ({reason}).")


def _embed_references(model: str) -> None:
    """Embed what the guards compare with, so that they run from the first frame on."""
    from paintcam.encoders import load_encoder
    from paintcam.errors import PaintcamError
    from paintcam.judge.checks import GUARDS
    from paintcam.judge.references import References

    try:
        references = References(load_encoder(model, apart=True), GUARDS)
        while not references.advance():
            check_stop()
    except PaintcamError as error:  # the weights are installed all the same
        say(str(error))


@contextmanager
def fetch_progress(name: str) -> Iterator[Progress]:
    """Show a progress bar on stderr from the first byte on.

    On Ctrl-C, say how to resume, and pass the interrupt on.

    Args:
        name: What is downloaded, as `--model` takes it.
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

    def say_what_was_kept() -> None:
        if task is not None:
            done = bar.tasks[0].completed / 1e6
            bar.stop()
            say(f"{done:.0f} MB were kept. Run `paintcam models pull {name}` to resume.")

    try:
        with before_leaving(say_what_was_kept):  # a server that hangs
            yield show
    except KeyboardInterrupt:
        say_what_was_kept()
        raise
    finally:
        if task is not None:  # else it would print an empty line
            bar.stop()
