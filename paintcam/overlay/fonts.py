"""Find the font that has a character, by the character maps (`cmap`) of the installed fonts.

Pillow draws a box for a character that a font lacks, without reporting it. The tables are read here
because that takes 1 ms at the start and 0.03 s for a search of 326 fonts; with fontTools it took
45 ms and 0.55 s (CPU time, two cores), on the thread that draws.
"""

from __future__ import annotations

import os
import struct
import sys
import unicodedata
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from paintcam.folders import expanded

__all__ = ["Coverage", "InstalledFonts", "font_folders"]

# A word in a file's name, and how well the font goes with the overlay's own, a bold sans serif.
_LIKES = (("sans", -2), ("bold", -3), ("semibold", 1), ("extrabold", 1), ("medium", -1))
_DISLIKES = ("italic", "oblique", "mono", "serif", "light", "thin", "black", "nastaliq", "looped")
# Files that hold scripts which their names do not mention (macOS, Windows, Linux).
_WIDE = (
    "notosanscjk", "arialunicode", "arial unicode", "arialuni", "pingfang", "hiragino",
    "applesdgothic", "msyh", "yugoth", "meiryo", "malgun", "nirmala", "leelawad", "segoeui",
    "arial", "tahoma", "geeza", "sfarabic", "dejavusans", "freesans", "wqy", "droidsansfallback",
)  # fmt: skip
_EMOJI = ("notocoloremoji", "apple color emoji", "seguiemj", "twemoji", "emoji")


class Coverage:
    """The characters that a font file has glyphs for."""

    def __init__(self, path: Path) -> None:
        """Read the table.

        Args:
            path: A .ttf, .otf or .ttc file (of a collection, its first font).

        Raises:
            OSError: The file cannot be read.
            ValueError: It is not a font, or its table is damaged.
        """
        try:
            with path.open("rb") as file:
                ranges = sorted(_cmap(file))
        except (struct.error, IndexError) as error:
            raise ValueError(f"{path} is not a readable font: {error}") from error
        self._starts = [start for start, _ in ranges]
        self._ends = [end for _, end in ranges]

    def __contains__(self, character: str) -> bool:
        at = bisect_right(self._starts, ord(character)) - 1
        return at >= 0 and ord(character) <= self._ends[at]


def _cmap(file: BinaryIO) -> Iterator[tuple[int, int]]:
    """Yield the inclusive ranges of code points of the font's best Unicode table."""
    tag = file.read(4)
    start = 0
    if tag == b"ttcf":
        file.seek(12)
        (start,) = struct.unpack(">I", file.read(4))
    file.seek(start + 4)
    (tables,) = struct.unpack(">H", file.read(2))
    file.seek(start + 12)
    directory = file.read(16 * tables)
    entries = [struct.unpack_from(">4sIII", directory, 16 * i) for i in range(tables)]
    found = next(((offset, size) for name, _, offset, size in entries if name == b"cmap"), None)
    if found is None:
        return
    file.seek(found[0])
    table = file.read(found[1])
    (count,) = struct.unpack_from(">H", table, 2)
    subtables = [struct.unpack_from(">HHI", table, 4 + 8 * i) for i in range(count)]
    by_format = {
        struct.unpack_from(">H", table, offset)[0]: offset
        for platform, encoding, offset in subtables
        if platform == 0 or (platform == 3 and encoding in (1, 10))
    }
    if 12 in by_format:
        yield from _format_12(table, by_format[12])
    elif 4 in by_format:
        yield from _format_4(table, by_format[4])


def _format_12(table: bytes, at: int) -> Iterator[tuple[int, int]]:
    (groups,) = struct.unpack_from(">I", table, at + 12)
    for i in range(groups):
        start, end, glyph = struct.unpack_from(">III", table, at + 16 + 12 * i)
        yield (start + (glyph == 0), end)


def _format_4(table: bytes, at: int) -> Iterator[tuple[int, int]]:
    (twice,) = struct.unpack_from(">H", table, at + 6)
    segments = twice // 2
    ends = struct.unpack_from(f">{segments}H", table, at + 14)
    starts = struct.unpack_from(f">{segments}H", table, at + 16 + twice)
    deltas = struct.unpack_from(f">{segments}H", table, at + 16 + 2 * twice)
    offsets_at = at + 16 + 3 * twice
    offsets = struct.unpack_from(f">{segments}H", table, offsets_at)
    for i, (start, end) in enumerate(zip(starts, ends, strict=True)):
        if start == 0xFFFF:
            continue
        if offsets[i] == 0:
            missing = -deltas[i] & 0xFFFF  # the only code point that the delta maps to glyph 0
            if start <= missing <= end:
                yield from ((start, missing - 1), (missing + 1, end))
            else:
                yield (start, end)
            continue
        for code in range(start, end + 1):
            where = offsets_at + 2 * i + offsets[i] + 2 * (code - start)
            if struct.unpack_from(">H", table, where)[0]:
                yield (code, code)


def font_folders() -> tuple[Path, ...]:
    """Return the folders where this operating system keeps fonts."""
    home = expanded("~")
    if sys.platform == "win32":
        local = Path(os.environ.get("LOCALAPPDATA", home / "AppData" / "Local"))
        windows = Path(os.environ.get("WINDIR", "C:/Windows"))
        return (windows / "Fonts", local / "Microsoft" / "Windows" / "Fonts")
    if sys.platform == "darwin":
        return (Path("/System/Library/Fonts"), Path("/Library/Fonts"), home / "Library" / "Fonts")
    data = Path(os.environ.get("XDG_DATA_HOME", home / ".local" / "share"))
    shared = Path("/usr/share/fonts")
    return (shared, Path("/usr/local/share/fonts"), data / "fonts", home / ".fonts")


class InstalledFonts:
    """The fonts of this machine, listed and read when a character first needs one."""

    def __init__(self, folders: Sequence[Path] | None = None) -> None:
        """Take the folders to search, or None for the operating system's own."""
        self._folders = folders
        self._paths: list[Path] | None = None
        self._coverages: dict[Path, Coverage | None] = {}

    def find(self, characters: str, *, emoji: bool = False) -> Iterator[Path]:
        """Find the fonts that have all of the characters, the most suitable first.

        Args:
            characters: A letter with its marks.
            emoji: Prefer a font with coloured pictures.

        Yields:
            Their files. The first search lists the folders, which takes some 10 ms.
        """
        if self._paths is None:
            folders = font_folders() if self._folders is None else self._folders
            self._paths = sorted(_font_files(folders))
        script = _script(characters)
        for path in sorted(self._paths, key=lambda path: _rank(path, script, emoji)):
            coverage = self._coverage(path)
            if coverage is not None and all(c in coverage for c in characters):
                yield path

    def _coverage(self, path: Path) -> Coverage | None:
        if path not in self._coverages:
            try:
                self._coverages[path] = Coverage(path)
            except (OSError, ValueError):
                self._coverages[path] = None  # one broken font of hundreds does not matter
        return self._coverages[path]


def _font_files(folders: Iterable[Path]) -> Iterator[Path]:
    for folder in folders:
        for root, _, names in os.walk(folder):
            for name in names:
                if name.lower().endswith((".ttf", ".otf", ".ttc")):
                    yield Path(root) / name


def _script(characters: str) -> str:
    """Return the script as font files name it: "arabic", "devanagari"; "" if there is none."""
    name = unicodedata.name(characters[0], "")
    return name.split()[0].lower().split("-")[0] if name else ""


def _rank(path: Path, script: str, emoji: bool) -> tuple[int, int, int, str]:
    """Order fonts for a script: by kind, then by how well they fit, then by name."""
    name = path.stem.lower()
    kind = 3
    if any(word in name for word in _EMOJI):
        kind = 0 if emoji else 4
    elif script and script in name:
        kind = 1
    elif any(name.startswith(wide) for wide in _WIDE):
        kind = 2
    taste = sum(weight for word, weight in _LIKES if word in name)
    taste += 4 * sum(word in name.replace("sansserif", "") for word in _DISLIKES)
    return (kind, taste, len(name), str(path))
