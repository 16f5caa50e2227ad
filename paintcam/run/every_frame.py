"""Every frame of a file once, in order, none dropped: the same numbers on every run."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future

from paintcam.frames import Frame, FrameSource, SourceState
from paintcam.run.live import Summary
from paintcam.run.presenter import Stage
from paintcam.run.scorer import FrameJudge

__all__ = ["EveryFrame"]

BATCH = 4
"""Frames judged at once: with CLIP on two cores a second's work, after which `q` still counts."""


class EveryFrame:
    """Every frame once, in order, none dropped, in batches: the same numbers on every run.

    Args:
        source: Gives every frame; closed at the end.
        load_judge: Loads the model.
        stage: Draws and shows; closed at the end.
        seconds: Length of the file that is scored; None scores it all.
    """

    def __init__(
        self,
        source: FrameSource,
        load_judge: Callable[[], FrameJudge],
        stage: Stage,
        *,
        seconds: float | None = None,
    ) -> None:
        """Load nothing yet."""
        self.source = source
        self.stage = stage
        self._load_judge = load_judge
        self._seconds = seconds
        self._stopping = threading.Event()

    def stop(self) -> None:
        """End the run soon; from any thread or signal handler."""
        self._stopping.set()

    def run(self) -> Summary:
        """Run until the source ends, the time is over, a key or `stop`.

        Raises:
            SourceError: The source never opened.
            ModelError: The model cannot be loaded or run.
        """
        stage = self.stage
        try:
            stage.listener.state("loading")
            judge = self._load()
            if judge is not None:
                stage.listener.state("live")
            batch: list[Frame] = []
            over = False
            while judge is not None and not over and not self._stopping.is_set():
                frame = self.source.read(0.25)
                if frame is not None and (self._seconds is None or frame.time_s < self._seconds):
                    batch.append(frame)
                else:
                    over = frame is not None or self.source.state is SourceState.ENDED
                if len(batch) == BATCH or (over and batch):
                    self._judge(judge, batch)
                    batch = []
        finally:
            stage.finish()
            self.source.close()
            stage.close()
            stage.listener.state("ended")
        return self.summary()

    def summary(self) -> Summary:
        """What the run has come to so far."""
        stage = self.stage
        scored = stage.session.scored
        return Summary(stage.best, stage.pace.frames_shown, scored, stage.guards, stage.results)

    def _load(self) -> FrameJudge | None:
        """Load the judge beside the main thread, where `stop` must be heard; None once stopped."""
        loaded: Future[FrameJudge] = Future()

        def load() -> None:
            try:
                loaded.set_result(self._load_judge())
            except BaseException as error:
                loaded.set_exception(error)

        threading.Thread(target=load, name="paintcam-load", daemon=True).start()
        while not loaded.done():
            self.stage.present(None, state=self.stage.loading, is_new=False)
            self._keys(None)
            if self._stopping.wait(0.02):
                return None
        return loaded.result()

    def _keys(self, frame: Frame | None) -> None:
        window = self.stage.window
        if window is None:
            return
        key = window.poll()
        action = self.stage.press(key, frame)
        if window.closed or action == "quit" or self.stage.show.finished:
            self.stop()
        elif action == "next" or action.startswith("prompt:"):
            self.stage.note("A new prompt needs a live run: leave out `--every-frame`.")

    def _judge(self, judge: FrameJudge, batch: list[Frame]) -> None:
        verdicts = {verdict.frame: verdict for verdict in judge.judge(batch)}
        for frame in batch:
            if frame.index in verdicts:
                self.stage.take_verdict(verdicts[frame.index], frame)
            self.stage.present(frame, state="", is_new=True)
            self._keys(frame)
            if self._stopping.is_set():
                return
