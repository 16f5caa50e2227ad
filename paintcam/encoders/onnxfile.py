"""Whether a file is a whole ONNX model: at a glance, and by opening it."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

from paintcam.errors import ModelError

__all__ = ["check_clip_part", "is_whole", "open_error"]


def is_whole(path: Path) -> bool:
    """Whether a file's outermost protobuf fields end exactly where the file ends.

    Reads a few bytes however large it is: a model is one long `graph` field between short ones,
    each told with its length, so a file that was cut short does not add up.

    Source: Protocol Buffers, "Encoding"; onnx.proto, ModelProto (graph is field 7).
    """
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            graph = False
            while file.tell() < size:
                key = _varint(file)
                graph = graph or key == (7 << 3 | 2)
                length = {0: 0, 1: 8, 2: None, 5: 4}[key & 7]
                if key & 7 == 0:
                    _varint(file)
                file.seek(_varint(file) if length is None else length, 1)
            return graph and file.tell() == size
    except (OSError, EOFError, KeyError, ValueError, OverflowError):
        return False


def open_error(path: Path) -> str:
    """What ONNX Runtime says against a model; empty where it opens it."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    # To open is the question, not to run fast.
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    try:
        session = onnxruntime.InferenceSession(
            str(path), options, providers=["CPUExecutionProvider"]
        )
    except Exception as error:  # ONNX Runtime's errors share no narrower public base
        return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    if len(session.get_inputs()) != 1 or not session.get_outputs():
        return "it is no half of CLIP"
    return ""


def check_clip_part(path: Path) -> None:
    """Refuse a download that is no model.

    Raises:
        ModelError: ONNX Runtime does not open it.
    """
    if reason := open_error(path):
        raise ModelError(
            f"What came as {path.name.removesuffix('.part')} is no CLIP model ({reason}). It was "
            " removed; run the same command again, or pass `--model sketch`."
        )


def _varint(file: BinaryIO) -> int:
    value = shift = 0
    while True:
        byte = file.read(1)
        if not byte or shift > 63:
            raise EOFError
        value |= (byte[0] & 0x7F) << shift
        if byte[0] < 0x80:
            return value
        shift += 7
