"""The rules of a contest: players draw the same prompt in turn, and the higher maximum wins."""

from __future__ import annotations

from paintcam.contest.rules import KEYS, Contest, Phase
from paintcam.contest.standings import Place
from paintcam.contest.turn import PlayedTurn

__all__ = ["KEYS", "Contest", "Phase", "Place", "PlayedTurn"]
