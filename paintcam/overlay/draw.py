"""The overlay: takes a picture and a Hud, and returns the finished picture."""

from __future__ import annotations

import threading
from dataclasses import replace
from importlib import import_module

import numpy as np
import numpy.typing as npt

from paintcam.frames import Image
from paintcam.overlay.canvas import Box, Canvas
from paintcam.overlay.cards import draw_headline, draw_help
from paintcam.overlay.compact import draw_above
from paintcam.overlay.hud import Hud
from paintcam.overlay.layouts import Layout, LayoutChoice, hidden_share
from paintcam.overlay.missing import font_package
from paintcam.overlay.notes import draw_notes
from paintcam.overlay.panel import draw_panel, is_score
from paintcam.overlay.podium import draw_podium
from paintcam.overlay.sheet_outline import draw_sheet_outline
from paintcam.overlay.text import Lettering
from paintcam.overlay.top_corners import draw_top
from paintcam.overlay.words import draw_words

__all__ = ["Overlay"]

_WARM_AFTER = 10  # pictures with a score: the first verdict must not wait for an import
_BLOCKS = 14  # on a blocked picture's shorter side: nothing in it can be recognised


class Overlay:
    """Draws the heads-up display, for the last row of a hall.

    Sizes are shares of the picture's height: digits of the score 12 % or more, the prompt 4 % or
    more, at any resolution. While a sheet of paper is found, the panel moves beside it or into a
    corner, with smaller text if need be, and hides at most a tenth of it. Text stands on dark
    plates with a contrast of 4.5:1 or more over any picture. Use one overlay for one stream, from
    one thread at a time.

    Example:
        >>> import numpy as np
        >>> from paintcam import Hud, Overlay
        >>> picture = np.full((720, 1280, 3), 200, np.uint8)
        >>> Overlay().draw(picture, Hud(prompt="a house", score=61.2)).shape
        (720, 1280, 3)
    """

    def __init__(self) -> None:
        """Load the font."""
        self._lettering = Lettering()
        self._choice = LayoutChoice()
        self._scored = 0

    def draw(self, image: Image, hud: Hud) -> Image:
        """Draw on a copy of a picture.

        Args:
            image: BGR uint8 (H, W, 3). It is never written to.
            hud: What to show.

        Returns:
            A new picture, BGR uint8 (H, W, 3), of the same size.
        """
        import cv2

        height, width = image.shape[:2]
        picture: Image
        if hud.mirrored:
            picture = cv2.flip(image, 1)
            if hud.region is not None:
                region = np.array(hud.region, dtype=np.float32)
                region[..., 0] = width - 1 - region[..., 0]
                hud = replace(hud, region=region)
            if hud.words:
                words = [replace(word, x=width - 1 - word.x) for word in hud.words]
                hud = replace(hud, words=tuple(words))
        else:
            picture = image.copy()
        if height and width:
            self.compose(Canvas(picture, self._lettering), hud)
        if hud.score is not None:
            self._warm_up()
        return picture

    def compose(self, canvas: Canvas, hud: Hud) -> None:
        """Draw everything on a canvas, in place; `hud.region` in the canvas's own pixels."""
        if hud.blocked:
            _pixelate(canvas)
        elif hud.region is not None:
            _draw_region(canvas, hud)
        if (hud.help or hud.podium) and not canvas.wide:  # an upright picture has no room for both
            hud = replace(hud, prompt="")
        hud = replace(hud, notes=(*hud.notes, *self._font_notes(hud)))
        sheet = _sheet(canvas, hud)
        if sheet is None:
            layout = self._choice.choose(None)
        else:
            corners = sheet

            def hidden(layout: Layout) -> float:
                plan = Canvas(canvas.picture, self._lettering, paint=False)
                # Notes come and go, so the panel does not move for them.
                _draw_texts(plan, replace(hud, notes=()), layout)
                return hidden_share(plan.plates, corners, canvas.width, canvas.height)

            layout = self._choice.choose(hidden)
        _draw_texts(canvas, hud, layout, sheet)
        if hud.words and not hud.blocked and not hud.help:
            draw_words(canvas, hud.words)

    def _font_notes(self, hud: Hud) -> list[str]:
        words = [word.text for word in hud.words or ()]
        texts = (
            *words,
            hud.prompt,
            hud.typing or "",
            hud.player,
            *hud.headline,
            *(hud.labels or ()),
        )
        missing = frozenset().union(*(self._lettering.missing(text) for text in texts))
        return [f"no font for {name}: install {font_package(name)}" for name in sorted(missing)]

    def _warm_up(self) -> None:
        """Import supervision after some pictures: the first blocked one must not wait for it."""
        self._scored += 1
        if self._scored == _WARM_AFTER:
            threading.Thread(target=import_module, args=("supervision",), daemon=True).start()


def _draw_texts(
    canvas: Canvas, hud: Hud, layout: Layout, sheet: npt.NDArray[np.float32] | None = None
) -> None:
    panel = draw_panel(canvas, hud, layout)
    top = draw_top(canvas, hud, panel.limit)
    if layout.kind == "corner" and is_score(hud):
        top = draw_above(canvas, hud, layout, top)
    gap = canvas.px(0.024)
    free, notes = (
        Box(box.left + gap, top + gap, box.right - gap, box.bottom - gap)
        for box in (panel.free, panel.notes)
    )
    if hud.help:  # the table of keys takes the room of everything else in the middle
        draw_help(canvas, free)
        return
    places = (notes, free)
    above = draw_notes(canvas, hud.notes, places, at_right=panel.at_right, sheet=sheet)
    middle = free._replace(bottom=min(free.bottom, above))
    if hud.podium:
        draw_podium(canvas, hud.headline, hud.podium, middle)
    else:
        draw_headline(canvas, hud.headline, middle)


def _sheet(canvas: Canvas, hud: Hud) -> npt.NDArray[np.float32] | None:
    """Return the corners of a sheet that must stay visible, clipped to what can be drawn."""
    if hud.region is None or not hud.sheet or hud.blocked or hud.headline or hud.help:
        return None
    region = np.asarray(hud.region, dtype=np.float32)
    if region.shape != (4, 2) or not np.isfinite(region).all():
        return None
    reach = 4 * max(canvas.width, canvas.height)
    return region.clip(-reach, reach)


def _pixelate(canvas: Canvas) -> None:
    import supervision as sv

    whole = sv.Detections(xyxy=np.array([canvas.frame], dtype=np.float32))
    size = max(2, min(canvas.width, canvas.height) // _BLOCKS)
    sv.PixelateAnnotator(pixel_size=size).annotate(canvas.picture, whole)


def _draw_region(canvas: Canvas, hud: Hud) -> None:
    """Outline the sheet, or dim what is outside the encoder's crop and mark its corners."""
    region = np.asarray(hud.region, dtype=np.float32)
    if region.shape != (4, 2) or not np.isfinite(region).all():
        return
    reach = 4 * max(canvas.width, canvas.height)  # OpenCV's coordinates overflow far outside
    region = region.clip(-reach, reach)
    if hud.sheet:
        draw_sheet_outline(canvas, region, hud.score)
        return
    (left, top), (right, bottom) = np.rint(region.min(0)), np.rint(region.max(0))
    crop = Box(max(0, int(left)), max(0, int(top)), int(right) + 1, int(bottom) + 1)
    crop = crop._replace(
        right=min(canvas.width, crop.right), bottom=min(canvas.height, crop.bottom)
    )
    if crop.width <= 0 or crop.height <= 0:
        return
    if crop.width >= 0.98 * canvas.width and crop.height >= 0.98 * canvas.height:
        return  # the encoder sees all of it: nothing to mark
    light = 0.6
    canvas.shade(Box(0, 0, canvas.width, crop.top), light)
    canvas.shade(Box(0, crop.bottom, canvas.width, canvas.height), light)
    canvas.shade(Box(0, crop.top, crop.left, crop.bottom), light)
    canvas.shade(Box(crop.right, crop.top, canvas.width, crop.bottom), light)
    canvas.brackets(crop, canvas.px(0.05), canvas.px(0.005))
