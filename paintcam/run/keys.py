"""The keys of the window, and what they set. Pure logic."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Action", "Controls"]

Action = str
"""What the loop must do: "quit", "reset", "fullscreen", "snapshot", "next", "prompt:…"; or ""."""

_ACTIONS = {
    "q": "quit",
    "\x1b": "quit",
    "r": "reset",
    "f": "fullscreen",
    "s": "snapshot",
    "n": "next",
}
_ENTER, _BACKSPACE = ("\r", "\n"), ("\x08", "\x7f")


@dataclass
class Controls:
    """What the keys have set.

    Attributes:
        mirror: Whether the picture is shown mirrored; the encoder never sees it so.
        paused: Whether the picture is frozen.
        overlay: Whether anything is drawn on it.
        rates: Whether frames a second are drawn.
        help: Whether the table of keys is drawn.
        typing: The prompt being typed; None where keys are commands.
    """

    mirror: bool = False
    paused: bool = False
    overlay: bool = True
    rates: bool = False
    help: bool = False
    typing: str | None = None

    def press(self, key: str) -> Action:
        """Take one key; gives what the loop must do."""
        if not key:
            return ""
        if self.typing is not None:
            return self._type(key, self.typing)
        action = _ACTIONS.get(key.lower(), "")
        switch = {" ": "paused", "m": "mirror", "h": "overlay", "i": "rates", "?": "help"}
        if name := switch.get(key.lower()):
            setattr(self, name, not getattr(self, name))
        elif key.lower() == "p":
            self.typing = ""
        return action

    def _type(self, key: str, typed: str) -> Action:
        if key == "\x1b":
            self.typing = None
        elif key in _ENTER:
            self.typing = None
            if typed.strip():
                return f"prompt:{typed.strip()}"
        elif key in _BACKSPACE:
            self.typing = typed[:-1]
        elif key.isprintable() and len(typed) < 200:
            self.typing = typed + key
        return ""
