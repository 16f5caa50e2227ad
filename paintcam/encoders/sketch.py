"""The bundled encoder: ONNX Runtime alone, loaded in a fraction of a second.

`sketch_files.py` describes its folder. Any other folder of that form works too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from paintcam.encoders.base import (
    Embeddings,
    EncoderInfo,
    check_prompts,
    middle_square,
    too_long,
    unit_rows,
)
from paintcam.encoders.providers import open_session
from paintcam.encoders.sketch_files import BUNDLED, SketchManifest
from paintcam.errors import ModelError
from paintcam.frames import Image

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

__all__ = ["SketchEncoder"]

# Frames a run: keeps the memory of a long `score` small without costing speed.
BATCH = 16
# The encoder learned English. Its tokenizer also has letters of other scripts, which were never
# trained, and one token for all emoji. Articles alone mean nothing.
WORDS = r"\b(?!(?:a|an|the)\b)[a-z0-9]+"


class SketchEncoder:
    """The bundled encoder, or another one in a folder of the same form.

    Args:
        folder: Its files; the bundled ones by default.
        provider: One of `paintcam.encoders.providers.PROVIDERS`. The CPU is the fastest for a
            network this small.

    Raises:
        ModelError: A file is missing, damaged, or not for this encoder.
    """

    def __init__(self, folder: Path | None = None, provider: str = "cpu") -> None:
        self._provider = provider
        self._manifest = SketchManifest.read(BUNDLED if folder is None else Path(folder))
        try:
            from tokenizers import Tokenizer

            self._tokenizer = Tokenizer.from_buffer(self._manifest.verified("tokenizer.json"))
        except ModelError:
            raise
        except Exception as error:  # tokenizers raises nothing narrower
            raise self._manifest.foreign("tokenizer.json", error) from error
        # A long prompt is an error, not truncated; each text runs alone, so there is no padding.
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        self._visual = self._session("visual.onnx", ["image"])
        self._text = self._session("text.onnx", ["input_ids", "attention_mask"])
        self._dim = self.encode_text(["paper"]).shape[1]
        self._info = EncoderInfo(
            name=self._manifest.name,
            score_range=self._manifest.score_range,
            version=self._manifest.version,
            logit_scale=self._manifest.logit_scale,
            handwriting=self._manifest.handwriting(self._dim),
            engine="onnx",
            provider=provider,
            fingerprint=self._manifest.fingerprint,
            words=WORDS,
        )
        edge = self._manifest.image_size
        visual_dim = self.encode_image([np.zeros((edge, edge, 3), np.uint8)]).shape[1]
        if visual_dim != self._dim:
            raise self._manifest.foreign(
                "visual.onnx", f"{visual_dim} dimensions, but text.onnx has {self._dim}"
            )

    @property
    def info(self) -> EncoderInfo:
        """What the encoder declares about itself."""
        return self._info

    def encode_image(self, images: Sequence[Image]) -> Embeddings:
        """Embed frames in the joint space.

        Args:
            images: BGR uint8 frames, each (H, W, 3); sizes may differ. The middle square is used.

        Returns:
            Unit-norm float32 embeddings, shape (N, D), in the order given.

        Raises:
            ModelError: The model cannot run.
        """
        if not images:
            return np.zeros((0, self._dim), np.float32)
        parts = []
        for start in range(0, len(images), BATCH):
            chunk = images[start : start + BATCH]
            batch = np.stack([_square_rgb(image, self._manifest.image_size) for image in chunk])
            parts.append(self._run(self._visual, "visual.onnx", {"image": batch}, len(chunk)))
        return np.concatenate(parts)

    def encode_text(self, texts: Sequence[str]) -> Embeddings:
        """Embed texts in the joint space.

        Args:
            texts: Any number of texts, none of them blank.

        Returns:
            Unit-norm float32 embeddings, shape (N, D), in the order given.

        Raises:
            PromptError: A text is blank or longer than the encoder takes.
            ModelError: The model cannot run.
        """
        check_prompts(texts)
        if not texts:
            return np.zeros((0, self._dim), np.float32)
        rows = [encoding.ids for encoding in self._tokenizer.encode_batch(list(texts))]
        length = max(len(row) for row in rows)
        if length > self._manifest.max_tokens:
            raise too_long(self._manifest.name, length, self._manifest.max_tokens)
        parts = []
        # One by one: activations are quantised over the whole batch, so other texts in it would
        # change a text's embedding.
        for row in rows:
            ids = np.array([row], np.int64)
            feed = {"input_ids": ids, "attention_mask": np.ones_like(ids)}
            parts.append(self._run(self._text, "text.onnx", feed, 1))
        return np.concatenate(parts)

    def _run(
        self, session: InferenceSession, file: str, feed: Mapping[str, npt.NDArray[Any]], count: int
    ) -> Embeddings:
        try:
            (raw,) = session.run(["embedding"], feed)
        except Exception as error:  # ONNX Runtime's errors share no narrower public base
            raise self._manifest.foreign(file, error) from error
        return unit_rows(raw, count, self._manifest.name)

    def _session(self, file: str, inputs: list[str]) -> InferenceSession:
        """Open one of the two networks from the bytes that were verified."""
        data = self._manifest.verified(file)
        try:
            session = open_session(data, self._provider, cores=2).session
            found = [tensor.name for tensor in session.get_inputs()]
        except ModelError:
            raise
        except Exception as error:  # as above
            raise self._manifest.foreign(file, error) from error
        if found != inputs or "embedding" not in [tensor.name for tensor in session.get_outputs()]:
            raise self._manifest.foreign(file, f"inputs {found}, expected {inputs}")
        return session


def _square_rgb(image: Image, edge: int) -> npt.NDArray[np.uint8]:
    """Crop a BGR frame to its middle square, as CLIP does, and scale it to RGB (edge, edge, 3)."""
    import cv2

    square = middle_square(image)
    method = cv2.INTER_AREA if square.shape[0] > edge else cv2.INTER_LINEAR
    scaled = cv2.resize(square, (edge, edge), interpolation=method)
    return np.ascontiguousarray(scaled[:, :, ::-1])
