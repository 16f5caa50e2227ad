"""Font files, opened with Pillow at the sizes they have."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from paintcam.overlay.unicode import clusters

if TYPE_CHECKING:
    from PIL import Image, ImageDraw, ImageFont

__all__ = ["Run", "Typefaces"]

# Emoji fonts of bitmaps have one size or a few: Noto 109, Apple 160, 96, 64 …
_BITMAP_SIZES = (109, 160, 136, 128, 96, 72, 64, 48, 40, 32, 20)
_KEPT = 96  # open fonts: a handful of sizes in a handful of scripts


@dataclass(frozen=True, slots=True)
class Run:
    """A part of a line that one font draws in one direction."""

    text: str
    font: Path
    rtl: bool
    emoji: bool


class Typefaces:
    """Measures and draws runs, each in its own font."""

    def __init__(self, font: Path) -> None:
        """Open the font that most text is in.

        Raises:
            OSError: Pillow cannot read it.
        """
        from PIL import features

        self._main = font
        # Raqm joins Arabic and Indic letters. Pillow's wheels have it; if it is missing
        # (Windows without fribidi), letters are in the right order but not joined.
        self._raqm = bool(features.check("raqm"))
        self._open: dict[tuple[Path, int], ImageFont.FreeTypeFont] = {}
        self._sizes: dict[Path, int] = {}
        self.face(font, 100)

    @cached_property
    def digit_height(self) -> float:
        """Height of the lowest digit in font sizes."""
        boxes = [self.face(self._main, 400).getbbox(digit, anchor="ls") for digit in "0123456789"]
        return min(bottom - top for _, top, _, bottom in boxes) / 400

    def face(self, path: Path, size: int) -> ImageFont.FreeTypeFont:
        """Open a font at a size, or at the nearest it has.

        Raises:
            OSError: Pillow cannot read it.
        """
        key = (path, size)
        if key not in self._open:
            if len(self._open) >= _KEPT:
                self._open.clear()
            self._open[key] = self._load(path, size)
        return self._open[key]

    def _load(self, path: Path, size: int) -> ImageFont.FreeTypeFont:
        from PIL import ImageFont

        layout = ImageFont.Layout.RAQM if self._raqm else ImageFont.Layout.BASIC
        sizes = (self._sizes[path],) if path in self._sizes else (size, *_BITMAP_SIZES)
        for candidate in sizes:
            try:
                # Not `truetype`, which falls back on a font of the same name elsewhere.
                face = ImageFont.FreeTypeFont(str(path), candidate, layout_engine=layout)
            except OSError as error:
                problem = error
                continue
            if candidate != size:
                self._sizes[path] = candidate
            # Not every font is variable, and not every variable font has a bold.
            with suppress(OSError, ValueError, NotImplementedError):
                face.set_variation_by_name("Bold")
            return face
        raise problem

    def can_draw(self, run: Run) -> bool:
        """Return whether Pillow can draw a run: it cannot draw everything that is in a font."""
        from PIL import Image

        try:
            if run.emoji:
                sheet = Image.new("RGBA", (256, 256))
                self.stamp(sheet, run, 64, (64, 128))
                return sheet.getbbox() is not None
            return self.face(run.font, 64).getmask(run.text).getbbox() is not None
        except OSError:
            return False

    def length(self, run: Run, size: int) -> float:
        """Return the length of a run, in pixels."""
        face = self.face(run.font, size)
        shaped, direction = self._shaped(run)
        return float(face.getlength(shaped, direction=direction)) * size / face.size

    def write(
        self, draw: ImageDraw.ImageDraw, run: Run, size: int, at: tuple[float, float]
    ) -> None:
        """Draw a run in full ink, starting at `at` on its baseline."""
        shaped, direction = self._shaped(run)
        draw.text(at, shaped, 255, self.face(run.font, size), "ls", direction=direction)

    def stamp(self, sheet: Image.Image, run: Run, size: int, at: tuple[float, float]) -> None:
        """Draw a run of emoji in their own colours on an RGBA image, scaled to a size."""
        from PIL import Image, ImageDraw

        face = self.face(run.font, size)
        shaped, direction = self._shaped(run)
        left, top, right, bottom = face.getbbox(shaped, direction=direction, anchor="ls")
        if right <= left or bottom <= top:
            return
        native = Image.new("RGBA", (int(right - left), int(bottom - top)))
        ImageDraw.Draw(native).text(
            (-left, -top), shaped, "white", face, "ls", direction=direction, embedded_color=True
        )
        scale = size / face.size
        wh = (max(1, round(native.width * scale)), max(1, round(native.height * scale)))
        middle = at[1] - size * self.digit_height / 2
        where = (max(0, round(at[0] + left * scale)), max(0, round(middle - wh[1] / 2)))
        sheet.alpha_composite(native.resize(wh, Image.Resampling.LANCZOS), where)

    def _shaped(self, run: Run) -> tuple[str, str | None]:
        """Return the text as Pillow takes it, and the direction for Raqm."""
        if self._raqm:
            return run.text, "rtl" if run.rtl else "ltr"
        return ("".join(reversed(clusters(run.text))) if run.rtl else run.text), None
