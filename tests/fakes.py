"""Sources, judges and sinks that tests order about. They are real implementations, only small."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence

import numpy as np

from paintcam.errors import PaintcamError, PromptError
from paintcam.frames import Frame, Image, SourceState
from paintcam.judge.judge import Verdict
from paintcam.overlay import Overlay
from paintcam.run.live import Live
from paintcam.run.presenter import Presenter
from paintcam.run.session import Standing
from paintcam.sinks.keyboard import Key


class FakeSource:
    """A live source at 100 fps; `frames` of them, or endless."""

    fps = 100.0

    def __init__(self, frames: int | None = None, error: PaintcamError | None = None) -> None:
        self.left = frames
        self.error = error
        self.state = SourceState.LIVE
        self.closed = False
        self.index = 0

    def read(self, timeout_s: float) -> Frame | None:
        if self.error is not None:
            self.state = SourceState.ENDED
            raise self.error
        if self.left == 0 or self.state is not SourceState.LIVE:
            if self.left == 0:
                self.state = SourceState.ENDED
            time.sleep(min(timeout_s, 0.01))
            return None
        time.sleep(0.01)
        if self.left is not None:
            self.left -= 1
        self.index += 1
        image = np.full((48, 64, 3), self.index % 256, np.uint8)
        return Frame(image, self.index - 1, time.monotonic(), (self.index - 1) / self.fps)

    def close(self) -> None:
        self.closed = True


class FakeJudge:
    """Scores frame k as `score(k)`, taking `takes_s` for it."""

    def __init__(
        self, score: Callable[[int], float] = lambda k: k % 100, takes_s: float = 0
    ) -> None:
        self.score, self.takes_s = score, takes_s
        self.judged: list[int] = []
        self.prompt = ""

    def judge(self, frames: Sequence[Frame]) -> list[Verdict]:
        time.sleep(self.takes_s)
        self.judged += [frame.index for frame in frames]
        return [
            Verdict(
                f.index, f.time_s, f.captured_at, self.score(f.index) / 100, self.score(f.index)
            )
            for f in frames
        ]

    guards_pending = False

    def explain(self, frame):
        return None

    def build_guards(self) -> bool:
        return False

    def set_prompt(self, prompt: str) -> None:
        if len(prompt) > 50:
            raise PromptError("The prompt is too long.")
        self.prompt = prompt


class Ear:
    """A listener that remembers."""

    def __init__(self) -> None:
        self.states: list[str] = []
        self.verdicts: list[tuple[Verdict, Standing]] = []
        self.notes: list[str] = []

    def state(self, state: str) -> None:
        self.states.append(state)

    def verdict(self, verdict: Verdict, standing: Standing) -> None:
        self.verdicts.append((verdict, standing))

    def note(self, text: str) -> None:
        self.notes.append(text)


class FakeWindow:
    """A window whose keys are pressed by the test."""

    def __init__(self) -> None:
        self.pictures: list[Image] = []
        self.at: list[float] = []
        self.keys: list[str | Key] = []
        self.closed = False
        self.lost = False
        self.composing = ""
        self.fullscreen = False
        self.released = False
        self.typing: list[bool] = []

    def write(self, image: Image) -> None:
        self.pictures.append(image)
        self.at.append(time.monotonic())

    def next_key(self, *, typing: bool = False) -> Key | None:
        self.typing.append(typing)
        if not self.keys:
            return None
        key = self.keys.pop(0)
        return key if isinstance(key, Key) else Key(key)

    def toggle_fullscreen(self) -> None:
        self.fullscreen = not self.fullscreen

    def close(self) -> None:
        self.released = True


def make_presenter(**parts) -> Presenter:
    """A presenter with fakes for what is not given."""
    parts = {"prompt": "a house", "model": "fake", "overlay": Overlay(), "listener": Ear()} | parts
    return Presenter(**parts)


class Running:
    """A live run in a thread, so that a test can press keys meanwhile. A context manager."""

    def __init__(self, live: Live) -> None:
        self.live = live
        self.summary = None
        self.error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        try:
            self.summary = self.live.run()
        except BaseException as error:
            self.error = error

    def __enter__(self) -> Running:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.live.stop()
        self._thread.join(10)

    def until(self, condition: Callable[[], object], limit_s: float = 20) -> None:
        deadline = time.monotonic() + limit_s
        while not condition():
            assert self.error is None, self.error
            assert time.monotonic() < deadline, "it never happened"
            time.sleep(0.005)

    def press(self, window: FakeWindow, *keys: str | Key) -> None:
        """Press keys, and wait until they were all taken."""
        window.keys += keys
        self.until(lambda: not window.keys)
        shown = len(window.pictures)
        self.until(lambda: len(window.pictures) > shown + 1)
