"""Read an SVG as shapes made of polylines, so that it can be redrawn by a shaky hand.

Paths, basic shapes, groups, ``use`` and transforms are understood; clips, masks, filters and text
are left out, as a person drawing would leave them out.
"""

from __future__ import annotations

import math
import re
import xml.etree.ElementTree as ET
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .svg_path import NUMBER, Points, flatten_path

Matrix = NDArray[np.float64]
Named = dict[str, ET.Element]
Colour = tuple[int, ...]  # RGB
GRID = 1024  # coordinates are stored as integers on a grid this wide
HIDDEN = {"defs", "clipPath", "mask", "filter", "linearGradient", "radialGradient", "text", "style"}
INHERITED = ("fill", "stroke", "stroke-width", "opacity", "fill-opacity")
NAMED = {
    "black": (0, 0, 0),
    "white": (255, 255, 255),
    "red": (255, 0, 0),
    "currentcolor": (0, 0, 0),
}


@dataclass(slots=True)
class Shape:
    """Contours, each (N, 2) float32 in grid units, with what fills and strokes them (RGB)."""

    contours: list[Points]
    fill: Colour | None
    stroke: Colour | None


def read_shapes(svg: str) -> list[Shape]:
    """Read an SVG's shapes in painting order, scaled to fill the grid and centred.

    Args:
        svg: The document's text.

    Returns:
        Visible shapes; empty where the drawing uses nothing that is understood.
    """
    root = ET.fromstring(svg)
    named = {node.attrib["id"]: node for node in root.iter() if node.get("id")}
    shapes: list[Shape] = []
    _walk(root, np.eye(3), {"fill": "#000"}, named, shapes, depth=0)
    return _fit(shapes)


def _walk(
    node: ET.Element,
    matrix: Matrix,
    style: dict[str, str],
    named: Named,
    shapes: list[Shape],
    depth: int,
) -> None:
    tag = node.tag.rpartition("}")[2]
    if tag in HIDDEN or depth > 12:
        return
    style = style | {key: node.attrib[key] for key in INHERITED if key in node.attrib}
    if node.get("transform"):
        matrix = np.matmul(matrix, _transform(node.attrib["transform"]))
    if tag == "use":
        target = named.get((node.get("href") or node.get(XLINK) or "#")[1:])
        if target is not None:
            shift = np.eye(3)
            shift[:2, 2] = float(node.get("x", 0)), float(node.get("y", 0))
            _walk(target, matrix @ shift, style, named, shapes, depth + 1)
        return
    contours = _contours(tag, node)
    if contours:
        visible = float(style.get("opacity") or 1) * float(style.get("fill-opacity") or 1) > 0.3
        fill, stroke = (_colour(style.get(key), named) for key in ("fill", "stroke"))
        if visible and (fill or stroke):
            moved = [c @ matrix[:2, :2].T + matrix[:2, 2] for c in contours if len(c) > 1]
            shapes.append(Shape([c.astype(np.float32) for c in moved], fill, stroke))
    for child in node:
        _walk(child, matrix, style, named, shapes, depth + 1)


XLINK = "{http://www.w3.org/1999/xlink}href"


def _contours(tag: str, node: ET.Element) -> list[Points]:
    """Flatten one element to polylines in its own coordinates."""

    def value(key: str) -> float:
        return float(NUMBER.findall(node.get(key, "0"))[0])

    if tag == "path":
        return flatten_path(node.get("d", ""))
    if tag in ("circle", "ellipse"):
        rx, ry = (value("r"), value("r")) if tag == "circle" else (value("rx"), value("ry"))
        turn = np.linspace(0, 2 * math.pi, 25)
        around = np.stack([rx * np.cos(turn), ry * np.sin(turn)], 1)
        return [around + np.array((value("cx"), value("cy")))]
    if tag == "rect":
        x, y, w, h = value("x"), value("y"), value("width"), value("height")
        return [np.array([(x, y), (x + w, y), (x + w, y + h), (x, y + h), (x, y)])]
    if tag == "line":
        return [np.array([(value("x1"), value("y1")), (value("x2"), value("y2"))])]
    if tag in ("polygon", "polyline"):
        points = np.array([float(n) for n in NUMBER.findall(node.get("points", ""))])
        points = points[: len(points) // 2 * 2].reshape(-1, 2)
        return [np.vstack([points, points[:1]]) if tag == "polygon" else points]
    return []


def _transform(text: str) -> Matrix:
    """Multiply an attribute's transforms to one 3x3 matrix."""
    matrix = np.eye(3)
    for name, inner in re.findall(r"(\w+)\s*\(([^)]*)\)", text):
        n = [float(v) for v in NUMBER.findall(inner)]
        step = np.eye(3)
        if name == "matrix":
            step[:2] = np.array(n).reshape(3, 2).T
        elif name == "translate":
            step[:2, 2] = n[0], n[1] if len(n) > 1 else 0
        elif name == "scale":
            step[0, 0], step[1, 1] = n[0], n[-1]
        elif name == "rotate":
            c, s = math.cos(math.radians(n[0])), math.sin(math.radians(n[0]))
            step[:2, :2] = (c, -s), (s, c)
            if len(n) == 3:
                step[:2, 2] = np.array(n[1:]) - step[:2, :2] @ n[1:]
        matrix = matrix @ step
    return matrix


def _colour(value: str | None, named: Named) -> Colour | None:
    """Read a paint; a gradient becomes the mean of its stops."""
    if not value or value in ("none", "transparent"):
        return None
    value = value.strip().lower()
    if value.startswith("url("):
        node = named.get(value[5:-1], named.get(_same_case(value[5:-1], named)))
        stops = [] if node is None else [_colour(s.get("stop-color"), named) for s in node]
        colours = [stop for stop in stops if stop]
        return tuple(int(v) for v in np.mean(colours, 0)) if colours else (128, 128, 128)
    if re.fullmatch(r"#[0-9a-f]{3}", value):
        value = "#" + "".join(2 * digit for digit in value[1:])
    if re.fullmatch(r"#[0-9a-f]{6}", value):
        return tuple(int(value[i : i + 2], 16) for i in (1, 3, 5))
    return NAMED.get(value, (90, 90, 90))


def _same_case(key: str, named: Named) -> str:
    return next((name for name in named if name.lower() == key), "")


def _fit(shapes: list[Shape]) -> list[Shape]:
    """Scale to fill the grid, keeping proportions, and centre."""
    points = [c for shape in shapes for c in shape.contours]
    if not points:
        return []
    low, high = (f([f(c, 0) for c in points], 0) for f in (np.min, np.max))
    scale = (GRID - 1) / max(float((high - low).max()), 1e-6)
    offset = (GRID - 1) / 2 - scale * (low + high) / 2
    for shape in shapes:
        shape.contours = [c * scale + offset for c in shape.contours]
    return shapes
