"""Where finished pictures go: a window on the screen."""

from __future__ import annotations

import contextlib
import ctypes
import os
import re
import sys

from paintcam.errors import DisplayError
from paintcam.frames import Image

__all__ = ["Window", "check_display"]

FIRST_WH = (1280, 720)
"""The window's first size at most, in pixels: it fits a projector's screen."""


def check_display() -> None:
    """Make sure that a window can open: OpenCV aborts the process where it cannot.

    Raises:
        DisplayError: No screen, or an OpenCV without windows; says how to mend it.
    """
    if sys.platform.startswith("linux"):
        _check_x11()
    import cv2

    gui = re.search(r"^\s*GUI:\s*(\S+)", cv2.getBuildInformation(), re.MULTILINE)
    if gui is None or gui.group(1) == "NONE":
        raise DisplayError(
            f"OpenCV {cv2.__version__} was built without windows (opencv-python-headless lies over "
            "opencv-python). Run `pip install --force-reinstall --no-deps "
            f"opencv-contrib-python=={_wheel_version()}`."
        )


def _wheel_version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    for name in ("opencv-contrib-python", "opencv-python"):
        with contextlib.suppress(PackageNotFoundError):
            return version(name)
    return "4.12.0.88"


def _check_x11() -> None:
    display = os.environ.get("DISPLAY", "")
    if not display:
        wayland = " (Wayland alone is not enough: start XWayland)"
        raise DisplayError(
            "There is no screen here: DISPLAY is not set"
            f"{wayland if os.environ.get('WAYLAND_DISPLAY') else ''}. Run it in a desktop session, "
            "or with `--view none --record talk.mp4`, or under `xvfb-run -a`."
        )
    try:
        x11 = ctypes.CDLL("libX11.so.6")
    except OSError:
        return  # Qt brings its own; DISPLAY is all that is known
    x11.XOpenDisplay.restype = ctypes.c_void_p
    x11.XOpenDisplay.argtypes = [ctypes.c_char_p]
    x11.XCloseDisplay.argtypes = [ctypes.c_void_p]
    connection = x11.XOpenDisplay(None)
    if not connection:
        raise DisplayError(
            f"The screen DISPLAY={display} does not answer. Check it with `xdpyinfo`, or run with "
            "`--view none --record talk.mp4`."
        )
    x11.XCloseDisplay(connection)


_X11_KEYS = {0x08: "\b", 0x0D: "\r", 0x8D: "\r", 0x1B: "\x1b", 0xFF: "\x7f"}
"""Low bytes of X11's keysyms: backspace, return, keypad return, escape, delete."""


def _character(code: int) -> str:
    """Give the character of a key code of `waitKeyEx`; "" for arrows, modifiers, function keys.

    On X11 these are 0xFFxx, and their low bytes are letters: Left would be Q. On Windows they have
    nothing in the low 16 bits, on macOS they are 0xF7xx.
    """
    if code < 0:
        return ""
    page, low = (code >> 8) & 0xFF, code & 0xFF
    if page == 0xFF:
        return _X11_KEYS.get(low, "")
    return chr(low) if page == 0 and 0 < low < 0x80 else ""


class Window:
    """A window on the screen. Main thread only: HighGUI off it crashes on macOS.

    Args:
        title: On the window's frame, and its name for OpenCV.
        fullscreen: Whether it fills the screen from the start.

    Raises:
        DisplayError: No window can be opened here.

    Example:
        >>> import paintcam
        >>> window = paintcam.Window("paintcam")  # doctest: +SKIP
    """

    def __init__(self, title: str = "paintcam", *, fullscreen: bool = False) -> None:
        """Open it, black."""
        check_display()
        if sys.platform.startswith("linux"):
            # OpenCV's Qt warns on every start that its own font folder is missing
            os.environ.setdefault("QT_LOGGING_RULES", "*.warning=false;qt.qpa.fonts=false")
        import cv2

        self._cv2 = cv2
        self._title = title
        self._sized = False
        self._fullscreen = False
        self.closed = False
        cv2.namedWindow(title, cv2.WINDOW_NORMAL | cv2.WINDOW_KEEPRATIO | cv2.WINDOW_GUI_NORMAL)
        if fullscreen:
            self.toggle_fullscreen()

    def write(self, image: Image) -> None:
        """Show a BGR uint8 (H, W, 3) picture; nothing where the user closed the window."""
        if self.closed:
            return
        if not self._sized:
            height, width = image.shape[:2]
            scale = min(1.0, FIRST_WH[0] / width, FIRST_WH[1] / height)
            if not self._fullscreen:
                self._cv2.resizeWindow(
                    self._title, max(1, round(width * scale)), max(1, round(height * scale))
                )
            self._sized = True
        self._cv2.imshow(self._title, image)

    def poll(self) -> str:
        """Let the window work, and give the key that was pressed: one character, or "".

        Sets `closed` once the user has closed the window.
        """
        if self.closed:
            return ""
        code = self._cv2.waitKeyEx(1)
        try:
            visible = self._cv2.getWindowProperty(self._title, self._cv2.WND_PROP_VISIBLE)
        except self._cv2.error:  # it raises where Qt has already thrown the window away
            visible = 0
        if visible < 1:
            self.closed = True
            return ""
        return _character(code)

    def toggle_fullscreen(self) -> None:
        """Fill the screen, or stop filling it."""
        self._fullscreen = not self._fullscreen
        self._cv2.setWindowProperty(
            self._title,
            self._cv2.WND_PROP_FULLSCREEN,
            self._cv2.WINDOW_FULLSCREEN if self._fullscreen else self._cv2.WINDOW_NORMAL,
        )

    def close(self) -> None:
        """Take it off the screen. May be called twice."""
        if not self.closed:
            self.closed = True
            with contextlib.suppress(self._cv2.error):
                self._cv2.destroyWindow(self._title)
                self._cv2.waitKey(1)
