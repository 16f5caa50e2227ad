"""The key x: what it explains, and until when."""

from __future__ import annotations

from paintcam.frames import Frame
from paintcam.run.explaining import Explained
from paintcam.run.hooks import Show
from paintcam.run.keys import Controls
from paintcam.run.state import RunState

__all__ = ["ExplainKey"]


class ExplainKey:
    """Knows which picture the explanation on the screen belongs to. Main thread only.

    Args:
        controls: Where the key's state is.
        state: Holds the explanation.
        show: May show another picture than the live one.
    """

    def __init__(self, controls: Controls, state: RunState, show: Show) -> None:
        self._controls = controls
        self._state = state
        self._show = show
        self._still: Frame | None = None

    @property
    def fits(self) -> bool:
        """Whether the explanation belongs to the picture that is shown."""
        still = self._show.still
        return self._still is (None if still is None else still.frame)

    def prepare(self) -> None:
        """Set, before a key is handled, whether x must freeze the picture."""
        self._controls.live_map = self._show.still is not None or self._state.explains_live

    def explained(self, frame: Frame) -> Explained:
        """Return what is to be explained: the frame that is shown, the live one or another.

        Args:
            frame: The newest one.
        """
        self._state.take_explanation(None, pending=True)
        still = self._show.still
        if still is not None:
            self._still = still.frame
            return still
        self._still = None
        return Explained(frame, live=self._controls.live_map)

    def ended(self) -> bool:
        """Drop the explanation of a picture that is no longer shown; return whether none is."""
        if not self.fits and self._controls.explain:
            self._controls.explain = False
        if not self._controls.explain:
            self._still = None
            self._state.stop_explaining()
        return not self._controls.explain
