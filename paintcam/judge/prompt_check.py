"""Refuses prompts that are not safe for work."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from paintcam.encoders.base import Encoder
from paintcam.errors import PromptError
from paintcam.judge.guard_prompts import embedded_prompts, guard_prompts

__all__ = ["PromptCheck", "refuse_words"]

ALIKE = 0.56  # of the way from unrelated to identical texts: a prompt that means the same


class PromptCheck:
    """Refuses prompts that are not safe for work, with any encoder's text side.

    Args:
        encoder: Embeds the list once, and each prompt when it is checked.
    """

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self._nsfw = embedded_prompts(encoder, "nsfw")
        self._harmless = harmless = embedded_prompts(encoder, "harmless")
        # CLIP's unrelated texts have a cosine near 0.7, those of a sentence model one near 0.1.
        self._unrelated = float(np.median(harmless @ self._nsfw.T))

    def refuse(self, prompts: Sequence[str]) -> None:
        """Check prompts.

        Raises:
            PromptError: One of them does not look safe for work.
        """
        refuse_words(prompts)
        embeddings = self._encoder.encode_text(prompts)
        for prompt, embedding in zip(prompts, embeddings, strict=True):
            nearest = float((self._nsfw @ embedding).max())
            alike = (nearest - self._unrelated) / max(1 - self._unrelated, 1e-3)
            # "a drawing of a person" is like "a drawing of a naked person", and more like a drawing
            likelier = nearest > float((self._harmless @ embedding).max())
            if alike > ALIKE and likelier:
                raise _refused(prompt)


def refuse_words(prompts: Sequence[str]) -> None:
    """Check prompts for words from a list: what can be checked before anything is embedded.

    Raises:
        PromptError: One of them does not look safe for work.
    """
    words = "|".join(re.escape(word) for word in guard_prompts("nsfw_words"))
    # An empty list must match nothing; \b\b would match everything.
    pattern = re.compile(rf"\b({words})\b" if words else r"(?!)", re.IGNORECASE)
    for prompt in prompts:
        if pattern.search(prompt):
            raise _refused(prompt)


def _refused(prompt: str) -> PromptError:
    return PromptError(
        f'The prompt "{prompt}" does not look safe for work.',
        fix="Try another prompt, or pass `--no-guard nsfw`.",
    )
