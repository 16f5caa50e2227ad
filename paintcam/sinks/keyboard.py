"""From SDL's keyboard events to keys: by character, by place, and as text."""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType
from typing import Any

__all__ = [
    "BACKSPACE",
    "DELETE",
    "END",
    "ENTER",
    "ESCAPE",
    "HOME",
    "LEFT",
    "RIGHT",
    "Key",
    "Keyboard",
]

ENTER, ESCAPE, BACKSPACE, DELETE = "\r", "\x1b", "\x08", "\x7f"
LEFT, RIGHT, HOME, END = "\x1b[D", "\x1b[C", "\x1b[H", "\x1b[F"
_PLACES = {44: " ", 56: "/", **{4 + index: chr(ord("a") + index) for index in range(26)}}
"""USB usage id → the character of that key on a US keyboard; SDL's scancodes are these."""


@dataclass(frozen=True, slots=True)
class Key:
    """A key that was pressed, or a piece of text.

    Attributes:
        text: The characters that the keyboard layout or an input method made of it, or one of the
            control strings of this module (`ENTER`, `LEFT`, …).
        place: The character that a US keyboard has in that place; "" for text and other keys.
    """

    text: str
    place: str = ""


class Keyboard:
    """Turns keyboard events into keys.

    SDL reports a letter twice: as a key, and as the text that it makes. Commands take the key,
    which also works where the layout is not Latin; somebody who types takes the text.

    Args:
        pygame: The module, with its video part running.

    Attributes:
        composing: What an input method shows while it waits for more keys.
    """

    def __init__(self, pygame: ModuleType) -> None:
        self._pygame = pygame
        self._pressed = ""  # the text of a key that was already returned as a command
        self._typing = False
        self.composing = ""
        self._named = {
            pygame.K_RETURN: ENTER,
            pygame.K_KP_ENTER: ENTER,
            pygame.K_ESCAPE: ESCAPE,
            pygame.K_BACKSPACE: BACKSPACE,
            pygame.K_DELETE: DELETE,
            pygame.K_LEFT: LEFT,
            pygame.K_RIGHT: RIGHT,
            pygame.K_HOME: HOME,
            pygame.K_END: END,
        }

    def expect_text(self, typing: bool, window_wh: tuple[int, int]) -> None:
        """Switch between commands and text; only text repeats while a key is held.

        Args:
            typing: Whether keys are text.
            window_wh: The window's size; an input method shows its words beside the lower third.
        """
        if typing == self._typing:
            return
        self._typing = typing
        self.composing = ""
        self._pygame.key.stop_text_input()  # discards unfinished input of an input method
        self._pygame.key.start_text_input()
        if typing:
            width, height = window_wh
            lower = self._pygame.Rect(width // 20, height * 3 // 4, width * 9 // 10, height // 10)
            self._pygame.key.set_text_input_rect(lower)
            self._pygame.key.set_repeat(400, 35)
        else:
            self._pygame.key.set_repeat()

    def key_of(self, event: Any) -> Key | None:  # noqa: ANN401 - pygame has no types for its events
        """Return the key of an event; None if it has none, or was returned before."""
        pygame = self._pygame
        if event.type == pygame.KEYDOWN:
            return self._typed_key(event) if self._typing else self._command(event)
        if event.type == pygame.KEYUP:
            self._pressed = ""
        elif event.type == pygame.TEXTEDITING:
            self.composing = event.text if self._typing else ""
        elif event.type == pygame.TEXTINPUT:
            self.composing = ""
            if event.text != self._pressed:
                return Key(event.text)
        return None

    def _command(self, event: Any) -> Key | None:  # noqa: ANN401
        pygame = self._pygame
        self._pressed = event.unicode
        right_alt = event.mod & (pygame.KMOD_RALT | pygame.KMOD_MODE)  # AltGr makes characters
        if event.mod & (pygame.KMOD_CTRL | pygame.KMOD_ALT | pygame.KMOD_META) and not right_alt:
            return None  # a shortcut of the desktop
        if event.key in self._named:
            return Key(self._named[event.key])
        text = event.unicode if event.unicode.isprintable() else ""
        place = _PLACES.get(event.scancode, "")
        if place == "/":
            place = "?" if event.mod & pygame.KMOD_SHIFT else ""
        return Key(text, place) if text or place else None

    def _typed_key(self, event: Any) -> Key | None:  # noqa: ANN401
        pygame = self._pygame
        self._pressed = ""
        if event.key in self._named:
            return Key(self._named[event.key])
        control = event.mod & (pygame.KMOD_CTRL | pygame.KMOD_META)
        v_key = event.key == pygame.K_v or _PLACES.get(event.scancode) == "v"
        shift_insert = event.key == pygame.K_INSERT and event.mod & pygame.KMOD_SHIFT
        if (control and v_key) or shift_insert:
            return Key(pygame.scrap.get_text() or "")
        return None  # its text arrives as a separate event
