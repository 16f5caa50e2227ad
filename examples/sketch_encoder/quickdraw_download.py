"""Download the first drawings of each Quick, Draw! category, and no more than is needed.

Google's files hold 100,000 drawings and more of one category each. Range requests fetch a file from
its beginning, piece by piece, until it holds enough whole lines. What arrived is kept: an
interrupted download continues where it stopped, and a larger number of drawings continues the file.
"""

from __future__ import annotations

import json
import re
import time
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import quote
from urllib.request import Request, urlopen

from .files import whole
from .quickdraw import QuickDrawError, parse

BUCKET = "https://storage.googleapis.com/quickdraw_dataset/full/simplified"
NAMES = Path(__file__).with_name("quickdraw_names.txt")
PIECE = 1 << 18  # bytes of one request; a simplified drawing has about 300
TRIES, PAUSE_S, TIMEOUT_S = 4, 1.0, 30.0


def categories() -> list[str]:
    """Return the names of the game's 345 categories."""
    return NAMES.read_text().splitlines()


def download(url: str, names: list[str], count: int, cache: Path) -> Path:
    """Fetch the first drawings of each category.

    Args:
        url: Folder of ``<category>.ndjson`` files.
        names: The categories.
        count: How many drawings of each.
        cache: Folder for the files; what is there already is not fetched again.

    Returns:
        ``cache``, which now holds one checked ``.ndjson`` file for each category.

    Raises:
        QuickDrawError: The server cannot be reached, or what it sent is not a category's drawings.
    """
    cache.mkdir(parents=True, exist_ok=True)
    for number, name in enumerate(names, 1):
        piece = Category(f"{url.rstrip('/')}/{quote(name)}.ndjson", name, count, cache)
        if piece.fetch():
            print(f"fetched {name} ({number}/{len(names)})", flush=True)
    return cache


class Category:
    """One category's file: ``<category>.ndjson``, and ``.part`` and ``.about`` while it grows."""

    def __init__(self, url: str, name: str, count: int, cache: Path) -> None:
        self.url, self.name, self.count = url, name, count
        self.file = cache / f"{name}.ndjson"
        self.part, self.about = (self.file.with_suffix(s) for s in (".part", ".about"))

    def fetch(self) -> bool:
        """Fetch what is missing, check it, and write the file; return whether anything was."""
        state = self._state()
        if self.file.exists() and self._enough(self.file, state):
            return False
        etag, complete = state.get("etag", ""), bool(state.get("complete"))
        while not complete and _lines(self.part) < self.count:
            etag, complete = self._more(etag)
            with whole(self.about) as file:
                file.write_text(json.dumps({"etag": etag, "complete": complete}))
        self._finish()
        return True

    def _state(self) -> dict[str, Any]:
        if not self.about.exists() or not self.part.exists():
            self.part.unlink(missing_ok=True)
            return {}
        found: dict[str, Any] = json.loads(self.about.read_text())
        return found

    def _enough(self, file: Path, state: dict[str, Any]) -> bool:
        return bool(state.get("complete")) or _lines(file) >= self.count

    def _more(self, etag: str) -> tuple[str, bool]:
        """Fetch one more piece, with retries; return the file's ETag and whether it ended."""
        for attempt in range(TRIES):
            try:
                return self._piece(etag)
            except (URLError, HTTPException, OSError) as error:
                if isinstance(error, HTTPError) and error.code < 500 and error.code != 429:
                    raise QuickDrawError(
                        f"{self.url} cannot be read (HTTP {error.code})"
                    ) from error
                if attempt == TRIES - 1:
                    raise QuickDrawError(
                        f"{self.url} cannot be reached ({error}). Check your connection, then run "
                        "the same command again to resume."
                    ) from error
                time.sleep(PAUSE_S * 2**attempt)
        raise AssertionError("unreachable: the last attempt returns or raises")

    def _piece(self, etag: str) -> tuple[str, bool]:
        have = self.part.stat().st_size if self.part.exists() else 0
        headers = {"Range": f"bytes={have}-{have + PIECE - 1}"}
        if have and etag:
            headers["If-Range"] = etag
        try:
            answer: HTTPResponse = urlopen(Request(self.url, headers=headers), timeout=TIMEOUT_S)
        except HTTPError as error:
            if error.code == 416 and have:  # nothing lies behind what is here
                return etag, True
            raise
        with answer:
            if answer.status != 206:  # another version of the file, or a server without ranges
                return self._from_start(answer)
            start, end, total = _content_range(answer)
            if start != have:
                raise QuickDrawError(f"{self.url} sent bytes from {start} instead of {have}")
            data = answer.read(PIECE)
        if len(data) != end - start + 1:
            self._append(data)
            raise HTTPException(f"{len(data)} of {end - start + 1} bytes arrived")
        self._append(data)
        return answer.headers.get("ETag", ""), end + 1 == total

    def _from_start(self, answer: HTTPResponse) -> tuple[str, bool]:
        self.part.unlink(missing_ok=True)
        while _lines(self.part) < self.count:
            data = answer.read(PIECE)
            if not data:
                return answer.headers.get("ETag", ""), True
            self._append(data)
        return answer.headers.get("ETag", ""), False

    def _append(self, data: bytes) -> None:
        with self.part.open("ab") as file:
            file.write(data)

    def _finish(self) -> None:
        """Check every line, and write those asked for under the file's own name."""
        lines = self.part.read_text(encoding="utf-8", errors="replace").split("\n")
        kept = [line for line in lines if line][: self.count]
        for number, line in enumerate(kept, 1):
            try:
                drawing = parse(line, f"{self.url}, line {number}")
                if drawing.name != self.name:
                    raise QuickDrawError(f"{self.url} holds drawings of {drawing.name!r}")
            except QuickDrawError:
                self.part.unlink()  # fetched again by the next run
                raise
        if not kept:
            self.part.unlink()
            raise QuickDrawError(f"{self.url} is empty")
        with whole(self.file) as file:
            file.write_text("".join(f"{line}\n" for line in kept), encoding="utf-8")


def _lines(file: Path) -> int:
    return file.read_bytes().count(b"\n") if file.exists() else 0


def _content_range(answer: HTTPResponse) -> tuple[int, int, int]:
    text = answer.headers.get("Content-Range", "")
    match = re.fullmatch(r"bytes (\d+)-(\d+)/(\d+)", text)
    if match is None:
        raise QuickDrawError(f"{answer.url} sent no usable Content-Range ({text!r})")
    start, end, total = (int(part) for part in match.groups())
    return start, end, total
