"""The contest on the live loop: verdicts and keys in, cards out; stores maxima as they rise."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from paintcam.contest.phases import Phase
from paintcam.contest.photo import Photo
from paintcam.contest.rules import Contest
from paintcam.contest.texts import card, help_lines, name_lines
from paintcam.contest.turn import PlayedTurn
from paintcam.errors import UsageError
from paintcam.frames import Frame, Image
from paintcam.judge.verdict import Verdict
from paintcam.overlay import Hud
from paintcam.overlay.hud import PodiumCard
from paintcam.run.explaining import Explained
from paintcam.run.hooks import Show
from paintcam.run.hud import crop_region, with_explanation
from paintcam.run.line_editor import LineEditor
from paintcam.run.session import LATE_S, Standing
from paintcam.sinks.keyboard import ESCAPE

if TYPE_CHECKING:
    from paintcam.contest.turn_store import TurnStore
    from paintcam.judge.explain import Explanation

__all__ = ["ContestShow"]

_KEYS = {" ": "space", "n": "n", "b": "b", "s": "s", "q": "q", ESCAPE: "q"}
_LONGEST_NAME = 80
HOLD_S = 4.0  # title, results and podium stay this long where no key can be pressed
_AWAY_S = 2.0  # the clock goes on this long while the process is suspended, then it stops
_NOT_NOW = ("r", "p")  # the run's own keys that would change what is being played
_BETWEEN_TURNS = (Phase.TITLE, Phase.RESULT, Phase.PODIUM)


class ContestShow(Show):
    """Drives a contest from the display loop, and draws it.

    Args:
        contest: The rules.
        store: Stores what was scored.
        keys: Whether there is a window that takes keys.
        note: Puts a message on the picture.
    """

    guards_first = True

    def __init__(
        self,
        contest: Contest,
        store: TurnStore,
        *,
        keys: bool = True,
        note: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.contest = contest
        self.note = note
        self.keys = keys
        self._store = store
        # Verdicts arrive in the scorer's thread, everything else in the main thread.
        self._lock = threading.Lock()
        self._ended: PlayedTurn | None = None
        self._photos: dict[str, Photo] = {}
        self.help = self._lost = False
        self._ticked_at = math.inf

    def on_verdict(self, verdict: Verdict, standing: Standing, frame: Frame) -> None:
        """Count a verdict, and store the maximum that it raised.

        A blocked picture counts 0, and takes back what rose while a guard was still checking it.
        """
        with self._lock:
            if verdict.blocked:
                self._take_back(verdict.captured_at)
            elif not verdict.counts:
                return
            turn = self.contest.turn
            fair = 0.0 if turn is None else turn.score
            rose = self.contest.offer(
                verdict.score,
                verdict.similarity,
                verdict.captured_at,
                blocked=verdict.blocked,
                held=verdict.held,
            )
            if turn is None or not rose:
                return
            # The photo-finish shows what was held: the frame that raised the fair maximum.
            if (turn.score > fair or turn.score == 0) and not verdict.blocked:
                self._photos[turn.id] = Photo(frame, verdict.region)
                self._store.photo(turn, frame.image)
            self._store.keep(turn)

    def on_tick(self, state: str) -> None:
        """Advance the contest; losing the camera stops the clock."""
        if not self._store.ready:
            return  # the clock stands still while the model loads
        now = time.monotonic()
        with self._lock:
            if now > self._ticked_at + _AWAY_S:
                self.contest.leave_out(self._ticked_at + _AWAY_S, now)
            self._ticked_at = now
            self.contest.tick(now)
            if state == "reconnecting" and self.contest.phase is Phase.TURN:
                self.contest.press("space", now)
                self._lost = True
            elif self._lost and state == "live":
                if self.contest.phase is Phase.PAUSED:
                    self.contest.press("space", now)
                self._lost = False
            self._settle()

    def on_key(self, key: str) -> bool:
        """Handle the contest's keys; the window's own (mirror, full screen) are left to the run."""
        with self._lock:
            name = key.lower()
            if name == "?":
                self.help = not self.help
            elif name == "a":
                if self.contest.phase in _BETWEEN_TURNS:
                    self.editor = LineEditor(_LONGEST_NAME)
            elif name in _KEYS and (self._store.ready or _KEYS[name] == "q"):
                self._lost = False
                self.contest.press(_KEYS[name], time.monotonic())
                self._settle()
            if name == "x":
                return self._photo() is None  # nothing may freeze the picture of a turn
            return name in ("?", "a", *_KEYS, *_NOT_NOW)

    def on_window_lost(self) -> None:
        """Advance without keys, because the window is gone."""
        with self._lock:
            self.keys = False
            self.contest.hold_s = HOLD_S if self.contest.hold_s is None else self.contest.hold_s

    def on_text(self, text: str | None) -> None:
        """Add a player whose name was typed."""
        if text is None:
            return
        try:
            with self._lock:
                self.contest.add_player(text)
        except UsageError as error:
            self.note(str(error))

    @property
    def still(self) -> Explained | None:
        """The photo-finish, while it is shown: the key x explains its score."""
        photo = self._photo()
        if photo is None:
            return None
        shape = photo.frame.image.shape
        return Explained(photo.frame, crop_region(shape) if photo.region is None else photo.region)

    def on_explanation(self, explanation: Explanation) -> None:
        """Save the photo-finish with its explanation, beside the plain one."""
        with self._lock:
            turn, photo = self.contest.turn, self._photo()
            if turn is not None and photo is not None:
                image = photo.frame.image
                self._store.photo(turn, image, lambda: with_explanation(image, explanation))

    def picture(self, image: Image) -> Image:
        """Return the photo-finish on a result, otherwise the live picture."""
        photo = self._photo()
        return image if photo is None else photo.frame.image

    def dress(self, hud: Hud) -> Hud:
        """Draw title card, countdown, clock, result or podium."""
        with self._lock:
            contest = self.contest
            turn = contest.turn
            rank = "" if turn is None else self._store.ranks.get(turn.id, "")
            texts = card(contest, time.monotonic(), rank, keys=self.keys)
        player = texts.player
        if turn is not None and contest.phase in (Phase.TURN, Phase.PAUSED):
            hud = replace(hud, best=turn.score)
            if round(turn.best) > round(turn.score):
                player = f"{player} · raw {turn.best:.0f}"
        else:
            hud = replace(hud, score=None, best=None)
        cards = self._cards()
        if self._photo() is not None:
            hud = replace(hud, region=None, sheet=False, blocked=False)
            if hud.words is not None:  # the card would cover the map
                texts, player = replace(texts, headline=()), " · ".join(texts.headline[1::-1])
        if cards:
            hud = replace(hud, region=None, sheet=False, podium=cards)
        headline = texts.headline if self.editor is None else name_lines(self.editor)
        return replace(
            hud,
            headline=headline,
            clock=texts.clock,
            player=player,
            notes=(*hud.notes, *help_lines()) if self.help or hud.help else hud.notes,
            help=False,
        )

    def close(self) -> None:
        """End the contest if it has not ended; what was scored counts."""
        with self._lock:
            self.contest.press("q", time.monotonic())
            self._settle()

    def _settle(self) -> None:
        """Store what ended, and remove what no longer counts, after the contest moved."""
        contest = self.contest
        for turn_id in contest.take_voided():
            self._photos.pop(turn_id, None)
            self._store.discard(turn_id)
        turn = contest.turn
        over = contest.phase in (Phase.RESULT, Phase.PODIUM, Phase.ENDED)
        if over and turn is not None and turn is not self._ended and not turn.skipped:
            self._ended = turn
            self._store.finish(turn)
        self.finished = contest.phase is Phase.ENDED

    def _take_back(self, blocked_at: float) -> None:
        for id_before, turn in self.contest.take_back(blocked_at):
            self._store.discard(id_before)
            photo = self._photos.pop(id_before, None)
            if photo is not None and photo.frame.captured_at <= blocked_at - LATE_S:
                self._photos[turn.id] = photo
                self._store.photo(turn, photo.frame.image)
            self._store.keep(turn)

    def _photo(self) -> Photo | None:
        turn = self.contest.turn
        if self.contest.phase is not Phase.RESULT or turn is None:
            return None
        return self._photos.get(turn.id)

    def _cards(self) -> tuple[PodiumCard, ...]:
        """Return the podium's cards; none before the podium, or while a name is typed."""
        if self.contest.phase is not Phase.PODIUM or self.editor is not None:
            return ()
        cards = []
        for place in self.contest.standings:
            if place.rank is not None:
                photo = self._photos.get(place.turn_id or "")
                drawing = None if photo is None else photo.drawing
                cards.append(PodiumCard(place.rank, place.player, f"{place.score:.2f}", drawing))
        return tuple(cards)
