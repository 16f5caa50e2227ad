"""Explains scores live, with an encoder that embeds every patch of a picture in the same run.

The map is the similarity of each patch with the prompt, less that with an empty sheet of paper:
what a patch has in common with every text cancels out. What lies above the usual patch is shown.

Source: Zhou, Loy and Dai 2022 (MaskCLIP), https://arxiv.org/abs/2112.01071; for the difference of
two texts Li et al. 2023 (CLIP Surgery), section 3.3, https://arxiv.org/abs/2304.05653.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from paintcam.encoders.base import Embeddings, Encoder, PatchEncoder, ScoreRange
from paintcam.frames import Image
from paintcam.judge.explain import Explanation, explanation_of, nouns, word_prompts

__all__ = ["PatchExplaining", "PatchMaps"]

EMPTY = "a blank sheet of paper"


class PatchMaps:
    """Embeds pictures, together with their patches while scores are explained. One thread.

    Args:
        encoder: Any; without patches it embeds pictures alone.
    """

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        has_patches = isinstance(encoder, PatchEncoder) and encoder.info.patch_grid > 0
        self._patches = encoder if isinstance(encoder, PatchEncoder) and has_patches else None
        self._explained = False
        self._last: tuple[Image, Embeddings, Embeddings] | None = None
        self._texts: tuple[str, tuple[str, ...], Embeddings] | None = None

    @property
    def live(self) -> bool:
        """Whether every frame can be explained, at next to no cost."""
        return self._patches is not None

    def encode(self, pictures: Sequence[Image]) -> Embeddings:
        """Embed pictures; if one was explained since the last call, keep the patches too."""
        explained, self._explained, self._last = self._explained, False, None
        if self._patches is None or not explained:
            return self._encoder.encode_image(pictures)
        rows, patches = self._patches.encode_patches(pictures)
        self._last = (pictures[-1], rows[-1:], patches[-1])
        return rows

    def explain(
        self,
        picture: Image,
        prompt: str,
        score_range: ScoreRange,
        region: npt.NDArray[np.float32] | None,
    ) -> Explanation:
        """Explain a picture; it costs nothing if it is the last one that `encode` embedded.

        Raises:
            ModelError: The encoder cannot run, or has no patches.
        """
        assert self._patches is not None  # `live` says so
        self._explained = True
        if self._last is None or self._last[0] is not picture:
            rows, patches = self._patches.encode_patches([picture])
            self._last = (picture, rows, patches[0])
        _, whole, patches = self._last
        if self._texts is None or self._texts[0] != prompt:
            words = nouns(prompt)
            texts = self._encoder.encode_text([prompt, *word_prompts(words), EMPTY])
            self._texts = (prompt, words, texts)
        _, words, texts = self._texts
        found = patches @ texts[:-1].T - (patches @ texts[-1])[:, None]
        maps = np.maximum(found - np.median(found, axis=0), 0).T
        grid = self._encoder.info.patch_grid
        return explanation_of(
            maps.reshape(-1, grid, grid),
            texts[:-1] @ whole[0],
            words,
            score_range,
            region,
            from_patches=True,
        )


@dataclass(frozen=True, slots=True)
class PatchExplaining:
    """An explanation in a single step, with the interface of `Explaining`."""

    maps: PatchMaps
    picture: Image
    prompt: str
    score_range: ScoreRange
    region: npt.NDArray[np.float32] | None

    def advance(self) -> Explanation:
        """Return the explanation.

        Raises:
            ModelError: The encoder cannot run.
        """
        return self.maps.explain(self.picture, self.prompt, self.score_range, self.region)
