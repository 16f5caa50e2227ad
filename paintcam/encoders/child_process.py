"""An encoder in a process of its own.

Importing torch and building ONNX Runtime's sessions hold Python's lock, for more than a second at
a time on a slow machine, while a live picture must go on. A process of its own also ends at once,
however deep in a model it is, and keeps what its libraries print.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import weakref
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from paintcam.encoders.base import Embeddings, EncoderInfo, middle_square
from paintcam.encoders.wire import receive, send
from paintcam.errors import ModelError, PromptError
from paintcam.frames import Image

__all__ = ["EncoderApart"]

# The child finds paintcam where this process does, not where its working folder happens to be.
CODE = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]);"
    "from paintcam.encoders.worker import serve; serve(sys.argv[2])"
)


class EncoderApart:
    """Any encoder that `load_encoder` knows, run in a process of its own.

    The process ends with `close`, with this object, and with this process, however that ends.

    Args:
        name: As `--model` takes it.

    Raises:
        ModelError: The encoder cannot be loaded.
    """

    def __init__(self, name: str) -> None:
        self._given = name
        # Ctrl-C in the terminal is this process's to handle: the other one follows.
        lone: dict[str, Any] = (
            {"creationflags": getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)}
            if os.name == "nt"
            else {"start_new_session": True}
        )
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-c", CODE, json.dumps([str(path) for path in sys.path]), name],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                **lone,
            )
        except OSError as error:
            raise ModelError(
                f"Cannot start a process for {name} ({error.strerror}). Run `paintcam doctor` to "
                "see what is wrong, or pass `--model sketch`."
            ) from error
        self._end = weakref.finalize(self, _end, self._process)
        try:
            told, arrays = self._answer()
        except ModelError:
            self.close()
            raise
        low, high = told.pop("score_range")
        self._info = EncoderInfo(
            score_range=(low, high), handwriting=arrays[0] if arrays else None, **told
        )

    @property
    def info(self) -> EncoderInfo:
        """What the encoder declares about itself."""
        return self._info

    def encode_image(self, images: Sequence[Image]) -> Embeddings:
        """Embed frames in the joint space.

        Args:
            images: BGR uint8 frames, each (H, W, 3); sizes may differ. The middle square is seen.

        Returns:
            Unit-norm float32 embeddings, shape (N, D), in the order given.

        Raises:
            ModelError: The model cannot run, or its process is gone.
        """
        return self._ask({"do": "image"}, [middle_square(image) for image in images])

    def encode_text(self, texts: Sequence[str]) -> Embeddings:
        """Embed texts in the joint space.

        Args:
            texts: Any number of texts, none of them blank.

        Returns:
            Unit-norm float32 embeddings, shape (N, D), in the order given.

        Raises:
            PromptError: A text is blank or longer than the encoder takes.
            ModelError: The model cannot run, or its process is gone.
        """
        return self._ask({"do": "text", "texts": list(texts)}, [])

    def close(self) -> None:
        """End the process, whatever it is doing. May be called twice."""
        self._end()

    def _ask(self, header: dict[str, Any], arrays: Sequence[npt.NDArray[Any]]) -> Embeddings:
        assert self._process.stdin is not None  # a pipe, as asked for above
        try:
            send(self._process.stdin, header, arrays)
        except (OSError, ValueError) as error:  # ValueError: closed here
            raise self._gone() from error
        _, (rows,) = self._answer()
        return np.array(rows, np.float32)

    def _answer(self) -> tuple[dict[str, Any], list[npt.NDArray[Any]]]:
        assert self._process.stdout is not None  # as above
        try:
            header, arrays = receive(self._process.stdout)
        except (EOFError, OSError, ValueError) as error:
            raise self._gone() from error
        if "error" in header:
            kind = PromptError if header["error"] == "PromptError" else ModelError
            raise kind(str(header["message"]))
        return header, arrays

    def _gone(self) -> ModelError:
        if not self._end.alive:
            return ModelError(f"The encoder {self._given} was closed. Load it anew.")
        code = self._process.poll()
        how = "" if code is None else f" with code {code}"
        why = ": the system may have run out of memory" if code == -9 else ""
        return ModelError(
            f"The process that ran {self._given} ended{how}{why}. Run `paintcam doctor` to see "
            "what is wrong, or pass `--model sketch`."
        )


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with contextlib.suppress(OSError):  # what was still to be written has no reader now
                pipe.close()
