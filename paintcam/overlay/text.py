"""Text as bitmaps: each distinct text is rendered once with Pillow, kept and reused.

OpenCV's own fonts have only ASCII. The bundled font has Latin, Greek and Cyrillic; other scripts
and emoji come from an installed font, cluster by cluster, so that one line may mix them.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from paintcam.errors import REINSTALL, PaintcamError
from paintcam.overlay.fonts import Coverage, InstalledFonts
from paintcam.overlay.lru_cache import Recent
from paintcam.overlay.missing import writing_of
from paintcam.overlay.typefaces import Run, Typefaces
from paintcam.overlay.unicode import (
    clean,
    clusters,
    display_order,
    is_emoji,
    is_space,
    needed,
)
from paintcam.overlay.wrapping import last_part, wrapped

__all__ = ["BUNDLED", "Bitmap", "Colour", "Lettering"]

BUNDLED = Path(__file__).parent.parent / "assets" / "fonts" / "Inter-Bold.otf"

Colour: TypeAlias = tuple[int, int, int]
"""Blue, green, red, each 0…255."""

# Room for ink around a line, in font sizes: stacked accents above, deep tails below.
_ABOVE, _BELOW, _SIDE = 1.3, 0.6, 0.1
_SMALLEST = 6  # pixels: smaller letters cannot be read
_NO_GLYPH = "·"
_KEPT_BYTES = 48 << 20


@dataclass(frozen=True, slots=True)
class Bitmap:
    """Text ready to be drawn on a picture: `picture · inverse / 255 + ink`.

    Attributes:
        inverse: uint8 (h, w, 3), 255 minus the coverage, the same in each channel.
        ink: uint8 (h, w, 3) BGR, the colour times the coverage.
        dx: Pixels from the line's start to the bitmap's left edge.
        dy: Pixels from the baseline to the bitmap's top edge; negative is above.
        advance: Pixels from the line's start to its end.
    """

    inverse: npt.NDArray[np.uint8]
    ink: npt.NDArray[np.uint8]
    dx: int
    dy: int
    advance: int


class Lettering:
    """Renders, measures and wraps text in the overlay's font."""

    def __init__(self, installed: InstalledFonts | None = None) -> None:
        """Load the bundled font.

        Args:
            installed: Where characters come from that it lacks; None for this machine's fonts.

        Raises:
            PaintcamError: The bundled font is missing or damaged.
        """
        self._installed = installed or InstalledFonts()
        try:
            self._own = Coverage(BUNDLED)
            self._faces = Typefaces(BUNDLED)
        except (OSError, ValueError) as error:
            raise PaintcamError(
                f"Cannot read the font {BUNDLED}: {error}.", fix=REINSTALL
            ) from error
        self._fonts: dict[str, tuple[Path, str, bool]] = {}
        self._without_font: dict[str, str] = {}  # clusters drawn as a dot, and their writing
        self._bitmaps: Recent[Bitmap] = Recent(_KEPT_BYTES, lambda b: 2 * b.ink.nbytes + 256)
        self._runs: Recent[tuple[Run, ...]] = Recent(512, lambda _: 1)
        self._widths: Recent[int] = Recent(1024, lambda _: 1)
        self._cells: Recent[int] = Recent(64, lambda _: 1)
        self._missing: Recent[frozenset[str]] = Recent(256, lambda _: 1)
        self._wraps: Recent[tuple[str, ...]] = Recent(256, lambda _: 1)

    def size_for(self, height: float) -> int:
        """Return the font size at which digits are at least this many pixels high."""
        return max(_SMALLEST, math.ceil(height / self._faces.digit_height))

    def bitmap(self, text: str, size: int, colour: Colour) -> Bitmap:
        """Render one line, or return it as rendered before.

        Args:
            text: Any text; line breaks and control characters count as spaces.
            size: Font size, pixels.
            colour: Of the ink; emoji keep their own.

        Returns:
            The bitmap. Treat it as read-only: it is shared.
        """
        key = (text, size, colour)
        return self._bitmaps.get(key, lambda: self._render(clean(text), size, colour))

    def width(self, text: str, size: int) -> int:
        """Return the length of one line, in pixels."""
        return self._widths.get((text, size), lambda: self._measure(text, size))

    def _measure(self, text: str, size: int) -> int:
        return math.ceil(sum(self._faces.length(run, size) for run in self._line(clean(text))))

    def digit_height(self, size: int) -> int:
        """Return the height of digits and (nearly) of capitals, in pixels."""
        return round(size * self._faces.digit_height)

    def space_width(self, size: int) -> int:
        """Return the width of a space, in pixels."""
        return max(1, size // 4)

    def digit_width(self, size: int) -> int:
        """Return the width of a digit's cell, in pixels: that of the widest, a little tighter."""
        return self._cells.get(
            size, lambda: round(0.94 * max(self.width(digit, size) for digit in "0123456789"))
        )

    def wrap(self, text: str, size: int, width: int, lines: int) -> tuple[str, ...]:
        """Break text into lines no wider than `width`, the last one cut with … if necessary.

        Args:
            text: Any text.
            size: Font size, pixels.
            width: Of the column, pixels.
            lines: At most this many.

        Returns:
            The lines; none if the text is blank or not even … fits.
        """
        key = (text, size, width, lines)
        return self._wraps.get(
            key,
            lambda: wrapped(clean(text), width, lines, lambda part: self.width(part, size)),
        )

    def tail(self, text: str, size: int, width: int) -> str:
        """Cut text at its start, with …, so that its end is visible."""
        return last_part(text, width, lambda part: self.width(part, size))

    def missing(self, text: str) -> frozenset[str]:
        """Return the writings of a text of which no installed font has the letters."""
        return self._missing.get(text, lambda: frozenset(self._find_missing(clean(text))))

    def _find_missing(self, text: str) -> Iterator[str]:
        for part in clusters(text):
            self._font_of(part)
            if part in self._without_font:
                yield self._without_font[part]

    def _line(self, text: str) -> tuple[Run, ...]:
        return self._runs.get(text, lambda: tuple(self._itemise(text)))

    def _itemise(self, text: str) -> Iterator[Run]:
        """Split a line into runs, in the order in which they stand on the picture."""
        run: Run | None = None
        for part, rtl in display_order(clusters(text)):
            # A space stays in the font before it: a phrase in one script needs few runs.
            if is_space(part) and run is not None and not run.emoji:
                font, drawn, emoji = run.font, part, False
            else:
                font, drawn, emoji = self._font_of(part)
            if run is not None and (run.font, run.rtl, run.emoji) == (font, rtl, emoji):
                # Pillow takes text in reading order.
                run = replace(run, text=drawn + run.text if rtl else run.text + drawn)
                continue
            if run is not None:
                yield run
            run = Run(drawn, font, rtl, emoji)
        if run is not None:
            yield run

    def _font_of(self, cluster: str) -> tuple[Path, str, bool]:
        """Return a cluster's font, the text to draw with it, and whether it is emoji."""
        if cluster not in self._fonts:
            self._fonts[cluster] = self._choose(cluster)
        return self._fonts[cluster]

    def _choose(self, cluster: str) -> tuple[Path, str, bool]:
        characters = needed(cluster)
        if not characters:
            return BUNDLED, " ", False
        if is_emoji(cluster) and (path := self._usable(characters[0], emoji=True)):
            return path, cluster, True
        if all(c in self._own for c in characters):
            return BUNDLED, characters, False
        for text in dict.fromkeys(
            (characters, characters[0])
        ):  # without its mark rather than a dot
            if path := self._usable(text):
                return path, text if text != characters else cluster, False
        # No font has it: a fancy letter becomes a plain one, anything else a dot.
        plain = "".join(c for c in unicodedata.normalize("NFKD", characters) if c in self._own)
        if not plain:
            self._without_font[cluster] = writing_of(cluster, emoji=is_emoji(cluster))
        return BUNDLED, plain or _NO_GLYPH, False

    def _usable(self, text: str, *, emoji: bool = False) -> Path | None:
        found = self._installed.find(text, emoji=emoji)
        return next((p for p in found if self._faces.can_draw(Run(text, p, False, emoji))), None)

    def _render(self, text: str, size: int, colour: Colour) -> Bitmap:
        from PIL import Image, ImageDraw

        runs = self._line(text)
        above, below, side = (math.ceil(size * part) for part in (_ABOVE, _BELOW, _SIDE))
        advance = math.ceil(sum(self._faces.length(run, size) for run in runs))
        sheet = Image.new("L", (advance + 2 * side, above + below))
        pictures = Image.new("RGBA", sheet.size) if any(run.emoji for run in runs) else None
        pen = float(side)
        draw = ImageDraw.Draw(sheet)
        for run in runs:
            if pictures is not None and run.emoji:
                self._faces.stamp(pictures, run, size, (pen, above))
            else:
                self._faces.write(draw, run, size, (pen, above))
            pen += self._faces.length(run, size)
        alpha = np.asarray(sheet)
        ink = (alpha[:, :, None].astype(np.uint16) * np.array(colour, np.uint16) + 127) // 255
        if pictures is not None:
            coloured = np.asarray(pictures).astype(np.uint16)
            cover = coloured[:, :, 3:]
            ink = np.where(cover > 0, (coloured[:, :, 2::-1] * cover + 127) // 255, ink)
            alpha = np.maximum(alpha, np.asarray(pictures)[:, :, 3])
        rows, columns = np.flatnonzero(alpha.any(1)), np.flatnonzero(alpha.any(0))
        top, bottom = (rows[0], rows[-1] + 1) if rows.size else (0, 0)
        left, right = (columns[0], columns[-1] + 1) if columns.size else (0, 0)
        box = np.s_[top:bottom, left:right]
        inverse = np.repeat(255 - alpha[box][:, :, None], 3, axis=2)
        pixels = np.ascontiguousarray(ink[box].astype(np.uint8))
        return Bitmap(inverse, pixels, int(left) - side, int(top) - above, advance)
