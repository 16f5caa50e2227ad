"""Fetching CLIP's weights from Roboflow; no key is needed.

Inference's own downloader neither resumes nor verifies, so paintcam fetches the files itself and
Inference only finds them.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from paintcam.encoders.download import Interrupted, fetch, length_of, writable
from paintcam.encoders.onnxfile import check_clip_part, is_whole
from paintcam.encoders.weights import FILES, VARIANTS, clip_folder, pull_command
from paintcam.errors import ModelError

if TYPE_CHECKING:
    from paintcam.encoders.base import Progress

__all__ = ["api_url", "pull", "roboflow_in_reach"]

# Tries in a row that bring no byte before giving up, and seconds between them.
PATIENCE = 3
PAUSE_S = 1.0


def api_url() -> str:
    """Roboflow's API, or what `API_BASE_URL` says, as Inference reads it."""
    return os.environ.get("API_BASE_URL", "https://api.roboflow.com").rstrip("/")


def pull(variant: str, progress: Progress | None = None) -> Path:
    """Fetch a variant's weights, going on where an earlier pull was cut.

    Two at once do no harm: the second waits, and finds the files.

    Args:
        variant: One of `VARIANTS`.
        progress: Told the bytes here and in all; what it raises passes through, and what came
            is kept.

    Returns:
        The folder with the files.

    Raises:
        ModelError: Unknown variant, no network, a damaged download, or nowhere to write.
    """
    from filelock import FileLock

    if variant not in VARIANTS:
        raise ModelError(
            f"Unknown CLIP variant {variant!r}. Choose one of {', '.join(VARIANTS)}; "
            "`paintcam models` lists them."
        )
    folder = clip_folder(variant)
    if all(is_whole(folder / file) for file in FILES):
        return folder  # also out of a cache that may not be written
    with writable(folder):
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / "pull.lock"):
            _fetch_missing(variant, folder, progress or (lambda _have, _total: None))
    return folder


def _fetch_missing(variant: str, folder: Path, progress: Progress) -> None:
    idle, reached = 0, 0
    lengths: dict[str, int] = {}
    missing = [file for file in FILES if not is_whole(folder / file)]

    def tell(have: int, _length: int) -> None:
        nonlocal idle, reached
        done = have + sum(lengths[file] for file in FILES if file not in missing)
        if done > reached:
            idle = 0
        reached = done
        progress(done, sum(lengths.values()))

    while missing:
        try:
            # Asked anew for each try: the URLs are signed, and a slow download outlives them.
            urls = _weight_urls(variant)
            for file in FILES:
                if file not in lengths:
                    here = folder / file
                    lengths[file] = (
                        length_of(urls[file]) if file in missing else here.stat().st_size
                    )
            file = missing[0]
            fetch(urls[file], folder / file, progress=tell, check=check_clip_part)
            missing.pop(0)
        except Interrupted as cut:
            idle += 1
            if idle >= PATIENCE:
                raise ModelError(
                    f"Cannot fetch CLIP's weights from {urlsplit(api_url()).hostname}: {cut}. What "
                    f"came is kept: check the network, then run `{pull_command(variant)}`, or pass "
                    "`--model sketch`."
                ) from cut
            time.sleep(PAUSE_S)


def _weight_urls(variant: str) -> dict[str, str]:
    """Ask Roboflow's API where a variant's files are: file name → URL."""
    import requests

    try:
        answer = requests.get(
            f"{api_url()}/core_model/clip/{variant}",
            params={"nocache": "true", "device": "paintcam", "dynamic": "true"},
            timeout=(10.0, 15.0),
        )
        if 400 <= answer.status_code < 500:
            raise ModelError(
                f"Roboflow does not serve clip:{variant} ({answer.status_code} {answer.reason}). "
                "`paintcam models` lists the encoders; `--model sketch` needs no download."
            )
        answer.raise_for_status()
        urls = [str(url) for url in answer.json()["weights"].values()]
    except requests.RequestException as error:
        raise Interrupted(f"no connection ({type(error).__name__})") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Interrupted("the answer is not Roboflow's") from error
    named = {Path(urlsplit(url).path).name: url for url in urls}
    if not set(FILES) <= set(named):
        raise ModelError(
            f"Roboflow serves clip:{variant} in another form ({', '.join(sorted(named))}). Run "
            "`pip install --upgrade paintcam`, or pass `--model sketch`."
        )
    return named


def roboflow_in_reach(timeout_s: float = 1.5) -> bool:
    """Whether Roboflow's API answers at all within the time, its name's look-up included."""
    import threading

    import requests

    answered = threading.Event()

    def ask() -> None:
        try:
            requests.head(api_url(), timeout=timeout_s)
            answered.set()
        except requests.RequestException:
            pass

    # In a thread of its own: looking up a name has no time-out.
    threading.Thread(target=ask, daemon=True).start()
    return answered.wait(timeout_s)
