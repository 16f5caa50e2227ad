"""Where paintcam stores files, and the best of the run in progress, which survives `kill -9`."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import stat
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

__all__ = [
    "claim_last_run",
    "data_folder",
    "expanded",
    "forget_last_run",
    "interrupted_runs",
    "last_run_name",
    "pictures_folder",
    "read_json",
    "read_small_file",
    "write_atomically",
]

_RUN = uuid.uuid4().hex[:8]
"""Distinguishes this process from an earlier one with the same number."""
_MOST_NAMED = 5
_lock: int | None = None


def data_folder() -> Path:
    """Return the folder for permanent files; `PAINTCAM_DATA_DIR` overrides the platform's own."""
    if path := os.environ.get("PAINTCAM_DATA_DIR"):
        return expanded(path)
    from platformdirs import user_data_path

    return user_data_path("paintcam", appauthor=False)


def expanded(path: Path | str) -> Path:
    """Replace a leading "~" by the home folder; "~nobody" stays if there is no such user."""
    return Path(os.path.expanduser(path))  # noqa: PTH111 - `Path.expanduser` raises


def pictures_folder() -> Path:
    """Return the folder for photo-finishes, and for snapshots of the key s without `--snapshot`."""
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
        path: Where to write. A missing folder is created, an older file is replaced.
        content: The whole content.

    Raises:
        OSError: It cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_name(f".{uuid.uuid4().hex}")  # not longer than any name may be
    try:
        half.write_bytes(content)
        half.replace(path)
    except BaseException:
        half.unlink(missing_ok=True)
        raise


def read_json(path: Path) -> Any:  # noqa: ANN401 - any JSON value
    """Read a small JSON file that paintcam has written, whatever was put in its place.

    Raises:
        OSError: As of `read_small_file`.
        ValueError: It is not JSON.
    """
    try:
        return json.loads(read_small_file(path))
    except RecursionError:
        raise ValueError("nested too deeply") from None


def last_run_name() -> str:
    """Return the name under which this process saves the best of its run."""
    return f"last-run-{os.getpid()}-{_RUN}"


def claim_last_run() -> None:
    """Mark this process's run as alive until the process ends, however it ends."""
    global _lock
    if _lock is not None:
        return
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)
    path = data_folder() / f"{last_run_name()}.lock"
    with contextlib.suppress(OSError):  # then another start during this run may report it
        data_folder().mkdir(parents=True, exist_ok=True)
        while _lock is None:
            descriptor = os.open(path, flags, 0o600)
            if os.name == "posix":
                import fcntl

                fcntl.flock(descriptor, fcntl.LOCK_EX)
            if path.exists():
                _lock = descriptor
            else:  # another start took it for the lock of a run that is over
                os.close(descriptor)


def forget_last_run() -> None:
    """Remove this run's best: the run has printed a summary."""
    global _lock
    if _lock is not None:
        os.close(_lock)
        _lock = None
    for ending in ("json", "lock"):
        with contextlib.suppress(OSError):
            (data_folder() / f"{last_run_name()}.{ending}").unlink()


def interrupted_runs(notice: Callable[[str], None] = lambda _text: None) -> list[dict[str, Any]]:
    """Return the facts of runs that ended without a summary, once each.

    Args:
        notice: Called with a sentence about each file that cannot be used.

    Returns:
        For each run its prompt, its "best", its "bests" by prompt, and "at", the time of the best.
    """
    found, unusable = [], 0
    try:
        paths = sorted(data_folder().glob("last-run-*.json"))
    except OSError:  # its name is too long, for example
        return []
    for path in paths:
        try:
            if _is_alive(path):
                continue
            facts = _checked_facts(read_json(path))
        except FileNotFoundError:
            continue  # another process was faster
        except (OSError, ValueError) as error:
            unusable += 1
            if unusable <= _MOST_NAMED:
                notice(f"{path} of an earlier run cannot be used ({error}). Delete it.")
            continue
        try:
            path.replace(path.with_name("interrupted-run.json"))
        except OSError:
            with contextlib.suppress(OSError):
                path.unlink()
        found.append(facts)
    for lock in data_folder().glob("last-run-*.lock"):
        if not lock.with_suffix(".json").exists():
            _is_locked(lock)  # removes that of a run that was killed before its first score
    if unusable > _MOST_NAMED:
        notice(
            f"{unusable:,} files of earlier runs in {data_folder()} cannot be used. Delete them."
        )
    return found


def _is_alive(path: Path) -> bool:
    """Return whether the run that wrote a file is still running."""
    # not by the number of its process: in a container the next one often has the same
    if not stat.S_ISREG(os.lstat(path).st_mode):
        raise OSError(errno.EINVAL, "not a regular file")
    return _is_locked(path.with_suffix(".lock"))


def _is_locked(lock: Path) -> bool:
    """Return whether the run that created this lock still holds it; remove the lock if not."""
    flags = os.O_RDWR | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0)
    try:
        descriptor = os.open(lock, flags)
    except OSError:
        return False
    try:
        if os.name != "posix":
            os.close(descriptor)
            descriptor = -1
            lock.unlink()  # refused while the run has it open
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # while it is held: its run may just have created it, and waits to lock it
            lock.unlink(missing_ok=True)
    except OSError:
        return True
    finally:
        if descriptor >= 0:
            os.close(descriptor)
    return False


def _checked_facts(facts: Any) -> dict[str, Any]:  # noqa: ANN401 - whatever the file holds
    def is_score(value: object) -> bool:
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            return False
        return 0 <= value <= 100

    def text(name: str) -> str:
        value = facts.get(name, "")
        return value if isinstance(value, str) else ""

    if not isinstance(facts, dict) or not is_score(facts.get("best")):
        raise ValueError("no best score in it")
    bests = facts.get("bests", {text("prompt"): facts["best"]})
    if not isinstance(bests, dict) or not bests or not all(map(is_score, bests.values())):
        raise ValueError("no best scores by prompt in it")
    return {**facts, "bests": bests, "at": text("at")}
