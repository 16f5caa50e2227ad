"""The plot of `paintcam calibrate`: both distributions of similarities, and the range between."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np

from paintcam.errors import UsageError
from paintcam.folders import read_small_file, write_atomically
from paintcam.judge.calibration import Calibration

__all__ = ["check_histogram", "draw_histogram"]

_MARK = "paintcam calibrate"
"""Stands in every plot, so that an earlier one can be told from a drawing."""
_LARGEST_PLOT = 4 << 20
_SUFFIXES = (".png", ".jpg", ".jpeg", ".pdf", ".svg")


def draw_histogram(calibration: Calibration, path: Path, title: str) -> None:
    """Draw both distributions and the range between them.

    Args:
        calibration: The measured similarities.
        path: A .png, .jpg, .pdf or .svg file; without a suffix, it is a PNG. Only an earlier plot
            is replaced.
        title: Written above.

    Raises:
        UsageError: The picture cannot be written, or something else lies there.
    """
    from matplotlib.figure import Figure

    check_histogram(path)
    figure = Figure(figsize=(9.6, 4.8), dpi=100)
    axes = figure.subplots()
    edges = np.histogram_bin_edges(np.concatenate([calibration.matching, calibration.other]), 60)
    for values, colour, name in (
        (calibration.other, "#787882", "other prompts"),
        (calibration.matching, "#1478c8", "own prompt"),
    ):
        # Both in shares: there are many more pairs that do not match.
        weights = np.full(len(values), 1 / max(len(values), 1))
        label = f"{name} ({len(values)})"
        axes.hist(values, list(edges), weights=weights, color=colour, alpha=0.6, label=label)
    for value, score in zip(calibration.score_range, (0, 100), strict=True):
        axes.axvline(value, color="#c82828", linewidth=2, label=f"score {score} at {value:g}")
    axes.set_xlabel("similarity")
    axes.set_ylabel("share of the pairs")
    axes.set_title(title, loc="left", parse_math=False)
    axes.legend()
    picture = io.BytesIO()
    kind = path.suffix[1:].lower() or "png"
    mark: dict[str, Any] = {"metadata": {"Software" if kind == "png" else "Creator": _MARK}}
    if kind in ("jpg", "jpeg"):
        mark = {"pil_kwargs": {"comment": _MARK}}
    try:
        figure.savefig(picture, format=kind, bbox_inches=None, **mark)
        write_atomically(path, picture.getvalue())
    except (OSError, ValueError) as error:
        raise _cannot_write(path, str(error)) from error


def check_histogram(path: Path) -> None:
    """Refuse to write a plot where it cannot be written or would replace anything but a plot.

    Raises:
        UsageError: Neither a new file in a folder that exists nor an earlier plot.
    """
    reason = ""
    try:
        if not path.parent.is_dir():
            reason = f"no such folder: {path.parent}"
        elif path.suffix and path.suffix.lower() not in _SUFFIXES:
            reason = f"its name must end in {', '.join(_SUFFIXES)}"
        elif path.lstat() and _MARK.encode() not in read_small_file(path, _LARGEST_PLOT):
            reason = "another file has this name"
    except FileNotFoundError:
        reason = "a link has this name" if path.is_symlink() else ""
    except (OSError, ValueError) as error:  # also what is no regular file, or too large
        reason = getattr(error, "strerror", None) or str(error)
    if reason:
        raise _cannot_write(path, reason)


def _cannot_write(path: Path, reason: str) -> UsageError:
    return UsageError(
        f"Cannot write the histogram to {path} ({reason}).",
        fix="Pass another file such as `--histogram new.png`.",
    )
