"""The embeddings that guards compare with: computed once per weights file, in pieces, and kept.

131 texts and 16 pictures take CLIP seconds on a laptop, so a live run scores first and embeds them
between frames. They are kept in the model cache, in a file whose name changes with the weights,
the texts and the pictures.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import zipfile
from collections.abc import Collection, Sequence
from pathlib import Path

import numpy as np

from paintcam.encoders.base import Embeddings, Encoder, EncoderInfo
from paintcam.encoders.cache_files import read_small
from paintcam.encoders.weights import cache_root
from paintcam.folders import write_atomically
from paintcam.frames import Image
from paintcam.judge.guard_prompts import guard_prompts
from paintcam.judge.handwriting import reference_pictures

__all__ = ["References"]

LISTS = {"handwriting": ("handwriting", "harmless"), "nsfw": ("nsfw", "harmless")}
PIECE = 4
"""Texts or pictures per piece: CLIP on two cores is done with it in a fifth of a second."""
MOST_BYTES = 8 << 20
"""A file that is larger is not ours."""


class References:
    """An encoder that knows what guards compare with, and passes on everything else.

    Args:
        encoder: Embeds what is not known yet.
        guards: Names of the guards that will be built with it.
    """

    def __init__(self, encoder: Encoder, guards: Collection[str]) -> None:
        self._encoder = encoder
        lists = [name for guard in guards for name in LISTS[guard]]
        self._texts = tuple(dict.fromkeys(text for name in lists for text in guard_prompts(name)))
        drawings, pages = reference_pictures() if "handwriting" in guards else ([], [])
        self._pictures = (*drawings, *pages)
        self._rows: list[Embeddings] = []
        self._count = 0
        self._path = self._cache_file()
        self._read()

    @property
    def complete(self) -> bool:
        """Whether everything is embedded."""
        return self._count == len(self._texts) + len(self._pictures)

    def advance(self) -> bool:
        """Embed one piece, if any is left; the last one is followed by writing the file.

        Returns:
            Whether everything is embedded.

        Raises:
            ModelError: The model cannot run.
        """
        if self.complete:
            return True
        done, texts = self._count, len(self._texts)
        if done < texts:
            rows = self._encoder.encode_text(self._texts[done : done + PIECE])
        else:
            start = done - texts
            rows = self._encoder.encode_image(self._pictures[start : start + PIECE])
        self._rows.append(rows)
        self._count += len(rows)
        if self.complete:
            self._write()
        return self.complete

    @property
    def info(self) -> EncoderInfo:
        """What the encoder declares about itself."""
        return self._encoder.info

    def encode_text(self, texts: Sequence[str]) -> Embeddings:
        """Return known texts' embeddings, and embed others; as `Encoder.encode_text`."""
        if not self.complete or not set(texts) <= set(self._texts):
            return self._encoder.encode_text(texts)
        places = {text: place for place, text in enumerate(self._texts)}
        return self._all()[[places[text] for text in texts]]

    def encode_image(self, images: Sequence[Image]) -> Embeddings:
        """Return known pictures' embeddings, and embed others; as `Encoder.encode_image`."""
        places = {id(picture): place for place, picture in enumerate(self._pictures)}
        if not self.complete or any(id(image) not in places for image in images):
            return self._encoder.encode_image(images)
        return self._all()[[len(self._texts) + places[id(image)] for image in images]]

    def _all(self) -> Embeddings:
        if len(self._rows) > 1:
            self._rows = [np.concatenate(self._rows)]
        return self._rows[0]

    def _cache_file(self) -> Path | None:
        info = self._encoder.info
        if not info.fingerprint:
            return None
        digest = hashlib.sha256(info.fingerprint.encode())
        for text in self._texts:
            digest.update(f"{len(text)} {text}".encode())
        for picture in self._pictures:
            digest.update(picture.tobytes())
        return cache_root() / f"guards-{digest.hexdigest()[:32]}.npz"

    def _read(self) -> None:
        if self._path is None:
            return
        count = len(self._texts) + len(self._pictures)
        # whatever is wrong with the file (zip raises anything), the rows are computed again
        with contextlib.suppress(Exception):
            rows = _unpacked(read_small(self._path, MOST_BYTES))
            norms = np.linalg.norm(rows, axis=1)
            if len(rows) == count and bool((np.abs(norms - 1) < 1e-3).all()):
                self._rows, self._count = [rows], count

    def _write(self) -> None:
        if self._path is None:
            return
        packed = io.BytesIO()
        np.savez(packed, embeddings=self._all())
        with contextlib.suppress(OSError):  # then the next run embeds them again
            write_atomically(self._path, packed.getvalue())


def _unpacked(content: bytes) -> Embeddings:
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        if packed.getinfo("embeddings.npy").file_size > MOST_BYTES:
            raise ValueError("too large when unpacked")
        rows = np.load(io.BytesIO(packed.read("embeddings.npy")), allow_pickle=False)
    if rows.dtype != np.float32:
        raise ValueError("not float32")
    embeddings: Embeddings = rows
    return embeddings
