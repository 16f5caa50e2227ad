"""Checks of an ONNX file: complete, self-contained, and accepted by ONNX Runtime.

A model is a Protocol Buffers message. What these checks need of it can be read without loading it:
each field begins with its number and its length.

Source: Protocol Buffers, "Encoding"; onnx.proto.
"""

from __future__ import annotations

import mmap
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import TypeAlias

from paintcam.encoders.cache_files import is_regular
from paintcam.encoders.isolated import run_python
from paintcam.errors import WITHOUT_CLIP, ModelError

__all__ = [
    "DATA_LOCATION",
    "EXTERNAL_DATA",
    "GRAPH",
    "Span",
    "check_clip_part",
    "fields",
    "has_external_data",
    "is_whole",
    "open_error",
    "open_error_in_child",
]

Span: TypeAlias = tuple[int, int]
"""Where a message or its bytes start and end in the file."""

GRAPH = 7  # its field number in ModelProto
OPEN_S = 120.0
"""Longest time that a child process may take to open a model."""

OPEN_CODE = (
    "from pathlib import Path; from paintcam.encoders.onnxfile import open_error;"
    "sys.stdout.buffer.write(open_error(Path(sys.argv[1])).encode())"
)

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


def is_whole(path: Path) -> bool:
    """Return whether a file's outermost fields end exactly where the file ends.

    Reads a few bytes however large it is: a model is one long graph between short fields, so a file
    that was cut short does not add up.
    """
    try:
        if not is_regular(path):
            return False
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            return GRAPH in [number for number, _, _ in fields(data, (0, len(data)))]
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
        return _has_external(data, (0, len(data)), "model", DEEPEST)


def open_error(path: Path) -> str:
    """Open a model with ONNX Runtime; return what is wrong with it, or "" if it opens.

    A malicious file can end the process: see `open_error_in_child`.
    """
    try:
        if has_external_data(path):
            return "it loads weights from outside the file"
    except (OSError, ValueError) as error:
        return f"not an ONNX model: {error}"
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    # it must open, not run fast
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    try:
        session = onnxruntime.InferenceSession(
            str(path), options, providers=["CPUExecutionProvider"]
        )
    except Exception as error:  # ONNX Runtime's errors share no narrower public base
        return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    if len(session.get_inputs()) != 1 or not session.get_outputs():
        return "unexpected inputs or outputs"
    return ""


def open_error_in_child(path: Path) -> str:
    """Open a model in a separate process, which a malicious file may crash; see `open_error`."""
    try:
        ran = run_python(OPEN_CODE, str(path), timeout_s=OPEN_S)
    except subprocess.TimeoutExpired:
        return f"it did not open within {OPEN_S:.0f} s"
    if ran.returncode:
        return f"it crashed the process that opened it (code {ran.returncode})"
    return ran.stdout.decode(errors="replace")


def check_clip_part(path: Path) -> None:
    """Refuse a download that is not a model.

    Raises:
        ModelError: ONNX Runtime does not open it.
    """
    if reason := open_error_in_child(path):
        name = path.name.removesuffix(".part")
        raise ModelError(
            f"The downloaded {name} is not a valid CLIP model ({reason}). It was removed.",
            fix=f"Run the same command again, or {WITHOUT_CLIP}.",
        )


def _has_external(data: mmap.mmap, span: Span, message: str, deepest: int) -> bool:
    if deepest == 0:
        raise ValueError("graphs are nested too deeply")
    for number, inner, value in fields(data, span):
        if message == "tensor":
            if number == EXTERNAL_DATA or (number == DATA_LOCATION and value):
                return True
        elif inner is not None and (way := WAYS[message].get(number)):
            below = deepest - (way == "graph")
            if _has_external(data, inner, way, below):
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
