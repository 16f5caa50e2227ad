"""Which prompts are open, until when, and what the presenter has put on the stage."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from paintcam.folders import write_atomically
from paintcam.leaderboard import Board
from paintcam.web.clock import now

__all__ = ["GRACE_S", "Round", "Rounds"]

GRACE_S = 5.0
"""A drawing that was sent in the last second may arrive after it."""


@dataclass(frozen=True, slots=True)
class Round:
    """One prompt that visitors draw.

    Attributes:
        slug: Its name in addresses.
        board: What its drawings are ranked among.
        is_open: Whether the presenter lets visitors send drawings.
        ends_at: By `clock.now`, seconds; None without a limit.
    """

    slug: str
    board: Board
    is_open: bool
    ends_at: float | None

    @property
    def prompt(self) -> str:
        """What to draw."""
        return self.board.prompt

    @property
    def ends_in_s(self) -> float | None:
        """Seconds that are left; None without a limit."""
        return None if self.ends_at is None else max(0.0, self.ends_at - now())

    @property
    def takes_drawings(self) -> bool:
        """Whether the page invites visitors to draw."""
        return self.is_open and (self.ends_at is None or now() < self.ends_at)

    @property
    def accepts(self) -> bool:
        """Whether a drawing that arrives now counts."""
        return self.is_open and (self.ends_at is None or now() < self.ends_at + GRACE_S)


class Rounds:
    """The rounds of one `paintcam serve`. Used from several threads; survives a restart.

    Args:
        state_file: Written at each change, read at the start.
        changed: Called after each change, from the thread that made it.
    """

    def __init__(self, state_file: Path, changed: Callable[[], None]) -> None:
        self._file = state_file
        self._changed = changed
        self._lock = threading.RLock()
        self._rounds: list[Round] = []
        self._played: list[Board] = []
        self._next = 1
        self._on_stage = ""
        self._podium = 0  # 0: no podium; 1: announced; 2, 3, 4: third, second, first place
        self._blank = False
        self._read()

    @property
    def current(self) -> list[Round]:
        """The rounds that have pages, oldest first."""
        with self._lock:
            return list(self._rounds)

    @property
    def boards(self) -> list[Board]:
        """The boards of all rounds since the start, also of those that were replaced."""
        with self._lock:
            return list({board.key: board for board in self._played}.values())

    @property
    def on_stage(self) -> Round | None:
        """The round that the stage shows."""
        return self.find(self._on_stage)

    @property
    def podium(self) -> int:
        """How far the podium is: 0 none, 1 announced, 2 third place, 3 second, 4 first."""
        return self._podium

    @property
    def blank(self) -> bool:
        """Whether the stage is blanked."""
        return self._blank

    def find(self, slug: str) -> Round | None:
        """Return a round by its name in addresses."""
        return next((found for found in self.current if found.slug == slug), None)

    def begin(self, board: Board, minutes: float | None, *, beside: bool = False) -> Round:
        """Open a prompt.

        Args:
            board: The prompt's board.
            minutes: How long it stays open; None without a limit.
            beside: Keep the other rounds; else it replaces them.
        """
        with self._lock:
            ends_at = None if minutes is None else now() + 60 * minutes
            begun = Round(str(self._next), board, True, ends_at)
            self._next += 1
            self._rounds = [*(self._rounds if beside else []), begun]
            self._played.append(board)
            self._on_stage, self._podium, self._blank = begun.slug, 0, False
        self._save()
        return begun

    def set_open(self, slug: str, is_open: bool, minutes: float | None = None) -> bool:
        """Open a round again, or close it; returns whether there is one."""
        with self._lock:
            found = self.find(slug)
            if found is None:
                return False
            ends_at = now() + 60 * minutes if is_open and minutes is not None else None
            changed = replace(found, is_open=is_open, ends_at=ends_at)
            self._rounds = [changed if each.slug == slug else each for each in self._rounds]
            if is_open:
                self._podium = 0
        self._save()
        return True

    def show(self, slug: str) -> bool:
        """Put a round on the stage; returns whether there is one."""
        with self._lock:
            if self.find(slug) is None:
                return False
            self._on_stage, self._podium = slug, 0
        self._save()
        return True

    def set_podium(self, step: int) -> None:
        """Show the podium as far as a step, 0…4; 0 removes it."""
        with self._lock:
            self._podium = min(4, max(0, step))
            self._blank = False
        self._save()

    def set_blank(self, blank: bool) -> None:
        """Blank the stage, or show it again."""
        with self._lock:
            self._blank = blank
        self._save()

    def _save(self) -> None:
        with self._lock:
            state = {
                "rounds": [asdict(each) for each in self._rounds],
                "played": [asdict(each) for each in self._played],
                "next": self._next,
                "on_stage": self._on_stage,
                "podium": self._podium,
                "blank": self._blank,
            }
            # A full disk must not end the run; a restart would then begin with the first prompts.
            with contextlib.suppress(OSError):
                write_atomically(self._file, json.dumps(state).encode())
        self._changed()

    def _read(self) -> None:
        try:
            state: dict[str, Any] = json.loads(self._file.read_text(encoding="utf-8"))
            self._rounds = [
                Round(**(values | {"board": Board(**values["board"])}))
                for values in state["rounds"]
            ]
            self._played = [Board(**values) for values in state["played"]]
            self._next, self._on_stage = int(state["next"]), str(state["on_stage"])
            self._podium, self._blank = int(state["podium"]), bool(state["blank"])
        except (OSError, ValueError, KeyError, TypeError):
            self._rounds = []
