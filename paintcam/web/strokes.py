"""The strokes of a drawing, for its replay: checked number by number."""

from __future__ import annotations

import json
import re
from typing import Any

__all__ = ["MAX_BYTES", "StrokesError", "checked_strokes"]

MAX_BYTES = 64 * 1024
"""Largest accepted upload."""

_MAX_STROKES = 2_000
_MAX_NUMBERS = 30_000
_BOUNDS = -512, 1_024  # a finger may leave the paper, within reason
_COLOR = re.compile(r"#[0-9a-f]{6}")
_POINTS = {"fill": 2, "line": 4, "rectangle": 4, "ellipse": 4, "clear": 0}
_FREE = ("brush", "eraser")


class StrokesError(ValueError):
    """The bytes are not strokes; the text says why."""


def checked_strokes(body: bytes) -> str:
    """Check strokes that a page sent.

    Args:
        body: JSON: a list of objects with `tool`, `color` ("#rrggbb"), `size` (1…128), `points`
            (whole numbers x, y, x, y, … in pixels of the 512 × 512 drawing) and, with a pen,
            `pressure` (0…100, one for each point).

    Returns:
        The same as compact JSON, with nothing else in it.

    Raises:
        StrokesError: It is something else.
    """
    if len(body) > MAX_BYTES:
        raise StrokesError(f"The strokes have {len(body):,} bytes; {MAX_BYTES:,} are allowed.")
    try:
        listed = json.loads(body)
    except (ValueError, RecursionError):
        raise StrokesError("The strokes are not JSON.") from None
    if not isinstance(listed, list) or len(listed) > _MAX_STROKES:
        raise StrokesError(f"A list of at most {_MAX_STROKES} strokes is expected.")
    strokes = [_checked(stroke) for stroke in listed]
    if sum(len(stroke["points"]) for stroke in strokes) > _MAX_NUMBERS:
        raise StrokesError(f"The strokes have more than {_MAX_NUMBERS // 2:,} points.")
    return json.dumps(strokes, separators=(",", ":"))


def _checked(stroke: object) -> dict[str, Any]:
    if not isinstance(stroke, dict):
        raise StrokesError("A stroke is not an object.")
    tool, color = stroke.get("tool"), stroke.get("color", "#000000")
    if tool not in (*_FREE, *_POINTS):
        raise StrokesError("A stroke has an unknown tool.")
    if not isinstance(color, str) or not _COLOR.fullmatch(color):
        raise StrokesError("A stroke must have a color such as #1a2b3c.")
    (size,) = _numbers([stroke.get("size", 1)], 1, 128)
    points = _numbers(stroke.get("points", []), *_BOUNDS)
    expected = _POINTS.get(tool, max(2, len(points) // 2 * 2))
    if len(points) != expected:
        raise StrokesError(f"A {tool} stroke has {len(points)} coordinates; expected {expected}.")
    checked = {"tool": tool, "color": color, "size": size, "points": points}
    if "pressure" in stroke:
        checked["pressure"] = _numbers(stroke["pressure"], 0, 100)
        if len(checked["pressure"]) * 2 != len(points):
            raise StrokesError("A stroke must have one pressure value per point.")
    return checked


def _numbers(values: object, low: int, high: int) -> list[int]:
    if not isinstance(values, list) or not all(
        # JSON's true and false are numbers in Python, and 1.5 is no pixel
        type(value) is int and low <= value <= high
        for value in values
    ):
        raise StrokesError(f"Whole numbers from {low} to {high} are expected.")
    return values
