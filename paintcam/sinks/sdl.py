"""Checks whether a window can open, and loads the library that opens it: SDL 2, by pygame-ce."""

from __future__ import annotations

import os
import sys
from types import ModuleType

from paintcam.errors import WITHOUT_WINDOW, DisplayError
from paintcam.sinks import wayland, x11

__all__ = ["check_display", "load_pygame", "start_video"]

_HINTS = {
    "PYGAME_HIDE_SUPPORT_PROMPT": "1",
    "SDL_NO_SIGNAL_HANDLERS": "1",  # the program handles Ctrl-C and SIGTERM itself
    "SDL_VIDEO_MINIMIZE_ON_FOCUS_LOSS": "0",  # keep the projector on
    "SDL_VIDEO_X11_WMCLASS": "paintcam",
    "SDL_VIDEO_WAYLAND_WMCLASS": "paintcam",
    "SDL_IME_SHOW_UI": "1",
}


def check_display() -> None:
    """Make sure that a window can open.

    Raises:
        DisplayError: There is no display, or pygame-ce is not usable.
    """
    if sys.platform.startswith("linux") and not os.environ.get("SDL_VIDEODRIVER"):
        _check_linux_display()
    load_pygame()


def _check_linux_display() -> None:
    display = os.environ.get("DISPLAY", "")
    if not display and not os.environ.get("WAYLAND_DISPLAY"):
        raise DisplayError(
            "No display is available (DISPLAY is not set).",
            fix=f"Run it in a desktop session or under `xvfb-run -a`, or {WITHOUT_WINDOW}.",
        )
    if not display and not wayland.answers():
        raise DisplayError(
            f"The display WAYLAND_DISPLAY={os.environ['WAYLAND_DISPLAY']} does not answer.",
            fix=f"Check it with `wayland-info`, or {WITHOUT_WINDOW}.",
        )
    if display and not x11.answers():
        raise DisplayError(
            f"The display DISPLAY={display} does not answer.",
            fix=f"Check it with `xdpyinfo`, or {WITHOUT_WINDOW}.",
        )


def start_video(pygame: ModuleType) -> str:
    """Start SDL's video part alone, not sound or joysticks; return the name of its driver.

    Raises:
        pygame.error: No window can be opened.
    """
    pygame.display.init()
    driver = str(pygame.display.get_driver())
    if driver == "x11":
        # SDL would draw pictures by OpenGL: without a graphics card that is ten times the work.
        # Wayland and macOS have no other way.
        os.environ.setdefault("SDL_FRAMEBUFFER_ACCELERATION", "0")
    return driver


def load_pygame() -> ModuleType:
    """Import pygame-ce, quiet and with the hints that the window wants.

    Raises:
        DisplayError: It is not installed, or another pygame lies over it.
    """
    for name, value in _HINTS.items():
        os.environ.setdefault(name, value)
    try:
        import pygame
    except ImportError as error:
        raise DisplayError(
            f"The package pygame-ce, which opens the window, cannot be imported ({error}).",
            fix="Run `pip install pygame-ce`.",
        ) from error
    if not hasattr(pygame, "Window"):
        raise DisplayError(
            f"pygame {pygame.version.ver} is installed over pygame-ce and cannot open the window.",
            fix="Run `pip uninstall -y pygame pygame-ce && pip install pygame-ce`.",
        )
    return pygame
