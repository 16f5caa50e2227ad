"""What `apart` and its worker say to each other: a JSON header, then raw bytes, over a pipe."""

from __future__ import annotations

import json
import struct
from collections.abc import Sequence
from typing import IO, Any, TypeAlias

import numpy as np
import numpy.typing as npt

__all__ = ["Message", "receive", "send"]

Message: TypeAlias = tuple[dict[str, Any], list[npt.NDArray[Any]]]
"""A header, and the arrays that go with it."""

LENGTH = struct.Struct("<I")


def send(pipe: IO[bytes], header: dict[str, Any], arrays: Sequence[npt.NDArray[Any]] = ()) -> None:
    """Write one message.

    Args:
        pipe: Where to.
        header: JSON; the key "arrays" is taken.
        arrays: Of any shape, uint8 or float32.

    Raises:
        OSError: The other end is gone.
    """
    shapes = [[str(array.dtype), list(array.shape)] for array in arrays]
    text = json.dumps(header | {"arrays": shapes}).encode()
    pipe.write(LENGTH.pack(len(text)) + text)
    for array in arrays:
        pipe.write(np.ascontiguousarray(array).data.cast("B") if array.size else b"")
    pipe.flush()


def receive(pipe: IO[bytes]) -> Message:
    """Read one message.

    Raises:
        EOFError: The other end is gone.
    """
    (length,) = LENGTH.unpack(_exactly(pipe, LENGTH.size))
    header = json.loads(_exactly(pipe, length))
    arrays = []
    for dtype, shape in header.pop("arrays"):
        kind = np.dtype(dtype)
        data = _exactly(pipe, kind.itemsize * int(np.prod(shape)))
        arrays.append(np.frombuffer(data, kind).reshape(shape))
    return header, arrays


def _exactly(pipe: IO[bytes], count: int) -> bytes:
    data = pipe.read(count)
    if len(data) < count:
        raise EOFError
    return data
