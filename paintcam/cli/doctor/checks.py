"""The checks of `paintcam doctor`, one function per check."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

from paintcam.cli.doctor.check import Check, Level
from paintcam.encoders.isolated import run_python
from paintcam.errors import REINSTALL, DisplayError, ModelError

__all__ = ["all_checks"]

IMPORT_S = 120
PYTHONS = ((3, 10), (3, 13))


def python() -> Check:
    """Check the version of Python."""
    found = ".".join(map(str, sys.version_info[:3]))
    if PYTHONS[0] <= sys.version_info[:2] <= PYTHONS[1]:
        return Check(Level.OK, "Python", found)
    return Check(
        Level.FAIL,
        "Python",
        f"{found}; Inference needs 3.10 to 3.13",
        "python3.12 -m venv .venv && .venv/bin/pip install .",
    )


def inference() -> Check:
    """Import Inference in a separate process: it takes seconds and prints."""
    from importlib.metadata import PackageNotFoundError, version

    fix = "pip install --upgrade 'inference>=1.8,<2'"
    try:
        found = version("inference")
    except PackageNotFoundError:
        # a choice: the bundled encoder needs neither Inference nor torch
        return Check(Level.WARN, "Inference", "CLIP is not installed; sketch runs without it", fix)
    code = (
        "from paintcam.encoders.weights import prepare_environment\n"
        "from paintcam.encoders.without_env_file import without_env_file\n"
        "prepare_environment()\n"
        "with without_env_file():\n from inference.models import Clip"
    )
    try:
        ran = run_python(code, timeout_s=IMPORT_S)
    except subprocess.TimeoutExpired:
        return Check(Level.FAIL, "Inference", f"{found}: importing CLIP timed out", fix)
    if ran.returncode:
        last = (ran.stderr.decode(errors="replace").strip() or "no message").splitlines()[-1]
        return Check(Level.FAIL, "Inference", f"{found}: cannot import CLIP ({last})", fix)
    return Check(Level.OK, "Inference", found)


def runtime() -> Check:
    """Check ONNX Runtime and its execution providers."""
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
    """List ONNX Runtime's execution providers without the one that is a cloud service."""
    import onnxruntime

    return [name for name in onnxruntime.get_available_providers() if not name.startswith("Azure")]


def display() -> Check:
    """Check whether a window can open."""
    from paintcam.sinks.window import check_display

    try:
        check_display()
    except DisplayError as error:
        return Check(Level.WARN, "Display", error.what.rstrip("."), error.fix)
    except ImportError as error:
        return Check(Level.WARN, "Display", f"unknown ({error})", "see OpenCV")
    return Check(Level.OK, "Display", "a window can open")


def cameras() -> Check:
    """Check whether a camera opens."""
    from paintcam.sources.cameras import list_cameras
    from paintcam.sources.capture import quiet_backends

    quiet_backends()
    try:
        found = list_cameras()
    except ImportError:
        return Check(Level.WARN, "Cameras", "unknown (OpenCV cannot be imported)", "see OpenCV")
    usable = [camera for camera in found if not camera.trouble]
    if usable:
        names = ", ".join(f"{camera.index} {camera.name}".strip() for camera in usable)
        return Check(Level.OK, "Cameras", names)
    if found:
        names = "; ".join(f"{camera.index} {camera.name}: {camera.trouble}" for camera in found)
        return Check(Level.WARN, "Cameras", names, "paintcam cameras")
    return Check(
        Level.WARN,
        "Cameras",
        "none found",
        "Plug one in, or run `paintcam --prompt … --source video.mp4`.",
    )


def sketch() -> Check:
    """Load the bundled encoder."""
    from paintcam.encoders.sketch import SketchEncoder

    try:
        encoder = SketchEncoder()
    except ModelError as error:
        return Check(Level.FAIL, "sketch", error.what.rstrip("."), error.fix or REINSTALL)
    except ImportError as error:
        return Check(Level.FAIL, "sketch", f"cannot be imported ({error})", REINSTALL)
    return Check(Level.OK, encoder.info.name, "bundled and complete")


def clip() -> Check:
    """Check CLIP's weights by the length of their files."""
    from paintcam.encoders.weights import (
        DEFAULT_VARIANT,
        INT8_VARIANTS,
        VARIANTS,
        cache_root,
        is_cached,
        pull_command,
    )

    try:
        cached = [name for name in (*VARIANTS, *INT8_VARIANTS) if is_cached(name)]
    except ModelError as error:
        return Check(Level.FAIL, "clip", error.what.rstrip("."), pull_command(DEFAULT_VARIANT))
    if cached:
        found = f"{', '.join(cached)} in {cache_root()}; engine: onnx, or inference on request"
        return Check(Level.OK, "clip", found)
    return Check(
        Level.WARN,
        "clip",
        f"weights not installed (about {VARIANTS[DEFAULT_VARIANT].megabytes} MB)",
        pull_command(DEFAULT_VARIANT),
    )


def guards() -> Check:
    """Check which guards run with which encoder; the classifier is opened."""
    from paintcam.judge.nsfw import open_classifier

    if open_classifier() is not None:
        return Check(Level.OK, "Guards", "handwriting and nsfw, with every encoder")
    return Check(
        Level.WARN,
        "Guards",
        "handwriting with every encoder; nsfw only with clip",
        "pip install 'paintcam[nsfw]'",
    )


def fonts() -> Check:
    """Check which scripts the picture can show."""
    from paintcam.overlay.missing import font_package, scripts_without_font

    missing = scripts_without_font()
    if not missing:
        return Check(Level.OK, "Fonts", "for all common scripts")
    packages = " ".join(dict.fromkeys(map(font_package, missing)))
    linux = sys.platform == "linux"
    fix = f"sudo apt-get install {packages}" if linux else f"install {packages}"
    return Check(Level.WARN, "Fonts", f"none for {', '.join(missing)} (shown as dots)", fix)


def all_checks() -> Iterator[Check]:
    """Run the checks one by one, in the order of the report; the last one takes seconds."""
    from paintcam.cli.doctor.opencv import opencv

    for check in (
        python, runtime, opencv, display, cameras, fonts, sketch, clip, guards, inference
    ):  # fmt: skip
        yield check()
