"""The contest on the live loop: verdicts in, keys in, cards out; every maximum kept as it rises."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from paintcam.contest.rules import Contest, Phase
from paintcam.contest.texts import card, help_lines
from paintcam.contest.turn import PlayedTurn
from paintcam.errors import UsageError
from paintcam.frames import Frame, Image
from paintcam.judge.judge import Verdict
from paintcam.overlay import Hud
from paintcam.run.hooks import Show
from paintcam.run.session import LATE_S, Standing

if TYPE_CHECKING:
    from paintcam.contest.turn_store import TurnKeeping

__all__ = ["ContestShow"]

_ESCAPE, _ENTER, _BACKSPACE = "\x1b", ("\r", "\n"), ("\x08", "\x7f")
_KEYS = {" ": "space", "n": "n", "b": "b", "s": "s", "q": "q", _ESCAPE: "q"}
_NOT_NOW = ("r", "p")  # the run's own keys that would change what is being played
_BETWEEN_TURNS = (Phase.TITLE, Phase.RESULT, Phase.PODIUM)


class ContestShow(Show):
    """Drives a contest from the display loop, and draws it.

    Args:
        contest: The rules.
        keeping: Stores what was scored.
        keys: Whether there is a window to press keys in.
        note: Puts a message on the picture.
    """

    guards_first = True

    def __init__(
        self,
        contest: Contest,
        keeping: TurnKeeping,
        *,
        keys: bool = True,
        note: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.contest = contest
        self.note = note
        self.keys = keys
        self._keeping = keeping
        # Verdicts come in the scorer's thread, everything else in the main one.
        self._lock = threading.Lock()
        self._ended: PlayedTurn | None = None
        self._photos: dict[str, Frame] = {}
        self._typed: str | None = None
        self.help = False
        self._lost = False

    def on_verdict(self, verdict: Verdict, standing: Standing, frame: Frame) -> None:
        """Count a verdict, and keep the maximum that it raised.

        A blocked picture counts 0, and takes back what rose while a guard was still looking at it.
        """
        score = 0.0 if verdict.blocked else verdict.score
        with self._lock:
            if verdict.blocked:
                self._take_back(verdict.captured_at)
            turn = self.contest.turn
            fair = 0.0 if turn is None else turn.score
            rose = self.contest.offer(score, verdict.similarity, verdict.captured_at)
            if turn is None or not rose:
                return
            # The photo-finish shows what was held, not what flickered: the fair maximum's frame.
            new_photo = turn.score > fair or turn.score == 0
            if new_photo and not verdict.blocked:
                self._photos[turn.id] = frame
                self._keeping.photo(turn, frame.image)
            self._keeping.keep(turn)

    def on_tick(self, state: str) -> None:
        """Let time pass; a camera that is lost stops the clock."""
        if not self._keeping.ready:
            return  # nobody's time runs while the model loads
        now = time.monotonic()
        with self._lock:
            self.contest.tick(now)
            playing, paused = self.contest.phase is Phase.TURN, self.contest.phase is Phase.PAUSED
            if state == "reconnecting" and playing:
                self.contest.press("space", now)
                self._lost = True
            elif self._lost and state == "live":
                if paused:
                    self.contest.press("space", now)
                self._lost = False
            self._settle()

    @property
    def typing(self) -> bool:
        """Whether a player's name is typed."""
        return self._typed is not None

    def on_key(self, key: str) -> bool:
        """Take the contest's keys; the window's own (mirror, full screen …) are left."""
        with self._lock:
            if self._typed is not None:
                self._type(key, self._typed)
                return True
            name = key.lower()
            if name == "?":
                self.help = not self.help
            elif name == "a":
                self._typed = "" if self.contest.phase in _BETWEEN_TURNS else None
            elif name in _KEYS and (self._keeping.ready or _KEYS[name] == "q"):
                self._lost = False
                self.contest.press(_KEYS[name], time.monotonic())
                self._settle()
            return name in ("?", "a", *_KEYS, *_NOT_NOW)

    def picture(self, image: Image) -> Image:
        """The photo-finish on a result, the winner's on the podium, else the live picture."""
        photo = self._photo()
        return image if photo is None else photo

    def dress(self, hud: Hud) -> Hud:
        """Draw title card, countdown, clock, result or podium."""
        if not hud.prompt:
            return hud  # the overlay is off
        with self._lock:
            contest = self.contest
            turn = contest.turn
            rank = "" if turn is None else self._keeping.ranks.get(turn.id, "")
            said = card(contest, time.monotonic(), rank, keys=self.keys)
            typed = self._typed
        live = contest.phase in (Phase.TURN, Phase.PAUSED) and turn is not None
        player = said.player
        if live and turn is not None:
            hud = replace(hud, best=turn.score)
            if round(turn.best) > round(turn.score):
                player = f"{player} · raw {turn.best:.0f}"
        else:
            hud = replace(hud, score=None, best=None)
        if self._photo() is not None:
            hud = replace(hud, region=None, sheet=False, blocked=False)
        headline = said.headline if typed is None else ("New player", f"{typed}_", "Enter adds")
        return replace(
            hud,
            headline=headline,
            clock=said.clock,
            player=player,
            notes=(*hud.notes, *help_lines()) if self.help or hud.help else hud.notes,
            help=False,
        )

    def close(self) -> None:
        """End the contest, if it has not ended; what was scored counts."""
        with self._lock:
            self.contest.press("q", time.monotonic())
            self._settle()

    def _settle(self) -> None:
        """After the contest moved: keep what ended, take back what no longer counts."""
        contest = self.contest
        for turn_id in contest.take_voided():
            self._photos.pop(turn_id, None)
            self._keeping.take_back(turn_id)
        turn = contest.turn
        over = contest.phase in (Phase.RESULT, Phase.PODIUM, Phase.ENDED)
        if over and turn is not None and turn is not self._ended and not turn.skipped:
            self._ended = turn
            self._keeping.finish(turn)
        self.finished = contest.phase is Phase.ENDED

    def _take_back(self, blocked_at: float) -> None:
        for id_before, turn in self.contest.take_back(blocked_at):
            self._keeping.discard(id_before)
            photo = self._photos.pop(id_before, None)
            if photo is not None and photo.captured_at <= blocked_at - LATE_S:
                self._photos[turn.id] = photo
                self._keeping.photo(turn, photo.image)
            self._keeping.keep(turn)

    def _photo(self) -> Image | None:
        contest = self.contest
        shown = ""
        if contest.phase is Phase.RESULT and contest.turn is not None:
            shown = contest.turn.id
        elif contest.phase is Phase.PODIUM:
            shown = contest.standings[0].turn_id or ""
        photo = self._photos.get(shown)
        return None if photo is None else photo.image

    def _type(self, key: str, typed: str) -> None:
        if key == _ESCAPE:
            self._typed = None
        elif key in _ENTER:
            self._typed = None
            try:
                # OpenCV's window on Linux tells no capitals.
                self.contest.add_player(typed.title() if typed.islower() else typed)
            except UsageError as error:
                self.note(str(error))
        elif key in _BACKSPACE:
            self._typed = typed[:-1]
        elif key.isprintable() and len(typed) < 80:
            self._typed = typed + key
