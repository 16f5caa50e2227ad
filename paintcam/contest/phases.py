"""The phases of a contest, and the keys that move it from one to the next."""

from __future__ import annotations

from enum import Enum

__all__ = ["KEYS", "Phase"]

KEYS = {
    "space": "start, pause",
    "n": "next player",
    "b": "repeat the turn",
    "s": "skip the turn",
    "a": "add a player",
    "x": "explain the score of the photo-finish",
    "q": "end and keep the scores",
}


class Phase(str, Enum):
    """The state of a contest."""

    TITLE = "title"
    COUNTDOWN = "countdown"
    TURN = "turn"
    PAUSED = "paused"
    RESULT = "result"
    PODIUM = "podium"
    ENDED = "ended"
