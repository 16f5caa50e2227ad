"""A trial of a model that was downloaded: opened and run once, in a process that may crash.

The file may be anything: a loop without end, a function that unfolds to gigabytes, or something
that ONNX Runtime crashes on. So the process has limits of time and memory, and no other process
opens the file before.
"""

from __future__ import annotations

import contextlib
import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from paintcam.encoders.isolated import run_python
from paintcam.encoders.onnxfile import has_external_data
from paintcam.errors import WITHOUT_CLIP, ModelError
from paintcam.text import clean_text

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

__all__ = ["check_clip_part", "open_error", "trial_error"]

TRIAL_S = 120.0
"""Longest time that a child process may take to open a model and run it once."""
TRIAL_MEMORY = 2 << 30, 4
"""Memory that it may take, in bytes and in lengths of the file: real models take half of it."""

# One thread each: with a hundred cores, the stacks and buffers of a hundred would take the memory.
TRIAL_CODE = (
    "import os; os.environ['OPENBLAS_NUM_THREADS'] = '1';"
    "from pathlib import Path; from paintcam.encoders.onnx_trial import trial_error;"
    "sys.stdout.buffer.write(trial_error(Path(sys.argv[1])).encode())"
)
_BEFORE = r"^\[ONNXRuntimeError\] : \d+ : \w+ : (?:Load model from .*? failed:)?"
MOST_EDGE = 1024  # of the picture that a model takes, pixels
MOST_DIM = 4096  # of the embeddings; the largest CLIP has 1024
MOST_WORDS = 300  # characters of an error that a file can make as long as it likes


def open_error(path: Path) -> str:
    """Open a model with ONNX Runtime; return what is wrong with it, or "" if it opens.

    A malicious file can end the process: see `check_clip_part`.
    """
    opened = _opened(path)
    return opened if isinstance(opened, str) else ""


def trial_error(path: Path) -> str:
    """Open a model and run it once, as a run would; return what is wrong with it, or "".

    A malicious file can end the process: see `check_clip_part`.
    """
    with contextlib.suppress(ImportError, OSError, ValueError):  # a system without such limits
        import resource

        least, times = TRIAL_MEMORY
        most = least + times * path.stat().st_size
        resource.setrlimit(resource.RLIMIT_DATA, (most, most))
    session = _opened(path)
    is_visual = path.name.startswith("visual")
    return session if isinstance(session, str) else _run_error(session, is_visual)


def _trial_error_in_child(path: Path) -> str:
    """Try a model in a separate process, which a malicious file may crash; see `trial_error`."""
    try:
        ran = run_python(TRIAL_CODE, str(path), timeout_s=TRIAL_S)
    except subprocess.TimeoutExpired:
        return f"it did not open and run within {TRIAL_S:.0f} s"
    if ran.returncode:
        return f"it crashed the process that opened it (code {ran.returncode})"
    return ran.stdout.decode(errors="replace")


def check_clip_part(path: Path) -> None:
    """Refuse a download that is not a half of CLIP.

    Raises:
        ModelError: ONNX Runtime does not open it, or it does not turn a picture or a text into an
            embedding.
    """
    if reason := _trial_error_in_child(path):
        name = path.name.removesuffix(".part")
        raise ModelError(
            f"The downloaded {name} is not a valid CLIP model ({reason}). It was removed.",
            fix=f"Run the same command again, or {WITHOUT_CLIP}.",
        )


def _opened(path: Path) -> InferenceSession | str:
    """Open a model; return a text that says what is wrong if it does not open."""
    try:
        if has_external_data(path):
            return "it loads weights from outside the file"
    except (OSError, ValueError) as error:
        return f"not an ONNX model: {error}"
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    # otherwise a file that begins like ONNX Runtime's own format is read as that
    options.add_session_config_entry("session.load_model_format", "ONNX")
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime's errors share no narrower public base
        return _plain(error)


def _run_error(session: InferenceSession, is_visual: bool) -> str:
    """Run a half of CLIP on a blank picture or text; return what is wrong, or ""."""
    import numpy as np

    unexpected = "unexpected inputs or outputs"
    kinds = {"tensor(float)": "f4", "tensor(float16)": "f2"}
    usual: tuple[int, ...] = (1, 3, 224, 224)
    if not is_visual:
        kinds, usual = {"tensor(int32)": "i4", "tensor(int64)": "i8"}, (1, 77)
    entries = session.get_inputs()
    if len(entries) != 1 or not session.get_outputs() or entries[0].type not in kinds:
        return unexpected
    sizes = [size if isinstance(size, int) else None for size in entries[0].shape]
    if len(sizes) != len(usual):
        return unexpected
    shape = [mine or other for mine, other in zip(sizes, usual, strict=True)]
    if not all(0 < size <= MOST_EDGE for size in shape):
        return unexpected
    try:
        first = session.run(None, {entries[0].name: np.zeros(shape, kinds[entries[0].type])})[0]
    except Exception as error:  # as above
        return f"it does not run: {_plain(error)}"
    if not isinstance(first, np.ndarray) or first.dtype.kind != "f":
        return unexpected
    if first.ndim != 2 or len(first) != shape[0] or not 1 <= first.shape[1] <= MOST_DIM:
        return unexpected
    return "" if np.isfinite(first).all() else "its embeddings are not finite"


def _plain(error: Exception) -> str:
    """Return an error of ONNX Runtime without the codes and the path before it."""
    words = clean_text((str(error).strip() or type(error).__name__).splitlines()[0])
    return re.sub(_BEFORE, "", words)[:MOST_WORDS]
