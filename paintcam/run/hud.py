"""From the state of a run to what the overlay draws."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from paintcam.frames import Image
from paintcam.overlay import Hud
from paintcam.overlay.heat_map import draw_heat_map

if TYPE_CHECKING:
    import numpy.typing as npt

    from paintcam.run.keys import Controls
    from paintcam.run.state import RunView

__all__ = ["explained", "hud_of", "live_hud"]


def hud_of(view: RunView, shape: tuple[int, ...]) -> Hud:
    """Return what is drawn of a verdict on saved pictures.

    Args:
        view: The run's state.
        shape: The picture's shape, (H, W, …).
    """
    hud = Hud(
        prompt=view.prompt,
        model=" · ".join([view.model, *(f"{guard} guard" for guard in view.guards)]),
        region=_crop(shape),
        # only a verdict makes a picture safe, not a new prompt
        blocked=view.blocked,
    )
    if view.explanation is not None:
        hud = replace(hud, notes=(view.explanation.text,))
    verdict, standing = view.verdict, view.standing
    if verdict is None or standing is None:
        return hud
    return replace(
        hud,
        score=standing.score,
        best=view.best,
        notes=(*hud.notes, *verdict.flags),
        region=_crop(shape) if verdict.region is None else verdict.region,
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
    """Lay the explanation of the score over a picture, if one is shown.

    Args:
        image: BGR uint8 (H, W, 3).
        view: The run's state.

    Returns:
        BGR uint8 (H, W, 3): a new picture, or the same one.
    """
    explanation = view.explanation
    if explanation is None or view.blocked:
        return image
    region = _crop(image.shape) if explanation.region is None else explanation.region
    return draw_heat_map(image, explanation.grid, region)


def _crop(shape: tuple[int, ...]) -> npt.NDArray[np.float32]:
    """Return the corners of the centre square, which is what an encoder sees of a whole frame."""
    height, width = shape[:2]
    side = min(height, width)
    left, top = (width - side) / 2, (height - side) / 2
    return np.array(
        [[left, top], [left + side, top], [left + side, top + side], [left, top + side]], np.float32
    )
