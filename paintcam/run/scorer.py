"""The scoring loop: a thread that judges the newest frame, over and over."""

from __future__ import annotations

import statistics
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import replace

from paintcam.errors import PaintcamError, UnavailableError
from paintcam.frames import Frame
from paintcam.judge.explain import Explanation
from paintcam.judge.verdict import Verdict
from paintcam.run.explaining import Explained, Explainer
from paintcam.run.frame_judge import FrameJudge
from paintcam.run.looks import Looks
from paintcam.run.patience import Patience

__all__ = ["FrameJudge", "Scorer"]


SLOW_S = 0.4
"""A frame that takes longer makes the score lag visibly behind the drawing, in seconds."""
SLOW_AFTER = 5
"""How many frames are measured before `on_slow`."""


class Scorer:
    """Judges the newest frame in a separate thread; never a queue of old ones.

    A context manager: the thread runs inside it. `Live` starts and closes it among other parts.

    Args:
        load_judge: Loads the model; called in the thread, since it may take seconds.
        on_verdict: Called in the thread with every verdict and its frame.
        on_prompt: Called in the thread when a new prompt took effect, or with the error.
        on_guards: Called in the thread when guards run that were pending before.
        on_trouble: Called in the thread with an error that may pass, and with None once it has.
        on_explanation: Called in the thread with an explanation, or None if there is none.
        wait_s: The longest wait, in seconds, for an encoder that cannot be reached at the start;
            None for as long as the run lasts.
        on_slow: Called in the thread, once, with the seconds that a frame takes, if they are many.
    """

    def __init__(
        self,
        load_judge: Callable[[], FrameJudge],
        on_verdict: Callable[[Verdict, Frame], None],
        on_prompt: Callable[[str, PaintcamError | None], None] = lambda _prompt, _error: None,
        on_guards: Callable[[], None] = lambda: None,
        on_slow: Callable[[float], None] | None = None,
        on_trouble: Callable[[UnavailableError | None], None] = lambda _error: None,
        on_explanation: Callable[[Explanation | None], None] = lambda _explanation: None,
        wait_s: float | None = None,
    ) -> None:
        self._load_judge = load_judge
        self._on_verdict = on_verdict
        self._on_prompt = on_prompt
        self._on_guards = on_guards
        self._on_slow = on_slow
        self._patience = Patience(on_trouble)
        self._wait_s = wait_s
        self._explainer = Explainer(on_explanation)
        self._changed = threading.Condition()
        self._looks = Looks()
        self._prompt: str | None = None
        self._stopping = False
        self._busy = True
        self._ready = False
        self._error: BaseException | None = None
        self._encode_s: deque[float] = deque(maxlen=100_000)
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Scorer:
        """Start the thread."""
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def start(self) -> None:
        """Start the thread, which loads the judge first. May be called again."""
        if self._thread is not None:
            return
        self._thread = threading.Thread(target=self._run, name="paintcam-scorer", daemon=True)
        self._thread.start()

    @property
    def ready(self) -> bool:
        """Whether the judge is loaded."""
        with self._changed:
            return self._ready

    @property
    def error(self) -> BaseException | None:
        """What ended the thread; None while it runs or after it was closed."""
        with self._changed:
            return self._error

    @property
    def trouble(self) -> UnavailableError | None:
        """Why frames cannot be scored now, although the thread runs; None if they can."""
        return self._patience.trouble

    @property
    def idle(self) -> bool:
        """Whether every offered frame was judged or replaced by a newer one."""
        with self._changed:
            return not self._busy and not self._looks.waiting

    @property
    def encode_s(self) -> tuple[float, ...]:
        """Time that the judge took for each frame, in seconds."""
        with self._changed:
            return tuple(self._encode_s)

    def offer(self, frame: Frame) -> None:
        """Take a frame that is shown: it is judged next, unless a newer one is offered first."""
        with self._changed:
            self._looks.offer(frame)
            self._changed.notify_all()

    def ask(self, prompt: str) -> None:
        """Judge against another prompt from now on; the newest frame is judged again."""
        with self._changed:
            self._prompt = prompt
            self._changed.notify_all()

    def explain(self, explained: Explained) -> None:
        """Explain the score of a frame, and of every later one if that is asked for."""
        self._explainer.ask(explained)
        with self._changed:
            self._changed.notify_all()

    def stop_explaining(self) -> None:
        """Drop the explanation that is being made, and make no more."""
        self._explainer.stop()

    def close(self, timeout_s: float = 1.0) -> bool:
        """Stop after the frame in progress. May be called twice.

        Returns:
            Whether the thread ended in time; a model that is still loading cannot be stopped.
        """
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        self._explainer.stop()
        self._patience.stop()
        if self._thread is None:
            return True
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        try:
            judge = self._patience.insist(self._load_judge, self._wait_s)
            if judge is None:
                return
            with self._changed:
                self._ready = True
            self._score(judge)
        except BaseException as error:
            with self._changed:
                self._error = error
        finally:
            with self._changed:
                self._busy = False

    def _score(self, judge: FrameJudge) -> None:
        last: Frame | None = None
        while True:
            # the first verdict comes first, then a piece of the guards after every frame
            building = last is not None and judge.guards_pending
            if building:
                self._build_guards(judge)
            with self._changed:
                self._busy = False
                self._changed.wait_for(
                    self._due,
                    timeout=0 if building else None,
                )
                if self._stopping:
                    return
                prompt, self._prompt = self._prompt, None
                frame = self._looks.take()
                self._busy = True
            if prompt is not None and self._switch(judge, prompt):
                frame = frame or last  # a frozen picture is judged against the new prompt too
            if self._explainer.due:
                self._patience.attempt(self._explainer.explain, judge)
            if frame is None:
                continue
            last = frame
            started = time.monotonic()
            verdicts = self._patience.attempt(judge.judge, [frame])
            if verdicts is None:
                continue
            taken_s = time.monotonic() - started
            with self._changed:
                self._encode_s.append(taken_s)
                first = list(self._encode_s) if len(self._encode_s) == SLOW_AFTER else []
                if self._stopping:
                    return  # the summary was printed already
            for verdict in verdicts:
                self._on_verdict(self._with_held(verdict, frame), frame)
            self._patience.attempt(self._explainer.follow, judge, frame)
            if first and self._on_slow and (usual_s := statistics.median(first)) > SLOW_S:
                self._on_slow(usual_s)

    def _with_held(self, verdict: Verdict, frame: Frame) -> Verdict:
        if not verdict.counts:
            return verdict
        with self._changed:
            return replace(verdict, held=self._looks.held(frame, verdict.score))

    def _switch(self, judge: FrameJudge, prompt: str) -> bool:
        while judge.guards_pending and not self._ends():
            self._build_guards(judge)  # they check the new prompt
        try:
            judge.set_prompt(prompt)
        except PaintcamError as error:
            self._on_prompt(prompt, error)
            return False
        with self._changed:
            self._looks.forget()
        self._on_prompt(prompt, None)
        return True

    def _due(self) -> bool:
        """Return whether there is something to do; called with the lock held."""
        waiting = self._prompt is not None or self._looks.waiting
        return self._stopping or waiting or self._explainer.due

    def _build_guards(self, judge: FrameJudge) -> None:
        if self._patience.attempt(judge.build_guards):
            self._on_guards()

    def _ends(self) -> bool:
        with self._changed:
            return self._stopping
