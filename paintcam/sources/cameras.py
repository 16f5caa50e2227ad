"""Which cameras this machine has."""

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
# Elsewhere no list can be had from OpenCV: indices are tried up to here, or to the second gap.
TRIED = 10
GAPS = 2
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
    """A camera as `--source` takes it.

    Attributes:
        index: Its number.
        name: What the system calls it; empty where it does not tell.
        resolution_wh: Width and height in pixels that it opens with; None where it did not open.
        fps: Frames a second that it tells; 0 where it tells none.
        trouble: Why it cannot be used, in words; empty where it can.
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
        probe: Opens camera n and gives its (width, height) in pixels and frames a second, or
            None; OpenCV by default.
        sysfs: Linux's folder of video devices.
    """
    look = probe or _probe
    with _silent_stderr():
        if sys.platform.startswith("linux"):
            return [_linux_camera(index, sysfs, look) for index in _capture_nodes(sysfs)]
        return _tried(look)


def _capture_nodes(sysfs: Path) -> list[int]:
    """Numbers of the /dev/video* that give pictures: of each camera the first, by `index`."""
    numbers = []
    for node in sysfs.glob("video*"):
        number = node.name.removeprefix("video")
        # a camera's second node carries metadata, no pictures
        if number.isdecimal() and _read(node / "index") in ("", "0"):
            numbers.append(int(number))
    return sorted(numbers)


def _linux_camera(index: int, sysfs: Path, look: Probe) -> Camera:
    name = _read(sysfs / f"video{index}" / "name")
    device = Path(f"/dev/video{index}")
    if device.exists() and not os.access(device, os.R_OK | os.W_OK):
        return Camera(
            index, name, None, 0.0, "not permitted: run `sudo usermod -aG video $USER`, log in anew"
        )
    seen = look(index)
    if seen is None:
        return Camera(index, name, None, 0.0, "busy: close the program that uses it")
    return Camera(index, name, *seen)


def _tried(look: Probe) -> list[Camera]:
    seen: dict[int, tuple[tuple[int, int], float]] = {}
    gaps = 0
    for index in range(TRIED):
        if found := look(index):
            seen[index] = found
        else:
            gaps += 1
            if gaps == GAPS:
                break
    names = _system_names()
    if len(names) != len(seen):
        names = [""] * len(seen)  # which is which cannot be told
    return [
        Camera(index, name, *found)
        for (index, found), name in zip(seen.items(), names, strict=True)
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
    """What macOS or Windows calls its cameras, in its own order; empty where it does not say."""
    command = ASK_FOR_NAMES.get(sys.platform)
    if command is None:
        return []
    try:
        answer = subprocess.run(command, capture_output=True, timeout=10, check=True)
        told = json.loads(answer.stdout)
        if isinstance(told, dict):  # macOS
            return [str(camera["_name"]) for camera in told["SPCameraDataType"]]
        return [told] if isinstance(told, str) else [str(name) for name in told]
    except (OSError, ValueError, KeyError, TypeError, subprocess.SubprocessError):
        return []


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""


@contextlib.contextmanager
def _silent_stderr() -> Iterator[None]:
    """Send stderr nowhere, also what C code writes: backends complain of every index they try."""
    sys.stderr.flush()
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
