"""The doctor's check of OpenCV: whether the installed wheels are one `cv2` or a mix.

Inference pulls in opencv-python, opencv-contrib-python and, through easyocr,
opencv-python-headless. All of them unpack into the same `cv2` folder, and the last one installed
wins, file by file. Any mix of one version works; files of two versions do not fit together.
"""

from __future__ import annotations

import importlib.util
import re
import sys
from dataclasses import dataclass
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from paintcam.cli.doctor.check import Check, Level

__all__ = ["Wheel", "installed_wheels", "judge", "opencv"]

WHEELS = (
    "opencv-contrib-python",
    "opencv-python",
    "opencv-python-headless",
    "opencv-contrib-python-headless",
)
# The version that Inference needs; opencv-contrib-python contains all the others.
WANTED = "opencv-contrib-python>=4.8.1.78,<4.13"
QUOTE = '"' if sys.platform == "win32" else "'"


@dataclass(frozen=True, slots=True)
class Wheel:
    """One of OpenCV's wheels as pip lists it.

    Attributes:
        name: Of the distribution.
        version: Of the distribution.
        owns: Whether the compiled `cv2` on disk is from this wheel, by its length.
        torn: How many of its other files differ from what it installed.
    """

    name: str
    version: str
    owns: bool
    torn: int


def opencv() -> Check:
    """Compare the installed wheels with the `cv2` that is imported."""
    wheels = installed_wheels()
    try:
        import cv2

        version = str(cv2.__version__)
    except (ImportError, AttributeError) as error:
        return judge(wheels, "", str(error))
    return judge(wheels, version)


def judge(wheels: list[Wheel], version: str, broken: str = "") -> Check:
    """Report the state of OpenCV.

    Args:
        wheels: The wheels that pip has installed.
        version: `cv2.__version__`.
        broken: Why it cannot be imported; empty if it can.
    """
    required = _required(wheels)
    fix = _reinstall(required)
    if broken:
        return Check(Level.FAIL, "OpenCV", f"cannot be imported ({broken})", fix)
    owner = next((wheel for wheel in wheels if wheel.owns), None)
    found = f"{version}, from {owner.name}" if owner else version
    if owner and owner.torn:
        return Check(
            Level.WARN, "OpenCV", f"{found}; {owner.torn} of its files belong to another wheel", fix
        )
    others = [wheel for wheel in wheels if owner and wheel.version != owner.version]
    if others:
        # with one version it no longer matters which of them was installed last
        same = [f"{wheel.name}{required.removeprefix(WHEELS[0])}" for wheel in others]
        names = ", ".join(f"{wheel.name} {wheel.version}" for wheel in others)
        return Check(
            Level.WARN,
            "OpenCV",
            f"{found}; {names} is also installed and may overwrite it",
            " && ".join(_reinstall(name) for name in dict.fromkeys([*same, required])),
        )
    return Check(Level.OK, "OpenCV", found)


def _reinstall(wheel: str) -> str:
    return f"pip install --force-reinstall --no-deps {QUOTE}{wheel}{QUOTE}"


def _required(wheels: list[Wheel]) -> str:
    for wheel in wheels:
        if wheel.name == WHEELS[0] and _is_below_413(wheel.version):
            return f"{wheel.name}=={wheel.version}"
    return WANTED


def _is_below_413(version: str) -> bool:
    numbers = [int(part) for part in re.findall(r"\d+", version)[:2]]
    return numbers < [4, 13]


def installed_wheels() -> list[Wheel]:
    """List OpenCV's wheels in this environment, compared with the files on disk."""
    spec = importlib.util.find_spec("cv2")
    folder = Path(spec.origin).parent if spec and spec.origin else None
    wheels = []
    for name in WHEELS:
        try:
            wheels.append(_wheel(name, distribution(name), folder))
        except PackageNotFoundError:
            continue
    return wheels


def _wheel(name: str, found: Distribution, folder: Path | None) -> Wheel:
    owns, torn = False, 0
    for file in found.files or ():
        compiled = file.suffix in (".so", ".pyd") and file.name.startswith("cv2.")
        if folder is None or file.parts[0] != "cv2" or file.size is None:
            continue
        if not compiled and file.suffix != ".py":
            continue
        try:
            same = folder.parent.joinpath(*file.parts).stat().st_size == file.size
        except OSError:
            same = False
        if compiled:
            owns = owns or same
        else:
            torn += not same
    return Wheel(name, found.version, owns, torn)
