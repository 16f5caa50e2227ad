"""Pictures that strangers send: checked, decoded, and encoded again before anything else sees them.

Nothing of the received bytes is stored or sent on, only pixels: metadata, trailing data and files
that are valid in two formats end here.
"""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass
from functools import cache
from types import ModuleType

import numpy as np

from paintcam.frames import Image as Pixels

__all__ = ["EDGE", "MAX_BYTES", "MEDIA_TYPES", "Picture", "PictureError", "read_picture"]

EDGE = 512
"""Width and height of a drawing in pixels."""

MAX_BYTES = 256 * 1024
"""Largest accepted upload."""

MEDIA_TYPES = {"image/png": "PNG", "image/webp": "WEBP"}
"""Accepted content types, and Pillow's names of the formats."""


class PictureError(ValueError):
    """The bytes are not an acceptable drawing; the text says why."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A drawing that was checked.

    Attributes:
        image: BGR uint8 (512, 512, 3) on white paper.
        png: The same as PNG.
    """

    image: Pixels
    png: bytes


def read_picture(body: bytes, media_type: str) -> Picture:
    """Decode an upload and encode it again.

    Args:
        body: The bytes received.
        media_type: The content type that was declared, one of `MEDIA_TYPES`.

    Raises:
        PictureError: Not a still PNG or WebP picture of exactly 512 × 512 pixels, or damaged.
    """
    pillow = _pillow()
    if len(body) > MAX_BYTES:
        raise PictureError(f"The picture has {len(body):,} bytes; {MAX_BYTES:,} are allowed.")
    try:
        opened = pillow.open(io.BytesIO(body), formats=[MEDIA_TYPES[media_type]])
        if opened.size != (EDGE, EDGE):
            width, height = opened.size
            raise PictureError(f"The picture is {width} × {height}; {EDGE} × {EDGE} is expected.")
        if getattr(opened, "n_frames", 1) != 1:
            raise PictureError("The picture is animated; a still one is expected.")
        if opened.mode.startswith("I"):  # 16 bits a pixel: Pillow would clip them to white
            opened = pillow.fromarray((np.asarray(opened) >> 8).astype(np.uint8))
        rgba = opened.convert("RGBA")
    except PictureError:
        raise
    except Exception as error:  # Pillow's decoders raise any exception for damaged data
        raise PictureError(f"The picture cannot be decoded ({type(error).__name__}).") from None
    paper = pillow.new("RGB", rgba.size, "white")
    paper.paste(rgba, mask=rgba.getchannel("A"))
    encoded = io.BytesIO()
    paper.save(encoded, "PNG", compress_level=1)
    pixels = np.frombuffer(paper.tobytes("raw", "BGR"), np.uint8)
    return Picture(pixels.reshape(EDGE, EDGE, 3), encoded.getvalue())


@cache
def _pillow() -> ModuleType:
    from PIL import Image

    # Its other bomb check is an error already. The size above is checked before any pixel.
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    return Image
