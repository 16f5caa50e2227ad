"""Survives an X server that goes away: by default Xlib would end the process."""

from __future__ import annotations

import contextlib
import ctypes
import re
from pathlib import Path
from typing import Any

__all__ = ["Connection", "answers", "watch"]

_BAD_WINDOW, _BAD_DRAWABLE = 3, 9
_ON_ERROR = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)
_ON_IO_ERROR = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p)
_ON_EXIT = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p)
_X11 = 2
"""SDL's number of the window system in `SDL_SysWMinfo`."""


class _WindowInfo(ctypes.Structure):
    """SDL 2's `SDL_SysWMinfo`, as far as X11 fills it."""

    _fields_ = (
        ("version", ctypes.c_uint8 * 3),
        ("subsystem", ctypes.c_int),
        ("display", ctypes.c_void_p),
        ("window", ctypes.c_ulong),
        ("rest", ctypes.c_uint8 * 64),
    )


class _ErrorEvent(ctypes.Structure):
    """Xlib's `XErrorEvent`."""

    _fields_ = (
        ("type", ctypes.c_int),
        ("display", ctypes.c_void_p),
        ("resource", ctypes.c_ulong),
        ("serial", ctypes.c_ulong),
        ("code", ctypes.c_uint8),
    )


def _load() -> Any:  # noqa: ANN401 - a C library
    x11 = ctypes.CDLL("libX11.so.6")
    x11.XOpenDisplay.restype = ctypes.c_void_p
    x11.XOpenDisplay.argtypes = [ctypes.c_char_p]
    x11.XCloseDisplay.argtypes = [ctypes.c_void_p]
    return x11


def answers() -> bool:
    """Return whether the X server that DISPLAY names accepts a connection."""
    try:
        x11 = _load()
    except OSError:
        return True  # SDL has its own connection to X11, or reports what is missing
    connection = x11.XOpenDisplay(None)
    if connection:
        x11.XCloseDisplay(connection)
    return bool(connection)


class Connection:
    """Watches SDL's connection to the X server.

    Once `lost` is set, call nothing of SDL.

    Args:
        window_id: SDL's number of the window.
        title: The window's name.

    Attributes:
        lost: The server is gone, or it has disconnected this program.
        destroyed: Somebody else has destroyed the window.

    Raises:
        OSError: libX11 or SDL's library cannot be opened.
        AttributeError: A libX11 from before 2020, which ends the process in any case.
    """

    def __init__(self, window_id: int, title: str) -> None:
        self.lost = False
        self.destroyed = False
        self._x11 = _load()
        # the libraries keep these addresses: they live as long as the process
        self._callbacks = (
            _ON_ERROR(self._on_error),
            _ON_IO_ERROR(self._on_io_error),
            _ON_EXIT(self._on_exit),
        )
        _KEPT.append(self)
        self._sdl = _load_sdl()
        self._sdl_window = ctypes.c_void_p(self._sdl.SDL_GetWindowFromID(window_id))
        info = _WindowInfo()
        info.version[0] = 2
        known = self._sdl.SDL_GetWindowWMInfo(self._sdl_window, ctypes.byref(info))
        if not known or info.subsystem != _X11 or not info.display:
            raise OSError("SDL's window is not on X11")
        display, self._window = info.display, info.window
        on_error, on_io_error, on_exit = self._callbacks
        set_exit_handler = self._x11.XSetIOErrorExitHandler
        set_exit_handler.argtypes = [ctypes.c_void_p, _ON_EXIT, ctypes.c_void_p]
        set_exit_handler(display, on_exit, None)
        self._x11.XSetIOErrorHandler(on_io_error)
        self._x11.XSetErrorHandler(on_error)
        # SDL writes the name in an encoding that window managers and xdotool may not know
        name = title.encode()
        set_name = self._x11.Xutf8SetWMProperties
        set_name.argtypes = [ctypes.c_void_p, ctypes.c_ulong, ctypes.c_char_p, ctypes.c_char_p]
        set_name.argtypes += [ctypes.c_void_p, ctypes.c_int, *[ctypes.c_void_p] * 3]
        set_name(display, self._window, name, name, None, 0, None, None, None)

    @property
    def frame(self) -> tuple[int, int]:
        """Width of the window's frame on the left and at the top, in points."""
        top, left = ctypes.c_int(), ctypes.c_int()
        sides = (ctypes.byref(top), ctypes.byref(left), None, None)
        self._sdl.SDL_GetWindowBordersSize(self._sdl_window, *sides)
        return left.value, top.value

    def check(self) -> bool:
        """Return whether the server is gone."""
        return self.lost

    def _on_error(self, _display: int | None, event: int) -> int:
        """Ignore a request that failed: a window that is gone is no reason to end the process."""
        error = _ErrorEvent.from_address(event)
        if error.code in (_BAD_WINDOW, _BAD_DRAWABLE) and error.resource == self._window:
            self.destroyed = True
        return 0

    def _on_io_error(self, _display: int | None) -> int:
        self.lost = True
        return 0

    def _on_exit(self, _display: int | None, _data: int | None) -> None:
        """Return to SDL, where Xlib's own handler calls exit."""


_KEPT: list[Connection] = []


def _load_sdl() -> Any:  # noqa: ANN401 - a C library
    """Return the SDL library that pygame has loaded."""
    maps = Path("/proc/self/maps").read_text(encoding="utf-8", errors="replace")
    found = re.search(r"\s(/\S.*/libSDL2[-.].*)$", maps, re.MULTILINE)
    if found is None:
        raise OSError("SDL 2 is not loaded")
    sdl = ctypes.CDLL(found.group(1))
    sdl.SDL_GetWindowFromID.restype = ctypes.c_void_p
    sdl.SDL_GetWindowWMInfo.argtypes = [ctypes.c_void_p, ctypes.c_void_p]
    return sdl


def watch(window_id: int, title: str) -> Connection | None:
    """Watch the connection of a window; None if the system does not support it."""
    with contextlib.suppress(OSError, AttributeError):
        return Connection(window_id, title)
    return None
