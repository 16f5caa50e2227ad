"""Render every picture once as 128-pixel RGBA, and store its outlines as polylines.

Both stores are plain arrays that loader processes map read-only. Every look is made from them when
it is needed.
"""

# mypy: disable-error-code="no-any-return"
# OpenCV and torch have no types: what they return is Any.

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError

import cv2
import numpy as np
from numpy.typing import NDArray

from . import emoji_font, icon_sets
from .files import whole
from .outlines import GRID, Shape, read_shapes
from .pictures import Picture, read_set

SIZE = 128
CHUNK = 1500
MAX_SHAPES, MAX_POINTS = 250, 5000  # nobody would copy a busier drawing by hand
NONE = -1


def render(pictures: list[Picture], packages: Path, work: Path, processes: int = 2) -> None:
    """Render in chunks; finished chunks are kept, so an interrupted run resumes.

    Writes ``raster.npy`` uint8 (N, 128, 128, 4), RGBA with colour premultiplied by alpha, and
    ``outlines.npz``, see :class:`Store`.
    """
    if (work / "outlines.npz").exists():
        return
    folder = work / "chunks"
    folder.mkdir(parents=True, exist_ok=True)
    starts = range(0, len(pictures), CHUNK)
    todo = [start for start in starts if not (folder / f"{start}.npz").exists()]
    with ProcessPoolExecutor(processes) as pool:
        job = partial(_render_chunk, pictures, packages, folder)
        for done, start in enumerate(pool.map(job, todo), 1):
            print(f"render {start + CHUNK} ({done}/{len(todo)} chunks)", flush=True)
    _join([folder / f"{start}.npz" for start in starts], len(pictures), work)


@dataclass(slots=True)
class Store:
    """The rendered pictures: ``raster`` and, in flat arrays, every picture's shapes.

    Picture i has shapes ``of_picture[i]:of_picture[i+1]``; shape s has contours
    ``of_shape[s]:of_shape[s+1]``; contour c has points ``of_contour[c]:of_contour[c+1]``.
    """

    raster: NDArray[np.uint8]
    points: NDArray[np.int16]
    of_contour: NDArray[np.int64]
    of_shape: NDArray[np.int64]
    of_picture: NDArray[np.int64]
    paint: NDArray[np.int16]

    @classmethod
    def open(cls, work: Path) -> Store:
        """Map the raster and read the outlines."""
        flat = np.load(work / "outlines.npz")
        raster = np.load(work / "raster.npy", mmap_mode="r")
        return cls(raster, **{name: flat[name] for name in flat.files})

    def shape_counts(self) -> NDArray[np.int64]:
        """Return how many shapes each picture has."""
        return np.diff(self.of_picture)

    def shapes(self, picture: int) -> list[Shape]:
        """Return one picture's shapes; empty where it has none that can be redrawn."""
        found = []
        for s in range(self.of_picture[picture], self.of_picture[picture + 1]):
            contours = [
                self.points[self.of_contour[c] : self.of_contour[c + 1]].astype(np.float32)
                for c in range(self.of_shape[s], self.of_shape[s + 1])
            ]
            fill, stroke = (
                tuple(p.tolist()) if p[0] != NONE else None
                for p in (self.paint[s, :3], self.paint[s, 3:])
            )
            found.append(Shape(contours, fill, stroke))
        return found


def icon_svg(data: dict[str, Any], icon: str) -> str:
    """Return an icon of an Iconify set as a whole SVG document, black where it has no colour."""
    body = data["icons"][icon]
    width, height = (body.get(k, data.get(k, 16)) for k in ("width", "height"))
    left, top = (body.get(k, data.get(k, 0)) for k in ("left", "top"))
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'color="#000" width="{width}" height="{height}" '
        f'viewBox="{left} {top} {width} {height}">'
        + body["body"].replace("currentColor", "#000")
        + "</svg>"
    )


def fit_square(rgba: NDArray[np.uint8], size: int = SIZE) -> NDArray[np.uint8] | None:
    """Crop to what is drawn and fit into a square.

    Args:
        rgba: Any height and width, colour not premultiplied.
        size: Side of the square.

    Returns:
        (size, size, 4) with colour premultiplied, or None for an empty picture.
    """
    rows, columns = (np.flatnonzero(rgba[..., 3].max(axis) > 8) for axis in (1, 0))
    if len(rows) < 2 or len(columns) < 2:
        return None
    part = rgba[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].astype(np.float32)
    part[..., :3] *= part[..., 3:] / 255
    factor = size / max(part.shape[:2])
    height, width = (max(1, round(edge * factor)) for edge in part.shape[:2])
    how = cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR
    out = np.zeros((size, size, 4), np.float32)
    y, x = (size - height) // 2, (size - width) // 2
    out[y : y + height, x : x + width] = cv2.resize(part, (width, height), interpolation=how)
    return out.clip(0, 255).astype(np.uint8)


def _render_chunk(pictures: list[Picture], packages: Path, folder: Path, start: int) -> int:
    import resvg_py  # type: ignore[import-not-found]  # only this step needs it

    cv2.setNumThreads(1)
    raster, outlines, sets = [], [], {}
    for picture in pictures[start : start + CHUNK]:
        image, shapes = None, []
        if picture.set == icon_sets.CLIPART:
            image = _read_png(packages / picture.icon)
        else:
            if picture.set not in sets:
                sets = {picture.set: read_set(packages, picture.set)}  # one at a time: they are big
            svg = icon_svg(sets[picture.set], picture.icon)
            try:
                png = resvg_py.svg_to_bytes(svg_string=svg, width=160, skip_system_fonts=True)
                image = cv2.imdecode(np.frombuffer(bytes(png), np.uint8), cv2.IMREAD_UNCHANGED)
                if picture.set != emoji_font.NAME:  # its outlines go round its lines
                    shapes = read_shapes(svg)
            except (
                ValueError,
                ParseError,
            ) as error:  # what resvg and the parser raise for a broken drawing
                print(f"skip {picture.set}:{picture.icon}: {str(error)[:80]}", flush=True)
        square = fit_square(_rgba(image)) if image is not None else None
        raster.append(np.zeros((SIZE, SIZE, 4), np.uint8) if square is None else square)
        outlines.append([] if _too_busy(shapes) else shapes)
    with whole(folder / f"{start}.npz") as file:
        np.savez(file, raster=np.stack(raster), **_flatten(outlines))  # type: ignore[arg-type]
    return start


def _read_png(file: Path) -> NDArray[np.uint8] | None:
    image = cv2.imread(str(file), cv2.IMREAD_UNCHANGED)
    return (
        (image / 257).astype(np.uint8) if image is not None and image.dtype == np.uint16 else image
    )


def _rgba(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Bring grey, BGR or BGRA to RGBA."""
    if image.ndim == 2:
        return cv2.cvtColor(image, cv2.COLOR_GRAY2RGBA)
    how = cv2.COLOR_BGR2RGBA if image.shape[2] == 3 else cv2.COLOR_BGRA2RGBA
    return cv2.cvtColor(image, how)


def _too_busy(shapes: list[Shape]) -> bool:
    points = sum(len(contour) for shape in shapes for contour in shape.contours)
    return len(shapes) > MAX_SHAPES or points > MAX_POINTS


def _flatten(outlines: list[list[Shape]]) -> dict[str, NDArray[Any]]:
    shapes = [shape for drawing in outlines for shape in drawing]
    contours = [contour for shape in shapes for contour in shape.contours]
    points = np.concatenate(contours) if contours else np.zeros((0, 2))
    paint = [(*(s.fill or (NONE,) * 3), *(s.stroke or (NONE,) * 3)) for s in shapes]
    return {
        "points": points.clip(0, GRID).astype(np.int16),
        "of_contour": np.array([len(contour) for contour in contours], np.int64),
        "of_shape": np.array([len(shape.contours) for shape in shapes], np.int64),
        "of_picture": np.array([len(drawing) for drawing in outlines], np.int64),
        "paint": np.array(paint, np.int16).reshape(-1, 6),
    }


def _join(chunks: list[Path], count: int, work: Path) -> None:
    """Put the chunks' rasters in one file and their outlines in another; lengths become offsets."""
    raster = np.lib.format.open_memmap(  # type: ignore[no-untyped-call]
        work / "raster.npy", mode="w+", dtype=np.uint8, shape=(count, SIZE, SIZE, 4)
    )
    parts: dict[str, list[NDArray[Any]]] = {}
    row = 0
    for chunk in chunks:
        with np.load(chunk) as data:
            raster[row : row + len(data["raster"])] = data["raster"]
            row += len(data["raster"])
            for name in set(data.files) - {"raster"}:
                parts.setdefault(name, []).append(data[name])
    raster.flush()
    flat = {name: np.concatenate(arrays) for name, arrays in parts.items()}
    for name in ("of_contour", "of_shape", "of_picture"):
        flat[name] = np.concatenate([[0], np.cumsum(flat[name])])
    with whole(work / "outlines.npz") as file:
        np.savez(file, **flat)
    for chunk in chunks:
        chunk.unlink()
