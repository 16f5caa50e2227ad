"""The fair maximum: the score that a drawing held, not the one it briefly reached.

**The rule.** The fair maximum is the highest score that nearly all frames of half a second reach,
with an allowance for trembling hands.

A picture that is shown for a third or two thirds of the time must not win against one that is held,
at 30 verdicts per second or at 3. So the rule has these parts:

- *A low quantile over time.* 95 % of the window's time must reach the score. Each verdict counts
  for the time since the verdict before it, but at most for twice the usual time, so that a verdict
  before a stall does not count for the stall. At 30 verdicts per second no frame of half a second
  may lie lower; a verdict that directly follows another may.
- *Every frame that was shown.* A slow encoder judges one frame of ten. The others count with the
  score of the picture that they look like (`paintcam.run.looks`), so that a picture that is swapped
  for another between two verdicts is not held.
- *An allowance.* Scores of one drawing differ from frame to frame (trembling, sensor noise: about
  2.5 points with the bundled encoder), and the lowest of fifteen lies far below the typical one.
  The result is the highest score of the window that lies at most 2.5 standard deviations above that
  quantile, measured by the median absolute deviation; at least 2 points and at most 5.
- *Three verdicts, or fifteen.* A window is half a second long, or as long as three verdicts take:
  with 2 to 5 seconds per verdict it fills, too. Where it is not known what was shown between the
  verdicts, they only sample the picture. One that is shown for two thirds of the time is hit by
  three of three in 30 % of cases, by fifteen of fifteen in 0.2 %. So a window is then as long as
  fifteen verdicts take, but not longer than five seconds.
- *Coming and going.* Over a long turn even a random flicker holds for half a second once. For each
  time that the score fell by more than 8 points and came back within the last five seconds (or 48
  verdicts), the window grows by a third: after a passing hand two thirds of a second are enough, a
  flickering picture never gets there.

A turn of fewer than thirty verdicts is judged as a whole when it ends, and 80 % of its time must
reach the score: in four seconds at 6 verdicts per second a passing hand leaves no whole window.

`tests/benchmarks/judge.py --fair` measures it.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple, TypeAlias

from paintcam.errors import UsageError
from paintcam.text import counted

__all__ = ["WINDOW_S", "FairMaximum", "Held", "check_window"]

Held: TypeAlias = Sequence[tuple[float, float]]
"""Scores, and the share of a time that each was shown for; the shares sum to 1."""

WINDOW_S = 0.5

LOWER = 0.05  # share of the window's time that may lie lower
LOWER_SHORT = 0.2  # the same for a turn of less than two windows: one mishap weighs more there
ALLOWANCE = 2.0, 5.0  # points above that quantile: least and most
DEVIATIONS = 2.5  # standard deviations above it, within those limits
STALL = 2.0  # the longest time that a verdict counts for, in usual intervals
VERDICTS_PER_S = 30  # of window: fifteen in half a second
STRETCH = 10  # the longest window, in windows
FEWEST = 3  # verdicts in a window
DROP = 8.0  # points: the score went
BACK = 3.0  # points below the score at which it is back
GROWTH = 1 / 3  # of the window, for each time that the score came back
MEMORY_S, MEMORY = 5.0, 48  # seconds or verdicts, whichever reaches further back


class _Scored(NamedTuple):
    """One verdict."""

    at_s: float
    score: float
    held: Held


def check_window(window_s: float, turn_s: float = math.inf) -> float:
    """Return a window that a fair maximum can have.

    Args:
        window_s: Seconds; 0 for the raw maximum.
        turn_s: Length of the turn that it must fit into.

    Raises:
        UsageError: Negative, not finite, or as long as the turn.
    """
    if not 0 <= window_s < math.inf:
        raise UsageError(
            f"The window of the fair maximum must be 0 or more seconds (got {window_s:g}).",
            fix="Pass `--window 0.5`, or 0 to rank the raw maximum.",
        )
    if window_s >= turn_s:
        raise UsageError(
            "The window of the fair maximum must be shorter than a turn of "
            f"{counted(turn_s, 'second')} (got {window_s:g}).",
            fix=f"Pass a shorter `--window`, such as {turn_s / 2:g}, or 0 to rank the raw maximum.",
        )
    return window_s


class FairMaximum:
    """The highest score that was held; this module's docstring has the rule.

    Args:
        window_s: Seconds that a score must be held; 0 for the raw maximum.

    Raises:
        UsageError: Not a window.
    """

    def __init__(self, window_s: float = WINDOW_S) -> None:
        self._window_s = check_window(window_s)
        self._best: float | None = None
        self._scores: deque[_Scored] = deque()
        self._since: float | None = None
        self._whole = True  # the scores are those of the whole turn

    @property
    def best(self) -> float:
        """The maximum so far, 0…100; 0 before the first whole window."""
        return self._best or 0.0

    def offer(self, score: float, at_s: float, held: Held = ()) -> float:
        """Take a score.

        Args:
            score: 0…100; a score that is not finite is ignored.
            at_s: When its frame was captured, seconds on any clock that does not run back.
            held: What was shown since the score before: scores and their shares of that time.
                Empty where that is not known: this score then stands for all of it.

        Returns:
            The maximum so far, 0…100.
        """
        if not math.isfinite(score):
            return self.best
        if self._window_s == 0:
            self._best = max(self.best, score)
            return self._best
        if self._since is None:
            self._since = at_s
            held = held and ((score, 1.0),)  # what was shown before belongs to another turn
        self._scores.append(_Scored(at_s, score, held))
        oldest = at_s - 2 * max(MEMORY_S, STRETCH * self._window_s)
        while len(self._scores) > 2 * MEMORY and self._scores[0].at_s < oldest:
            self._scores.popleft()
        window = self._window(at_s, 1.0)
        if window is None:
            return self.best
        reached = _reached(window, LOWER)
        if reached > self.best and (returns := self._returns(reached, at_s)):
            window = self._window(at_s, 1 + GROWTH * returns)
            reached = 0.0 if window is None else _reached(window, LOWER)
        self._best = max(self.best, reached)
        return self._best

    def interrupt(self) -> None:
        """Start a new window and keep the maximum: nothing is held across a pause."""
        self._scores.clear()
        self._since = None
        self._whole = False

    def settle(self) -> float:
        """End a turn.

        Returns:
            The maximum, 0…100. If the turn was shorter than two windows, what all its scores held.
        """
        few = len(self._scores) < 2 * VERDICTS_PER_S * self._window_s
        if self._scores and (self._best is None or (self._whole and few)):
            self._best = max(self.best, _reached(self._scores, LOWER_SHORT))
        return self.best

    def _window(self, at_s: float, factor: float) -> Sequence[_Scored] | None:
        """Return the newest verdicts that make a whole window, or None before there is one."""
        # A hair less: frame times are not exact multiples of a window.
        length_s = self._window_s * factor * 0.999
        enough = VERDICTS_PER_S * self._window_s * factor
        fewest = FEWEST + round((factor - 1) / GROWTH)
        found: list[_Scored] = []
        whole = known = False
        for verdict in reversed(self._scores):
            age_s = at_s - verdict.at_s
            known = bool(verdict.held) and (known or not found)
            stretched = not known and len(found) < enough and age_s < STRETCH * length_s
            if age_s >= length_s and len(found) >= fewest and not stretched:
                whole = True
                break
            found.append(verdict)
        since_s = at_s - (at_s if self._since is None else self._since)
        enough = FEWEST if known else enough
        long = since_s >= length_s and (len(found) >= enough or since_s >= STRETCH * length_s)
        return found[::-1] if (whole or long) and len(found) >= fewest else None

    def _returns(self, score: float, at_s: float) -> int:
        """Count how often the score went and came back recently."""
        count, gone, was_there = 0, False, False
        first = len(self._scores) - MEMORY
        for index, verdict in enumerate(self._scores):
            if index < first and verdict.at_s < at_s - MEMORY_S:
                continue
            if verdict.score >= score - BACK:
                count += gone
                gone, was_there = False, True
            elif verdict.score < score - DROP:
                gone = was_there
        return count


def _reached(verdicts: Sequence[_Scored], lower: float) -> float:
    """Return the score that all but a share of the time reaches, plus the allowance.

    Args:
        verdicts: In order; at least one.
        lower: The share of the time that may lie lower.
    """
    gaps = [later.at_s - earlier.at_s for earlier, later in pairwise(verdicts)]
    usual = sorted(gaps)[(len(gaps) - 1) // 2] if gaps else 0.0
    usual = usual or 1.0  # verdicts of one moment count the same
    counts_for = [usual, *(min(gap, STALL * usual) for gap in gaps)]
    ordered = sorted(
        (score, share * time_s)
        for verdict, time_s in zip(verdicts, counts_for, strict=True)
        for score, share in verdict.held or ((verdict.score, 1.0),)
    )
    total = sum(counts_for)
    floor, middle = (_quantile(ordered, share * total) for share in (lower, 0.5))
    off = sorted(abs(score - middle) for score, _ in ordered)
    deviation = 1.4826 * off[(len(off) - 1) // 2]  # of a normal distribution
    allowance = min(ALLOWANCE[1], max(ALLOWANCE[0], DEVIATIONS * deviation))
    low_enough = [verdict.score for verdict in verdicts if verdict.score <= floor + allowance]
    return max(low_enough, default=floor)


def _quantile(ordered: Sequence[tuple[float, float]], time: float) -> float:
    """Return the first of scores in rising order below which more than this time lies."""
    passed = 0.0
    for score, counts_for in ordered:
        passed += counts_for
        if passed > time * (1 + 1e-9):
            return score
    return ordered[-1][0]
