"""One line of text that is typed in the window. Pure logic."""

from __future__ import annotations

from typing import Literal

from paintcam.overlay.unicode import clusters
from paintcam.sinks.keyboard import BACKSPACE, DELETE, END, ENTER, ESCAPE, HOME, LEFT, RIGHT

__all__ = ["LineEditor"]


class LineEditor:
    """A line with a cursor, edited key by key.

    The cursor moves by what a reader takes for one character: a letter with its accents, an emoji
    of several code points.

    Args:
        limit: Longest text, in code points; what goes beyond is cut off.

    Attributes:
        composing: What an input method shows at the cursor and has not entered yet.
    """

    def __init__(self, limit: int = 200) -> None:
        self.composing = ""
        self._before = ""
        self._after = ""
        self._limit = limit

    @property
    def text(self) -> str:
        """What was typed."""
        return self._before + self._after

    @property
    def shown(self) -> str:
        """The text with what an input method shows in it."""
        return self._before + self.composing + self._after

    @property
    def caret(self) -> int:
        """Where the cursor stands in `shown`, in code points."""
        return len(self._before) + len(self.composing)

    def press(self, key: str) -> Literal["enter", "cancel", ""]:
        """Take a key or a piece of text; return whether it ends the typing."""
        if key in (ENTER, "\n"):
            return "enter"
        if key == ESCAPE:
            return "cancel"
        if key == BACKSPACE:
            self._before = "".join(clusters(self._before)[:-1])
        elif key == DELETE:
            self._after = "".join(clusters(self._after)[1:])
        elif key == LEFT:
            self._move(len("".join(clusters(self._before)[:-1])))
        elif key == RIGHT:
            self._move(len(self._before) + len("".join(clusters(self._after)[:1])))
        elif key == HOME:
            self._move(0)
        elif key == END:
            self._move(len(self.text))
        else:
            self._insert(key)
        return ""

    def _move(self, to: int) -> None:
        text = self.text
        self._before, self._after = text[:to], text[to:]

    def _insert(self, text: str) -> None:
        # a pasted text may have line breaks and tabs
        kept = "".join(" " if c.isspace() else c for c in text if _can_stand(c))
        self._before += kept[: max(0, self._limit - len(self.text))]


def _can_stand(char: str) -> bool:
    """Return whether a character may be part of a line."""
    joins = char in "\u200c\u200d" or "\U000e0020" <= char <= "\U000e007f"  # one emoji of several
    return char.isprintable() or char.isspace() or joins
