"""What a leaderboard stores: boards and turns."""

from __future__ import annotations

import hashlib
import json
import math
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Literal

from paintcam.errors import LeaderboardError
from paintcam.text import clean_text, prompt_key

__all__ = ["Board", "Origin", "Turn", "new_turn_id", "now", "points_of"]

Origin = Literal["camera", "web"]
"""Where drawings were made. Clean pixels beat filmed paper, so the two rank apart."""

# It names files, so that no part of a player's name gets into a path.
_SAFE_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")

# What every platform can convert to any time zone.
_YEARS = (1971, 9998)


def points_of(score: float) -> int:
    """Return a score (0…100) as it ranks (0…10,000): scores that are printed alike are a tie."""
    return round(score * 100)


def now() -> datetime:
    """Return the time that a score is stored with, in UTC."""
    return datetime.now(timezone.utc)


def new_turn_id() -> str:
    """Return a new id that sorts by time and is safe in file names.

    Example: "20261123-155502-1f0c9a7be2d4".
    """
    return f"{now():%Y%m%d-%H%M%S}-{uuid.uuid4().hex[:12]}"


@dataclass(frozen=True, slots=True)
class Board:
    """What scores are ranked together on: one prompt, one encoder, one range.

    Attributes:
        prompt: The prompt; boards that differ only in case or spaces are one board.
        encoder: The encoder's name: "sketch", "clip:ViT-B-16".
        low: The similarity that scores 0.
        high: The similarity that scores 100.
        origin: Where the drawings were made.
    """

    prompt: str
    encoder: str
    low: float
    high: float
    origin: Origin = "camera"

    def __post_init__(self) -> None:
        object.__setattr__(self, "prompt", clean_text(self.prompt))
        object.__setattr__(self, "encoder", clean_text(self.encoder))
        if not self.prompt:
            raise LeaderboardError(
                "A score cannot be stored without a prompt.", fix="Pass `--prompt TEXT`."
            )
        if not (self.low < self.high and math.isfinite(self.high - self.low)):
            raise LeaderboardError(
                f"A score cannot be stored with the range {self.low} to {self.high}.",
                fix="Pass `--range LOW HIGH` with LOW below HIGH.",
            )

    @property
    def key(self) -> str:
        """A digest that is equal for boards that rank together. Prompts have no length limit."""
        parts = [prompt_key(self.prompt), self.encoder, f"{self.low:.6f}", f"{self.high:.6f}"]
        if self.origin != "camera":
            parts.append(self.origin)
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Turn:
    """One player's turn at one board, at the moment its maximum rose.

    Attributes:
        id: Unique; also the snapshot's file name: 1 to 64 letters, digits, - or _.
        board: What it is ranked among.
        player: Any text.
        score: The fair maximum, 0…100: what ranks.
        best: The raw maximum, 0…100, kept beside it.
        similarity: Cosine of picture and prompt at the maximum, −1…1.
        guards: Names of the guards that were active.
        at: When the maximum was reached; a time without a time zone is taken as UTC.
        snapshot: Path of the photo-finish, if one was saved; characters that are not Unicode are
            replaced, because a database cannot store them.
        player_id: Identifies the player where names do not, as on the website, where two visitors
            of one name are two players. None: the name identifies the player.
    """

    id: str
    board: Board
    player: str
    score: float
    best: float
    similarity: float
    guards: tuple[str, ...] = ()
    at: datetime = field(default_factory=now)
    snapshot: str | None = None
    player_id: str | None = None

    def __post_init__(self) -> None:
        if not _SAFE_ID.fullmatch(self.id):
            raise ValueError(f"not an id of a turn: {self.id!r:.80}")
        object.__setattr__(self, "player", clean_text(self.player))
        object.__setattr__(self, "guards", tuple(map(clean_text, self.guards)))
        if self.snapshot is not None:
            object.__setattr__(self, "snapshot", _storable(self.snapshot))
        if self.at.tzinfo is None:
            object.__setattr__(self, "at", self.at.replace(tzinfo=timezone.utc))
        if not self.player:
            raise LeaderboardError(
                "A score cannot be stored without a name.", fix="Pass `--player NAME`."
            )
        for name, low, high in (("score", 0, 100), ("best", 0, 100), ("similarity", -2, 2)):
            value = getattr(self, name)
            if not (math.isfinite(value) and low <= value <= high):
                raise LeaderboardError(f"A {name} of {value} cannot be stored.")
        if not _YEARS[0] <= self.at.year <= _YEARS[1]:
            raise LeaderboardError(f"A time in the year {self.at.year} cannot be stored.")

    @property
    def player_key(self) -> str:
        """A digest of the name, because a database cannot index a name of ten thousand letters."""
        if self.player_id is not None:
            return Turn.key_of_id(self.player_id)
        return Turn.key_of(self.player)

    @staticmethod
    def key_of(player: str) -> str:
        """Return the `player_key` of a cleaned name."""
        return hashlib.sha256(player.encode()).hexdigest()

    @staticmethod
    def key_of_id(player_id: str) -> str:
        """Return the `player_key` of a player who has an id."""
        return Turn.key_of(f"\0{player_id}")  # no cleaned name has a NUL

    def as_json(self) -> str:
        """Return one line of JSON, in ASCII, that `from_json` reads."""
        return json.dumps(
            {
                "id": self.id,
                "prompt": self.board.prompt,
                "encoder": self.board.encoder,
                "low": self.board.low,
                "high": self.board.high,
                "player": self.player,
                "score": self.score,
                "best": self.best,
                "similarity": self.similarity,
                "guards": list(self.guards),
                "at": self.at.isoformat(),
                "snapshot": self.snapshot,
                "origin": self.board.origin,
                "player_id": self.player_id,
            }
        )

    @classmethod
    def from_json(cls, line: str) -> Turn:
        """Read a line that `as_json` wrote.

        Raises:
            ValueError: It is not such a line, or its values cannot be stored.
        """
        try:
            row = json.loads(line)
        except RecursionError:
            raise ValueError("nested too deeply") from None
        if not isinstance(row, Mapping):
            raise ValueError("not an object")
        try:
            board = Board(
                str(row["prompt"]),
                str(row["encoder"]),
                float(row["low"]),
                float(row["high"]),
                "web" if row.get("origin") == "web" else "camera",
            )
            player_id = row.get("player_id")
            return cls(
                id=str(row["id"]),
                board=board,
                player=str(row["player"]),
                score=float(row["score"]),
                best=float(row["best"]),
                similarity=float(row["similarity"]),
                guards=tuple(str(guard) for guard in row["guards"]),
                at=datetime.fromisoformat(row["at"]),
                snapshot=None if row["snapshot"] is None else str(row["snapshot"]),
                player_id=None if player_id is None else str(player_id),
            )
        except (KeyError, TypeError, OverflowError, LeaderboardError) as error:
            raise ValueError(f"not a turn: {error}") from None


def _storable(text: str) -> str:
    # Neither a lone surrogate (a file name that is not UTF-8) nor NUL can be stored.
    return re.sub("[\0\ud800-\udfff]", "\N{REPLACEMENT CHARACTER}", text)
