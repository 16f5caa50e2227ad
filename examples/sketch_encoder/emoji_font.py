"""Read the emoji of Symbola, a font of line drawings, as an icon set.

Source: Debian's ``fonts-symbola`` 2.60 by George Douros: "Fonts are free for any use; they may be
opened, edited, modified, regenerated, packaged and redistributed."
"""

# mypy: disable-error-code="no-untyped-call"
# fontTools has no types.

from __future__ import annotations

from pathlib import Path
from typing import Any

NAME = "symbola"
FILE = "fonts-symbola/usr/share/fonts/truetype/ancient-scripts/Symbola_hint.ttf"
FIRST = 0x2190  # arrows; what comes before are letters and punctuation


def read_font(packages: Path) -> dict[str, Any]:
    """Return the font's symbols in the form of Iconify's JSON, named by their code in hex.

    Args:
        packages: The folder :func:`fetch.fetch` filled.
    """
    from fontTools.pens.svgPathPen import SVGPathPen
    from fontTools.pens.transformPen import TransformPen
    from fontTools.ttLib import TTFont

    font = TTFont(packages / FILE)
    glyphs, above = font.getGlyphSet(), font["hhea"].ascent
    height = above - font["hhea"].descent
    icons = {}
    for code, name in font.getBestCmap().items():
        if code < FIRST:
            continue
        path = SVGPathPen(glyphs)
        glyphs[name].draw(TransformPen(path, (1, 0, 0, -1, 0, above)))  # SVG's y points down
        icons[f"{code:x}"] = {
            "body": f'<path fill="#000" d="{path.getCommands()}"/>',
            "width": glyphs[name].width,
            "height": height,
        }
    return {"icons": icons, "chars": {icon: icon for icon in icons}}
