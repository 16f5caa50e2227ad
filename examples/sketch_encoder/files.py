"""Writes files whole, so that a step's result is there only when the step is done."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """Give a name to write to; it becomes ``path`` when the block ends without an error.

    The name ends as ``path`` does: NumPy adds the suffix where it is missing.
    """
    partial = path.with_name(f"partial-{path.name}")
    yield partial
    partial.replace(path)
