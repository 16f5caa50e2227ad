"""What every run has in common: it can be stopped, closes its parts, and returns a summary."""

from __future__ import annotations

import contextlib
import threading
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field

from paintcam.frames import FrameSource
from paintcam.run.presenter import Presenter

__all__ = ["Loop", "Summary"]


@dataclass(frozen=True, slots=True)
class Summary:
    """The result of a run.

    Attributes:
        best: The best score of the run on any prompt, 0…100; None if nothing counted. A best that
            the key r reset does not count.
        frames_shown: Number of new frames that were shown.
        frames_scored: Number of verdicts.
        guards: Names of the guards that were running.
        results: Prompt → its best, in the order in which the prompts were drawn.
        engine: What ran the encoder, such as "onnx on cpu"; empty if it was never loaded.

    Example:
        >>> from paintcam import Summary
        >>> Summary(best=61.2, frames_shown=300, frames_scored=297).best
        61.2
    """

    best: float | None
    frames_shown: int
    frames_scored: int
    guards: tuple[str, ...] = ()
    results: Mapping[str, float] = field(default_factory=dict)
    engine: str = ""


class Loop(ABC):
    """A run on the main thread. A context manager: leaving it closes source and presenter.

    Args:
        source: Gives frames.
        presenter: Draws and shows.
    """

    def __init__(self, source: FrameSource, presenter: Presenter) -> None:
        self.source = source
        self.presenter = presenter
        self._stopping = threading.Event()
        self._reported_state = ""

    def __enter__(self) -> Loop:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close source and presenter; the recording ends first. May be called twice."""
        with contextlib.ExitStack() as parts:  # the last one is closed first, whatever fails
            parts.callback(self.presenter.close)
            parts.callback(self.source.close)
            parts.callback(self.presenter.finish)

    def stop(self) -> None:
        """End the run soon. Any thread or signal handler may call this."""
        self._stopping.set()

    def run(self) -> Summary:
        """Run until the source ends, the time is over, a key or `stop`; then close everything.

        Raises:
            SourceError: The source never opened.
            ModelError: The model cannot be loaded or run.
        """
        try:
            with self:
                self._run()
        finally:
            self._report_state("ended")
        return self.summary()

    def summary(self) -> Summary:
        """Return the result so far."""
        view = self.presenter.state.snapshot()
        return Summary(
            max(view.results.values(), default=None),
            self.presenter.timings.frames_shown,
            view.scored,
            view.guards,
            view.results,
            view.engine,
        )

    @abstractmethod
    def _run(self) -> None:
        """Show and score until the end."""

    def _report_state(self, state: str) -> None:
        """Pass the run's state to the listener if it changed."""
        if state != self._reported_state:
            self._reported_state = state
            self.presenter.listener.state(state)
