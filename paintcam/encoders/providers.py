"""Which hardware ONNX Runtime uses: its execution providers, and how a session is opened.

CUDA is used by default where it runs, everything else on request alone. CoreML above all: it takes
CLIP apart into 97 pieces, which measured three to four times slower than the CPU and froze Macs.
"""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from paintcam.encoders.mapped_weights import mapped_model
from paintcam.errors import ModelError, UsageError

if TYPE_CHECKING:
    from onnxruntime import InferenceSession, SessionOptions

__all__ = [
    "PROVIDERS",
    "Opened",
    "available_providers",
    "checked_provider",
    "open_session",
    "threads",
]

PROVIDERS = {
    "cpu": "CPUExecutionProvider",
    "cuda": "CUDAExecutionProvider",
    "tensorrt": "TensorrtExecutionProvider",
    "rocm": "ROCMExecutionProvider",
    "migraphx": "MIGraphXExecutionProvider",
    "directml": "DmlExecutionProvider",
    "openvino": "OpenVINOExecutionProvider",
    "coreml": "CoreMLExecutionProvider",
}
"""Our name of a provider → ONNX Runtime's."""
FEW_CORES = 4
"""On so few cores, drawing the picture takes a noticeable part of one."""
WEIGHTS_FOLDER = "session.model_external_initializers_file_folder_path"


@dataclass(frozen=True, slots=True)
class Opened:
    """A session, and what runs it.

    Attributes:
        session: Ready to run.
        provider: One of `PROVIDERS`.
        note: A message for the user, such as a fallback; usually empty.
    """

    session: InferenceSession
    provider: str
    note: str = ""


def available_providers() -> tuple[str, ...]:
    """Return the names from `PROVIDERS` that the installed ONNX Runtime was built with."""
    import onnxruntime

    built = set(onnxruntime.get_available_providers())
    return tuple(name for name, full in PROVIDERS.items() if full in built)


def checked_provider(provider: str | None) -> str:
    """Resolve a provider's name: an argument, else `PAINTCAM_PROVIDER`, else "auto".

    Raises:
        UsageError: There is no such provider.
    """
    name = (provider or os.environ.get("PAINTCAM_PROVIDER") or "auto").lower()
    if name != "auto" and name not in PROVIDERS:
        raise UsageError(
            f'Unknown provider "{name}".',
            fix=f"Choose auto or one of {', '.join(PROVIDERS)}.",
            parameter="provider",
        )
    return name


def open_session(
    model: Path | bytes, provider: str = "auto", *, cores: int = 0, brief: bool = False
) -> Opened:
    """Open an ONNX model.

    Args:
        model: The file, which must have no data outside it, or its content.
        provider: One of `PROVIDERS`, or "auto": CUDA if it runs, otherwise the CPU.
        cores: The most cores that the session may use; 0 for all.
        brief: It will run a few times only: open it twice as fast, for runs that are a third
            slower.

    Raises:
        ModelError: The provider is not installed or does not run here.
        Exception: Whatever ONNX Runtime raises for a model that it cannot open.
    """
    here = available_providers()
    options = _options(cores, brief)
    if provider == "auto":
        if "cuda" not in here:
            return Opened(_open(model, "cpu", options), "cpu")
        try:
            session = _open(model, "cuda", options)
        except Exception as error:  # ONNX Runtime's errors share no narrower public base
            session, reason = _open(model, "cpu", options), str(error).strip().splitlines()[:1]
        else:
            if _runs_on(session, "cuda"):
                return Opened(session, "cuda")
            reason = []
        because = f" ({reason[0]})" if reason else ""
        return Opened(
            session, "cpu", f"CUDA does not work on this machine{because}. Using the CPU."
        )
    if provider not in here:
        raise ModelError(
            f"The installed ONNX Runtime has no provider {provider} (it has {', '.join(here)}).",
            fix="Choose one that it has, or install the ONNX Runtime package that has it.",
        )
    session = _open(model, provider, options)
    if not _runs_on(session, provider):
        raise ModelError(
            f"The provider {provider} does not run on this machine.",
            fix="Check its driver, or choose auto or cpu.",
        )
    return Opened(session, provider)


def _open(model: Path | bytes, provider: str, options: SessionOptions) -> InferenceSession:
    import onnxruntime

    names = [PROVIDERS[provider]]
    if provider != "cpu":
        names.append(PROVIDERS["cpu"])  # takes what the provider cannot run
    if isinstance(model, Path):
        options.add_session_config_entry(WEIGHTS_FOLDER, str(model.absolute().parent))
        # an ONNX Runtime that does not know this option, and what is no model, fail here
        with contextlib.suppress(Exception):
            mapped = mapped_model(model)
            return onnxruntime.InferenceSession(mapped, options, providers=names)
    opened = str(model) if isinstance(model, Path) else model
    return onnxruntime.InferenceSession(opened, options, providers=names)


def _runs_on(session: InferenceSession, provider: str) -> bool:
    # ONNX Runtime falls back to the CPU without an error if a driver is missing
    return PROVIDERS[provider] in session.get_providers()


def _options(cores: int, brief: bool) -> SessionOptions:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    # otherwise a file that begins like ONNX Runtime's own format is read as that
    options.add_session_config_entry("session.load_model_format", "ONNX")
    options.intra_op_num_threads = threads(cores)
    # Waiting threads sleep: spinning takes the processor from the picture and the sheet finder.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    # Gives back the memory that the weights took before they were rearranged.
    options.add_session_config_entry("session.use_device_allocator_for_initializers", "1")
    # Rearranging the weights takes as long as several runs gain by it.
    options.add_session_config_entry("session.disable_prepacking", str(int(brief)))
    # Weights that are stored as int8 become float once, and not again for every picture.
    options.add_session_config_entry("session.disable_quant_qdq", "1")
    return options


def threads(cores: int = 0) -> int:
    """Return how many threads a session uses.

    Args:
        cores: The most cores that it may use; 0 for all.
    """
    if hasattr(os, "sched_getaffinity"):
        here = max(1, len(os.sched_getaffinity(0)))
    else:
        here = os.cpu_count() or 1
    if cores:
        return min(cores, here)
    # Every step waits for its slowest thread, which is the one that shares its core with the
    # picture. With more threads than cores, the other cores take over a part of its work.
    return 2 * here if here <= FEW_CORES else here
