"""Explaining scores in the scorer's thread: what is asked for, and the making of it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from paintcam.frames import Frame
from paintcam.judge.explain import Explanation
from paintcam.run.frame_judge import FrameJudge

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

__all__ = ["Explained", "Explainer"]


@dataclass(frozen=True, slots=True, eq=False)
class Explained:
    """A frame whose score is to be explained.

    Attributes:
        frame: The frame that is shown.
        region: Corners of what was judged in it, as `Verdict.region`, if that is known.
        live: Explain every frame that is scored from now on.
    """

    frame: Frame
    region: npt.NDArray[np.float32] | None = field(default=None)
    live: bool = False


class Explainer:
    """Explains one frame, or every frame that is scored. `ask` and `stop` may come from anywhere.

    Args:
        on_explanation: Called with an explanation, or None if there is none.
    """

    def __init__(self, on_explanation: Callable[[Explanation | None], None]) -> None:
        self._on_explanation = on_explanation
        self._lock = threading.Lock()
        self._request: Explained | None = None
        self._due = False

    @property
    def due(self) -> bool:
        """Whether a frame waits to be explained."""
        with self._lock:
            return self._due

    def ask(self, explained: Explained) -> None:
        """Explain a frame, in place of any other."""
        with self._lock:
            self._request, self._due = explained, True

    def stop(self) -> None:
        """Drop the explanation that is being made, and make no more."""
        with self._lock:
            self._request, self._due = None, False

    def explain(self, judge: FrameJudge) -> None:
        """Explain the frame that waits, if any.

        Raises:
            UnavailableError: The encoder cannot be reached now.
        """
        with self._lock:
            request, due, self._due = self._request, self._due, False
        if due and request is not None:
            self._explain(judge, request, request.frame)

    def follow(self, judge: FrameJudge, frame: Frame) -> None:
        """Explain a frame that was just scored, where every frame is explained.

        Raises:
            UnavailableError: The encoder cannot be reached now.
        """
        with self._lock:
            request = self._request
        if request is not None and request.live:
            self._explain(judge, request, frame)

    def _explain(self, judge: FrameJudge, request: Explained, frame: Frame) -> None:
        more = () if request.region is None else (request.region,)
        explaining, explanation = judge.explain(frame, *more), None
        while explaining is not None and explanation is None:
            explanation = explaining.advance()
            with self._lock:
                if self._request is not request:
                    return  # the picture continues, or another one is asked for
        self._on_explanation(explanation)
