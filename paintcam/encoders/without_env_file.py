"""Imports Inference as the environment configures it, whatever lies in the current folder."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["without_env_file"]

_LOCK = threading.RLock()
"""Two threads at once would each put back what the other has replaced."""


@contextmanager
def without_env_file() -> Iterator[None]:
    """Import Inference in this block: it would read variables from `.env` in the working folder.

    Such a file, in Downloads for example, could send the API key to another server.
    """
    try:
        import dotenv
    except ImportError:  # then Inference is not there either
        yield
        return
    with _LOCK:
        read = dotenv.load_dotenv
        dotenv.load_dotenv = lambda *_, **__: False
        try:
            yield
        finally:
            dotenv.load_dotenv = read
