"""CLIP on ONNX Runtime alone: the two files of Inference's model registry, opened directly.

Neither torch nor Inference is imported, so that the first score comes within seconds. The
preprocessing is in `clip_pixels.py`, the tokenizer in `clip_tokens.py`; `clip_inference.py` runs
the same files through `inference.models.Clip`.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from paintcam.encoders.base import Embeddings, EncoderInfo, ScoreRange, first_line, unit_rows
from paintcam.encoders.clip_pixels import clip_pixels
from paintcam.encoders.clip_session import open_text, open_visual, patch_grid, run_options
from paintcam.encoders.clip_tokens import ClipTokenizer
from paintcam.encoders.providers import checked_provider
from paintcam.encoders.weights import DEFAULT_VARIANT, check_files, fingerprint, mismatched
from paintcam.errors import CHECK_MACHINE, ModelError
from paintcam.frames import Image

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

__all__ = ["CLIP_RANGE", "ClipEncoder"]

CLIP_RANGE: ScoreRange = (0.08, 0.48)
"""The lowest and highest similarity seen over 20,000 drawings on paint.wtf."""

BATCH = 8
"""Frames or texts per run: keeps memory small without costing speed."""

TEXT_KEPT_S = 3.0
"""How long the text half stays open after its last use, in seconds."""

NUMBERS = {
    "tensor(float)": np.float32,
    "tensor(float16)": np.float16,
    "tensor(int32)": np.int32,
    "tensor(int64)": np.int64,
}


class ClipEncoder:
    """One variant of CLIP from its cached weights.

    The text half is closed some seconds after the last text, and opened again for the next one: it
    would hold a quarter of a gigabyte for nothing.

    Args:
        variant: One of `paintcam.encoders.weights`' `VARIANTS` or `INT8_VARIANTS`.
        provider: One of `paintcam.encoders.providers.PROVIDERS`, or "auto"; None reads
            `PAINTCAM_PROVIDER`.
        texts: Texts that are embedded at once. The text half is closed before the picture half
            opens, so that the two are never in memory together.

    Raises:
        ModelError: The weights are missing or damaged, or the provider cannot run them.
        UsageError: There is no such provider.
    """

    def __init__(
        self,
        variant: str = DEFAULT_VARIANT,
        provider: str | None = None,
        texts: Sequence[str] = (),
    ) -> None:
        self._variant = variant
        self._name = f"clip:{variant}"
        provider = checked_provider(provider)
        self._files = check_files(variant)
        self._tokenize = ClipTokenizer()
        opened = open_text(self._files["textual.onnx"], provider, variant)
        self._known: dict[str, Embeddings] = {}
        self._text: InferenceSession | None = opened.session
        self._text_used_at = time.monotonic()
        self._dim = self._dimensions(opened.session) or self.encode_text(["paper"]).shape[1]
        if texts:
            self._known = dict(zip(texts, self.encode_text(texts), strict=True))
            self._text = None
        del opened
        opened = open_visual(self._files["visual.onnx"], provider, variant)
        self._visual, self._provider = opened.session, opened.provider
        shape = self._visual.get_inputs()[0].shape
        self._edge = int(shape[2]) if isinstance(shape[2], int) else 224
        self._info = EncoderInfo(
            name=self._name,
            score_range=CLIP_RANGE,
            knows_nsfw=True,
            slow=True,
            engine="onnx",
            provider=self._provider,
            clip_edge=self._edge,
            patch_grid=patch_grid(self._visual),
            fingerprint=fingerprint(self._files.values()),
            notes=(opened.note,) if opened.note else (),
        )
        visual_dim = self._dimensions(self._visual)
        if visual_dim is None or self._provider != "cpu":
            # a provider may open a model and fail at its first run
            blank = np.zeros((self._edge, self._edge, 3), np.uint8)
            visual_dim = self._run_pictures([blank]).shape[1]
        if visual_dim != self._dim:
            folder = self._files["visual.onnx"].parent
            raise mismatched(variant, folder, visual_dim, self._dim)

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

        Source: Radford et al. 2021, section 2 (centre crop, bicubic, CLIP mean/std).
        """
        if time.monotonic() - self._text_used_at > TEXT_KEPT_S:
            self._text = None
        parts = [
            self._run_pictures(images[start : start + BATCH])
            for start in range(0, len(images), BATCH)
        ]
        return np.concatenate(parts) if parts else np.zeros((0, self._dim), np.float32)

    def encode_patches(self, images: Sequence[Image]) -> tuple[Embeddings, Embeddings]:
        """Embed frames, and each patch of them, as `PatchEncoder.encode_patches`."""
        rows, patches = [], []
        for image in images:
            found = self._run(self._visual, clip_pixels([image], self._edge), patches=True)
            rows.append(unit_rows(found[0], 1, self._name))
            # the first row is the class token's
            patches.append(unit_rows(found[1], self._info.patch_grid**2 + 1, self._name)[1:])
        return np.concatenate(rows), np.stack(patches)

    def encode_text(self, texts: Sequence[str]) -> Embeddings:
        """Embed texts in the joint space.

        Args:
            texts: Any number of texts, none of them blank.

        Returns:
            Unit-norm float32 embeddings, shape (N, D), in the order given.

        Raises:
            PromptError: A text is blank or longer than CLIP's 77 tokens.
            ModelError: The model cannot run.
        """
        if texts and all(text in self._known for text in texts):
            return np.stack([self._known[text] for text in texts])
        tokens = self._tokenize(texts, self._name)
        if not texts:
            return np.zeros((0, self._dim), np.float32)
        if self._text is None:
            # The CPU is fast enough for a few words, and a GPU's memory is better used.
            self._text = open_text(self._files["textual.onnx"], "cpu", self._variant).session
        session = self._text
        self._text_used_at = time.monotonic()
        parts = [
            unit_rows(self._run(session, rows)[0], len(rows), self._name)
            for rows in (tokens[start : start + BATCH] for start in range(0, len(tokens), BATCH))
        ]
        return np.concatenate(parts)

    def _run_pictures(self, images: Sequence[Image]) -> Embeddings:
        pixels = clip_pixels(images, self._edge)
        return unit_rows(self._run(self._visual, pixels)[0], len(images), self._name)

    def _run(
        self, session: InferenceSession, rows: npt.NDArray[Any], *, patches: bool = False
    ) -> list[npt.NDArray[Any]]:
        entry, outputs = session.get_inputs()[0], [one.name for one in session.get_outputs()]
        try:
            result: list[npt.NDArray[Any]] = session.run(
                outputs[: 1 + patches],
                {entry.name: rows.astype(NUMBERS.get(entry.type, rows.dtype), copy=False)},
                run_options(),
            )
        except Exception as error:  # ONNX Runtime's errors share no narrower public base
            raise ModelError(
                f"{self._name} cannot run ({first_line(error)}).",
                fix=CHECK_MACHINE,
            ) from error
        return result

    def _dimensions(self, session: InferenceSession) -> int | None:
        """Return the length of a session's embeddings, if the file gives it."""
        shape = session.get_outputs()[0].shape
        return shape[1] if len(shape) == 2 and isinstance(shape[1], int) else None
