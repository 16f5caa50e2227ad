"""What `paintcam doctor` looks at, one function a check."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator

from paintcam.cli.doctor.check import Check, Level
from paintcam.errors import DisplayError, ModelError

__all__ = ["all_checks"]

IMPORT_S = 120
PYTHONS = ((3, 10), (3, 13))


def python() -> Check:
    """The interpreter's version."""
    found = ".".join(map(str, sys.version_info[:3]))
    if PYTHONS[0] <= sys.version_info[:2] <= PYTHONS[1]:
        return Check(Level.OK, "Python", found)
    return Check(
        Level.FAIL,
        "Python",
        f"{found}; Inference needs 3.10 to 3.13",
        "python3.12 -m venv .venv && .venv/bin/pip install paintcam",
    )


def inference() -> Check:
    """Inference, really imported: in a process of its own, since it takes seconds and prints."""
    from importlib.metadata import PackageNotFoundError, version

    mend = "pip install --upgrade 'inference>=1.8,<2'"
    try:
        found = version("inference")
    except PackageNotFoundError:
        # a choice: the bundled encoder needs neither Inference nor torch
        return Check(Level.WARN, "Inference", "CLIP is not installed; sketch runs without it", mend)
    code = (
        "from paintcam.encoders.weights import prepare_environment; prepare_environment();"
        "from inference.models import Clip"
    )
    try:
        ran = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, timeout=IMPORT_S, text=True
        )
    except subprocess.TimeoutExpired:
        return Check(Level.FAIL, "Inference", f"{found}: its import hangs", mend)
    if ran.returncode:
        last = (ran.stderr.strip() or "no message").splitlines()[-1]
        return Check(Level.FAIL, "Inference", f"{found}: cannot import CLIP ({last})", mend)
    return Check(Level.OK, "Inference", found)


def runtime() -> Check:
    """ONNX Runtime and what it can run on."""
    try:
        import onnxruntime
    except ImportError as error:
        return Check(
            Level.FAIL,
            "ONNX Runtime",
            f"cannot be imported ({error})",
            "pip install --force-reinstall --no-deps 'onnxruntime>=1.21,<1.22'",
        )
    providers = [name.removesuffix("ExecutionProvider") for name in runtime_providers()]
    return Check(Level.OK, "ONNX Runtime", f"{onnxruntime.__version__} on {', '.join(providers)}")


def runtime_providers() -> list[str]:
    """ONNX Runtime's execution providers, without the one that is a cloud service."""
    import onnxruntime

    return [name for name in onnxruntime.get_available_providers() if not name.startswith("Azure")]


def display() -> Check:
    """Whether a window can open."""
    from paintcam.sinks.window import check_display

    try:
        check_display()
    except DisplayError as error:
        told, _, mend = str(error).partition(". ")
        return Check(Level.WARN, "Display", told, mend)
    except ImportError:
        return Check(Level.WARN, "Display", "unknown: OpenCV cannot be imported", "see OpenCV")
    return Check(Level.OK, "Display", "a window can open")


def cameras() -> Check:
    """Whether there is a camera that opens."""
    from paintcam.sources.cameras import list_cameras
    from paintcam.sources.capture import quiet_backends

    quiet_backends()
    try:
        found = list_cameras()
    except ImportError:
        return Check(Level.WARN, "Cameras", "unknown: OpenCV cannot be imported", "see OpenCV")
    usable = [camera for camera in found if not camera.trouble]
    if usable:
        told = ", ".join(f"{camera.index} {camera.name}".strip() for camera in usable)
        return Check(Level.OK, "Cameras", told)
    if found:
        told = "; ".join(f"{camera.index} {camera.name}: {camera.trouble}" for camera in found)
        return Check(Level.WARN, "Cameras", told, "paintcam cameras")
    return Check(
        Level.WARN,
        "Cameras",
        "none found",
        "plug one in, or: paintcam --prompt … --source video.mp4",
    )


def sketch() -> Check:
    """The bundled encoder, really loaded."""
    from paintcam.encoders.sketch import SketchEncoder

    try:
        encoder = SketchEncoder()
    except (ModelError, ImportError) as error:
        told = re.sub(r" Mend it: .*", "", str(error))
        return Check(
            Level.FAIL,
            "sketch",
            told,
            "pip install --force-reinstall --no-deps paintcam",
        )
    return Check(Level.OK, encoder.info.name, "bundled and whole")


def clip() -> Check:
    """CLIP's weights, by a look at their lengths."""
    from paintcam.encoders.weights import (
        DEFAULT_VARIANT,
        VARIANTS,
        cache_root,
        is_cached,
        pull_command,
    )

    try:
        here = [name for name in VARIANTS if is_cached(name)]
    except ModelError as error:
        return Check(Level.FAIL, "clip", str(error), pull_command(DEFAULT_VARIANT))
    if here:
        return Check(Level.OK, "clip", f"{', '.join(here)} in {cache_root()}")
    return Check(
        Level.WARN,
        "clip",
        f"weights not here (about {VARIANTS[DEFAULT_VARIANT].megabytes} MB)",
        pull_command(DEFAULT_VARIANT),
    )


def guards() -> Check:
    """Which guards run with which encoder, the classifier really opened."""
    from paintcam.judge.nsfw import open_classifier

    if open_classifier() is not None:
        return Check(Level.OK, "Guards", "handwriting and nsfw, with every encoder")
    return Check(
        Level.WARN,
        "Guards",
        "handwriting with every encoder; nsfw with clip alone",
        "pip install 'paintcam[nsfw]'",
    )


def all_checks() -> Iterator[Check]:
    """Run the checks one by one, in the order that the report tells them; some take seconds."""
    from paintcam.cli.doctor.opencv import opencv

    for check in (python, inference, runtime, opencv, display, cameras, sketch, clip, guards):
        yield check()
