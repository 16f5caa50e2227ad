"""The overlay's colours. Each has a contrast of 4.5:1 or more on a plate over any picture."""

from __future__ import annotations

import math

from paintcam.overlay.text import Colour

__all__ = ["AMBER", "GREEN", "GREY", "SKY", "TRACK", "WHITE", "score_colour"]

WHITE: Colour = (255, 255, 255)
GREY: Colour = (196, 196, 196)
AMBER: Colour = (64, 200, 255)
GREEN: Colour = (118, 226, 82)
SKY: Colour = (255, 206, 120)
TRACK: Colour = (78, 78, 78)  # under bars, between columns: never text
_RED: Colour = (108, 116, 255)
_STEPS = 20  # each colour is rendered once per digit and then reused


def score_colour(score: float | None) -> Colour:
    """Return the colour of a score, from red over amber to green.

    Args:
        score: 0…100; None or NaN for no score.

    Returns:
        Blue, green, red.
    """
    if score is None or not math.isfinite(score):
        return GREY
    share = round(min(max(score / 100, 0.0), 1.0) * _STEPS) / _STEPS
    low, high, part = (_RED, AMBER, 2 * share) if share < 0.5 else (AMBER, GREEN, 2 * share - 1)
    b, g, r = (round(a + (c - a) * part) for a, c in zip(low, high, strict=True))
    return (b, g, r)
