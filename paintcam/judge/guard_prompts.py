"""What must not be shown: prompts and pictures that are not safe for work, told by the encoder.

The lists that guards compare with lie in one data file, `assets/guards/prompts.json`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from paintcam.encoders.base import Embeddings, Encoder
from paintcam.errors import ModelError, PromptError, UsageError
from paintcam.frames import Frame, Image
from paintcam.judge.verdict import Finding

__all__ = ["ASSETS", "NsfwPromptGuard", "PromptCheck", "embedded_prompts", "guard_prompts"]

ASSETS = Path(__file__).resolve().parent.parent / "assets" / "guards"
MARGIN = 0.04  # of the range: how much likelier than anything harmless a picture must be
ALIKE = 0.56  # of the way from unrelated to identical texts: a prompt that means the same


@cache
def guard_prompts(name: str) -> tuple[str, ...]:
    """One of the lists in `assets/guards/prompts.json`.

    Raises:
        ModelError: The file is missing or damaged.
    """
    try:
        told = json.loads((ASSETS / "prompts.json").read_text(encoding="utf-8"))
        return tuple(str(prompt) for prompt in told[name])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(
            f"Cannot use {ASSETS / 'prompts.json'} ({error!r}). Mend it: "
            "`pip install --force-reinstall --no-deps paintcam`."
        ) from error


class NsfwPromptGuard:
    """Blocks what looks not safe for work, with an encoder that knows: CLIP.

    Blocked is what is likelier one of the NSFW prompts than the prompt or anything harmless: the
    zero-shot classifier of Radford et al. 2021, section 3.1.2, with a margin.

    Args:
        encoder: Embeds the prompts once.
        prompts: What must not be shown; the bundled list where None.
    """

    name = "nsfw"

    def __init__(self, encoder: Encoder, prompts: Sequence[str] | None = None) -> None:
        low, high = encoder.info.score_range
        self._margin = MARGIN * (high - low)
        self._nsfw = embedded_prompts(encoder, self.name, prompts)
        self._harmless = embedded_prompts(encoder, "harmless")
        self._texts: Embeddings = np.empty((0, self._nsfw.shape[1]), np.float32)

    def prepare(self, texts: Embeddings) -> None:
        """Take new prompts: unit-norm float32 (P, D)."""
        self._texts = texts

    def check(self, frame: Frame, seen: Image, embedding: npt.NDArray[np.float32]) -> Finding:
        """Look at one frame."""
        harmless = max(
            float((self._harmless @ embedding).max()), float((self._texts @ embedding).max())
        )
        if float((self._nsfw @ embedding).max()) > harmless + self._margin:
            return Finding(blocked=True, words="not safe for work: hidden")
        return Finding()


class PromptCheck:
    """Refuses prompts that are not safe for work, with any encoder's text side.

    Args:
        encoder: Embeds the list once, the prompts later.
    """

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self._nsfw = embedded_prompts(encoder, "nsfw")
        self._harmless = harmless = embedded_prompts(encoder, "harmless")
        # CLIP's unrelated texts have a cosine near 0.7, a sentence model's one near 0.1.
        self._unrelated = float(np.median(harmless @ self._nsfw.T))
        words = "|".join(re.escape(word) for word in guard_prompts("nsfw_words"))
        # without words nothing must match, where \b\b would match everything
        self._words = re.compile(rf"\b({words})\b" if words else r"(?!)", re.IGNORECASE)

    def refuse(self, prompts: Sequence[str]) -> None:
        """Pass what is fit for a stage.

        Raises:
            PromptError: One of the prompts is not.
        """
        embeddings = self._encoder.encode_text(prompts)
        for prompt, embedding in zip(prompts, embeddings, strict=True):
            nearest = float((self._nsfw @ embedding).max())
            alike = (nearest - self._unrelated) / max(1 - self._unrelated, 1e-3)
            # "a drawing of a person" is like "a drawing of a naked person", and more like a drawing
            likelier = nearest > float((self._harmless @ embedding).max())
            if (alike > ALIKE and likelier) or self._words.search(prompt):
                raise PromptError(
                    f'The prompt "{prompt}" does not look safe for work. Try another, or pass '
                    "--no-guard nsfw."
                )


def embedded_prompts(
    encoder: Encoder, name: str, prompts: Sequence[str] | None = None
) -> Embeddings:
    """Embed one of the guards' lists: unit-norm float32 (P, D).

    Args:
        encoder: Embeds it.
        name: Of the list, and of the guard in an error.
        prompts: To embed instead of the bundled list.

    Raises:
        UsageError: No prompts.
        PromptError: One of them is blank or too long for the encoder.
    """
    texts = guard_prompts(name) if prompts is None else tuple(prompts)
    if not texts:
        raise UsageError(
            f"The {name} guard has no prompts. Give it one, or pass --no-guard {name}."
        )
    try:
        return encoder.encode_text(texts)
    except PromptError as error:
        raise PromptError(
            f"A prompt of the {name} guard does not fit this encoder: {error} "
            f"Or pass --no-guard {name}."
        ) from error
