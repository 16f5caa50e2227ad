"""From the state of a run to what the overlay draws."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from paintcam.frames import Image
from paintcam.overlay import Hud
from paintcam.overlay.heat_map import draw_heat_map
from paintcam.overlay.hud import PlacedText
from paintcam.overlay.words import draw_words, place_texts

if TYPE_CHECKING:
    import numpy.typing as npt

    from paintcam.judge.explain import Explanation
    from paintcam.run.keys import Controls
    from paintcam.run.state import RunView

__all__ = ["crop_region", "explained", "hud_of", "live_hud", "placed_words", "with_explanation"]


def hud_of(view: RunView, shape: tuple[int, ...]) -> Hud:
    """Return what is drawn of a verdict on saved pictures.

    Args:
        view: The run's state.
        shape: The picture's shape, (H, W, …).
    """
    hud = Hud(
        prompt=view.prompt,
        model=" · ".join([view.model, *(f"{guard} guard" for guard in view.guards)]),
        region=crop_region(shape),
        # only a verdict makes a picture safe, not a new prompt
        blocked=view.blocked,
    )
    if view.explanation is not None:
        hud = replace(hud, words=placed_words(view.explanation, shape))
    verdict, standing = view.verdict, view.standing
    if verdict is None or standing is None:
        return hud
    return replace(
        hud,
        score=standing.score,
        best=view.best,
        notes=verdict.flags,
        region=crop_region(shape) if verdict.region is None else verdict.region,
        sheet=verdict.region is not None,
        labels=verdict.labels,
    )


def live_hud(
    view: RunView,
    shape: tuple[int, ...],
    controls: Controls,
    *,
    state: str = "",
    shown_fps: float = 0.0,
) -> Hud:
    """Return what is drawn on the live picture.

    Args:
        view: The run's state.
        shape: The picture's shape, (H, W, …).
        controls: What the keys have set.
        state: The source's state in words; "" while it is live.
        shown_fps: New frames shown per second.
    """
    hud = hud_of(view, shape)
    return replace(
        hud,
        notes=(*hud.notes, *view.notes),
        state=state,
        fps=(shown_fps, view.scored_fps) if controls.rates else None,
        help=controls.help,
        typing=None if controls.editor is None else controls.editor.shown,
        caret=None if controls.editor is None else controls.editor.caret,
        mirrored=controls.mirror,
    )


def explained(image: Image, view: RunView) -> Image:
    """Lay the explanation of the score over a picture, if one is shown; the map without words.

    Args:
        image: BGR uint8 (H, W, 3).
        view: The run's state.

    Returns:
        BGR uint8 (H, W, 3): a new picture, or the same one.
    """
    explanation = view.explanation
    if explanation is None or view.blocked:
        return image
    return draw_heat_map(image, explanation.grid, _region(explanation, image.shape))


def with_explanation(image: Image, explanation: Explanation) -> Image:
    """Draw map and words on a copy of a picture, and nothing else.

    Args:
        image: BGR uint8 (H, W, 3).
        explanation: Why it scored.

    Returns:
        BGR uint8 (H, W, 3).
    """
    from paintcam.overlay.canvas import Canvas
    from paintcam.overlay.text import Lettering

    picture = draw_heat_map(image, explanation.grid, _region(explanation, image.shape))
    draw_words(Canvas(picture, Lettering()), placed_words(explanation, image.shape))
    return picture


def placed_words(explanation: Explanation, shape: tuple[int, ...]) -> tuple[PlacedText, ...]:
    """Return the words with their scores, where their own maps peak.

    Args:
        explanation: Why the picture scored.
        shape: The picture's shape, (H, W, …).
    """
    return place_texts(
        [f"{word.word} {word.score:.0f}" for word in explanation.words],
        [word.peak for word in explanation.words],
        _region(explanation, shape),
    )


def _region(explanation: Explanation, shape: tuple[int, ...]) -> npt.NDArray[np.float32]:
    return crop_region(shape) if explanation.region is None else explanation.region


def crop_region(shape: tuple[int, ...]) -> npt.NDArray[np.float32]:
    """Return the corners of the centre square, which is what an encoder sees of a whole frame."""
    height, width = shape[:2]
    side = min(height, width)
    left, top = (width - side) / 2, (height - side) / 2
    return np.array(
        [[left, top], [left + side, top], [left + side, top + side], [left, top + side]], np.float32
    )
