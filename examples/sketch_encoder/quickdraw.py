"""Read drawings that people made in Google's game Quick, Draw!, as strokes.

Three sources hold the same drawings: a folder with ``strokes.npz`` (all drawings in flat arrays), a
folder of Google's ``<category>.ndjson`` files (simplified or raw), or the address of such a folder,
see quickdraw_download.py. The Quick, Draw! Dataset is made available by Google, Inc. under CC BY
4.0.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from .outlines import GRID
from .svg_path import Points

ARRAYS = "strokes.npz"
STRAIGHT = 2.0  # grid units: points nearer than this to a straight run are merged into it


class QuickDrawError(ValueError):
    """A file does not hold Quick, Draw! drawings; the message names the file and the line."""


@dataclass(frozen=True, slots=True)
class Drawing:
    """One drawing: its category, Google's ``key_id``, and its strokes in the order of drawing.

    ``strokes`` are (N, 2) float32 in grid units, 0...1023 on the longer side.
    """

    name: str
    key: str
    recognized: bool
    strokes: list[Points]


def read_folder(folder: Path, per_category: int) -> list[Drawing]:
    """Read a folder with ``strokes.npz`` or with ``.ndjson`` files.

    Args:
        folder: The folder.
        per_category: How many drawings of each category to take, in the order of the file.

    Returns:
        Drawings, sorted by category.

    Raises:
        QuickDrawError: The folder holds neither, or a file is damaged.
    """
    if (folder / ARRAYS).exists():
        return _first(read_arrays(folder / ARRAYS), per_category)
    files = sorted(folder.glob("*.ndjson"))
    if not files:
        raise QuickDrawError(f"{folder} has no {ARRAYS} and no .ndjson files")
    return [d for file in files for d in read_lines(file, per_category)]


def read_arrays(file: Path) -> list[Drawing]:
    """Read ``strokes.npz``.

    Args:
        file: With ``names``, ``keys``, ``recognized``, ``strokes`` (strokes of each drawing),
            ``points`` (points of each stroke), and the points' ``x`` and ``y``.

    Raises:
        QuickDrawError: An array is missing, or the arrays do not fit together.
    """
    with np.load(file) as data:
        missing = {"names", "keys", "recognized", "strokes", "points", "x", "y"} - set(data.files)
        if missing:
            raise QuickDrawError(f"{file} has no array {', '.join(sorted(missing))}")
        arrays = {name: data[name] for name in data.files}
    points = np.stack([arrays["x"], arrays["y"]], 1).astype(np.float32)
    ends = np.cumsum(arrays["points"].astype(np.int64))
    lasts = np.cumsum(arrays["strokes"].astype(np.int64))
    fits = len(ends) and ends[-1] == len(points) and len(lasts) and lasts[-1] == len(ends)
    if not fits or len(arrays["names"]) != len(lasts) or len(arrays["keys"]) != len(lasts):
        raise QuickDrawError(f"{file}: the arrays' lengths do not fit together")
    strokes = np.split(points, ends[:-1])
    return [
        Drawing(str(name), str(key), bool(known), strokes[last - count : last])
        for name, key, known, count, last in zip(
            arrays["names"], arrays["keys"], arrays["recognized"], arrays["strokes"], lasts,
            strict=True,
        )
    ]  # fmt: skip


def read_lines(file: Path, count: int) -> list[Drawing]:
    """Read the first drawings of one of Google's ``.ndjson`` files, simplified or raw.

    Raises:
        QuickDrawError: A line is not a drawing.
    """
    found: list[Drawing] = []
    with file.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            if len(found) == count:
                break
            found.append(parse(line, f"{file.name}, line {number}"))
    return found


def parse(line: str, where: str) -> Drawing:
    """Read one line of an ``.ndjson`` file.

    Args:
        line: An object with ``word``, ``key_id``, ``recognized`` and ``drawing``, a list of
            strokes ``[[x...], [y...]]``; strokes of raw drawings have a third list, of times.
        where: Names the line in an error.

    Raises:
        QuickDrawError: The line is not a drawing.
    """
    try:
        entry: dict[str, Any] = json.loads(line)
        strokes = [np.array(stroke[:2], np.float32).T for stroke in entry["drawing"]]
        name, key = str(entry["word"]), str(entry["key_id"])
        recognized = bool(entry["recognized"])
    except (ValueError, KeyError, TypeError, IndexError) as error:
        raise QuickDrawError(f"{where} is not a Quick, Draw! drawing ({error})") from error
    if not strokes or any(s.ndim != 2 or s.shape[1] != 2 or not len(s) for s in strokes):
        raise QuickDrawError(f"{where}: a stroke has no points, or x and y differ in length")
    if not all(np.isfinite(stroke).all() for stroke in strokes):
        raise QuickDrawError(f"{where}: a coordinate is not a number")
    return Drawing(name, key, recognized, fit_grid(strokes))


def fit_grid(strokes: list[Points]) -> list[Points]:
    """Scale to 0...1023 on the longer side, from the top left corner, and merge straight runs."""
    low = np.min([stroke.min(0) for stroke in strokes], 0)
    high = np.max([stroke.max(0) for stroke in strokes], 0)
    scale = (GRID - 1) / max(float((high - low).max()), 1e-6)
    return [simplify(((stroke - low) * scale).astype(np.float32), STRAIGHT) for stroke in strokes]


def simplify(line: Points, tolerance: float) -> Points:
    """Leave out points that are nearer than ``tolerance`` to the line without them.

    Source: Douglas and Peucker 1973.
    """
    if len(line) < 3:
        return line
    kept: NDArray[np.float32] = cv2.approxPolyDP(line[:, None], tolerance, False)[:, 0]
    if np.array_equal(kept[-1], line[-1]):
        return kept
    return np.concatenate([kept, line[-1:]])  # OpenCV drops the end of a line that closes


def _first(drawings: Iterable[Drawing], count: int) -> list[Drawing]:
    return sorted(_limited(drawings, count), key=lambda drawing: drawing.name)


def _limited(drawings: Iterable[Drawing], count: int) -> Iterator[Drawing]:
    taken: dict[str, int] = {}
    for drawing in drawings:
        taken[drawing.name] = taken.get(drawing.name, 0) + 1
        if taken[drawing.name] <= count:
            yield drawing
