"""The scoring loop: a thread that judges the newest frame, over and over."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Protocol

from paintcam.errors import PaintcamError
from paintcam.frames import Frame
from paintcam.judge.verdict import Verdict

__all__ = ["FrameJudge", "Scorer"]


class FrameJudge(Protocol):
    """What the scorer needs of a judge; `paintcam.judge.judge.Judge` is one."""

    def judge(self, frames: Sequence[Frame]) -> list[Verdict]:
        """Judge frames in order; frames without a usable embedding are left out."""

    def set_prompt(self, prompt: str) -> None:
        """Judge against another prompt from now on.

        Raises:
            PromptError: The encoder cannot take it; the old prompt stays.
        """


class Scorer:
    """Judges the newest frame in a thread of its own; never a queue of old ones.

    Args:
        load_judge: Loads the model; called in the thread, since it may take seconds.
        on_verdict: Called in the thread with every verdict and its frame.
        on_prompt: Called in the thread when a new prompt took effect, or with the error.
    """

    def __init__(
        self,
        load_judge: Callable[[], FrameJudge],
        on_verdict: Callable[[Verdict, Frame], None],
        on_prompt: Callable[[str, PaintcamError | None], None] = lambda _prompt, _error: None,
    ) -> None:
        """Start loading the judge."""
        self._load_judge = load_judge
        self._on_verdict = on_verdict
        self._on_prompt = on_prompt
        self._changed = threading.Condition()
        self._newest: Frame | None = None
        self._prompt: str | None = None
        self._stopping = False
        self._busy = True
        self.ready = False
        self.error: BaseException | None = None
        self.encode_s: deque[float] = deque(maxlen=100_000)
        self._thread = threading.Thread(target=self._run, name="paintcam-scorer", daemon=True)
        self._thread.start()

    @property
    def idle(self) -> bool:
        """Whether every offered frame was judged or replaced by a newer one."""
        with self._changed:
            return not self._busy and self._newest is None

    def offer(self, frame: Frame) -> None:
        """Make this the frame that is judged next."""
        with self._changed:
            self._newest = frame
            self._changed.notify_all()

    def ask(self, prompt: str) -> None:
        """Judge against another prompt from the next frame on."""
        with self._changed:
            self._prompt = prompt
            self._changed.notify_all()

    def close(self, timeout_s: float = 1.0) -> bool:
        """Stop after the frame in work.

        Returns:
            Whether the thread ended in time; a model that is still loading cannot be stopped.
        """
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        try:
            judge = self._load_judge()
            self.ready = True
            while True:
                with self._changed:
                    self._busy = False
                    self._changed.wait_for(
                        lambda: self._stopping or self._prompt is not None or self._newest
                    )
                    if self._stopping:
                        return
                    prompt, self._prompt = self._prompt, None
                    frame, self._newest = self._newest, None
                    self._busy = True
                if prompt is not None:
                    self._switch(judge, prompt)
                if frame is not None:
                    started = time.monotonic()
                    verdicts = judge.judge([frame])
                    self.encode_s.append(time.monotonic() - started)
                    with self._changed:
                        if self._stopping:
                            return  # the summary is told already
                    for verdict in verdicts:
                        self._on_verdict(verdict, frame)
        except BaseException as error:
            self.error = error
        finally:
            self._busy = False

    def _switch(self, judge: FrameJudge, prompt: str) -> None:
        try:
            judge.set_prompt(prompt)
        except PaintcamError as error:
            self._on_prompt(prompt, error)
        else:
            self._on_prompt(prompt, None)
