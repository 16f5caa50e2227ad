"""The contest: whose turn it is, what counts in it, what comes next.

    TITLE ──► COUNTDOWN ──► TURN ◄──► PAUSED
                  ▲           │         │
                  └── RESULT ◄┴─────────┘      after the last turn: RESULT ──► PODIUM ──► ENDED

It has no clock, camera or screen: its caller passes in the time, keys and verdicts, and draws it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from paintcam.contest.checks import check_contest, check_player
from paintcam.contest.fair_maximum import WINDOW_S, Held
from paintcam.contest.maxima import Maxima
from paintcam.contest.phases import Phase
from paintcam.contest.standings import Place, standings
from paintcam.contest.turn import PlayedTurn

__all__ = ["Contest"]


class Contest:
    """A contest of timed turns. All times are seconds on one clock that does not run back.

    Args:
        players: Names, any text, in the order they play.
        new_id: Creates the id of each turn.
        seconds: Length of a turn.
        rounds: Turns per player; the best counts.
        window_s: Window of the fair maximum; 0 ranks the raw one.
        countdown_s: Length of the countdown before each turn.
        hold_s: How long title, results and podium stay before the contest advances automatically;
            None to wait for a key.

    Raises:
        UsageError: No player, a player twice, or a number out of its range.
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
        check_contest(players, seconds, rounds, window_s, hold_s)
        self.seconds, self.rounds = seconds, rounds
        self.phase = Phase.TITLE
        self.turn: PlayedTurn | None = None
        self.players: list[str] = []
        self._new_id = new_id
        self._window_s, self._countdown_s, self.hold_s = window_s, countdown_s, hold_s
        self._since: float | None = None
        self._slots: list[tuple[str, int]] = []  # player and round, in playing order
        self._position = 0
        self._played: dict[tuple[str, int], PlayedTurn] = {}
        self._voided: list[str] = []
        for player in players:
            self.add_player(player)

    @property
    def upcoming(self) -> tuple[str, int] | None:
        """Who plays next (in a countdown or turn: now) and in which round; None after the last."""
        return self._slots[self._position] if self._position < len(self._slots) else None

    @property
    def standings(self) -> list[Place]:
        """The place of every player by the turns so far, best first."""
        return standings(self.players, self._played.values())

    def add_player(self, name: str) -> None:
        """Add a player from the current round on; after the podium the contest continues.

        Raises:
            UsageError: The name is blank or already taken.
        """
        player = check_player(name, self.players)
        current = self._slots[min(self._position, len(self._slots) - 1)][1] if self._slots else 1
        self.players.append(player)
        for number in range(current, self.rounds + 1):
            self._slots.append((player, number))
        # Stable: new players come last in each round. Turns played are in rounds up to the current.
        self._slots.sort(key=lambda slot: slot[1])
        if self.phase is Phase.PODIUM:
            self.phase, self._since = Phase.RESULT, None

    def remaining_s(self, now: float) -> float:
        """Return the seconds left of the countdown or turn; outside both, the length of a turn."""
        if self.phase is Phase.COUNTDOWN and self._since is not None:
            return max(0.0, self._countdown_s - (now - self._since))
        if self.phase in (Phase.TURN, Phase.PAUSED) and self.turn is not None:
            return self.turn.remaining_s(now)
        return self.seconds

    def tick(self, now: float) -> None:
        """Advance the contest to the time `now`."""
        since = now if self._since is None else self._since
        self._since = since
        if self.phase is Phase.COUNTDOWN and now - since >= self._countdown_s:
            # The turn starts when the countdown ended, not at this later tick.
            self._start_turn(since + self._countdown_s)
        if self.phase is Phase.TURN and self.turn is not None:
            if now >= self.turn.ends_at(now):
                self._finish_turn(self.turn.ends_at(now))
        elif self.hold_s is not None and now - since >= self.hold_s:
            if self.phase in (Phase.TITLE, Phase.RESULT):
                self._go_on(now)
            elif self.phase is Phase.PODIUM:
                self.phase = Phase.ENDED

    def leave_out(self, since: float, now: float) -> None:
        """Stop all clocks between two times: the program stood still, and nobody could draw."""
        self.tick(since)
        if self.phase is Phase.TURN:
            self._start_or_pause(since)
            self._start_or_pause(now)
        elif self._since is not None:
            self._since += now - since

    def offer(
        self,
        score: float,
        similarity: float,
        captured_at: float,
        *,
        blocked: bool = False,
        held: Held = (),
    ) -> bool:
        """Take a verdict. It may arrive just after the turn: the time of its frame decides.

        Args:
            score: 0…100; anything else is ignored.
            similarity: −1…1.
            captured_at: When the frame was captured.
            blocked: A guard blocked the picture: it counts 0.
            held: What was shown since the verdict before, as `FairMaximum.offer` takes it.

        Returns:
            Whether the turn's fair or raw maximum rose.
        """
        turn = self.turn
        return turn is not None and turn.offer(
            score, similarity, captured_at, blocked=blocked, held=held
        )

    def take_back(self, blocked_at: float) -> list[tuple[str, PlayedTurn]]:
        """Undo what rose shortly before a frame that a guard blocked: guards may answer late.

        Returns:
            The turns that lost something, each with its old id. What was stored under that id no
            longer counts, and the turn has a new one.
        """
        lost: list[tuple[str, PlayedTurn]] = []
        for turn in self._played.values():  # the turn before may have ended a moment ago
            if turn.maxima.take_back(blocked_at):
                lost.append((turn.id, turn))
                turn.id = self._new_id()
        return lost

    def press(self, key: str, now: float) -> None:
        """Handle a key of `KEYS` other than "a". Keys without a meaning now are ignored."""
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
        """Return the ids of turns that were repeated or skipped since the last call."""
        voided, self._voided = self._voided, []
        return voided

    def _start_or_pause(self, now: float) -> None:
        if self.phase in (Phase.TITLE, Phase.RESULT):
            self._go_on(now)
        elif self.phase is Phase.COUNTDOWN:
            # Cancel the countdown. Turns that were to be repeated stay as they were.
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
            # The new turn replaces the old one when it starts, not earlier.
            self._position -= 1
            self._enter(Phase.COUNTDOWN, now)

    def _skip(self, now: float) -> None:
        if self.phase in (Phase.PODIUM, Phase.ENDED) or self.upcoming is None:
            return
        before = self._played.get(self.upcoming)
        playing = self.phase in (Phase.TURN, Phase.PAUSED)
        # A turn that was to be repeated stays as it was: only a turn that starts replaces it.
        if playing or before is None or before.skipped:
            self._halt(now)
            self._new_turn(self.upcoming).skipped = True
        self._position += 1
        self._enter(Phase.RESULT, now)
