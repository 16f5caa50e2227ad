"""Flatten the data of an SVG path to polylines (SVG 1.1, chapter 8)."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.floating]
NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?", re.I)
TOKEN = re.compile(r"([a-zA-Z])|([-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?)")


def flatten_path(text: str) -> list[Points]:
    """Flatten a path's data; curves become six pieces each, arcs about one piece in 20 degrees."""
    contours: list[list[tuple[float, float]]] = []
    for command, numbers in _commands(text):
        low, relative = command.lower(), command.islower()
        here = np.array(contours[-1][-1]) if contours else np.zeros(2)
        if low == "m":
            start = np.array(numbers) + (here if relative else 0)
            contours.append([tuple(start)])
            control = start
            continue
        if not contours:
            continue
        line = contours[-1]
        if low == "z":
            line.append(line[0])
            contours.append([line[0]])  # what follows without a move starts here
            control = np.array(line[0])
            continue
        if low in "hv":
            end = here.copy()
            axis = 0 if low == "h" else 1
            end[axis] = numbers[0] + (here[axis] if relative else 0)
            piece, control = [end], end
        elif low == "a":
            end = np.array(numbers[5:]) + (here if relative else 0)
            piece, control = _arc(here, end, *numbers[:5]), end
        else:
            points = np.array(numbers).reshape(-1, 2) + (here if relative else 0)
            if low in "st":  # the first control point mirrors the one before
                points = np.vstack([2 * here - control, points])
            end = points[-1]
            control = points[-2] if len(points) > 1 else end
            piece = _bezier(here, points)
        line.extend(tuple(point) for point in piece)
    return [np.array(line) for line in contours if len(line) > 1]


COUNT = {"m": 2, "l": 2, "h": 1, "v": 1, "c": 6, "s": 4, "q": 4, "t": 2, "a": 7, "z": 0}


def _commands(text: str) -> Iterator[tuple[str, list[float]]]:
    """Yield (command, its numbers), with repeated commands spelled out and arc flags split."""
    command = ""
    numbers: list[float] = []
    text = re.sub(r"([aA])([^a-zA-Z]*)", lambda m: m[1] + _split_flags(m[2]), text)
    for letter, number in TOKEN.findall(text):
        if letter:
            command, numbers = letter, []
            if letter in "zZ":
                yield letter, []
            continue
        numbers.append(float(number))
        if command and len(numbers) == COUNT.get(command.lower(), 99):
            yield command, numbers
            numbers = []
            command = {"m": "l", "M": "L"}.get(command, command)


def _split_flags(text: str) -> str:
    """Separate an arc's two flags, which may be written without spaces: ``a1 1 0 012 2``."""
    out, slot, rest = [], 0, text
    while rest := rest.lstrip(" ,\n\t"):
        match = re.match(r"[01]", rest) if slot % 7 in (3, 4) else NUMBER.match(rest)
        if not match:
            break
        out.append(match[0])
        rest, slot = rest[match.end() :], slot + 1
    return " ".join(out) + " "


def _bezier(start: Points, points: Points) -> list[Points]:
    """Evaluate a line, quadratic or cubic piece at six steps (one for a line)."""
    t = np.linspace(0, 1, 2 if len(points) == 1 else 7)[1:, None]
    hull = [start, *points]
    while len(hull) > 1:  # de Casteljau
        hull = [a * (1 - t) + b * t for a, b in pairwise(hull)]
    return list(hull[0])


def _arc(
    start: Points, end: Points, rx: float, ry: float, turn: float, large: float, sweep: float
) -> list[Points]:
    """Flatten an elliptical arc (SVG 1.1, appendix F.6.5)."""
    if rx == 0 or ry == 0 or np.allclose(start, end):
        return [end]
    phi = math.radians(turn)
    rotate = np.array([[math.cos(phi), math.sin(phi)], [-math.sin(phi), math.cos(phi)]])
    half = rotate @ (start - end) / 2
    radii = np.abs([rx, ry])
    radii = radii * max(1.0, math.sqrt(((half / radii) ** 2).sum()))
    unit = half / radii
    root = math.sqrt(max(0.0, 1 / max((unit**2).sum(), 1e-9) - 1))
    centre = root * np.array([unit[1], -unit[0]]) * (-1 if large == sweep else 1)
    first, last = (math.atan2(v[1], v[0]) for v in (unit - centre, -unit - centre))
    span = last - first
    if sweep and span < 0:
        span += 2 * math.pi
    if not sweep and span > 0:
        span -= 2 * math.pi
    angles = first + span * np.linspace(0, 1, 2 + int(abs(span) / 0.35))[1:]
    around = (np.stack([np.cos(angles), np.sin(angles)], 1) + centre) * radii
    return list(around @ rotate + (start + end) / 2)
