"""Where paintcam keeps things, and the best of the run in progress: it survives `kill -9`."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import stat
import uuid
from pathlib import Path
from typing import Any

__all__ = [
    "data_folder",
    "forget_last_run",
    "interrupted_runs",
    "last_run_name",
    "pictures_folder",
    "read_small_file",
    "write_atomically",
]


def data_folder() -> Path:
    """Where paintcam keeps what must last; `PAINTCAM_DATA_DIR` overrides the platform's own."""
    if told := os.environ.get("PAINTCAM_DATA_DIR"):
        return Path(told).expanduser()
    from platformdirs import user_data_path

    return user_data_path("paintcam", appauthor=False)


def pictures_folder() -> Path:
    """Where photo-finishes and the key s's snapshots go when no folder was given."""
    if os.environ.get("PAINTCAM_DATA_DIR"):
        return data_folder() / "pictures"
    from platformdirs import user_pictures_path

    return user_pictures_path() / "paintcam"


def read_small_file(path: Path, most_bytes: int = 1024 * 1024) -> bytes:
    """Read a file that paintcam has written, whatever was put in its place.

    Args:
        path: The file.
        most_bytes: The size above which it cannot be paintcam's.

    Raises:
        OSError: It cannot be read, is not a regular file (a FIFO would never end), or is too large.
    """
    # Not blocking, because opening a FIFO would wait for a writer.
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    with os.fdopen(os.open(path, flags), "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(errno.EINVAL, "not a regular file", str(path))
        content = file.read(most_bytes + 1)
    if len(content) > most_bytes:
        raise OSError(errno.EFBIG, "too large", str(path))
    return content


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file so that it is there whole or not at all, whatever happens meanwhile.

    Args:
        path: Where to; its folder is made where there is none, an older file is replaced.
        content: All of it.

    Raises:
        OSError: It cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}")
    try:
        half.write_bytes(content)
        half.replace(path)
    except BaseException:
        half.unlink(missing_ok=True)
        raise


def last_run_name() -> str:
    """Under which name this process keeps the best of its run."""
    return f"last-run-{os.getpid()}"


def forget_last_run() -> None:
    """The run has ended with a summary: nothing is left to tell."""
    with contextlib.suppress(OSError):
        (data_folder() / f"{last_run_name()}.json").unlink()


def interrupted_runs() -> list[dict[str, Any]]:
    """Give the facts of runs that ended without a summary, once each; "bests" by prompt."""
    import psutil

    found = []
    for path in sorted(data_folder().glob("last-run-*.json")):
        with contextlib.suppress(OSError, ValueError):
            if psutil.pid_exists(int(path.stem.rpartition("-")[2])):
                continue  # it is still running
            facts = json.loads(path.read_text(encoding="utf-8"))
            path.replace(path.with_name("interrupted-run.json"))
            if isinstance(facts, dict) and isinstance(facts.get("best"), (int, float)):
                facts.setdefault("bests", {facts.get("prompt", ""): facts["best"]})
                found.append(facts)
    return found
