"""The contest: whose turn it is, what counts in it, what comes next.

    TITLE ──► COUNTDOWN ──► TURN ◄──► PAUSED
                  ▲           │         │
                  └── RESULT ◄┴─────────┘      after the last turn: RESULT ──► PODIUM ──► ENDED

No clock, camera or screen here: whoever drives it passes the time in, gives it keys and verdicts,
and draws what it says.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum

from paintcam.contest.fair_maximum import WINDOW_S
from paintcam.contest.maxima import Maxima
from paintcam.contest.standings import Place, standings
from paintcam.contest.turn import PlayedTurn
from paintcam.errors import UsageError
from paintcam.text import clean_text

__all__ = ["KEYS", "Contest", "Phase"]

KEYS = {
    "space": "start, pause",
    "n": "next player",
    "b": "back: the turn again",
    "s": "skip the turn",
    "a": "add a player",
    "q": "end, keep the scores",
}


class Phase(str, Enum):
    """Where a contest is."""

    TITLE = "title"
    COUNTDOWN = "countdown"
    TURN = "turn"
    PAUSED = "paused"
    RESULT = "result"
    PODIUM = "podium"
    ENDED = "ended"


class Contest:
    """A contest of timed turns. All times are seconds on one clock that does not run back.

    Args:
        players: Names, any text, in the order they play.
        new_id: Gives each turn its id.
        seconds: How long a turn is.
        rounds: Turns a player; the best counts.
        window_s: Of the fair maximum; 0 ranks the raw one.
        countdown_s: Before each turn.
        hold_s: How long title, results and podium stay before the contest goes on by itself; None
            to wait for a key.

    Raises:
        UsageError: No player, one twice, or a number that cannot be.
    """

    def __init__(
        self,
        players: Sequence[str],
        new_id: Callable[[], str],
        seconds: float = 20.0,
        rounds: int = 1,
        window_s: float = WINDOW_S,
        countdown_s: float = 3.0,
        hold_s: float | None = None,
    ) -> None:
        if not players:
            raise UsageError("A contest needs players. Pass `--player NAME` once for each.")
        if not 0 < seconds < float("inf"):
            raise UsageError(f"A turn of {seconds:g} seconds cannot be. Pass `--seconds 20`.")
        if rounds < 1:
            raise UsageError(f"{rounds} rounds cannot be. Pass `--rounds 1`.")
        if not 0 <= window_s < seconds:
            raise UsageError(
                f"A window of {window_s:g} seconds does not fit in a turn of {seconds:g}. "
                "Pass `--window 0.5`, or 0 for the raw maximum."
            )
        self.seconds, self.rounds = seconds, rounds
        self.phase = Phase.TITLE
        self.turn: PlayedTurn | None = None
        self.players: list[str] = []
        self._new_id = new_id
        self._window_s, self._countdown_s, self.hold_s = window_s, countdown_s, hold_s
        self._since: float | None = None
        self._slots: list[tuple[str, int]] = []  # player and round, in the order of play
        self._position = 0
        self._played: dict[tuple[str, int], PlayedTurn] = {}
        self._voided: list[str] = []
        for player in players:
            self.add_player(player)

    @property
    def upcoming(self) -> tuple[str, int] | None:
        """Who plays next, in which round (in a countdown or turn: now); None after the last."""
        return self._slots[self._position] if self._position < len(self._slots) else None

    @property
    def standings(self) -> list[Place]:
        """Everybody's place by what was played so far, best first."""
        return standings(self.players, self._played.values())

    def add_player(self, name: str) -> None:
        """Let one more play, from the current round on; after the podium, the contest goes on.

        Raises:
            UsageError: A blank name, or one that plays already.
        """
        player = clean_text(name)
        if not player:
            raise UsageError("A player needs a name. Pass `--player NAME`.")
        if player in self.players:
            raise UsageError(
                f"{player} plays already. Give each player another name: `--player '{player} 2'`."
            )
        current = self._slots[min(self._position, len(self._slots) - 1)][1] if self._slots else 1
        self.players.append(player)
        for number in range(current, self.rounds + 1):
            self._slots.append((player, number))
        # A stable sort: at the end of each round. What was played is in rounds up to the current.
        self._slots.sort(key=lambda slot: slot[1])
        if self.phase is Phase.PODIUM:
            self.phase, self._since = Phase.RESULT, None

    def remaining_s(self, now: float) -> float:
        """Seconds left of the countdown or the turn; of a whole turn outside both."""
        if self.phase is Phase.COUNTDOWN and self._since is not None:
            return max(0.0, self._countdown_s - (now - self._since))
        if self.phase in (Phase.TURN, Phase.PAUSED) and self.turn is not None:
            return self.turn.remaining_s(now)
        return self.seconds

    def tick(self, now: float) -> None:
        """Let time pass."""
        since = now if self._since is None else self._since
        self._since = since
        if self.phase is Phase.COUNTDOWN and now - since >= self._countdown_s:
            # From when the countdown ended, not from when somebody looked.
            self._start_turn(since + self._countdown_s)
        if self.phase is Phase.TURN and self.turn is not None:
            if now >= self.turn.ends_at(now):
                self._finish_turn(self.turn.ends_at(now))
        elif self.hold_s is not None and now - since >= self.hold_s:
            if self.phase in (Phase.TITLE, Phase.RESULT):
                self._go_on(now)
            elif self.phase is Phase.PODIUM:
                self.phase = Phase.ENDED

    def offer(self, score: float, similarity: float, captured_at: float) -> bool:
        """Take a verdict. It may come late, also just after the turn: its frame's time decides.

        Args:
            score: 0…100; what is no score is passed over.
            similarity: −1…1.
            captured_at: When the frame was captured.

        Returns:
            Whether the turn's fair or raw maximum rose.
        """
        return self.turn is not None and self.turn.offer(score, similarity, captured_at)

    def take_back(self, blocked_at: float) -> list[tuple[str, PlayedTurn]]:
        """Undo what rose shortly before a frame that a guard blocked: it may answer late.

        Returns:
            The turns that lost something, each with the id it had: what was kept under that does
            not count any more, and the turn has a new one.
        """
        lost: list[tuple[str, PlayedTurn]] = []
        for turn in self._played.values():  # the one before may have ended a moment ago
            if turn.maxima.take_back(blocked_at):
                lost.append((turn.id, turn))
                turn.id = self._new_id()
        return lost

    def press(self, key: str, now: float) -> None:
        """Obey a key of `KEYS` but "a"; one that means nothing in this phase does nothing."""
        self.tick(now)
        if key == "q":
            self._halt(now)
            self.phase = Phase.ENDED
        elif key == "space":
            self._start_or_pause(now)
        elif key == "n" and self.phase in (Phase.TITLE, Phase.RESULT):
            self._go_on(now)
        elif key == "n" and self.phase in (Phase.TURN, Phase.PAUSED):
            self._finish_turn(now)
        elif key == "b":
            self._back(now)
        elif key == "s":
            self._skip(now)

    def take_voided(self) -> list[str]:
        """The ids of turns that no longer count since the last call: played again or skipped."""
        voided, self._voided = self._voided, []
        return voided

    def _start_or_pause(self, now: float) -> None:
        if self.phase in (Phase.TITLE, Phase.RESULT):
            self._go_on(now)
        elif self.phase is Phase.COUNTDOWN:
            # Not yet: back to the card. Turns that were to be played again stay as they were.
            while self.upcoming in self._played:
                self._position += 1
            self._enter(Phase.RESULT if self._played else Phase.TITLE, now)
        elif self.phase is Phase.TURN and self.turn is not None:
            self.turn.halt(now)
            self.turn.maxima.interrupt()
            self._enter(Phase.PAUSED, now)
        elif self.phase is Phase.PAUSED and self.turn is not None:
            self.turn.run(now)
            self._enter(Phase.TURN, now)

    def _enter(self, phase: Phase, now: float) -> None:
        self.phase, self._since = phase, now

    def _go_on(self, now: float) -> None:
        self._enter(Phase.PODIUM if self.upcoming is None else Phase.COUNTDOWN, now)

    def _new_turn(self, slot: tuple[str, int]) -> PlayedTurn:
        before = self._played.pop(slot, None)
        if before is not None and not before.skipped:
            self._voided.append(before.id)
        maxima = Maxima(self._window_s)
        self.turn = self._played[slot] = PlayedTurn(self._new_id(), *slot, self.seconds, maxima)
        return self.turn

    def _start_turn(self, now: float) -> None:
        self._new_turn(self._slots[self._position]).run(now)
        self._enter(Phase.TURN, now)

    def _halt(self, now: float) -> None:
        if self.phase in (Phase.TURN, Phase.PAUSED) and self.turn is not None:
            self.turn.halt(now)
            self.turn.maxima.settle()

    def _finish_turn(self, now: float) -> None:
        self._halt(now)
        self._position += 1
        self._enter(Phase.RESULT, now)

    def _back(self, now: float) -> None:
        if self.phase in (Phase.TURN, Phase.PAUSED):
            self._finish_turn(now)
        if self._position > 0 and self.phase is not Phase.ENDED:
            # The new turn replaces the one before when it starts, not sooner.
            self._position -= 1
            self._enter(Phase.COUNTDOWN, now)

    def _skip(self, now: float) -> None:
        if self.phase in (Phase.PODIUM, Phase.ENDED) or self.upcoming is None:
            return
        before = self._played.get(self.upcoming)
        playing = self.phase in (Phase.TURN, Phase.PAUSED)
        # A turn that was to be played again stays as it was: only one that starts replaces it.
        if playing or before is None or before.skipped:
            self._halt(now)
            self._new_turn(self.upcoming).skipped = True
        self._position += 1
        self._enter(Phase.RESULT, now)
