"""A window on the screen, by SDL 2: the finished picture, and the keys that are pressed in it."""

from __future__ import annotations

import atexit
import contextlib
import ctypes
from collections import deque
from pathlib import Path
from typing import Any

import numpy as np

from paintcam.errors import WITHOUT_WINDOW, DisplayError
from paintcam.frames import Image
from paintcam.sinks import placement, wayland, x11
from paintcam.sinks.keyboard import Key, Keyboard
from paintcam.sinks.sdl import check_display, load_pygame, start_video

__all__ = ["Window", "check_display"]

ICON = Path(__file__).parents[1] / "assets" / "icon.png"
_CENTRED = 0x2FFF0000
"""SDL_WINDOWPOS_CENTERED_DISPLAY(n) is this number plus n, in the place of a coordinate."""


class Window:
    """A window on the screen. Main thread only: macOS allows nothing else. A context manager.

    Args:
        title: The window's title.
        fullscreen: Whether it fills the screen from the start.
        display: Number of the display where it opens, from 0; None opens it where it was last.

    Attributes:
        closed: The user has closed the window, or `close` was called.
        lost: The display went away; the window does nothing any more.

    Raises:
        DisplayError: No window can be opened, or there is no such display.

    Example:
        >>> import paintcam
        >>> window = paintcam.Window("paintcam")  # doctest: +SKIP
    """

    def __init__(
        self, title: str = "paintcam", *, fullscreen: bool = False, display: int | None = None
    ) -> None:
        check_display()
        self._pygame = pygame = load_pygame()
        self.closed = False
        self._destroyed = False
        try:
            driver = start_video(pygame)
            self._desktops = pygame.display.get_desktop_sizes()
            size, position = self._place(display)
            self._window = pygame.Window(
                title, size or placement.FIRST_WH, position, resizable=True, allow_high_dpi=True
            )
        except pygame.error as error:
            raise DisplayError(
                f"The window cannot be opened ({error}).",
                fix=f"Check the display, or {WITHOUT_WINDOW}.",
            ) from error
        self._connection: x11.Connection | wayland.Connection | None = None
        if driver == "x11":
            self._connection = x11.watch(self._window.id, title)
        elif driver == "wayland":
            self._connection = wayland.Connection()
        self._keyboard = Keyboard(pygame)
        self._events: deque[Any] = deque()
        self._sized = size is not None
        self._first_wh = placement.FIRST_WH
        self._chosen_wh = size  # what the user chose; None while the size is the picture's
        self._fullscreen = False
        self._minimised = False
        self._picture: Image | None = None
        self._layout: tuple[Any, ...] = ()
        pygame.key.start_text_input()
        pygame.display.set_allow_screensaver(False)
        self._set_icon()
        self._blank()
        if fullscreen:
            self.toggle_fullscreen()

    def __enter__(self) -> Window:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def lost(self) -> bool:
        """Whether the display went away; the window does nothing any more."""
        return self._connection is not None and self._connection.lost

    @property
    def composing(self) -> str:
        """What an input method shows and has not entered yet."""
        return self._keyboard.composing

    def write(self, image: Image) -> None:
        """Show a BGR uint8 (H, W, 3) picture; do nothing once the window is closed or lost."""
        if self.closed or self.lost:
            return
        self._picture = image
        if not self._sized and not self._fullscreen:
            self._sized = True
            self._window.size = self._first_wh = placement.first_wh(image, self._desktops)
        self._show()

    def poll(self) -> str:
        """Let the window work, and return the next key as one character; "" if none is waiting.

        On a keyboard that is not Latin it is the character that a US keyboard has in that place.
        Sets `closed` once the user has closed the window.
        """
        key = self.next_key()
        if key is None:
            return ""
        return key.text if key.text.isascii() and key.text else key.place or key.text

    def next_key(self, *, typing: bool = False) -> Key | None:
        """Let the window work, and return the next key; None if none is waiting.

        Sets `closed` once the user has closed the window, and `lost` once the display went away.

        Args:
            typing: Whether a text is typed: keys become text, and repeat while they are held.
        """
        if self.closed or self.lost:
            return None
        self._keyboard.expect_text(typing, self._window.size)
        if not self._events:
            self._events.extend(self._pygame.event.get())
        while self._events and not self.closed and not self.lost:
            event = self._events.popleft()
            if (key := self._keyboard.key_of(event)) is not None:
                return key
            self._handle(event)
        if self._connection is not None and self._connection.destroyed:
            self.closed = True
        return None

    def toggle_fullscreen(self) -> None:
        """Fill the display that the window is on, or stop filling it."""
        if self.closed or self.lost:
            return
        self._fullscreen = not self._fullscreen
        if self._fullscreen:
            self._window.set_fullscreen(desktop=True)
        else:
            self._window.set_windowed()
        self._pygame.mouse.set_visible(not self._fullscreen)
        self._layout = ()

    def close(self) -> None:
        """Take it off the screen. May be called twice."""
        self.closed = True
        if self._destroyed:
            return
        self._destroyed = True
        connection = self._connection
        if connection is not None and (connection.lost or connection.destroyed):
            # SDL would wait for a window or display that is gone, also at the end of the process
            atexit.unregister(self._pygame.quit)
            ctypes.pythonapi.Py_IncRef(ctypes.py_object(self._window))
            return
        if not self._minimised:
            with contextlib.suppress(self._pygame.error):
                left, top = self._window.position
                if connection is not None:  # the next window is placed by its frame
                    left, top = left - connection.frame[0], top - connection.frame[1]
                placement.remember(self._chosen_wh, (left, top), self._desktops)
        self._window.destroy()
        self._pygame.display.quit()

    def _place(self, display: int | None) -> tuple[tuple[int, int] | None, tuple[int, int]]:
        """Return the window's first size, None for the picture's, and where it opens."""
        desktops = self._desktops
        if display is not None and not 0 <= display < len(desktops):
            raise DisplayError(
                f"There is no display {display}: this computer has {len(desktops)}, "
                "numbered from 0.",
                fix="Connect it, or choose another one.",
            )
        size, position = placement.recall(desktops)
        if display is not None:
            return size, (_CENTRED + display, _CENTRED + display)
        return size, position or (_CENTRED, _CENTRED)

    def _set_icon(self) -> None:
        import cv2

        icon = np.asarray(cv2.imread(str(ICON), cv2.IMREAD_UNCHANGED))
        height, width = icon.shape[:2]
        self._window.set_icon(self._pygame.image.frombuffer(icon, (width, height), "BGRA"))

    def _blank(self) -> None:
        self._window.get_surface().fill((0, 0, 0))
        self._window.flip()

    def _show(self) -> None:
        """Put the picture on the screen: all of it, as large as it fits, on black."""
        picture = self._picture
        if picture is None or self._minimised:
            return
        import cv2

        try:
            surface = self._window.get_surface()
            width, height = surface.get_size()
            size = placement.fitted(picture, width, height)
            shown = np.ascontiguousarray(picture)
            if size != (picture.shape[1], picture.shape[0]):
                smooth = cv2.INTER_AREA if size[0] < picture.shape[1] else cv2.INTER_LINEAR
                shown = cv2.resize(picture, size, interpolation=smooth)
            if self._layout != (width, height, size):
                self._layout = (width, height, size)
                surface.fill((0, 0, 0))
            corner = ((width - size[0]) // 2, (height - size[1]) // 2)
            surface.blit(self._pygame.image.frombuffer(shown, size, "BGR"), corner)
            self._window.flip()
        except self._pygame.error:
            # the window changed its size in this moment: the next picture fits again
            self._layout = ()

    def _handle(self, event: Any) -> None:  # noqa: ANN401 - pygame has no types for its events
        pygame = self._pygame
        if event.type in (pygame.WINDOWCLOSE, pygame.QUIT):
            # SDL also quits by itself where a Wayland compositor has died
            self.closed = self._connection is None or not self._connection.check()
        elif event.type in (pygame.WINDOWMINIMIZED, pygame.WINDOWHIDDEN):
            self._minimised = True
        elif event.type == pygame.WINDOWRESIZED:
            size, own = (event.x, event.y), (self._first_wh, placement.FIRST_WH)
            if self._sized and not self._fullscreen and size not in own:
                self._chosen_wh = size
        elif event.type in (
            pygame.WINDOWSIZECHANGED,
            pygame.WINDOWEXPOSED,
            pygame.WINDOWRESTORED,
            pygame.WINDOWSHOWN,
        ):
            self._minimised = False
            self._layout = ()
            self._show()
