"""An encoder in a child process, and the protocol that both ends speak.

Importing torch and building ONNX Runtime's sessions hold Python's lock, for more than a second at
a time on a slow machine, while a live picture must go on. A child process can also be ended at
any moment, however deep in a model it is, and what its libraries print stays with it.

A message is a JSON header, preceded by its length, and then the raw bytes of the arrays that the
header announces.
"""

from __future__ import annotations

import contextlib
import json
import struct
import subprocess
import weakref
from collections.abc import Sequence
from typing import IO, Any, TypeAlias

import numpy as np
import numpy.typing as npt

from paintcam.encoders.base import Embeddings, EncoderInfo, middle_square
from paintcam.encoders.clip_pixels import clip_square
from paintcam.encoders.isolated import OWN_GROUP, python_command
from paintcam.errors import CHECK_MACHINE, ModelError, PromptError
from paintcam.frames import Image

__all__ = ["ChildEndedError", "ChildProcessEncoder", "Message", "receive", "send"]

Message: TypeAlias = tuple[dict[str, Any], list[npt.NDArray[Any]]]
"""A header, and the arrays that belong to it."""

LENGTH = struct.Struct("<I")
CODE = "from paintcam.encoders.worker import serve; serve(*sys.argv[1:])"


class ChildEndedError(ModelError):
    """The child process has ended without an answer."""


class ChildProcessEncoder:
    """Any encoder that `load_encoder` knows, run in a child process.

    The child ends with `close`, with this object, and with this process, however that ends.

    Args:
        name: As `--model` takes it.
        engine: As `load_encoder` takes it.
        provider: As `load_encoder` takes it.
        texts: As `load_encoder` takes them.
        note: Added to the notes of the encoder's info.
        wait: Return when the encoder is loaded. Without it, call `wait` before anything else.

    Raises:
        ChildEndedError: The process crashed while it loaded the encoder.
        ModelError: The encoder cannot be loaded.
    """

    def __init__(
        self,
        name: str,
        engine: str = "onnx",
        provider: str = "auto",
        texts: Sequence[str] = (),
        *,
        note: str = "",
        wait: bool = True,
    ) -> None:
        self._name = name
        self._note = note
        try:
            self._process = subprocess.Popen(
                python_command(CODE, name, engine, provider, json.dumps(list(texts))),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                **OWN_GROUP,
            )
        except OSError as error:
            raise ModelError(
                f"Cannot start a process for {name} ({error.strerror}).", fix=CHECK_MACHINE
            ) from error
        self._end = weakref.finalize(self, _end, self._process)
        if wait:
            self.wait()

    def wait(self) -> None:
        """Wait until the encoder is loaded.

        Raises:
            ChildEndedError: The process crashed while it loaded the encoder.
            ModelError: The encoder cannot be loaded.
        """
        try:
            declared, arrays = self._answer()
        except ModelError:
            self.close()
            raise
        low, high = declared.pop("score_range")
        notes = (*declared.pop("notes"), *filter(None, [self._note]))
        handwriting = arrays[0] if arrays else None
        self._info = EncoderInfo(
            score_range=(low, high), handwriting=handwriting, notes=notes, **declared
        )

    @property
    def info(self) -> EncoderInfo:
        """What the encoder declares about itself."""
        return self._info

    def encode_image(self, images: Sequence[Image]) -> Embeddings:
        """Embed frames in the joint space.

        Args:
            images: BGR uint8 frames, each (H, W, 3); sizes may differ. The middle square is used.

        Returns:
            Unit-norm float32 embeddings, shape (N, D), in the order given.

        Raises:
            ModelError: The model cannot run, or its process has ended.
        """
        (rows,) = self._ask({"do": "image"}, self._squares(images))
        return np.array(rows, np.float32)

    def encode_patches(self, images: Sequence[Image]) -> tuple[Embeddings, Embeddings]:
        """Embed frames, and each patch of them, as `PatchEncoder.encode_patches`."""
        rows, patches = self._ask({"do": "patches"}, self._squares(images))
        return np.array(rows, np.float32), np.array(patches, np.float32)

    def encode_text(self, texts: Sequence[str]) -> Embeddings:
        """Embed texts in the joint space.

        Args:
            texts: Any number of texts, none of them blank.

        Returns:
            Unit-norm float32 embeddings, shape (N, D), in the order given.

        Raises:
            PromptError: A text is blank or longer than the encoder takes.
            ModelError: The model cannot run, or its process has ended.
        """
        (rows,) = self._ask({"do": "text", "texts": list(texts)}, [])
        return np.array(rows, np.float32)

    def close(self) -> None:
        """End the process, whatever it is doing. May be called twice."""
        self._end()

    def _squares(self, images: Sequence[Image]) -> list[Image]:
        """Scale frames here, so that a tenth of the bytes goes through the pipe."""
        edge = self._info.clip_edge
        return [clip_square(image, edge) if edge else middle_square(image) for image in images]

    def _ask(
        self, header: dict[str, Any], arrays: Sequence[npt.NDArray[Any]]
    ) -> list[npt.NDArray[Any]]:
        assert self._process.stdin is not None  # a pipe, as requested above
        try:
            send(self._process.stdin, header, arrays)
        except (OSError, ValueError) as error:  # ValueError: closed here
            raise self._ended() from error
        return self._answer()[1]

    def _answer(self) -> Message:
        assert self._process.stdout is not None  # as above
        try:
            header, arrays = receive(self._process.stdout)
        except (EOFError, OSError, ValueError) as error:
            raise self._ended() from error
        if "error" in header:
            kind = PromptError if header["error"] == "PromptError" else ModelError
            raise kind(str(header["what"]), fix=str(header["fix"]))
        return header, arrays

    def _ended(self) -> ChildEndedError:
        if not self._end.alive:
            return ChildEndedError(f"The encoder {self._name} was closed.", fix="Load it again.")
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(1)  # its pipe closes a moment before the process ends
        code = self._process.poll()
        how = "" if code is None else f" with code {code}"
        why = " (the system may have run out of memory)" if code == -9 else ""
        return ChildEndedError(
            f"The process that ran {self._name} ended{how}{why}.", fix=CHECK_MACHINE
        )


def send(pipe: IO[bytes], header: dict[str, Any], arrays: Sequence[npt.NDArray[Any]] = ()) -> None:
    """Write one message.

    Args:
        pipe: To the other process.
        header: Anything that JSON can hold, without the key "arrays".
        arrays: Of any shape, uint8 or float32.

    Raises:
        OSError: The other process has ended.
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
        EOFError: The other process has ended.
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


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with contextlib.suppress(OSError):  # unsent bytes have no reader any more
                pipe.close()
