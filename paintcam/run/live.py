"""A live run: the display loop at the camera's rate, and the scorer's thread beside it.

The picture never waits for the judge: the display loop always draws the newest verdict, and the
scorer always takes the newest frame, never a queue of old ones.
"""

from __future__ import annotations

import contextlib
import time
from collections import deque
from collections.abc import Callable

from paintcam.errors import PaintcamError, UnavailableError
from paintcam.frames import Frame, FrameSource, SourceState
from paintcam.run.loop import Loop, Summary
from paintcam.run.presenter import Presenter
from paintcam.run.scorer import FrameJudge, Scorer

__all__ = ["Live", "Summary"]

TICK_S = 0.03
"""Longest wait for a frame before keys are handled."""
TYPING_TICK_S = 0.005
"""The same while somebody types."""
REDRAW_S = 0.2
"""How often a picture without new frames is drawn again: states and messages change."""
LOAD_AFTER_S = 0.5
"""Longest wait before the model is loaded: until then the first picture has the processor."""
FILE_WAIT_S = 30.0
"""How long a file waits for a server that cannot be reached; a live picture waits forever."""
LAST_VERDICT_S = 5.0
"""How long the end of a file waits for the verdict on its last frame."""


class Live(Loop):
    """The display loop on the main thread, and the scorer in its own.

    Args:
        source: Gives frames; closed at the end.
        load_judge: Loads the model; called in the scorer's thread once the run begins.
        presenter: Draws and shows; closed at the end.
        seconds: Length of the run from its first picture; None runs until stopped.
        hold: Show the first frame, and wait with the next ones until the model is loaded: a file
            must not be over before the first verdict.
        next_prompt: Returns the prompt of the key n.
        source_name: The source's name on the picture.
        on_slow: Called in the scorer's thread, once, with the seconds that a frame takes, if they
            are many.

    Example:
        >>> import paintcam
        >>> class Quiet:
        ...     def state(self, state): ...
        ...     def verdict(self, verdict, standing): ...
        ...     def note(self, text): ...
        >>> run = paintcam.Live(
        ...     paintcam.open_stream("video.mp4"),
        ...     lambda: paintcam.make_judge(paintcam.load_encoder("sketch"), "a house"),
        ...     paintcam.Presenter(
        ...         prompt="a house", model="sketch", overlay=paintcam.Overlay(), listener=Quiet()
        ...     ),
        ...     hold=True,
        ... )
        >>> run.run().frames_shown
        20
    """

    def __init__(
        self,
        source: FrameSource,
        load_judge: Callable[[], FrameJudge],
        presenter: Presenter,
        *,
        seconds: float | None = None,
        hold: bool = False,
        next_prompt: Callable[[], str] | None = None,
        source_name: str = "the camera",
        on_slow: Callable[[float], None] | None = None,
    ) -> None:
        super().__init__(source, presenter)
        self.first_picture_at: float | None = None
        self.capture_s: deque[float] = deque(maxlen=100_000)
        state = presenter.state
        self.scorer = Scorer(
            load_judge,
            state.take_verdict,
            self._take_prompt,
            state.take_guards,
            on_slow,
            self._take_trouble,
            state.take_explanation,
            FILE_WAIT_S if hold else None,
        )
        self._seconds = seconds
        self._hold = hold
        self._next_prompt = next_prompt
        self._source_name = source_name
        self._counts_from: float | None = None
        self._frame: Frame | None = None
        self._presented_at = 0.0
        self._load_at = 0.0

    def _run(self) -> None:
        self._load_at = time.monotonic() + LOAD_AFTER_S
        while not self._stopping.is_set() and not self._over():
            self._tick()
        self._finish()

    def close(self) -> None:
        """Close source, scorer and presenter; the recording ends first. May be called twice."""
        with contextlib.ExitStack() as parts:  # the last one is closed first, whatever fails
            parts.callback(super().close)
            parts.callback(self.scorer.close)
            parts.callback(self.source.close)
            parts.callback(self.presenter.finish)

    def _tick(self) -> None:
        if (error := self.scorer.error) is not None:
            raise error
        if self._frame is not None or time.monotonic() >= self._load_at:
            self.scorer.start()  # once; `close` stops it
        presenter = self.presenter
        state = self._states()[0]
        self._report_state(state)
        presenter.show.on_tick(state)
        frame = None
        held = self._hold and self._frame is not None and not self.scorer.ready
        if held or (self._hold and presenter.controls.paused):
            self._stopping.wait(TYPING_TICK_S)
        else:
            frame = self.source.read(TYPING_TICK_S if presenter.typing else TICK_S)
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
            self._presented_at = 0.0  # the recording starts now
        is_new = frame is not None and not presenter.controls.paused
        if frame is not None and (is_new or self._frame is None):
            self._frame = frame
            self.scorer.offer(frame)
        if is_new or now - self._presented_at > REDRAW_S:
            self._presented_at = now
            presenter.present(
                self._frame, state=self._states()[1], is_new=is_new, is_recorded=not waiting
            )
        self._keys()

    def _keys(self) -> None:
        while (key := self.presenter.next_key()) is not None:
            self._presented_at = 0.0  # answer the key at once
            action = self.presenter.press(key, self._frame)
            if action == "quit":
                self.stop()
            elif action == "explain" and self._frame is not None:
                self.scorer.explain(self.presenter.explain_key.explained(self._frame))
            elif action == "next" and self._next_prompt is not None:
                self.scorer.ask(self._next_prompt())
            elif action.startswith("prompt:"):
                self.scorer.ask(action.removeprefix("prompt:"))
        if self.presenter.explain_key.ended():
            self.scorer.stop_explaining()
        if self.presenter.closed:
            self.stop()

    def _states(self) -> tuple[str, str]:
        """Return the state for the listener, and in words for the picture."""
        state = self.source.state
        if state is SourceState.RECONNECTING:
            return "reconnecting", "reconnecting…"
        if state is SourceState.OPENING:
            return "loading", f"opening {self._source_name}…"
        trouble = self.scorer.trouble
        if not self.scorer.ready:
            return "loading", trouble.words if trouble else self.presenter.state.loading
        if trouble is not None:
            return "live", trouble.words
        return "live", "paused" if self.presenter.controls.paused else ""

    def _over(self) -> bool:
        if self.presenter.show.finished:
            return True
        if (
            self._seconds is not None
            and self._counts_from is not None
            and time.monotonic() - self._counts_from >= self._seconds
        ):
            return True
        if self.source.state is not SourceState.ENDED:
            return False
        self.source.read(0.0)  # raises the source's error
        return True

    def _finish(self) -> None:
        """End the recording of a file that is over, and wait for the verdict on its last frame."""
        self.scorer.start()
        if self.source.state is SourceState.ENDED:
            self.presenter.finish()
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
        if (error := self.scorer.error) is not None:
            raise error

    def _take_trouble(self, error: UnavailableError | None) -> None:
        """Report an encoder that cannot be reached, or can again; in the scorer's thread."""
        note = "The encoder is available again." if error is None else str(error)
        self.presenter.state.note(note)

    def _take_prompt(self, prompt: str, error: PaintcamError | None) -> None:
        """Handle a prompt that took effect, or did not; called in the scorer's thread."""
        if error is not None:
            self.presenter.state.note(str(error))
        else:
            self.presenter.state.switch_prompt(prompt)
