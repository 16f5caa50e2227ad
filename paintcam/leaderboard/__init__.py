"""Scores kept across sessions: who drew best, in this run and in all earlier ones.

A `Turn` is one player's timed try, a `Board` is what turns are ranked together on (one prompt, one
encoder, one range), and a `PlayerRank` is a place on a board. Each player has one rank per board,
given by their best turn; equal scores share a rank.

```
live loop ──► ScoreRecorder ──► TurnWriter ──► Leaderboard ──► database
                                    │               ▲
                                    └──► TurnQueue ─┘   while the database fails
```

A `ScoreRecorder` takes verdicts and never makes the live loop wait. A `TurnWriter` stores turns in
its own threads, the moment their maximum rises.

**Database.** `leaderboard.sqlite3` in the data folder by default, with nothing to install.
`PAINTCAM_DATABASE` or an argument takes any SQLAlchemy URL. `sqlite:///PATH` and
`postgresql+psycopg://USER:PASSWORD@HOST/NAME` are tested; `postgres://…`, as hosts such as Supabase
print it, works too. Messages never contain a password.

**What survives.** A stored turn survives `kill -9` (SQLite runs in WAL mode). The writer counts a
turn as stored when SQLite's journal is on the disk and copied to the file, so that neither a power
cut nor a deleted journal loses it. An older schema is upgraded when the database is opened; a newer
one is an error. A damaged SQLite file is renamed, never overwritten, and a new one is created with
what can still be read of it. A row that cannot be read is skipped and counted in a notice.

**Damage in mid-show.** What a run has stored is also in a file in `kept` in the data folder. At
the end the writer reads the whole database again, stores what is damaged or altered once more, and
deletes the copy. The copy of a run that was killed is stored by the next command that opens the
leaderboard. SQLite's index of the journal (`-shm`), which it maps into memory, gets its size again
before each use if somebody has cut it.

**Queue.** What the database has not confirmed within half a second is also written to the queue,
one small file per turn in `queue` in the data folder. The turn is stored when the database is back,
by this run or by the next command that opens the leaderboard, and only once, because a turn's id is
unique.

`Submissions` are the website's drawings, in the same database.
"""

from __future__ import annotations

from paintcam.leaderboard.leaderboard import Leaderboard
from paintcam.leaderboard.queue import TurnQueue
from paintcam.leaderboard.ranks import PlayerRank
from paintcam.leaderboard.recorder import ScoreRecorder
from paintcam.leaderboard.records import Board, Turn, new_turn_id, points_of
from paintcam.leaderboard.submissions import State, Submission, Submissions, SubmissionTakenError
from paintcam.leaderboard.writer import TurnWriter

__all__ = [
    "Board",
    "Leaderboard",
    "PlayerRank",
    "ScoreRecorder",
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
