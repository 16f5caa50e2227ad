"""The doctor's check of OpenCV: whose `cv2` it is, and whether it can open a window.

Inference pulls in opencv-python, opencv-contrib-python and, through easyocr,
opencv-python-headless. All of them unpack into the same `cv2` folder: the last one installed wins,
file by file.
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
# What Inference takes; opencv-contrib-python holds everything that the others do.
WANTED = "opencv-contrib-python>=4.8.1.78,<4.13"
QUOTE = '"' if sys.platform == "win32" else "'"


@dataclass(frozen=True, slots=True)
class Wheel:
    """One of OpenCV's wheels, as pip sees it.

    Attributes:
        name: Of the distribution.
        version: Of the distribution.
        owns: Whether the compiled `cv2` on disk is this wheel's, by its length.
        torn: How many of its other files are not as it brought them.
    """

    name: str
    version: str
    owns: bool
    torn: int


def opencv() -> Check:
    """Look at the wheels that are installed and at the `cv2` that is really there."""
    wheels = installed_wheels()
    try:
        import cv2

        build = cv2.getBuildInformation()
        version = str(cv2.__version__)
    except (ImportError, AttributeError) as error:
        return judge(wheels, "", "", str(error))
    gui = re.search(r"^\s*GUI:\s*(\S+)", build, re.MULTILINE)
    return judge(wheels, version, gui.group(1) if gui else "NONE")


def judge(wheels: list[Wheel], version: str, gui: str, broken: str = "") -> Check:
    """Say how OpenCV stands.

    Args:
        wheels: What pip has installed.
        version: `cv2.__version__`.
        gui: The window toolkit it was built with, "NONE" where without.
        broken: Why it cannot be imported; empty where it can.
    """
    wanted = _wanted(wheels)
    mend = _reinstall(wanted)
    if broken:
        return Check(Level.FAIL, "OpenCV", f"cannot be imported ({broken})", mend)
    owner = next((wheel for wheel in wheels if wheel.owns), None)
    told = f"{version}, windows by {gui}" if gui != "NONE" else f"{version}, no windows"
    if owner:
        told += f", from {owner.name}"
    if gui == "NONE":
        return Check(Level.FAIL, "OpenCV", f"{told}: headless", mend)
    if owner and owner.torn:
        return Check(
            Level.WARN, "OpenCV", f"{told}; {owner.torn} of its files are another wheel's", mend
        )
    strangers = [wheel for wheel in wheels if owner and wheel.version != owner.version]
    if strangers:
        # brought to one version first: then it no longer matters which of them was the last
        same = [f"{wheel.name}{wanted.removeprefix(WHEELS[0])}" for wheel in strangers]
        names = ", ".join(f"{wheel.name} {wheel.version}" for wheel in strangers)
        return Check(
            Level.WARN,
            "OpenCV",
            f"{told}; beside it {names}: the next install may overwrite it",
            " && ".join(_reinstall(name) for name in dict.fromkeys([*same, wanted])),
        )
    return Check(Level.OK, "OpenCV", told)


def _reinstall(wheel: str) -> str:
    return f"pip install --force-reinstall --no-deps {QUOTE}{wheel}{QUOTE}"


def _wanted(wheels: list[Wheel]) -> str:
    for wheel in wheels:
        if wheel.name == WHEELS[0] and _is_below_413(wheel.version):
            return f"{wheel.name}=={wheel.version}"
    return WANTED


def _is_below_413(version: str) -> bool:
    numbers = [int(part) for part in re.findall(r"\d+", version)[:2]]
    return numbers < [4, 13]


def installed_wheels() -> list[Wheel]:
    """OpenCV's wheels in this environment, held against the files that are there."""
    spec = importlib.util.find_spec("cv2")
    folder = Path(spec.origin).parent if spec and spec.origin else None
    wheels = []
    for name in WHEELS:
        try:
            wheels.append(_wheel(name, distribution(name), folder))
        except PackageNotFoundError:
            continue
    return wheels


def _wheel(name: str, told: Distribution, folder: Path | None) -> Wheel:
    owns, torn = False, 0
    for file in told.files or ():
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
    return Wheel(name, told.version, owns, torn)
