"""Scores kept over sessions.

`Turn` is what is stored, `Board` what scores are ranked among, `Standing` a player's place. A live
loop hands its scores to a `ScoreKeeper`, which never makes it wait: a `TurnWriter` stores them in
the background. `Leaderboard` does the storing and answers. What the database cannot take goes to a
`TurnQueue` of local files until it can. `Submissions` are the website's drawings.
"""

from __future__ import annotations

from paintcam.leaderboard.leaderboard import Leaderboard
from paintcam.leaderboard.queue import TurnQueue
from paintcam.leaderboard.recorder import ScoreKeeper
from paintcam.leaderboard.records import Board, Standing, Turn, new_turn_id, points_of
from paintcam.leaderboard.submissions import State, Submission, Submissions, SubmissionTakenError
from paintcam.leaderboard.writer import TurnWriter

__all__ = [
    "Board",
    "Leaderboard",
    "ScoreKeeper",
    "Standing",
    "State",
    "Submission",
    "SubmissionTakenError",
    "Submissions",
    "Turn",
    "TurnQueue",
    "TurnWriter",
    "new_turn_id",
    "points_of",
]
