"""The child's end of `child_process`: loads an encoder and answers until the pipe closes."""

from __future__ import annotations

import json
import os
import queue
import threading
from dataclasses import fields
from typing import IO

from paintcam.encoders import load_encoder
from paintcam.encoders.base import PatchEncoder
from paintcam.encoders.child_process import Message, receive, send
from paintcam.errors import CHECK_MACHINE, ModelError

__all__ = ["serve"]


def serve(name: str, engine: str, provider: str, texts: str) -> None:
    """Load an encoder and answer until the parent closes the pipe or ends.

    Args:
        name: As `--model` takes it.
        engine: As `load_encoder` takes it.
        provider: As `load_encoder` takes it.
        texts: A JSON list, as `load_encoder` takes it.
    """
    # stdout carries answers alone: what libraries print, also in C, must not come between them.
    answers = os.fdopen(os.dup(1), "wb")
    requests = os.fdopen(os.dup(0), "rb")
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, 0)
    os.dup2(nowhere, 1)
    received: queue.SimpleQueue[Message] = queue.SimpleQueue()
    # A thread of its own notices the end of the parent while the encoder still loads.
    threading.Thread(target=_read, args=(requests, received), daemon=True).start()
    try:
        encoder = load_encoder(name, engine=engine, provider=provider, texts=json.loads(texts))
    except Exception as error:  # the parent waits for any error
        _send_error(answers, error)
        return
    info = encoder.info
    declared = {field.name: getattr(info, field.name) for field in fields(info)}
    handwriting = declared.pop("handwriting")
    send(answers, declared, [] if handwriting is None else [handwriting])
    while True:
        header, arrays = received.get()
        try:
            if header["do"] == "image":
                answer = [encoder.encode_image(arrays)]
            elif header["do"] == "patches" and isinstance(encoder, PatchEncoder):
                answer = list(encoder.encode_patches(arrays))
            else:
                answer = [encoder.encode_text(header["texts"])]
        except Exception as error:  # as above
            _send_error(answers, error)
        else:
            send(answers, {}, answer)


def _send_error(answers: IO[bytes], error: Exception) -> None:
    if not isinstance(error, ModelError):
        error = ModelError(
            f"The encoder failed ({type(error).__name__}: {error}).",
            fix=CHECK_MACHINE,
        )
    send(answers, {"error": type(error).__name__, "what": error.what, "fix": error.fix})


def _read(requests: IO[bytes], received: queue.SimpleQueue[Message]) -> None:
    try:
        while True:
            received.put(receive(requests))
    except EOFError:
        # The parent has ended. During an import nothing gentler ends this process.
        os._exit(0)
