"""The other end of `apart`: loads an encoder and answers on stdin and stdout until they close."""

from __future__ import annotations

import os
import queue
import threading
from dataclasses import fields
from typing import IO

from paintcam.encoders import load_encoder
from paintcam.encoders.wire import Message, receive, send
from paintcam.errors import ModelError

__all__ = ["serve"]


def serve(name: str) -> None:
    """Load an encoder and answer until the other process closes the pipe or is gone."""
    # stdout is for answers alone: what libraries print, also in C, must not come between them.
    answers = os.fdopen(os.dup(1), "wb")
    questions = os.fdopen(os.dup(0), "rb")
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, 0)
    os.dup2(nowhere, 1)
    asked: queue.SimpleQueue[Message] = queue.SimpleQueue()
    # In a thread of its own, so that the end of the other process is noticed while loading, too.
    threading.Thread(target=_read, args=(questions, asked), daemon=True).start()
    try:
        encoder = load_encoder(name)
    except Exception as error:  # told to whoever waits for it, whatever it is
        _tell(answers, error)
        return
    info = encoder.info
    declared = {field.name: getattr(info, field.name) for field in fields(info)}
    handwriting = declared.pop("handwriting")
    send(answers, declared, [] if handwriting is None else [handwriting])
    while True:
        header, arrays = asked.get()
        try:
            if header["do"] == "image":
                rows = encoder.encode_image(arrays)
            else:
                rows = encoder.encode_text(header["texts"])
        except Exception as error:  # as above
            _tell(answers, error)
        else:
            send(answers, {}, [rows])


def _tell(answers: IO[bytes], error: Exception) -> None:
    if not isinstance(error, ModelError):
        error = ModelError(
            f"The encoder failed: {type(error).__name__}: {error}. Run `paintcam doctor` to see "
            "what is wrong, or pass `--model sketch`."
        )
    send(answers, {"error": type(error).__name__, "message": str(error)})


def _read(questions: IO[bytes], asked: queue.SimpleQueue[Message]) -> None:
    try:
        while True:
            asked.put(receive(questions))
    except EOFError:
        # Nobody is left to answer. In the midst of an import nothing gentler ends a process.
        os._exit(0)
