"""Download CLIP's weights from Roboflow; no key is needed.

Inference's own downloader neither resumes nor verifies, so paintcam downloads the files into the
folder where Inference looks for them.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from paintcam.encoders.cache_files import clear_place, make_folder, writable
from paintcam.encoders.download import CHANGED, fetch, length_of
from paintcam.encoders.http_answers import Interrupted, status_of
from paintcam.encoders.onnx_trial import check_clip_part
from paintcam.encoders.onnxfile import is_whole
from paintcam.encoders.weights import (
    FILES,
    INT8_VARIANTS,
    VARIANTS,
    cache_root,
    clip_folder,
    exact_variant,
    int8_folder,
    is_cached,
    pull_command,
)
from paintcam.errors import UPDATE, WITHOUT_CLIP, ModelError
from paintcam.network import proxy_note
from paintcam.text import clean_text

if TYPE_CHECKING:
    from paintcam.encoders.base import Progress

__all__ = ["api_url", "pull", "roboflow_in_reach"]

# Rounds in a row without progress before giving up, and seconds between rounds.
PATIENCE = 3
PAUSE_S = 1.0
# A round with less progress does not count: otherwise one byte per round would never end.
PROGRESS = 1 << 14
API_S, API_BYTES = 30.0, 1 << 20
"""Longest time and size of the API's answer."""
MOST_TIMES = 4
"""A file that is so many times as large as both should be together is something else."""


def api_url() -> str:
    """Return the address of Roboflow's API, or `API_BASE_URL`, which Inference reads too."""
    return os.environ.get("API_BASE_URL", "https://api.roboflow.com").rstrip("/")


def pull(
    variant: str,
    progress: Progress | None = None,
    on_wait: Callable[[], None] = lambda: None,
    on_quantise: Callable[[], None] = lambda: None,
) -> Path:
    """Download a variant's weights, resuming a download that was cut.

    It is safe to run twice at once: the second call waits, and then finds the files.

    Args:
        variant: One of `VARIANTS` or `INT8_VARIANTS`; the latter are made here, in minutes.
        progress: Called with the bytes on disk and the total. An exception that it raises passes
            through, and what was downloaded is kept.
        on_wait: Called once if another process is downloading the same files.
        on_quantise: Called before an int8 variant is made.

    Returns:
        The folder with the files.

    Raises:
        ModelError: Unknown variant, no network, a damaged download, or no place to write.
    """
    if variant not in (*VARIANTS, *INT8_VARIANTS):
        raise ModelError(
            f"Unknown CLIP variant {variant!r}.",
            fix=f"Choose one of {', '.join((*VARIANTS, *INT8_VARIANTS))}. Run `paintcam models` "
            "for details.",
        )
    folder = _pull_exact(exact_variant(variant), progress, on_wait)
    if variant in VARIANTS or is_cached(variant):
        return folder
    from paintcam.encoders.int8 import make_int8

    folder = int8_folder(variant)
    with writable(folder):
        make_folder(folder, cache_root())
        on_quantise()
        make_int8(variant)
    return folder


def _pull_exact(variant: str, progress: Progress | None, on_wait: Callable[[], None]) -> Path:
    from filelock import FileLock, Timeout

    folder = clip_folder(variant)
    if all(is_whole(folder / file) for file in FILES):
        return folder  # also from a cache that is read-only
    with writable(folder):
        make_folder(folder, cache_root())
        clear_place(folder / "pull.lock")
        lock = FileLock(folder / "pull.lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            on_wait()
            lock.acquire()
        try:
            _fetch_missing(variant, folder, progress or (lambda _have, _total: None))
        finally:
            lock.release()
    return folder


def _fetch_missing(variant: str, folder: Path, progress: Progress) -> None:
    idle, changes, furthest, done = 0, 0, 0, 0
    lengths: dict[str, int] = {}
    missing = [file for file in FILES if not is_whole(folder / file)]

    def report(have: int, _length: int) -> None:
        nonlocal done
        done = have + sum(lengths[file] for file in FILES if file not in missing)
        progress(done, sum(lengths.values()))

    while missing:
        try:
            # Requested for each round: the URLs are signed, and a slow download outlives them.
            urls = _weight_urls(variant)
            for file in FILES:
                is_missing = file in missing
                size = _size(urls[file], variant) if is_missing else (folder / file).stat().st_size
                if lengths.setdefault(file, size) != size:
                    lengths[file] = size
                    changes += 1
                    raise Interrupted(CHANGED)
            file = missing[0]
            fetch(urls[file], folder / file, lengths[file], progress=report, check=check_clip_part)
            missing.pop(0)
            idle = 0
        except Interrupted as cut:
            idle = 1 if done >= furthest + PROGRESS else idle + 1
            if PATIENCE in (idle, changes):
                raise ModelError(
                    f"Cannot download CLIP's weights from {_host(api_url())}"
                    f"{proxy_note(api_url())}: {cut}.",
                    fix=f"Check your connection, then run `{pull_command(variant)}` to resume "
                    f"(the partial download was kept), or {WITHOUT_CLIP}.",
                ) from cut
            time.sleep(PAUSE_S)
        furthest = max(furthest, done)


def _size(url: str, variant: str) -> int:
    """Ask for the length of a file of a variant.

    Raises:
        Interrupted: There is no answer, or it cannot be true.
    """
    length = length_of(url)
    if length > MOST_TIMES * VARIANTS[variant].megabytes * 1_000_000:
        raise Interrupted(f"the server announces a file of {length / 1e6:.0f} MB")
    return length


def _weight_urls(variant: str) -> dict[str, str]:
    """Ask Roboflow's API for the addresses of a variant's files: file name → URL."""
    from paintcam.encoders.http_calls import HttpCalls

    answer, body = HttpCalls().read(
        "GET",
        f"{api_url()}/core_model/clip/{variant}",
        limit_s=API_S,
        most_bytes=API_BYTES,
        params={"nocache": "true", "device": "paintcam", "dynamic": "true"},
    )
    if answer.status_code in (407, 408, 429) or not 200 <= answer.status_code < 500:
        raise Interrupted(f"the server answered {status_of(answer)}")
    if answer.status_code >= 400:
        raise ModelError(
            f"Roboflow does not serve clip:{variant} ({status_of(answer)}).",
            fix=f"Run `paintcam models` to list the encoders, or {WITHOUT_CLIP}.",
        )
    try:
        urls = [str(url) for url in json.loads(body)["weights"].values()]
        named = {Path(urlsplit(url).path).name: url for url in urls}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise Interrupted(
            "the response is not from Roboflow, or an address is not valid"
        ) from error
    if not set(FILES) <= set(named):
        found = clean_text(", ".join(sorted(named)))[:200]
        raise ModelError(
            f"Roboflow serves clip:{variant} in an unknown form ({found}).",
            fix=f"{UPDATE}, or {WITHOUT_CLIP}.",
        )
    return named


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or "the server"
    except ValueError:  # an IPv6 address without its end
        return "the server"


def roboflow_in_reach(timeout_s: float = 1.5) -> bool:
    """Return whether Roboflow's API answers within the time, including the look-up of its name."""
    from paintcam.encoders.http_calls import HttpCalls

    try:
        HttpCalls(redirect=False).open("HEAD", api_url(), limit_s=timeout_s).close()
    except Interrupted:
        return False
    return True
