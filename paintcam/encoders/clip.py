"""CLIP, through `inference.models.Clip`.

The preprocessing is CLIP's own: bicubic to the model's size, centre crop, CLIP's mean and standard
deviation (Radford et al. 2021, section 2; the reference code's `_transform`). Only the centre crop
comes first here, since what it drops need not be scaled: half the time for a 720p frame, and the
same pixels up to the rounding of one edge.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from paintcam.encoders.base import (
    Embeddings,
    EncoderInfo,
    ScoreRange,
    check_prompts,
    middle_square,
    too_long,
    unit_rows,
)
from paintcam.encoders.onnxfile import is_whole, open_error
from paintcam.encoders.quiet import quiet
from paintcam.encoders.weights import (
    DEFAULT_VARIANT,
    FILES,
    VARIANTS,
    clip_folder,
    prepare_environment,
    pull_command,
)
from paintcam.errors import ModelError
from paintcam.frames import Image

if TYPE_CHECKING:
    from pathlib import Path

    from inference.models import Clip
    from onnxruntime import InferenceSession

__all__ = ["CLIP_RANGE", "MAX_TOKENS", "ClipEncoder"]

CLIP_RANGE: ScoreRange = (0.08, 0.48)
"""The lowest and highest similarity seen over 20,000 drawings on paint.wtf."""

MAX_TOKENS = 77
"""CLIP's context length, both end marks included (Radford et al. 2021, section 2.4)."""


class ClipEncoder:
    """One variant of CLIP from its cached weights; loading takes several seconds.

    Args:
        variant: One of `paintcam.encoders.weights.VARIANTS`.

    Raises:
        ModelError: The weights are not here or damaged, or Inference cannot run them.
    """

    def __init__(self, variant: str = DEFAULT_VARIANT) -> None:
        self._variant = variant
        self._name = f"clip:{variant}"
        with quiet():
            folder = clip_folder(variant)
            _check_files(folder, variant)
            self._clip, self._batch = self._load(folder)
            # The first run takes longer than the others, and shows what the model gives.
            edge = VARIANTS[variant].image_size
            self._dim = int(self.encode_text(["paper"]).shape[1])
            seen = self.encode_image([np.zeros((edge, edge, 3), np.uint8)]).shape[1]
        if seen != self._dim:
            raise ModelError(
                f"The two halves of {self._name} in {folder} do not belong together ({seen} and "
                f"{self._dim} dimensions). Remove the folder, then run `{pull_command(variant)}`."
            )

    @property
    def info(self) -> EncoderInfo:
        """What the encoder declares about itself."""
        return EncoderInfo(self._name, CLIP_RANGE, knows_nsfw=True, slow=True, engine="inference")

    def encode_image(self, images: Sequence[Image]) -> Embeddings:
        """Embed frames in the joint space.

        Args:
            images: BGR uint8 frames, each (H, W, 3); sizes may differ. The middle square is seen.

        Returns:
            Unit-norm float32 embeddings, shape (N, D), in the order given.

        Raises:
            ModelError: The model cannot run.

        Source: Radford et al. 2021, section 2 (centre crop, bicubic, CLIP mean/std).
        """
        rows: list[Embeddings] = []
        for start in range(0, len(images), self._batch):
            chunk = [middle_square(image) for image in images[start : start + self._batch]]
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
        check_prompts(texts)
        if not texts:
            return np.zeros((0, self._dim), np.float32)
        for text in texts:
            if (tokens := _tokens(text)) > MAX_TOKENS:
                raise too_long(self._name, tokens, MAX_TOKENS)
        try:
            raw = self._clip.embed_text(list(texts))
        except Exception as error:  # as above
            raise self._failed(error) from error
        return unit_rows(raw, len(texts), self._name)

    def _load(self, folder: Path) -> tuple[Clip, int]:
        prepare_environment()
        try:
            import torch
            from inference.core.env import CLIP_MAX_BATCH_SIZE
            from inference.models import Clip
        except Exception as error:  # an install torn in two raises anything
            raise ModelError(
                f"Cannot import Inference's CLIP ({_first_line(error)}). Run `paintcam doctor` to "
                "see what is wrong, or pass `--model sketch`."
            ) from error
        # torch only prepares pictures here, and its waiting threads would take the processor from
        # ONNX Runtime's.
        torch.set_num_threads(1)
        try:
            with _lean_sessions():
                return Clip(model_id=f"clip/{self._variant}"), int(CLIP_MAX_BATCH_SIZE)
        except Exception as error:  # ONNX Runtime's errors share no narrower public base
            for file in FILES:
                if reason := open_error(folder / file):
                    raise _damaged(folder / file, reason, self._variant) from error
            raise ModelError(
                f"Cannot load {self._name} from {folder} ({_first_line(error)}). Run `paintcam "
                "doctor` to see what is wrong, or pass `--model sketch`."
            ) from error

    def _failed(self, error: Exception) -> ModelError:
        return ModelError(
            f"{self._name} cannot run ({_first_line(error)}). Run `paintcam doctor` to see what is "
            "wrong, or pass `--model sketch`."
        )


@contextmanager
def _lean_sessions() -> Iterator[None]:
    """Have ONNX Runtime give back what weights took before it rearranged them.

    `Clip` opens its sessions without options, and their arenas then keep 0.3 GB of ViT-B-16's 2.0
    for nothing.
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


def _check_files(folder: Path, variant: str) -> None:
    """Refuse weights that are missing or cut short, before Inference would load or fetch them."""
    for file in FILES:
        path = folder / file
        if not path.exists():
            raise ModelError(
                f"The weights of clip:{variant} are not here. Run `{pull_command(variant)}`, about "
                f"{VARIANTS[variant].megabytes} MB, or pass `--model sketch`."
            )
        if not is_whole(path):
            raise _damaged(path, "it is cut short", variant)


def _damaged(path: Path, reason: str, variant: str) -> ModelError:
    return ModelError(
        f"{path} is damaged ({reason}). Remove it, then run `{pull_command(variant)}`; or pass "
        "`--model sketch`."
    )


def _tokens(text: str) -> int:
    """How many tokens CLIP makes of a text, both end marks included."""
    from clip import tokenize

    # Every character is at most a few tokens, so this context always holds them; the end mark has
    # the highest number of all tokens, as CLIP's own pooling relies on.
    ids: npt.NDArray[Any] = tokenize(text, context_length=8 * len(text) + 2).numpy()
    return int(ids[0].argmax()) + 1


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
