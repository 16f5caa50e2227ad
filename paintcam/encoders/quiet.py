"""Hide what other packages print while they load."""

from __future__ import annotations

import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO

__all__ = ["quiet"]


class _DeafTo:
    """A text stream that drops what one thread writes; another thread may be printing verdicts."""

    def __init__(self, stream: TextIO, thread: int) -> None:
        self._stream, self._thread = stream, thread

    def write(self, text: str) -> int:
        if threading.get_ident() == self._thread:
            return len(text)
        return self._stream.write(text)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - stands for any attribute
        return getattr(self._stream, name)


@contextmanager
def quiet() -> Iterator[None]:
    """Drop what this thread prints or warns about; errors are still raised."""
    out, err, me = sys.stdout, sys.stderr, threading.get_ident()
    muted = _DeafTo(out, me), _DeafTo(err, me)
    sys.stdout, sys.stderr = muted
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        # Unless other code replaced the stream in the meantime.
        if sys.stdout is muted[0]:
            sys.stdout = out
        if sys.stderr is muted[1]:
            sys.stderr = err
