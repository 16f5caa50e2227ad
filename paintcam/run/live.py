"""A live run: the display loop at the camera's rate, and the scorer's beside it.

The picture never waits for the judge: the display loop always draws the newest verdict, and the
scorer always takes the newest frame, never a queue of old ones.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from paintcam.errors import PaintcamError
from paintcam.frames import Frame, FrameSource, SourceState
from paintcam.run.presenter import Stage
from paintcam.run.scorer import FrameJudge, Scorer

__all__ = ["Live", "Summary"]

TICK_S = 0.03
"""Longest wait for a frame before keys are looked at."""
TYPING_TICK_S = 0.005
"""The same while somebody types: OpenCV keeps the last of several keys only."""
REDRAW_S = 0.2
"""How often a picture without new frames is drawn again: states and messages change."""
LAST_VERDICT_S = 5.0
"""How long the end of a file waits for the verdict of its last frame."""


@dataclass(frozen=True, slots=True)
class Summary:
    """What a run came to.

    Attributes:
        best: The best of the session, 0…100; None where nothing was scored.
        frames_shown: New frames that were shown.
        frames_scored: Verdicts.
        guards: Names of the guards that were really running.
        results: Prompt → its best, in the order in which they were drawn.
    """

    best: float | None
    frames_shown: int
    frames_scored: int
    guards: tuple[str, ...] = ()
    results: Mapping[str, float] = field(default_factory=dict)


class Live:
    """The display loop on the main thread, and the scorer's beside it.

    Args:
        source: Gives frames; closed at the end.
        load_judge: Loads the model, in the scorer's thread.
        stage: Draws and shows; closed at the end.
        seconds: Length of the run from its first picture; None runs until stopped.
        hold: Show the first frame, and wait with the next ones until the model is there: a file
            must not be over before the first verdict.
        next_prompt: Gives the prompt of the key n.
        source_name: As the audience may read it.
    """

    def __init__(
        self,
        source: FrameSource,
        load_judge: Callable[[], FrameJudge],
        stage: Stage,
        *,
        seconds: float | None = None,
        hold: bool = False,
        next_prompt: Callable[[], str] | None = None,
        source_name: str = "the camera",
    ) -> None:
        """Start loading the model."""
        self.source = source
        self.stage = stage
        self.first_picture_at: float | None = None
        self._counts_from: float | None = None
        self.capture_s: deque[float] = deque(maxlen=100_000)
        self.scorer = Scorer(load_judge, stage.take_verdict, self._on_prompt)
        self._seconds = seconds
        self._hold = hold
        self._next_prompt = next_prompt
        self._source_name = source_name
        self._stopping = threading.Event()
        self._state = ""
        self._frame: Frame | None = None
        self._presented_at = 0.0

    def stop(self) -> None:
        """End the run soon; from any thread or signal handler."""
        self._stopping.set()

    def run(self) -> Summary:
        """Run until the source ends, the time is over, a key or `stop`.

        Raises:
            SourceError: The source never opened.
            ModelError: The model cannot be loaded or run.
        """
        try:
            while not self._stopping.is_set() and not self._over():
                self._tick()
            self._finish()
        finally:
            self.stage.finish()
            self.source.close()
            self.scorer.close()
            self.stage.close()
            self._tell("ended")
        return self.summary()

    def summary(self) -> Summary:
        """What the run has come to so far."""
        stage = self.stage
        scored = stage.session.scored
        return Summary(stage.best, stage.pace.frames_shown, scored, stage.guards, stage.results)

    def _tick(self) -> None:
        if self.scorer.error is not None:
            raise self.scorer.error
        state = self._words()[0]
        self._tell(state)
        self.stage.show.on_tick(state)
        frame = None
        held = self._hold and self._frame is not None and not self.scorer.ready
        if held or (self._hold and self.stage.controls.paused):
            self._stopping.wait(TYPING_TICK_S)
        else:
            frame = self.source.read(TYPING_TICK_S if self.stage.typing else TICK_S)
        now = time.monotonic()
        if frame is not None:
            if self._frame is not None:
                self.capture_s.append(frame.captured_at - self._frame.captured_at)
            if self.first_picture_at is None:
                self.first_picture_at = now
        # a file waits for the model, and so does its time
        waiting = self.first_picture_at is None or (self._hold and not self.scorer.ready)
        if self._counts_from is None and not waiting:
            self._counts_from = now
        is_new = frame is not None and not self.stage.controls.paused
        if frame is not None and (is_new or self._frame is None):
            self._frame = frame
            self.scorer.offer(frame)
        if is_new or now - self._presented_at > REDRAW_S:
            self._presented_at = now
            self.stage.present(self._frame, state=self._words()[1], is_new=is_new)
        self._keys()

    def _keys(self) -> None:
        window = self.stage.window
        if window is None:
            return
        key = window.poll()
        if window.closed:
            self.stop()
        if not key:
            return
        self._presented_at = 0.0  # answer the key at once
        action = self.stage.press(key, self._frame)
        if action == "quit":
            self.stop()
        elif action == "next" and self._next_prompt is not None:
            self.scorer.ask(self._next_prompt())
        elif action.startswith("prompt:"):
            self.scorer.ask(action.removeprefix("prompt:"))

    def _words(self) -> tuple[str, str]:
        """The state for the listener, and in words for the picture."""
        state = self.source.state
        if state is SourceState.RECONNECTING:
            return "reconnecting", "reconnecting…"
        if state is SourceState.OPENING:
            return "loading", f"opening {self._source_name}…"
        if not self.scorer.ready:
            return "loading", self.stage.loading
        return "live", "paused" if self.stage.controls.paused else ""

    def _tell(self, state: str) -> None:
        if state != self._state:
            self._state = state
            self.stage.listener.state(state)

    def _over(self) -> bool:
        if self.stage.show.finished:
            return True
        if self._seconds is not None and self._counts_from is not None:
            return time.monotonic() - self._counts_from >= self._seconds
        if self.source.state is not SourceState.ENDED:
            return False
        self.source.read(0.0)  # raises what went wrong
        return True

    def _finish(self) -> None:
        """Let the last frame be judged, where the end is a file's own."""
        deadline = time.monotonic() + LAST_VERDICT_S
        while (
            self.source.state is SourceState.ENDED
            and not self._stopping.is_set()
            and not self.scorer.idle
            and self.scorer.error is None
            and (time.monotonic() < deadline or not self.scorer.ready)
        ):
            self._stopping.wait(0.01)
            self._keys()
        if self.scorer.error is not None:
            raise self.scorer.error

    def _on_prompt(self, prompt: str, error: PaintcamError | None) -> None:
        if error is not None:
            self.stage.note(str(error))
        else:
            self.stage.switch_prompt(prompt)
            if self.stage.controls.paused and self._frame is not None:
                self.scorer.offer(self._frame)  # the frozen picture, against the new prompt
