"""Write files completely or not at all, so that a result exists only when its step is done."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """Yield a name to write to; it is renamed to ``path`` when the block ends without an error.

    The name has the suffix of ``path``, because NumPy adds a suffix where it is missing.
    """
    partial = path.with_name(f"partial-{path.name}")
    yield partial
    partial.replace(path)
