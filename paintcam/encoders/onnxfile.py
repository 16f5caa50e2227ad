"""Checks of an ONNX file that need no ONNX Runtime: complete and self-contained.

A model is a Protocol Buffers message. What these checks need of it can be read without loading it:
each field begins with its number and its length.

Source: Protocol Buffers, "Encoding"; onnx.proto.
"""

from __future__ import annotations

import itertools
import mmap
from collections.abc import Iterator
from pathlib import Path
from typing import TypeAlias

from paintcam.encoders.cache_files import is_regular

__all__ = [
    "DATA_LOCATION",
    "EXTERNAL_DATA",
    "GRAPH",
    "Span",
    "fields",
    "has_external_data",
    "is_whole",
]

Span: TypeAlias = tuple[int, int]
"""Where a message or its bytes start and end in the file."""

GRAPH = 7  # its field number in ModelProto
# message → field number → message: the ways to a tensor, in onnx.proto
WAYS = {
    "model": {GRAPH: "graph", 20: "training", 25: "function"},
    "training": {1: "graph", 2: "graph"},
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "function": {7: "node", 11: "attribute"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"},
    "sparse": {1: "tensor", 2: "tensor"},
}
EXTERNAL_DATA, DATA_LOCATION = 13, 14  # of TensorProto
DEEPEST = 32  # graphs in graphs; real models have two or three
MOST_PARTS = 10_000  # outermost fields; real models have a few dozen
MOST_FIELDS = 2_000_000  # fields in all, ten seconds of work; real models have 0.1 million


def is_whole(path: Path) -> bool:
    """Return whether a file's outermost fields end exactly where the file ends.

    Reads a few bytes however large it is: a model is one long graph between short fields, so a file
    that was cut short does not add up.
    """
    try:
        if not is_regular(path):
            return False
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            found = itertools.islice(fields(data, (0, len(data))), MOST_PARTS + 1)
            numbers = [number for number, _, _ in found]
            return GRAPH in numbers and len(numbers) <= MOST_PARTS
    except (OSError, ValueError):
        return False


def has_external_data(path: Path) -> bool:
    """Return whether a model takes weights from outside its file: another file, or memory.

    CLIP's files never do. A crafted one can make ONNX Runtime read any file or address.

    Raises:
        OSError: The file cannot be read.
        ValueError: It is not a model.
    """
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        return _has_external(data, (0, len(data)), "model", DEEPEST, itertools.count())


def _has_external(
    data: mmap.mmap, span: Span, message: str, deepest: int, counter: Iterator[int]
) -> bool:
    if deepest == 0:
        raise ValueError("graphs are nested too deeply")
    for number, inner, value in fields(data, span):
        if next(counter) > MOST_FIELDS:
            raise ValueError("it has too many parts")
        if message == "tensor":
            if number == EXTERNAL_DATA or (number == DATA_LOCATION and value):
                return True
        elif inner is not None and (way := WAYS[message].get(number)):
            below = deepest - (way == "graph")
            if _has_external(data, inner, way, below, counter):
                return True
    return False


def fields(data: mmap.mmap, span: Span) -> Iterator[tuple[int, Span | None, int]]:
    """List the fields of a message: number, span of a nested message or bytes, number's value.

    Raises:
        ValueError: They do not end where the message ends.
    """
    at, end = span
    while at < end:
        key, at = _varint(data, at, end)
        if key >> 32:
            # ONNX Runtime drops the upper bits, and would see another field here
            raise ValueError("a field has an impossible number")
        kind, value, inner = key & 7, 0, None
        if kind == 0:
            value, at = _varint(data, at, end)
        elif kind == 2:
            length, at = _varint(data, at, end)
            inner = (at, at + length)
            at += length
        elif kind in (1, 5):
            at += 8 if kind == 1 else 4
        else:
            raise ValueError("unknown kind of field")
        if at > end:
            raise ValueError("incomplete")
        yield key >> 3, inner, value


def _varint(data: mmap.mmap, at: int, end: int) -> tuple[int, int]:
    value = shift = 0
    while at < end and shift < 64:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
    raise ValueError("incomplete")
