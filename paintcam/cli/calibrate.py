"""`paintcam calibrate`: the range of an encoder from one's own drawings."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from paintcam.cli.options import JsonOption, ModelOption
from paintcam.cli.report import print_json
from paintcam.errors import SourceError, UsageError

if TYPE_CHECKING:
    from paintcam.frames import Image

__all__ = ["calibrate"]


def calibrate(
    folder: Annotated[
        Path | None,
        typer.Argument(
            help="Holds one sub-folder a prompt, named as the prompt, with pictures of it.",
            show_default=False,
        ),
    ] = None,
    model: ModelOption = "auto",
    histogram: Annotated[
        Path, typer.Option(metavar="FILE", help="The picture of both distributions.")
    ] = Path("calibration.png"),
    save: Annotated[
        bool,
        typer.Option("--save/--no-save", help="Use this range with this encoder from now on."),
    ] = True,
    forget_it: Annotated[
        bool, typer.Option("--forget", help="Go back to the encoder's own range.")
    ] = False,
    as_json: JsonOption = False,
) -> int:
    """Find the similarities that score 0 and 100, from a folder of drawings."""
    from paintcam.cli.model_choice import choose_model
    from paintcam.encoders import load_encoder
    from paintcam.judge import calibration

    prompts = [] if forget_it else _prompt_folders(folder)
    choice = choose_model(model, ask=not as_json)
    for note in choice.notes:
        typer.echo(f"paintcam: {note}", err=True)
    encoder = load_encoder(choice.name, fetch=True)
    key = calibration.encoder_key(encoder)
    if forget_it:
        known = calibration.forget(encoder)
        low, high = encoder.info.score_range
        if as_json:
            print_json({"type": "calibration", "model": key, "forgotten": known})
        else:
            was = "Forgot the calibrated range" if known else "No calibrated range was kept"
            typer.echo(f"{was} of {key}; its own is {low:g} {high:g}.")
        return 0
    found = calibration.measure(encoder, _pictures(prompts))
    low, high = found.score_range
    calibration.draw_histogram(found, histogram, f"{key}, {len(found.matching)} pictures")
    if save:
        calibration.store(encoder, (low, high))
    if as_json:
        row = {"type": "calibration", "model": key, "low": low, "high": high, "saved": save}
        print_json(row | {"pictures": len(found.matching), "histogram": str(histogram)})
        return 0
    typer.echo(f"{len(found.matching)} pictures, {len(prompts)} prompts, encoder {key}")
    typer.echo(f"histogram: {histogram}")
    if save:
        typer.echo(f"kept for this encoder in {calibration.ranges_file()}:")
    else:
        typer.echo(f"the line for {calibration.ranges_file()}:")
    typer.echo(f'  "{key}": [{low:g}, {high:g}]')
    typer.echo(f"or for one run: --range {low:g} {high:g}")
    return 0


def _prompt_folders(folder: Path | None) -> list[tuple[str, list[Path]]]:
    """Prompt and picture files of each sub-folder.

    Raises:
        UsageError: No folder, or fewer than two sub-folders with pictures.
    """
    from paintcam.sources.pictures import SUFFIXES

    layout = "one sub-folder a prompt, as in `drawings/a house/1.jpg`, `drawings/a cat/1.jpg`"
    if folder is None:
        raise UsageError(f"Name the folder with the drawings: {layout}.")
    if not folder.is_dir():
        raise UsageError(f"No such folder: {str(folder)!r}. It holds {layout}.")
    found = []
    for inner in sorted(path for path in folder.iterdir() if path.is_dir()):
        files = sorted(path for path in inner.rglob("*") if path.suffix.lower() in SUFFIXES)
        if files:
            found.append((inner.name.replace("_", " "), files))
    if len(found) < 2:
        raise UsageError(
            f"{str(folder)!r} has {len(found)} sub-folders with pictures; calibrating takes two or "
            f"more: {layout}."
        )
    return found


def _pictures(prompts: list[tuple[str, list[Path]]]) -> Iterator[tuple[str, Image]]:
    """What the judge would see of each picture; broken ones are told of and left out."""
    from paintcam.judge.sheet.finder import SheetFinder
    from paintcam.sources.pictures import read_picture

    finder = SheetFinder(steady=False)
    for prompt, files in prompts:
        for path in files:
            try:
                image = read_picture(path).image
            except SourceError as error:
                typer.echo(f"paintcam: {error}", err=True)
                continue
            corners = finder.find(image)
            yield prompt, image if corners is None else finder.rectify(image, corners)
