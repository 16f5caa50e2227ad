"""The files of the bundled encoder, or of another one of that form.

The folder holds `encoder.json` (name, sizes, range, and the length and SHA-256 of each file),
`visual.onnx`, `text.onnx`, `tokenizer.json` and, where it has one, `handwriting.npy`.
"""

from __future__ import annotations

import hashlib
import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from paintcam.encoders.base import ScoreRange
from paintcam.errors import ModelError

__all__ = ["BUNDLED", "SketchManifest"]

BUNDLED = Path(__file__).resolve().parent.parent / "assets" / "sketch"
FILES = ("visual.onnx", "text.onnx", "tokenizer.json")
HANDWRITING = "handwriting.npy"  # a folder may lack it
LOGIT_SCALE = 25.0  # where encoder.json names none
_MEND = "Mend it: `pip install --force-reinstall --no-deps paintcam`."


@dataclass(frozen=True, slots=True)
class SketchManifest:
    """What `encoder.json` says, and the files beside it, verified.

    Attributes:
        folder: Where they lie.
        name: The encoder's name.
        version: Its version.
        image_size: Edge of the square picture it takes, pixels.
        max_tokens: The longest text it takes, tokens with both end marks.
        score_range: Similarities that become score 0 and 100.
        logit_scale: What cosines are multiplied by before a softmax over labels.
        licence: SPDX name.
        files: File name → (bytes, SHA-256 in hex).
    """

    folder: Path
    name: str
    version: str
    image_size: int
    max_tokens: int
    score_range: ScoreRange
    logit_scale: float
    licence: str
    files: dict[str, tuple[int, str]]

    @classmethod
    def read(cls, folder: Path) -> SketchManifest:
        """Read a folder's `encoder.json`.

        Raises:
            ModelError: It is missing, or not what this encoder writes.
        """
        try:
            told = json.loads((folder / "encoder.json").read_text(encoding="utf-8"))
            low, high = told["range"]
            return cls(
                folder=folder,
                name=str(told["name"]),
                version=str(told["version"]),
                image_size=int(told["image_size"]),
                max_tokens=int(told["max_tokens"]),
                score_range=(float(low), float(high)),
                logit_scale=float(told.get("logit_scale", LOGIT_SCALE)),
                licence=str(told["licence"]),
                files={
                    name: (int(told["files"][name]["bytes"]), str(told["files"][name]["sha256"]))
                    for name in (*FILES, HANDWRITING)
                    if name in FILES or name in told["files"]
                },
            )
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ModelError(
                f"No sketch encoder in {folder}: cannot use encoder.json ({error!r}). {_MEND}"
            ) from error

    def verified(self, file: str) -> bytes:
        """Read a file and hold it against the manifest.

        Raises:
            ModelError: It cannot be read, or its length or SHA-256 is another.
        """
        path = self.folder / file
        size, digest = self.files[file]
        try:
            data = path.read_bytes()
        except OSError as error:
            raise ModelError(f"Cannot read {path} ({error.strerror}). {_MEND}") from error
        if len(data) != size:
            raise ModelError(f"{path} is damaged: {len(data)} bytes of {size}. {_MEND}")
        if hashlib.sha256(data).hexdigest() != digest:
            raise ModelError(f"{path} is damaged: its SHA-256 is not encoder.json's. {_MEND}")
        return data

    def handwriting(self, dim: int) -> npt.NDArray[np.float32] | None:
        """Read the direction of handwriting, unit-norm (dim,); None where the folder has none.

        Raises:
            ModelError: It is damaged, or no such direction.
        """
        if HANDWRITING not in self.files:
            return None
        try:
            data = io.BytesIO(self.verified(HANDWRITING))
            found: npt.NDArray[Any] = np.load(data, allow_pickle=False)
        except (ValueError, EOFError) as error:
            raise self.foreign(HANDWRITING, error) from error
        if getattr(found, "shape", None) != (dim,) or found.dtype != np.float32:
            raise self.foreign(HANDWRITING, f"not {dim} numbers of float32")
        if not abs(float(np.linalg.norm(found)) - 1) < 1e-3:
            raise self.foreign(HANDWRITING, "no direction of length 1")
        return found

    def foreign(self, file: str, reason: object) -> ModelError:
        """Make the error of a file that is whole, but of something else."""
        return ModelError(f"{self.folder / file} is not for the sketch encoder ({reason}). {_MEND}")
