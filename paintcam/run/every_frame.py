"""Every frame of a file once, in order, none dropped: the same numbers on every run."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future

from paintcam.frames import Frame, FrameSource, SourceState
from paintcam.run.loop import Loop
from paintcam.run.presenter import Presenter
from paintcam.run.scorer import FrameJudge

__all__ = ["EveryFrame"]

BATCH = 4
"""Frames judged at once: about a second's work for CLIP on two cores, so that q still responds."""


class EveryFrame(Loop):
    """Scores every frame once, in order, none dropped, in batches.

    Args:
        source: Gives every frame; closed at the end.
        load_judge: Loads the model; called in a separate thread.
        presenter: Draws and shows; closed at the end.
        seconds: Length of the file that is scored; None scores all of it.

    Example:
        >>> import paintcam
        >>> class Quiet:
        ...     def state(self, state): ...
        ...     def verdict(self, verdict, standing): ...
        ...     def note(self, text): ...
        >>> encoder = paintcam.load_encoder("sketch")
        >>> run = paintcam.EveryFrame(
        ...     paintcam.open_stream("video.mp4", every_frame=True),
        ...     lambda: paintcam.make_judge(encoder, "a house", pictures="video"),
        ...     paintcam.Presenter(
        ...         prompt="a house", model="sketch", overlay=paintcam.Overlay(), listener=Quiet()
        ...     ),
        ... )
        >>> run.run().frames_scored
        20
    """

    def __init__(
        self,
        source: FrameSource,
        load_judge: Callable[[], FrameJudge],
        presenter: Presenter,
        *,
        seconds: float | None = None,
    ) -> None:
        super().__init__(source, presenter)
        self._load_judge = load_judge
        self._seconds = seconds

    def _run(self) -> None:
        self._report_state("loading")
        judge = self._load()
        if judge is None:
            return
        self._report_state("live")
        batch: list[Frame] = []
        over = False
        while not over and not self._stopping.is_set():
            # Asked before reading, because a source may end, or fail, right after a read timed out.
            ended = self.source.state is SourceState.ENDED
            frame = self.source.read(0.25)
            if frame is not None and (self._seconds is None or frame.time_s < self._seconds):
                batch.append(frame)
            else:
                over = frame is not None or ended
            if len(batch) == BATCH or (over and batch):
                self._judge(judge, batch)
                batch = []

    def _load(self) -> FrameJudge | None:
        """Load the judge in a thread, so that keys and `stop` respond; None once stopped."""
        loaded: Future[FrameJudge] = Future()

        def load() -> None:
            try:
                loaded.set_result(self._load_judge())
            except BaseException as error:
                loaded.set_exception(error)

        # a load cannot be cancelled: once stopped, the thread is left to the end of the process
        threading.Thread(target=load, name="paintcam-load", daemon=True).start()
        while not loaded.done():
            self.presenter.present(None, state=self.presenter.state.loading, is_new=False)
            self._keys(None)
            if self._stopping.wait(0.02):
                return None
        return loaded.result()

    def _keys(self, frame: Frame | None) -> None:
        while (key := self.presenter.next_key()) is not None:
            action = self.presenter.press(key, frame)
            if action == "quit":
                self.stop()
            elif action == "next" or action.startswith("prompt:"):
                self.presenter.state.note(
                    "The prompt cannot change while every frame of a file is scored."
                )
        if self.presenter.closed or self.presenter.show.finished:
            self.stop()

    def _judge(self, judge: FrameJudge, batch: list[Frame]) -> None:
        verdicts = {verdict.frame: verdict for verdict in judge.judge(batch)}
        for frame in batch:
            if frame.index in verdicts:
                self.presenter.state.take_verdict(verdicts[frame.index], frame)
            self.presenter.present(frame, state="", is_new=True)
            self._keys(frame)
            if self._stopping.is_set():
                return
