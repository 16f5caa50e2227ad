"""CLIP through `inference.models.Clip`: for TensorRT, and whatever else Inference is set up for.

It imports torch and Inference, which takes several seconds; `clip.py` runs the same files without.
Frames come scaled and cropped already, which leaves Inference's own preprocessing nothing to scale.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from paintcam.encoders.base import Embeddings, EncoderInfo, first_line, unit_rows
from paintcam.encoders.clip import CLIP_RANGE
from paintcam.encoders.clip_pixels import clip_square
from paintcam.encoders.clip_tokens import ClipTokenizer
from paintcam.encoders.onnx_trial import open_error
from paintcam.encoders.quiet import quiet
from paintcam.encoders.weights import (
    DEFAULT_VARIANT,
    FILES,
    VARIANTS,
    check_files,
    clip_folder,
    damaged,
    fingerprint,
    mismatched,
    prepare_environment,
)
from paintcam.encoders.without_env_file import without_env_file
from paintcam.errors import CHECK_MACHINE, ModelError
from paintcam.frames import Image

if TYPE_CHECKING:
    from pathlib import Path

    from inference.models import Clip
    from onnxruntime import InferenceSession

__all__ = ["InferenceClipEncoder"]


class InferenceClipEncoder:
    """One variant of CLIP from its cached weights, run by Inference.

    Args:
        variant: One of `paintcam.encoders.weights.VARIANTS`.

    Raises:
        ModelError: The weights are missing or damaged, or Inference cannot run them.
    """

    def __init__(self, variant: str = DEFAULT_VARIANT) -> None:
        self._variant = variant
        self._name = f"clip:{variant}"
        with quiet():
            folder = clip_folder(variant)
            check_files(variant)
            self._tokenize = ClipTokenizer()
            self._clip, self._batch = self._load(folder)
            # The first run takes longer than the others, and shows the dimensions.
            edge = VARIANTS[variant].image_size
            self._dim = int(self.encode_text(["paper"]).shape[1])
            visual_dim = self.encode_image([np.zeros((edge, edge, 3), np.uint8)]).shape[1]
        if visual_dim != self._dim:
            raise mismatched(variant, folder, visual_dim, self._dim)
        self._info = EncoderInfo(
            name=self._name,
            score_range=CLIP_RANGE,
            knows_nsfw=True,
            slow=True,
            engine="inference",
            clip_edge=edge,
            fingerprint=fingerprint(folder / file for file in FILES),
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

        Source: Radford et al. 2021, section 2 (centre crop, bicubic, CLIP mean/std).
        """
        rows: list[Embeddings] = []
        edge = VARIANTS[self._variant].image_size
        for start in range(0, len(images), self._batch):
            chunk = [clip_square(image, edge) for image in images[start : start + self._batch]]
            try:
                raw = self._clip.embed_image(chunk)  # takes numpy pictures for BGR
            except Exception as error:  # PIL, torchvision and ONNX Runtime share no base
                raise self._failed(error) from error
            rows.append(unit_rows(raw, len(chunk), self._name))
        return np.concatenate(rows) if rows else np.zeros((0, self._dim), np.float32)

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
        self._tokenize(texts, self._name)  # refuses what is blank or too long, in our words
        if not texts:
            return np.zeros((0, self._dim), np.float32)
        try:
            raw = self._clip.embed_text(list(texts))
        except Exception as error:  # as above
            raise self._failed(error) from error
        return unit_rows(raw, len(texts), self._name)

    def _load(self, folder: Path) -> tuple[Clip, int]:
        prepare_environment()
        try:
            import torch

            with without_env_file():
                from inference.core.env import CLIP_MAX_BATCH_SIZE
                from inference.models import Clip
        except Exception as error:  # a broken installation raises anything
            raise ModelError(
                f"Cannot import Inference's CLIP ({first_line(error)}).", fix=CHECK_MACHINE
            ) from error
        # torch only prepares pictures here, and its waiting threads would take the processor from
        # those of ONNX Runtime.
        torch.set_num_threads(1)
        try:
            with _lean_sessions():
                return Clip(model_id=f"clip/{self._variant}"), int(CLIP_MAX_BATCH_SIZE)
        except Exception as error:  # ONNX Runtime's errors share no narrower public base
            for file in FILES:
                if reason := open_error(folder / file):
                    raise damaged(folder / file, reason, self._variant) from error
            raise ModelError(
                f"Cannot load {self._name} from {folder} ({first_line(error)}).", fix=CHECK_MACHINE
            ) from error

    def _failed(self, error: Exception) -> ModelError:
        return ModelError(f"{self._name} cannot run ({first_line(error)}).", fix=CHECK_MACHINE)


@contextmanager
def _lean_sessions() -> Iterator[None]:
    """Make ONNX Runtime free the memory that weights took before it rearranged them.

    `Clip` opens its sessions without options, and their arenas then keep 0.3 GB for ViT-B-16.
    """
    import onnxruntime

    plain = onnxruntime.InferenceSession

    def lean(path: str, options: Any = None, *args: Any, **named: Any) -> InferenceSession:  # noqa: ANN401
        options = options or named.pop("sess_options", None) or onnxruntime.SessionOptions()
        options.add_session_config_entry("session.use_device_allocator_for_initializers", "1")
        return plain(path, options, *args, **named)

    onnxruntime.InferenceSession = lean
    try:
        yield
    finally:
        onnxruntime.InferenceSession = plain
