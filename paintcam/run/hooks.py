"""What may be added to a run: a listener, and a show that a command puts on top of it."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from paintcam.frames import Frame, Image
from paintcam.judge.explain import Explanation
from paintcam.judge.verdict import Verdict
from paintcam.overlay import Hud
from paintcam.run.explaining import Explained
from paintcam.run.line_editor import LineEditor
from paintcam.run.session import Standing

__all__ = ["GuardListener", "Listener", "Show"]


class Listener(Protocol):
    """Receives what happens in a run: for the terminal, or as JSON on stdout.

    Example:
        >>> class Printer:  # a Listener
        ...     def state(self, state):
        ...         print("state:", state)
        ...
        ...     def verdict(self, verdict, standing):
        ...         print("best:", standing.best)
        ...
        ...     def note(self, text):
        ...         print(text)
        >>> Printer().state("live")
        state: live
    """

    def state(self, state: str) -> None:
        """Take the run's new state: "loading", "live", "reconnecting" or "ended"."""

    def verdict(self, verdict: Verdict, standing: Standing) -> None:
        """Take a verdict. Called in the scorer's thread."""

    def note(self, text: str) -> None:
        """Take a message for the user."""


@runtime_checkable
class GuardListener(Listener, Protocol):
    """A listener that also receives the names of the running guards."""

    def guards(self, names: tuple[str, ...]) -> None:
        """Take the names of the guards that run from now on. Called in the scorer's thread."""


class Show:
    """What a command adds to the plain run; a contest overrides all of it.

    Example:
        >>> import paintcam
        >>> class Shout(paintcam.Show):
        ...     def dress(self, hud):
        ...         return hud
        >>> Shout().finished
        False
    """

    finished = False
    """Whether the run may end."""

    guards_first = False
    """Whether guards must run before the first verdict, because the show keeps verdicts itself."""

    help = False
    """Whether the show's own table of keys is up: it is drawn with the overlay off too."""

    editor: LineEditor | None = None
    """The line that the show asks for; `on_text` gets it, and keys are no commands meanwhile."""

    @property
    def still(self) -> Explained | None:
        """The picture that is shown in place of the live one, if its score can be explained."""
        return None

    @property
    def typing(self) -> bool:
        """Whether keys are letters of a text; a show without `editor` gets them by `on_key`."""
        return self.editor is not None

    def on_tick(self, state: str) -> None:
        """Advance the show; called many times per second in the main thread."""

    def on_prompt(self, prompt: str) -> None:
        """Note that another prompt is judged from now on. Called in the scorer's thread."""

    def on_verdict(self, verdict: Verdict, standing: Standing, frame: Frame) -> None:
        """Take a verdict. Called in the scorer's thread."""

    def on_explanation(self, explanation: Explanation) -> None:
        """Note that a score was explained and its map is shown. Called in the scorer's thread."""

    def on_key(self, key: str) -> bool:
        """Handle a key, given as a character; return whether it was one of the show's own.

        A key that is unknown comes twice: as the layout's character, then as that of its place.
        """
        return False

    def on_text(self, text: str | None) -> None:
        """Take the line that was typed in `editor`; None if it was cancelled."""

    def on_window_lost(self) -> None:
        """Continue without keys: the window is gone, or there was none."""

    def picture(self, image: Image) -> Image:
        """Return the BGR uint8 (H, W, 3) picture to draw on; by default the live one."""
        return image

    def dress(self, hud: Hud) -> Hud:
        """Return what is drawn, with additions."""
        return hud
