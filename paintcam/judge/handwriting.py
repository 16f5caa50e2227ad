"""The handwriting guard: takes from a score what the words on a page earned.

CLIP reads: on paint.wtf a page with the prompt written on it ranked 81 of 10,187.
Ways to answer that were measured (`tests/benchmarks/judge.py` prints a table of most):

- Subtracting the similarity with "written letters", as paint.wtf did: a page that is read keeps
  half of what the reading brought, and most honest drawings lose over 5 points.
- Projection, the handwriting direction removed from the picture's embedding (the untrained form of
  Materzyńska et al. 2022): reading lies along the *prompt's* direction and stays, so that a read
  page wins as before. Their trained matrix would need pictures and an encoder to train with.
- "More like handwriting than like the prompt": fails just where reading works best.
- The nearest of several handwriting prompts: noisier than their mean. Prompts that speak of a whole
  page miss one with a single short word on it; of ten prompts the mean of two measured best.
- Kept: a direction of handwriting, with the prompt's own direction, and the one that all prompts
  share, taken out of it and of the picture. How much handwriting there is in what the prompt does
  not explain does not depend on how well the encoder read. Who is asked for "a page of handwritten
  text" may write one: with such a prompt the guard steps back.

Where the direction comes from: the bundled encoder brings its own, learned from pages and drawings
when it was built. For others it is half the mean handwriting prompt and half what tells small
pictures of pages from those of drawings (own work, embedded with the encoder at hand). How much is
too much is no constant of the encoder: it lies part of the way from those drawings to those pages.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from paintcam.encoders.base import Embeddings, Encoder
from paintcam.errors import ModelError
from paintcam.frames import Frame, Image
from paintcam.judge.guard_prompts import ASSETS, embedded_prompts
from paintcam.judge.verdict import Finding

__all__ = ["HandwritingGuard"]

# of the way from a drawing's handwriting to a page's: what is too much, along a direction that the
# encoder brings, and along one that is put together here
TOO_MUCH = {"brought": 0.22, "made": 0.43}
ASKED = 0.42, 0.48  # cosine of prompt and handwriting: up to here guarded, from there not at all
SHRINK = 10.0  # of the mean variance, added to every direction's
STEEP = 25.0  # score ranges lost over that whole way: a page loses everything, and then some


class HandwritingGuard:
    """Takes from the score of a page of words what its words earned.

    Args:
        encoder: Embeds the handwriting prompts and the reference pictures, once.
        prompts: What handwriting is called; the bundled list where None.

    Raises:
        UsageError: No prompts.
        PromptError: One of them is blank or too long for the encoder.
    """

    name = "handwriting"

    def __init__(self, encoder: Encoder, prompts: Sequence[str] | None = None) -> None:
        named = embedded_prompts(encoder, self.name, prompts).mean(axis=0)
        low, high = encoder.info.score_range
        self._span = high - low
        # Texts of one encoder share a direction (CLIP's lie in a narrow cone): it says nothing.
        self._common = embedded_prompts(encoder, "harmless").mean(axis=0)
        self._named = _unit(named - self._common)
        drawings, pages = _references()
        self._drawings = encoder.encode_image(drawings)
        self._pages = encoder.encode_image(pages)
        brought = encoder.info.handwriting
        self._too_much = TOO_MUCH["made" if brought is None else "brought"]
        self._writing: npt.NDArray[np.float32] = (
            self._named + _unit(_discriminant(self._drawings, self._pages))
            if brought is None
            else brought
        )
        self._texts: Embeddings = np.empty((0, named.size), np.float32)
        self._limits: list[tuple[float, float]] = []  # of each prompt: limit, and penalty a step

    def prepare(self, texts: Embeddings) -> None:
        """Take new prompts: unit-norm float32 (P, D)."""
        self._texts = texts
        self._limits = []
        for text in texts:
            drawn = float(np.median(self._amount(self._drawings, text)))
            written = float(np.median(self._amount(self._pages, text)))
            # An encoder that sees no difference must not punish at random.
            way = max(written - drawn, 0.3 * self._span)
            alike = float(self._named @ _unit(text - self._common))
            full = min(1.0, max(0.0, (ASKED[1] - alike) / (ASKED[1] - ASKED[0])))
            self._limits.append((drawn + self._too_much * way, full * STEEP * self._span / way))

    def check(self, frame: Frame, seen: Image, embedding: npt.NDArray[np.float32]) -> Finding:
        """Look at one frame: how much handwriting, beyond what the prompt asks for."""
        penalty = min(
            slope * max(0.0, float(self._amount(embedding[None], text)[0]) - limit)
            for text, (limit, slope) in zip(self._texts, self._limits, strict=True)
        )
        return Finding(penalty=penalty, words="reads like handwriting")

    def _amount(
        self, pictures: Embeddings, text: npt.NDArray[np.float32]
    ) -> npt.NDArray[np.float32]:
        """Handwriting in what the prompt does not explain: float32 (N,) for (N, D).

        The projection of Materzyńska et al. 2022, section 4, turned round: theirs takes reading out
        of the picture, this one takes the prompt out of picture and reading.
        """
        asked, _ = np.linalg.qr(np.stack([text, self._common], axis=1))
        writing = _unit(self._writing - asked @ (asked.T @ self._writing))
        along = pictures @ asked
        rest = np.sqrt(np.maximum(1 - (along * along).sum(axis=1), 0.05))
        amount: npt.NDArray[np.float32] = (pictures @ writing) / rest
        return amount


def _discriminant(drawings: Embeddings, pages: Embeddings) -> npt.NDArray[np.float32]:
    """Direction from drawings to pages, (D,): Fisher's discriminant, its covariance shrunk.

    Source: Friedman 1989 (regularised discriminant analysis): few pictures, many dimensions.
    """
    rest = np.concatenate([drawings - drawings.mean(axis=0), pages - pages.mean(axis=0)])
    spread = rest.T @ rest / len(rest)
    spread += (SHRINK * np.trace(spread) / len(spread) + 1e-9) * np.eye(len(spread))
    found: npt.NDArray[np.float32] = np.linalg.solve(
        spread, pages.mean(axis=0) - drawings.mean(axis=0)
    ).astype(np.float32)
    return found


def _unit(vector: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    unit = vector / max(float(np.linalg.norm(vector)), 1e-6)
    return unit.astype(np.float32)


@cache
def _references() -> tuple[list[Image], list[Image]]:
    """Small drawings and pages of words, black on white, BGR uint8 (160, 160, 3) each."""
    try:
        with np.load(ASSETS / "references.npz") as packed:
            found: dict[str, Any] = {name: packed[name] for name in ("drawings", "pages")}
    except (OSError, ValueError, KeyError) as error:
        raise ModelError(
            f"Cannot use {ASSETS / 'references.npz'} ({error!r}). Mend it: "
            "`pip install --force-reinstall --no-deps paintcam`."
        ) from error
    drawings, pages = (
        [np.repeat(picture[:, :, None], 3, axis=2) for picture in found[name]]
        for name in ("drawings", "pages")
    )
    return drawings, pages
