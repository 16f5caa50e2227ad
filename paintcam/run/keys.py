"""The keys of the window, and what they set. Pure logic."""

from __future__ import annotations

from dataclasses import dataclass

from paintcam.run.line_editor import LineEditor
from paintcam.sinks.keyboard import ESCAPE

__all__ = ["Action", "Controls"]

Action = str
"""What the loop must do: "quit", "reset", "fullscreen", "snapshot", "next", "explain", "unexplain",
"prompt:…"; or ""."""

_ACTIONS = {
    "q": "quit",
    ESCAPE: "quit",
    "r": "reset",
    "f": "fullscreen",
    "s": "snapshot",
    "n": "next",
}
_SWITCHES = {" ": "paused", "m": "mirror", "h": "overlay", "i": "rates", "?": "help"}


@dataclass
class Controls:
    """What the keys have set.

    Attributes:
        mirror: Whether the picture is shown mirrored; the encoder never sees it so.
        paused: Whether the picture is frozen.
        overlay: Whether anything is drawn on it.
        rates: Whether frames per second are drawn.
        help: Whether the table of keys is drawn.
        explain: Whether the score is explained.
        live_map: Whether that works while the picture goes on; otherwise it is frozen.
        editor: The prompt that is being typed; None if keys are commands.
    """

    mirror: bool = False
    paused: bool = False
    overlay: bool = True
    rates: bool = False
    help: bool = False
    explain: bool = False
    live_map: bool = False
    editor: LineEditor | None = None

    @property
    def typing(self) -> str | None:
        """The prompt as typed so far; None if keys are commands."""
        return None if self.editor is None else self.editor.text

    @staticmethod
    def knows(key: str) -> bool:
        """Return whether a key is a command."""
        return key.lower() in {*_ACTIONS, *_SWITCHES, "p", "x"}

    def press(self, key: str) -> Action:
        """Handle one key; return what the loop must do."""
        if self.editor is not None:
            return self._type(key, self.editor)
        name = key.lower()
        if name in _SWITCHES:
            switch = _SWITCHES[name]
            setattr(self, switch, not getattr(self, switch))
            self.explain = self.explain and (self.paused or self.live_map)
        elif name == "x":
            self.explain = not self.explain
            self.paused = self.paused or (self.explain and not self.live_map)
            return "explain" if self.explain else "unexplain"
        elif name == "p":
            self.editor = LineEditor()
        return _ACTIONS.get(name, "")

    def _type(self, key: str, editor: LineEditor) -> Action:
        end = editor.press(key)
        if end:
            self.editor = None
        prompt = editor.text.strip()
        return f"prompt:{prompt}" if end == "enter" and prompt else ""
