"""What the overlay shows, as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from paintcam.frames import Image

__all__ = ["KEYS", "Hud", "PodiumCard"]

KEYS: tuple[tuple[str, str], ...] = (
    ("q, Esc", "quit"),
    ("space", "freeze"),
    ("r", "reset the best"),
    ("x", "explain the score"),
    ("p", "type a prompt"),
    ("n", "next prompt"),
    ("m", "mirror"),
    ("f", "full screen"),
    ("h", "overlay off"),
    ("s", "snapshot"),
    ("i", "frame rates"),
    ("?", "this help"),
)
"""The window's keys and what each does, in the order of the help on the picture."""


@dataclass(frozen=True, slots=True)
class PodiumCard:
    """One player on the podium.

    Attributes:
        place: 1 for the winner; equal places are tied; 0 to show none.
        player: The name; any text.
        score: As it is shown, "87.65".
        picture: The drawing, BGR uint8 (H, W, 3); None if there is none.
    """

    place: int
    player: str
    score: str
    picture: Image | None = None


@dataclass(frozen=True, slots=True)
class PlacedText:
    """A text that belongs to a place of the picture.

    Attributes:
        text: One line; any text.
        x: Of its middle, in pixels of the picture.
        y: As x, from the top.
    """

    text: str
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Hud:
    """What is drawn on one picture.

    Attributes:
        prompt: What players draw; any text.
        score: 0…100; None while there is no verdict.
        best: 0…100, the best of the session or turn; None if there is none.
        model: The encoder's name ("sketch", "clip:ViT-B-16").
        state: The state of the stream if it is not live ("loading sketch…", "reconnecting…",
            "paused"); "" when live.
        notes: Short lines: what guards did, hints, errors.
        region: Corners of what the encoder sees, float32 (4, 2), x and y in pixels of the image
            given to `Overlay.draw`; None if it sees all of it.
        sheet: The region is a sheet of paper that was found, not the encoder's own crop.
        fps: Frames shown and frames scored per second; None to hide them.
        help: Show the table of keys.
        typing: The prompt as typed so far in the window; None when nobody types.
        caret: Where the cursor stands in `typing`, in code points; None at its end.
        labels: Label → probability, 0…1: bars instead of score and best.
        words: The nouns of the prompt with their scores, where the picture shows them; None while
            no score is explained.
        headline: Large centred lines, the first the largest: a title card, a countdown, a podium.
        podium: Cards of all players who played, best first, under the headline.
        clock: Time left, large.
        player: The player whose turn it is.
        blocked: The picture must not be shown: it is pixelated.
        mirrored: Flip the picture left to right; text stays readable.

    Example:
        >>> from paintcam import Hud
        >>> Hud(prompt="a house", score=61.2, best=70.5).best
        70.5
    """

    prompt: str
    score: float | None = None
    best: float | None = None
    model: str = ""
    state: str = ""
    notes: tuple[str, ...] = ()
    region: npt.NDArray[np.float32] | None = field(default=None, compare=False)
    sheet: bool = False
    fps: tuple[float, float] | None = None
    help: bool = False
    typing: str | None = None
    caret: int | None = None
    labels: Mapping[str, float] | None = None
    words: tuple[PlacedText, ...] | None = None
    headline: tuple[str, ...] = ()
    podium: tuple[PodiumCard, ...] = field(default=(), compare=False)
    clock: str = ""
    player: str = ""
    blocked: bool = False
    mirrored: bool = False
