"""Why a picture scored: a map of what raised the score, and the score of each noun.

The map is made by occlusion, with any encoder: a patch of the picture is blurred, the picture is
embedded again, and what the similarity lost is what the patch contributed. A grid of 7 × 7 patches,
each two cells wide, takes at most 49 embeddings, which serve the prompt and every word.

Source: Zeiler and Fergus 2014, section 4.2 (occlusion sensitivity).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from paintcam.encoders.base import Embeddings, Encoder, ScoreRange, middle_square
from paintcam.frames import Image
from paintcam.judge.verdict import score_of

__all__ = ["LEAST_SCORE", "Explaining", "Explanation", "WordScore", "nouns"]

GRID = 7
LEAST_SCORE = 15.0
"""Below it a map made by occlusion is noise, and is not shown."""
PIECE = 7
"""Embeddings per piece: a frozen picture is left within a second, also with CLIP."""
EDGE = 336  # of the picture that is occluded, pixels: every encoder scales it further down
MOST_WORDS = 4
INK, LEAST_INK = 24, 0.002
"""A patch is empty where less than this share of it differs from its blur by so many grey levels.
An empty patch brings nothing to the score, so it is not embedded: about half of them are."""

# Words that name no thing: they are left out, whatever else is in a prompt.
_EMPTY_TEXT = """
a an the and or but nor with without of on in at by for from to into onto over under near behind
beside between through against after before above below up down out off around who that which this
these those its his her their our your my it he she they we you i is are was were be being been has
have had do does did not no very some any many few two three four five six seven eight nine ten one
red green blue yellow orange purple pink black white brown grey gray big small little large tiny
huge old new young happy sad angry funny drawing picture sketch photo painting doodle drawn hand
"""
_THINGS_IN_ING_TEXT = "ring king wing string swing spring ceiling building pudding"
_EMPTY = frozenset(_EMPTY_TEXT.split())
_THINGS_IN_ING = frozenset(_THINGS_IN_ING_TEXT.split())


@dataclass(frozen=True, slots=True)
class WordScore:
    """One noun of the prompt.

    Attributes:
        word: As in the prompt.
        score: Of the whole picture against this word alone, 0…100.
        peak: Where the picture shows it, (x, y) as shares of the judged square, 0…1.
    """

    word: str
    score: float
    peak: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a picture scored.

    Attributes:
        score: Of the picture, without guards, 0…100.
        grid: float32 (G, G), rows from the top: what each part brought, as a share of the most,
            0…1; 0 if it brought nothing or cost something. G is 7 with occlusion.
        words: The nouns of the prompt.
        region: Corners of what was judged, as `Verdict.region`.
        from_patches: Whether the map comes from embeddings of the patches, not from occlusion.
    """

    score: float
    grid: npt.NDArray[np.float32]
    words: tuple[WordScore, ...] = ()
    region: npt.NDArray[np.float32] | None = field(default=None, compare=False)
    from_patches: bool = False

    @property
    def readable(self) -> bool:
        """Whether the map shows more than noise."""
        return self.from_patches or self.score >= LEAST_SCORE

    @property
    def text(self) -> str:
        """The words in one line: "cat 71 · tractor 55"."""
        return " · ".join(f"{one.word} {one.score:.0f}" for one in self.words)


class Explaining:
    """An explanation that is built in steps: call `advance` until it returns one.

    Args:
        encoder: That scored the picture.
        picture: What was judged: the straightened sheet or the frame, BGR uint8 (H, W, 3). Its
            middle square is explained.
        prompt: What it was scored against.
        score_range: Similarities that become 0 and 100.
        region: Corners of what was judged, as `Verdict.region`.
    """

    def __init__(
        self,
        encoder: Encoder,
        picture: Image,
        prompt: str,
        score_range: ScoreRange,
        region: npt.NDArray[np.float32] | None = None,
    ) -> None:
        import cv2

        self._encoder = encoder
        self._range = score_range
        self._region = region
        self._prompt = prompt
        self._words = nouns(prompt)
        square = middle_square(picture)
        side = min(EDGE, square.shape[0])
        self._picture: Image = cv2.resize(square, (side, side), interpolation=cv2.INTER_AREA)
        blur = side / GRID
        self._blurred: Image = cv2.GaussianBlur(self._picture, (0, 0), blur)
        drawn = (cv2.absdiff(self._picture, self._blurred) > INK).any(axis=2)
        self._cells = [
            cell for cell in np.ndindex(GRID, GRID) if drawn[self._patch(*cell)].mean() > LEAST_INK
        ]
        self._rows: list[Embeddings] = []
        self._texts: Embeddings | None = None

    def advance(self) -> Explanation | None:
        """Embed one piece; return the explanation after the last one.

        Raises:
            ModelError: The encoder cannot run.
        """
        if self._texts is None:
            self._texts = self._encoder.encode_text([self._prompt, *word_prompts(self._words)])
            self._rows.append(self._encoder.encode_image([self._picture]))
            return None
        start = (len(self._rows) - 1) * PIECE
        if piece := self._cells[start : start + PIECE]:
            self._rows.append(self._encoder.encode_image([self._occluded(*one) for one in piece]))
        return self._result() if start + PIECE >= len(self._cells) else None

    def _patch(self, row: int, column: int) -> tuple[slice, slice]:
        """Two cells wide, centred on a cell."""
        cell = self._picture.shape[0] / GRID
        first, last = (
            slice(max(0, round((at - 0.5) * cell)), round((at + 1.5) * cell))
            for at in (row, column)
        )
        return first, last

    def _occluded(self, row: int, column: int) -> Image:
        patch = self._patch(row, column)
        occluded = self._picture.copy()
        occluded[patch] = self._blurred[patch]
        return occluded

    def _result(self) -> Explanation:
        assert self._texts is not None  # set by the first piece
        similarities = np.concatenate(self._rows) @ self._texts.T
        whole, drops = similarities[0], np.maximum(similarities[0] - similarities[1:], 0)
        maps = np.zeros((len(whole), GRID, GRID), np.float32)
        for (row, column), drop in zip(self._cells, drops, strict=True):
            maps[:, row, column] = drop
        return explanation_of(maps, whole, self._words, self._range, self._region)


def word_prompts(words: Sequence[str]) -> list[str]:
    """Return the texts that words are scored as."""
    return [f"a drawing of a {word}" for word in words]


def explanation_of(
    maps: npt.NDArray[np.float32],
    similarities: npt.NDArray[np.float32],
    words: Sequence[str],
    score_range: ScoreRange,
    region: npt.NDArray[np.float32] | None,
    *,
    from_patches: bool = False,
) -> Explanation:
    """Put an explanation together.

    Args:
        maps: float32 (1 + W, G, G), 0 or more: what each part brought to the prompt, and to each
            of W words.
        similarities: float32 (1 + W): of the whole picture with the prompt, and with each word.
        words: W words.
        score_range: Similarities that become 0 and 100.
        region: Corners of what was judged, as `Verdict.region`.
        from_patches: As in `Explanation`.
    """
    most = float(maps[0].max())
    grid = maps[0] / most if most > 0 else maps[0]
    score, *scores = (score_of(float(one), *score_range) for one in similarities)
    found = zip(words, scores, map(_peak, maps[1:]), strict=True)
    return Explanation(
        score,
        grid.astype(np.float32),
        tuple(WordScore(*one) for one in found),
        region,
        from_patches,
    )


def nouns(prompt: str) -> tuple[str, ...]:
    """Find the words of a prompt that name things, at most four, in the order of the prompt.

    A list of common words is enough for prompts as people type them: what is left of "a cat driving
    a red tractor" is "cat" and "tractor". In other languages longer words are taken.
    """
    found: list[str] = []
    for word in re.findall(r"[^\W\d_]{3,}", prompt.lower()):
        is_verb = word.endswith("ing") and word not in _THINGS_IN_ING
        if word not in _EMPTY and not is_verb and word not in found:
            found.append(word)
    return tuple(found[:MOST_WORDS])


def _peak(grid: npt.NDArray[np.float32]) -> tuple[float, float]:
    row, column = np.unravel_index(int(grid.argmax()), grid.shape)
    return (float(column) + 0.5) / grid.shape[1], (float(row) + 0.5) / grid.shape[0]
