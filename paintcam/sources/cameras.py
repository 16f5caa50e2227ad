"""Lists the cameras of this machine."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Camera", "list_cameras"]

SYSFS = Path("/sys/class/video4linux")
# Elsewhere OpenCV gives no list: indices are tried up to here, or to the second gap.
TRIED = 10
GAPS = 2
# Commands that print the names of all cameras.
ASK_FOR_NAMES = {
    "darwin": ("system_profiler", "SPCameraDataType", "-json"),
    "win32": (
        "powershell",
        "-NoProfile",
        "-Command",
        "Get-CimInstance Win32_PnPEntity | Where-Object {$_.PNPClass -in 'Camera','Image'} | "
        "Select-Object -ExpandProperty Name | ConvertTo-Json",
    ),
}


@dataclass(frozen=True, slots=True)
class Camera:
    """A camera of this machine.

    Attributes:
        index: Its number, which also names it as a source.
        name: The system's name for it; empty if there is none.
        resolution_wh: Width and height in pixels that it opens with; None if it did not open.
        fps: Frame rate that it reports; 0 if it reports none.
        trouble: Why it cannot be used, in words; empty if it can.
    """

    index: int
    name: str
    resolution_wh: tuple[int, int] | None
    fps: float
    trouble: str = ""


Probe = Callable[[int], "tuple[tuple[int, int], float] | None"]


def list_cameras(probe: Probe | None = None, sysfs: Path = SYSFS) -> list[Camera]:
    """List cameras by opening each for a moment; its light may flash.

    Args:
        probe: Opens camera n and returns its (width, height) in pixels and its frame rate, or None
            if it does not open; OpenCV by default.
        sysfs: Linux's folder of video devices.

    Returns:
        The cameras by index, also those that cannot be used.
    """
    probe = probe or _probe
    with _silent_stderr():
        if sys.platform.startswith("linux"):
            return [_linux_camera(index, sysfs, probe) for index in _capture_nodes(sysfs)]
        return _try_indices(probe)


def _capture_nodes(sysfs: Path) -> list[int]:
    """Return the number of the first /dev/video* node of each camera, which delivers pictures."""
    numbers = []
    for node in sysfs.glob("video*"):
        number = node.name.removeprefix("video")
        # a camera's second node carries metadata, not pictures
        if number.isdecimal() and _read(node / "index") in ("", "0"):
            numbers.append(int(number))
    return sorted(numbers)


def _linux_camera(index: int, sysfs: Path, probe: Probe) -> Camera:
    name = _read(sysfs / f"video{index}" / "name")
    device = Path(f"/dev/video{index}")
    if device.exists() and not os.access(device, os.R_OK | os.W_OK):
        return Camera(
            index,
            name,
            None,
            0.0,
            "no permission: run `sudo usermod -aG video $USER` and log in again",
        )
    mode = probe(index)
    if mode is None:
        return Camera(index, name, None, 0.0, "busy: close the program that uses it")
    return Camera(index, name, *mode)


def _try_indices(probe: Probe) -> list[Camera]:
    modes: dict[int, tuple[tuple[int, int], float]] = {}
    gaps = 0
    for index in range(TRIED):
        if mode := probe(index):
            modes[index] = mode
        else:
            gaps += 1
            if gaps == GAPS:
                break
    names = _system_names()
    if len(names) != len(modes):
        names = [""] * len(modes)  # no way to know which name belongs to which index
    return [
        Camera(index, name, *mode) for (index, mode), name in zip(modes.items(), names, strict=True)
    ]


def _probe(index: int) -> tuple[tuple[int, int], float] | None:
    import cv2

    linux = sys.platform.startswith("linux")
    capture = cv2.VideoCapture(index, cv2.CAP_V4L2 if linux else cv2.CAP_ANY)
    try:
        if not capture.isOpened():
            return None
        size = (
            int(capture.get(cv2.CAP_PROP_FRAME_WIDTH)),
            int(capture.get(cv2.CAP_PROP_FRAME_HEIGHT)),
        )
        return size, max(0.0, float(capture.get(cv2.CAP_PROP_FPS)))
    finally:
        capture.release()


def _system_names() -> list[str]:
    """Return the names that macOS or Windows gives its cameras, in its order; empty if unknown."""
    command = ASK_FOR_NAMES.get(sys.platform)
    if command is None:
        return []
    try:
        answer = subprocess.run(command, capture_output=True, timeout=10, check=True)
        listing = json.loads(answer.stdout)
        if isinstance(listing, dict):  # macOS
            return [str(camera["_name"]) for camera in listing["SPCameraDataType"]]
        return [listing] if isinstance(listing, str) else [str(name) for name in listing]
    except (OSError, ValueError, KeyError, TypeError, subprocess.SubprocessError):
        return []


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""


@contextlib.contextmanager
def _silent_stderr() -> Iterator[None]:
    """Discard stderr, including what C code writes: backends complain about every index."""
    try:
        sys.stderr.flush()
        kept = os.dup(2)
    except (AttributeError, OSError, ValueError):  # it is closed already
        yield
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
