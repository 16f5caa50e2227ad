"""A contest: players draw the same prompt in turn, and the highest fair maximum wins."""

from __future__ import annotations

from paintcam.contest.phases import KEYS, Phase
from paintcam.contest.rules import Contest
from paintcam.contest.standings import Place
from paintcam.contest.turn import PlayedTurn

__all__ = ["KEYS", "Contest", "Phase", "Place", "PlayedTurn"]
