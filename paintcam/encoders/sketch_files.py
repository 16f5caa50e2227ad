"""The files of the bundled encoder, or of another encoder of that form.

The folder holds `encoder.json` (name, sizes, range, and the length and SHA-256 of each file),
`visual.onnx`, `text.onnx`, `tokenizer.json` and optionally `handwriting.npy`.
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
from paintcam.errors import REINSTALL, ModelError

__all__ = ["BUNDLED", "SketchManifest"]

BUNDLED = Path(__file__).resolve().parent.parent / "assets" / "sketch"
FILES = ("visual.onnx", "text.onnx", "tokenizer.json")
HANDWRITING = "handwriting.npy"  # optional
LOGIT_SCALE = 25.0  # if encoder.json has none


@dataclass(frozen=True, slots=True)
class SketchManifest:
    """The content of `encoder.json`, and access to the files that it verifies.

    Attributes:
        folder: The folder of all files.
        name: The encoder's name.
        version: Its version.
        image_size: Edge of the square input picture, pixels.
        max_tokens: The longest text, in tokens with both end marks.
        score_range: Similarities that become score 0 and 100.
        logit_scale: Factor of the cosines before a softmax over labels.
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
            ModelError: It is missing or invalid.
        """
        try:
            manifest = json.loads((folder / "encoder.json").read_text(encoding="utf-8"))
            low, high = manifest["range"]
            return cls(
                folder=folder,
                name=str(manifest["name"]),
                version=str(manifest["version"]),
                image_size=int(manifest["image_size"]),
                max_tokens=int(manifest["max_tokens"]),
                score_range=(float(low), float(high)),
                logit_scale=float(manifest.get("logit_scale", LOGIT_SCALE)),
                licence=str(manifest["licence"]),
                files={
                    name: (
                        int(manifest["files"][name]["bytes"]),
                        str(manifest["files"][name]["sha256"]),
                    )
                    for name in (*FILES, HANDWRITING)
                    if name in FILES or name in manifest["files"]
                },
            )
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ModelError(
                f"No sketch encoder in {folder}: cannot use encoder.json ({error!r}).",
                fix=REINSTALL,
            ) from error

    @property
    def fingerprint(self) -> str:
        """Changes with the files, and so with every embedding."""
        digests = " ".join(digest for _, digest in self.files.values())
        return hashlib.sha256(digests.encode()).hexdigest()[:32]

    def verified(self, file: str) -> bytes:
        """Read a file and verify it against the manifest.

        Raises:
            ModelError: It cannot be read, or its length or SHA-256 differs.
        """
        path = self.folder / file
        size, digest = self.files[file]
        try:
            data = path.read_bytes()
        except OSError as error:
            raise ModelError(f"Cannot read {path} ({error.strerror}).", fix=REINSTALL) from error
        if len(data) != size:
            raise ModelError(f"{path} is damaged: {len(data)} bytes of {size}.", fix=REINSTALL)
        if hashlib.sha256(data).hexdigest() != digest:
            raise ModelError(
                f"{path} is damaged: its SHA-256 differs from encoder.json's.", fix=REINSTALL
            )
        return data

    def handwriting(self, dim: int) -> npt.NDArray[np.float32] | None:
        """Read the direction of handwriting, unit-norm (dim,); None if the folder has none.

        Raises:
            ModelError: It is damaged, or not a unit vector.
        """
        if HANDWRITING not in self.files:
            return None
        try:
            data = io.BytesIO(self.verified(HANDWRITING))
            found: npt.NDArray[Any] = np.load(data, allow_pickle=False)
        except (ValueError, EOFError) as error:
            raise self.foreign(HANDWRITING, error) from error
        if getattr(found, "shape", None) != (dim,) or found.dtype != np.float32:
            raise self.foreign(HANDWRITING, f"expected {dim} float32 numbers")
        if not abs(float(np.linalg.norm(found)) - 1) < 1e-3:
            raise self.foreign(HANDWRITING, "expected a vector of length 1")
        return found

    def foreign(self, file: str, reason: object) -> ModelError:
        """Build the error of a complete file that belongs to something else."""
        return ModelError(
            f"{self.folder / file} is not for the sketch encoder ({reason}).", fix=REINSTALL
        )
