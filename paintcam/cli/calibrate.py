"""`paintcam calibrate`: measure the score range of an encoder on your own drawings."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from paintcam.cli.error_text import error_text
from paintcam.cli.options import JsonOption, ModelOption
from paintcam.cli.output import print_json, print_line, say
from paintcam.cli.signals import check_stop
from paintcam.errors import SourceError, UsageError
from paintcam.text import counted

if TYPE_CHECKING:
    from paintcam.frames import Image

__all__ = ["calibrate"]

ENOUGH = 10
"""Drawings of each prompt below which a range is unreliable."""

_SILENT_S = 5.0
_REPORT_S = 30.0


def calibrate(
    folder: Annotated[
        Path | None,
        typer.Argument(
            help="Folder with one subfolder of drawings per prompt, named like the prompt. "
            "Example: drawings",
            show_default=False,
        ),
    ] = None,
    model: ModelOption = "auto",
    histogram: Annotated[
        Path,
        typer.Option(
            "--histogram",
            metavar="FILE",
            help="Save a plot of both distributions. Example: --histogram sketch.png",
        ),
    ] = Path("calibration.png"),
    save: Annotated[
        bool,
        typer.Option(
            "--save/--no-save",
            help="Save the range for later runs with this encoder. Example: --no-save",
        ),
    ] = True,
    forget: Annotated[
        bool,
        typer.Option(
            "--forget", help="Remove the saved range of an encoder. Example: --forget --model clip"
        ),
    ] = False,
    as_json: JsonOption = False,
) -> int:
    """Measure the score range of an encoder on a folder of drawings.

    The range is the two similarities that score 0 and 100.
    """
    if forget:
        return _forget(model, as_json)
    from paintcam.cli.model_choice import choose_model
    from paintcam.cli.models import fetch_progress
    from paintcam.encoders import load_encoder
    from paintcam.judge import calibration
    from paintcam.judge.histogram import draw_histogram

    prompts = _prompt_folders(folder)
    _check_histogram(histogram, prompts)
    choice = choose_model(model, ask=not as_json)
    for note in choice.notes:
        say(note)
    with fetch_progress(choice.name) as progress:
        encoder = load_encoder(choice.name, fetch=True, progress=progress)
    key = calibration.encoder_key(encoder)
    counts: Counter[str] = Counter()
    found = calibration.measure(encoder, _pictures(prompts, counts))
    low, high = found.score_range
    pictures = counted(len(found.matching), "picture")
    draw_histogram(found, histogram, f"{key}, {pictures}")
    if save:
        calibration.store(encoder, (low, high))
    if few := [name for name, count in counts.items() if count < ENOUGH]:
        names = ", ".join(f'"{name}" ({counts[name]})' for name in few[:3])
        more = f" and {len(few) - 3} more" if len(few) > 3 else ""
        say(
            f"There are fewer than {ENOUGH} drawings for {names}{more}. "
            "The range may be inaccurate. Add more drawings."
        )
    if as_json:
        row = {"type": "calibration", "model": key, "low": low, "high": high, "saved": save}
        print_json(row | {"pictures": len(found.matching), "histogram": str(histogram)})
        return 0
    print_line(f"{pictures}, {counted(len(prompts), 'prompt')}, encoder {key}")
    print_line(f"Histogram: {histogram}")
    if save:
        print_line(f"Saved for this encoder in {calibration.ranges_file()}:")
    else:
        print_line(f"To save it, add this line to {calibration.ranges_file()}:")
    print_line(f'  "{key}": [{low:g}, {high:g}]')
    print_line(f"To use it for one run, pass `--range {low:g} {high:g}`.")
    return 0


def _forget(model: str, as_json: bool) -> int:
    """Forget the ranges of an encoder; it is not loaded for that."""
    from paintcam.encoders import resolve_model
    from paintcam.judge import calibration

    name = resolve_model(model)
    keys = calibration.forget(name)
    if as_json:
        key = keys[0] if keys else name
        print_json({"type": "calibration", "model": key, "forgotten": bool(keys)})
    elif keys:
        print_line(f"Removed the calibrated range of {', '.join(keys)}.")
    else:
        print_line(f"There is no calibrated range of {name}.")
    return 0


class _Progress:
    """Reports what takes long, after five seconds and then twice a minute."""

    def __init__(self) -> None:
        self._next = time.monotonic() + _SILENT_S

    def report(self, what: str) -> None:
        """Say how far it is, if it is time to."""
        if time.monotonic() >= self._next:
            say(f"{what}. Press Ctrl-C to stop.")
            self._next = time.monotonic() + _REPORT_S


def _prompt_folders(folder: Path | None) -> list[tuple[str, list[Path]]]:
    """List the prompt and the picture files of each subfolder.

    Raises:
        UsageError: No folder, or fewer than two subfolders with pictures.
    """
    from paintcam.sources.pictures import left_out, pictures_in

    layout = (
        "Create one subfolder per prompt, as in `drawings/a house/1.jpg`, `drawings/a cat/1.jpg`."
    )
    if folder is None:
        raise UsageError("Pass the folder with the drawings.", fix=layout)
    try:
        inside = sorted(path for path in folder.iterdir() if path.is_dir() and path.name[0] != ".")
    except (FileNotFoundError, NotADirectoryError):
        raise UsageError(f"No such folder: {str(folder)!r}.", fix=layout) from None
    except (OSError, ValueError) as error:  # no permission, too long a name, a NUL
        reason = getattr(error, "strerror", None) or str(error)
        raise UsageError(f"Cannot read {str(folder)!r}: {reason}.", fix=layout) from None
    found, count = [], 0
    progress = _Progress()
    for inner in inside:
        check_stop()
        files = pictures_in(inner)
        if files:
            found.append((inner.name.replace("_", " "), files))
        count += len(files)
        progress.report(f"Looking for drawings in {str(folder)!r} ({count:,} found)")
    if len(found) < 2:
        raise UsageError(
            f"Calibrating needs at least two subfolders with pictures ({str(folder)!r} has "
            f"{len(found)}).",
            fix=layout,
        )
    if others := left_out(inside):
        say(others)
    return found


def _check_histogram(histogram: Path, prompts: list[tuple[str, list[Path]]]) -> None:
    """Refuse to write among the drawings: a drawing would be lost, or the plot taken for one.

    Raises:
        UsageError: The file is a drawing, lies in a folder of drawings, or is no earlier plot.
    """
    from paintcam.judge.histogram import check_histogram
    from paintcam.sinks.new_file import check_name

    check_name(histogram)
    # `Path.resolve` raises for links that lead to each other
    target = Path(os.path.realpath(histogram))
    for _, files in prompts:
        inside = any(path.parent.resolve() == target.parent for path in files)
        if inside or any(_is_same_file(histogram, path) for path in files):
            raise UsageError(
                f"The histogram {str(histogram)!r} would be saved among the drawings.",
                fix="Pass a file outside that folder, such as `--histogram calibration.png`.",
                parameter="histogram",
            )
    check_histogram(histogram)


def _is_same_file(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:  # one of them does not exist
        return False


def _pictures(
    prompts: list[tuple[str, list[Path]]], counts: Counter[str]
) -> Iterator[tuple[str, Image]]:
    """Yield what the judge would see of each picture, and count those of each prompt.

    Broken pictures are reported and left out.
    """
    from paintcam.judge.sheet.finder import SheetFinder
    from paintcam.sources.pictures import read_picture

    finder = SheetFinder(steady=False)
    total = sum(len(files) for _, files in prompts)
    progress = _Progress()
    done = 0
    for prompt, files in prompts:
        for path in files:
            check_stop()
            progress.report(f"Measured {done:,} of {counted(total, 'picture')}")
            done += 1
            try:
                image = read_picture(path).image
            except SourceError as error:
                say(error_text(error))
                continue
            counts[prompt] += 1
            corners = finder.find(image)
            yield prompt, image if corners is None else finder.rectify(image, corners)
