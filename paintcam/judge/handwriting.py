"""The handwriting guard: subtracts from a score what the words on a page earned.

CLIP can read: on paint.wtf a page with only the prompt written on it ranked 81 of 10,187.
`tests/benchmarks/judge.py` measures most of the ways to prevent that:

- Subtracting the similarity with "written letters", as paint.wtf did: a page of words keeps half
  of what it gained, and most honest drawings lose over 5 points.
- Projection, which removes the handwriting direction from the picture's embedding (the untrained
  form of Materzyńska et al. 2022): the gain lies along the *prompt's* direction and stays, so that
  a page of words still wins. Their trained matrix would need pictures and a trainable encoder.
- "More like handwriting than like the prompt": fails exactly where the encoder reads well.
- The nearest of several handwriting prompts: noisier than their mean. Prompts that describe a whole
  page miss one with a single short word on it; of ten prompts the mean of two measured best.
- In use: a direction of handwriting, without the prompt's own direction and the one that all
  prompts share; both are also removed from the picture. The amount of handwriting in what the
  prompt does not explain does not depend on how well the encoder read. A prompt that asks for
  handwriting ("a page of handwritten text") switches the guard off.

The bundled encoder brings its own direction, learned from pages and drawings when it was built. For
other encoders the direction is half the mean handwriting prompt and half the difference between
small pictures of pages and of drawings (own work, embedded with the encoder in use). The limit is
not a constant of the encoder: it lies part of the way from those drawings to those pages.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from paintcam.encoders.base import Embeddings, Encoder
from paintcam.frames import Frame, Image
from paintcam.judge.guard import Finding
from paintcam.judge.guard_prompts import ASSETS, damaged_asset, embedded_prompts

__all__ = ["HandwritingGuard", "reference_pictures"]

# The limit, as a share of the way from a drawing's amount of handwriting to a page's: along a
# direction that the encoder brings, and along one that is computed here.
LIMIT = {"encoder": 0.2, "computed": 0.5}
ASKED = 0.40, 0.47  # cosine of prompt and handwriting: guarded up to the first, not from the second
SHRINK = 10.0  # times the mean variance, added to the variance of every direction
STEEP = 25.0  # score ranges lost over that whole way: a page loses its whole score


class HandwritingGuard:
    """Subtracts from the score of a page of words what its words earned.

    Args:
        encoder: Embeds the handwriting prompts and the reference pictures, once.
        prompts: Descriptions of handwriting; the bundled list if None.

    Raises:
        UsageError: There are no prompts.
        PromptError: One of them is blank or too long for the encoder.
    """

    name = "handwriting"

    def __init__(self, encoder: Encoder, prompts: Sequence[str] | None = None) -> None:
        named = embedded_prompts(encoder, self.name, prompts).mean(axis=0)
        low, high = encoder.info.score_range
        self._span = high - low
        # All texts of an encoder share a direction (CLIP's lie in a narrow cone): it means nothing.
        self._common = embedded_prompts(encoder, "harmless").mean(axis=0)
        self._named = _unit(named - self._common)
        drawings, pages = reference_pictures()
        self._drawings = encoder.encode_image(drawings)
        self._pages = encoder.encode_image(pages)
        own = encoder.info.handwriting
        self._limit = LIMIT["computed" if own is None else "encoder"]
        self._writing: npt.NDArray[np.float32] = (
            self._named + _unit(_discriminant(self._drawings, self._pages)) if own is None else own
        )
        self._texts: Embeddings = np.empty((0, named.size), np.float32)
        self._limits: list[tuple[float, float]] = []  # per prompt: limit and slope

    def prepare(self, texts: Embeddings) -> None:
        """Take new prompts: unit-norm float32 (P, D)."""
        self._texts = texts
        self._limits = []
        for text in texts:
            drawn = float(np.median(self._amount(self._drawings, text)))
            written = float(np.median(self._amount(self._pages, text)))
            # An encoder that sees no difference must not give random penalties.
            way = max(written - drawn, 0.3 * self._span)
            alike = float(self._named @ _unit(text - self._common))
            full = min(1.0, max(0.0, (ASKED[1] - alike) / (ASKED[1] - ASKED[0])))
            self._limits.append((drawn + self._limit * way, full * STEEP * self._span / way))

    def check(self, frame: Frame, part: Image, embedding: npt.NDArray[np.float32]) -> Finding:
        """Check one frame for more handwriting than the prompt asks for."""
        penalty = min(
            slope * max(0.0, float(self._amount(embedding[None], text)[0]) - limit)
            for text, (limit, slope) in zip(self._texts, self._limits, strict=True)
        )
        return Finding(penalty=penalty, words="handwriting detected")

    def _amount(
        self, pictures: Embeddings, text: npt.NDArray[np.float32]
    ) -> npt.NDArray[np.float32]:
        """Return the handwriting in what the prompt does not explain: float32 (N,) for (N, D).

        The reverse of the projection of Materzyńska et al. 2022, section 4: theirs removes reading
        from the picture, this one removes the prompt from both the picture and reading.
        """
        prompt_plane, _ = np.linalg.qr(np.stack([text, self._common], axis=1))
        writing = _unit(self._writing - prompt_plane @ (prompt_plane.T @ self._writing))
        along = pictures @ prompt_plane
        rest = np.sqrt(np.maximum(1 - (along * along).sum(axis=1), 0.05))
        amount: npt.NDArray[np.float32] = (pictures @ writing) / rest
        return amount


def _discriminant(drawings: Embeddings, pages: Embeddings) -> npt.NDArray[np.float32]:
    """Return the direction from drawings to pages, (D,): Fisher's discriminant, shrunk.

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
def reference_pictures() -> tuple[list[Image], list[Image]]:
    """Read small drawings and pages of words, black on white, BGR uint8 (160, 160, 3) each."""
    try:
        with np.load(ASSETS / "references.npz") as packed:
            found: dict[str, Any] = {name: packed[name] for name in ("drawings", "pages")}
    except (OSError, ValueError, KeyError) as error:
        raise damaged_asset(ASSETS / "references.npz", error) from error
    drawings, pages = (
        [np.repeat(picture[:, :, None], 3, axis=2) for picture in found[name]]
        for name in ("drawings", "pages")
    )
    return drawings, pages
