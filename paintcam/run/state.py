"""What the display loop and the scorer's thread share: one object, one lock."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from paintcam.frames import Frame
from paintcam.judge.explain import Explanation
from paintcam.judge.verdict import Verdict
from paintcam.run.hooks import GuardListener, Listener, Show
from paintcam.run.notes import Notes
from paintcam.run.review import Review
from paintcam.run.run_view import RunView
from paintcam.run.session import Session, Standing
from paintcam.run.timings import Rate

if TYPE_CHECKING:
    from paintcam.judge.judge import Judge
    from paintcam.run.autosave import Autosave

__all__ = ["RunState", "RunView"]


class RunState:
    """The prompt, the newest verdict, the best, guards and notes. Every method is thread-safe.

    Listener and show are called without the lock, so that they may call back.

    Args:
        prompt: What the drawing should show, or the headline above labels.
        model: The encoder's name, as drawn.
        listener: Receives verdicts and messages.
        show: What a command adds to the run.
        session: Holds the best of the current prompt.
        autosave: Keeps the best on disk; None keeps nothing.
        notes: Messages that are on the picture at the start.
    """

    def __init__(
        self,
        prompt: str,
        model: str,
        listener: Listener,
        *,
        show: Show | None = None,
        session: Session | None = None,
        autosave: Autosave | None = None,
        notes: Sequence[str] = (),
    ) -> None:
        self.model = model
        self.listener = listener
        self.show = show or Show()
        self._lock = threading.Lock()
        self._prompt = prompt
        self._loading = f"loading {model}…"
        self._guards: tuple[str, ...] = ()
        self._session = session or Session()
        self._autosave = autosave
        self._verdict: Verdict | None = None
        self._standing: Standing | None = None
        self._blocked = False
        self._results: dict[str, float] = {}
        self._scored = Rate()
        self._reset_frame = -1
        self._judge: Judge | None = None
        self._engine = ""
        self._explanation: Explanation | None = None
        self._explains = True
        self._review: Review | None = None  # None once the guards see every frame
        self._notes = Notes(notes)

    def snapshot(self) -> RunView:
        """Return the state as it is now."""
        with self._lock:
            return self._view()

    @property
    def prompt(self) -> str:
        """What is judged now."""
        with self._lock:
            return self._prompt

    @property
    def loading(self) -> str:
        """What the picture says until the model is loaded."""
        with self._lock:
            return self._loading

    @loading.setter
    def loading(self, text: str) -> None:
        with self._lock:
            self._loading = text

    @property
    def best_picture(self) -> str | None:
        """Path of the best frame's picture; None if pictures are not kept."""
        with self._lock:
            return None if self._autosave is None else self._autosave.best_picture

    def note(self, text: str) -> None:
        """Put a message on the picture for some seconds, and pass it to the listener."""
        with self._lock:
            self._notes.add(text)
        self.listener.note(text)

    def take_judge(self, judge: Judge, notes: Sequence[str]) -> None:
        """Record which guards are running; `notes` go to the listener alone."""
        with self._lock:
            self._judge = judge
            self._engine = judge.runs_on
            self._review = Review() if judge.guards_pending else None
            self._guards = judge.active_guards
        self._report_guards(judge.active_guards)
        for note in notes:
            self.listener.note(note)
        self._warn(judge)

    def take_guards(self) -> None:
        """Record guards that were pending, and let them review what raised the best before."""
        with self._lock:
            judge = self._judge
            if judge is None or self._review is None:
                return
            left, before = self._review.result(judge.review), self._session.best
            self._guards, self._review = judge.active_guards, None
            if left is not None and left.best != before:
                self._session.correct(left.best)
                if self._autosave is not None:
                    self._autosave.discard_best(None)
                    if left.frame is not None and left.best is not None:
                        standing = Standing(left.best, left.best, is_new_best=True)
                        view = replace(self._view(), verdict=left.verdict, standing=standing)
                        self._autosave.keep_best(left.frame, view)
        self._report_guards(judge.active_guards)

    def _report_guards(self, guards: tuple[str, ...]) -> None:
        if guards and isinstance(self.listener, GuardListener):
            self.listener.guards(guards)

    def take_verdict(self, verdict: Verdict, frame: Frame) -> None:
        """Count a verdict, and save the best that it raised.

        A verdict on a frame from before the last reset is dropped, unless it blocks the picture.
        """
        with self._lock:
            if frame.index <= self._reset_frame and not verdict.blocked:
                return
            best_before = self._session.best
            standing = self._session.add(verdict)
            self._scored.count()
            self._verdict, self._standing = verdict, standing
            self._blocked = verdict.blocked
            if standing.is_new_best and self._review is not None:
                self._review.note(frame, verdict, standing.score, best_before)
            if self._autosave is not None:
                if verdict.blocked and self._session.best != best_before:
                    self._autosave.discard_best(self._session.best)
                if standing.is_new_best:
                    self._autosave.keep_best(frame, self._view())
        self.listener.verdict(verdict, standing)
        self.show.on_verdict(verdict, standing, frame)

    def take_explanation(self, explanation: Explanation | None, *, pending: bool = False) -> None:
        """Show why the frozen picture scored, or why that cannot be shown.

        Args:
            explanation: The explanation; None if there is none.
            pending: It is being made: show none yet, and report nothing.
        """
        shown = explanation if explanation is not None and explanation.readable else None
        with self._lock:
            self._explains = self._explains or pending
            if not self._explains:
                return  # it came too late
            self._explanation = shown
        if shown is not None:
            self.show.on_explanation(shown)
        elif not pending:
            self.note("The score is too low to explain.")

    def stop_explaining(self) -> None:
        """Show no explanation until another one is asked for."""
        with self._lock:
            self._explanation, self._explains = None, False

    @property
    def explains_live(self) -> bool:
        """Whether scores can be explained while the picture goes on."""
        with self._lock:
            judge = self._judge
        return judge is not None and judge.explains_live

    def reset(self, newest: Frame | None) -> None:
        """Forget the best of the current prompt.

        Args:
            newest: The newest frame so far. Only later frames count; None counts all that follow.
        """
        with self._lock:
            self._begin()
            self._reset_frame = -1 if newest is None else newest.index

    def switch_prompt(self, prompt: str) -> None:
        """Judge against another prompt: its best starts again."""
        with self._lock:
            self._results = self._all_results()
            self._prompt = prompt
            self._begin()
            self._reset_frame = -1  # a frozen frame counts for the new prompt
            self._verdict = self._standing = self._explanation = None
            judge = self._judge
        self.show.on_prompt(prompt)
        self._warn(judge)

    def _warn(self, judge: Judge | None) -> None:
        if judge is not None and judge.warning:
            self.note(judge.warning)

    def _begin(self) -> None:
        self._session.reset()
        if self._review is not None:
            self._review.clear()
        if self._autosave is not None:
            self._autosave.begin()

    def _all_results(self) -> dict[str, float]:
        best = self._session.best
        mine = {} if best is None else {self._prompt: max(best, self._results.get(self._prompt, 0))}
        return self._results | mine

    def _view(self) -> RunView:
        return RunView(
            prompt=self._prompt,
            model=self.model,
            guards=self._guards,
            engine=self._engine,
            loading=self._loading,
            verdict=self._verdict,
            standing=self._standing,
            best=self._session.best,
            blocked=self._blocked,
            scored=self._session.scored,
            scored_fps=self._scored.per_second(),
            results=self._all_results(),
            notes=self._notes.current(),
            explanation=self._explanation,
        )
