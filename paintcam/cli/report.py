"""Print what happens in a run, as JSON lines or as text."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from paintcam.cli.output import print_json, print_line, say, say_lines
from paintcam.text import counted

if TYPE_CHECKING:
    from paintcam.judge.verdict import Verdict
    from paintcam.run.live import Summary
    from paintcam.run.session import Standing

__all__ = ["JsonReport", "Notices", "TextReport"]

COURSE_S = 1.0
"""Interval between two lines of the score if no window shows it, in seconds."""


class JsonReport:
    """Prints everything that happens, one JSON object per line.

    Args:
        model: The encoder's name, in every verdict.
    """

    def __init__(self, model: str) -> None:
        self._model = model

    def state(self, state: str) -> None:
        """Print a row of type "state"."""
        print_json({"type": "state", "state": state})

    def guards(self, names: tuple[str, ...]) -> None:
        """Print a row of type "state" with the guards that run from now on."""
        print_json({"type": "state", "state": "guards", "guards": list(names)})

    def verdict(self, verdict: Verdict, standing: Standing) -> None:
        """Print a row of type "verdict" with the age of its frame in ms."""
        # frames of a file that is not played in real time have no age
        age_s = time.monotonic() - verdict.captured_at
        if verdict.captured_at == verdict.time_s:
            age_s = 0.0
        row: dict[str, Any] = {
            "type": "verdict",
            "frame": verdict.frame,
            "time_s": round(verdict.time_s, 3),
            "similarity": round(verdict.similarity, 5),
            "score": round(standing.score, 2),
            "best": round(standing.best, 2),
            "counts": verdict.counts,
            "age_ms": round(1000 * age_s, 1),
            "model": self._model,
        }
        if verdict.labels is not None:
            row["labels"] = dict(verdict.labels)
        if verdict.flags:
            row["flags"] = list(verdict.flags)
        print_json(row)

    def note(self, text: str) -> None:
        """Print a message on stderr: stdout is for JSON."""
        say(text)

    def summary(self, summary: Summary, **more: Any) -> None:  # noqa: ANN401 - any JSON value
        """Print a row of type "summary"; with a player, one of type "standing" may follow."""
        best = None if summary.best is None else round(summary.best, 2)
        print_json(
            {
                "type": "summary",
                "best": best,
                "frames_shown": summary.frames_shown,
                "frames_scored": summary.frames_scored,
                "guards": list(summary.guards),
                "engine": summary.engine,
                "prompts": {name: round(value, 2) for name, value in summary.results.items()},
                **more,
            }
        )


class TextReport:
    """Prints text for a person.

    Args:
        course: Print the score once per second, because no window shows it.
    """

    def __init__(self, *, course: bool) -> None:
        self._course = course
        self._printed_s = -COURSE_S
        self._state = ""
        self._labels: dict[str, float] = {}

    def mute(self) -> None:
        """Stop printing the score."""
        self._course = False

    def state(self, state: str) -> None:
        """Print that the video signal is lost or restored."""
        if state == "reconnecting":
            say_lines("Video signal lost, reconnecting…")
        elif state == "live" and self._state == "reconnecting":
            say_lines("Video signal restored.")
        self._state = state

    def verdict(self, verdict: Verdict, standing: Standing) -> None:
        """Print the score, at most once per second."""
        self._labels = dict(verdict.labels or {})
        if not self._course or abs(verdict.time_s - self._printed_s) < COURSE_S:
            return
        self._printed_s = verdict.time_s
        line = f"{verdict.time_s:7.1f} s  {standing.score:5.1f}  best {standing.best:5.1f}"
        if verdict.labels is not None:
            shares = "  ".join(f"{label} {share:.0%}" for label, share in verdict.labels.items())
            line = f"{verdict.time_s:7.1f} s  {shares}"
        bar = "█" * round(standing.score / 4) if verdict.labels is None else ""
        print_line("  ".join([line, *verdict.flags, bar]).rstrip())

    def note(self, text: str) -> None:
        """Print a message on stderr."""
        say(text)

    def summary(self, summary: Summary, **more: Any) -> None:  # noqa: ANN401 - any value
        """Print the end of the run."""
        shown, scored = counted(summary.frames_shown, "frame"), summary.frames_scored
        if self._labels:
            shares = ", ".join(f"{label} {share:.0%}" for label, share in self._labels.items())
            print_line(f"Last: {shares} ({counted(scored, 'frame')} scored).")
        elif summary.best is None:
            print_line(f"Nothing was scored ({shown} shown).")
        else:
            print_line(f"Best {summary.best:.1f} of 100 ({shown} shown, {scored:,} scored).")
            if len(summary.results) > 1:
                for prompt, best in summary.results.items():
                    print_line(f"{best:5.1f}  {prompt}")
        more = {"guards": ", ".join(summary.guards), "engine": summary.engine, **more}
        for name, value in more.items():
            if value:
                print_line(f"{name.replace('_', ' ').capitalize()}: {value}")


class Notices:
    """Messages that may arrive before there is a picture to show them on. Any thread."""

    def __init__(self) -> None:
        self._waiting: list[str] = []
        self._listener: Callable[[str], None] | None = None
        self._lock = threading.Lock()

    def note(self, text: str) -> None:
        """Pass a message on, or keep it until there is a listener."""
        with self._lock:
            if self._listener is None:
                self._waiting.append(text)
                return
        self._listener(text)

    def forward(self, listener: Callable[[str], None]) -> None:
        """Pass on all messages so far, and all that follow."""
        with self._lock:
            self._listener = listener
            waiting, self._waiting = self._waiting, []
        for text in waiting:
            listener(text)
