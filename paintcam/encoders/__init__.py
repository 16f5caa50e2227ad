"""Encoders: pictures and texts into one space of unit-norm embeddings."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeAlias

from paintcam.errors import ModelError, UsageError

if TYPE_CHECKING:
    from paintcam.encoders.base import Encoder, Progress
    from paintcam.encoders.child_process import ChildProcessEncoder

__all__ = ["ENGINES", "Loading", "load_encoder", "resolve_model", "start_loading"]

Loading: TypeAlias = "Callable[[Progress | None], Encoder]"
"""Waits until an encoder is loaded; takes what `load_encoder` calls as a download proceeds."""

ENGINES = ("onnx", "inference")
"""What can run CLIP's files."""


def resolve_model(name: str) -> str:
    """Find an encoder's full name without loading it.

    Args:
        name: As `--model` takes it: "auto", "sketch", "clip", "clip:VARIANT" or
            "server:http://HOST:PORT#VARIANT".

    Returns:
        "sketch", "clip:VARIANT" or "server:…"; for "auto", CLIP if its weights are cached, and
        otherwise sketch.

    Raises:
        ModelError: There is no such encoder.
    """
    from paintcam.encoders.weights import DEFAULT_VARIANT, INT8_VARIANTS, VARIANTS, is_cached

    if name == "auto":
        return f"clip:{DEFAULT_VARIANT}" if is_cached(DEFAULT_VARIANT) else "sketch"
    if name.startswith("server:"):
        from paintcam.encoders.server import server_name

        return server_name(name)
    if name == "clip":
        return f"clip:{DEFAULT_VARIANT}"
    kind, _, variant = name.partition(":")
    if name == "sketch" or (kind == "clip" and variant in (*VARIANTS, *INT8_VARIANTS)):
        return name
    known = (*VARIANTS, *INT8_VARIANTS)
    names = [*(f"clip:{variant}" for variant in known), "server:http://HOST:PORT"]
    choices = ", ".join(["auto", "sketch", "clip", *names])
    raise ModelError(
        f"Unknown model {name!r}.",
        fix=f"Choose one of {choices}. Run `paintcam models` for details.",
    )


def load_encoder(
    name: str,
    *,
    fetch: bool = False,
    progress: Progress | None = None,
    apart: bool = False,
    engine: str = "onnx",
    provider: str | None = None,
    texts: Sequence[str] = (),
) -> Encoder:
    """Load an encoder: seconds for CLIP, a fraction of a second for sketch.

    Args:
        name: As `--model` takes it: "auto", "sketch", "clip", "clip:VARIANT" or
            "server:http://HOST:PORT#VARIANT".
        fetch: Download CLIP's weights first if they are not cached.
        progress: Called as that download proceeds.
        apart: Run CLIP in a child process. Loading it holds Python's lock for a second and more
            at a time, which would freeze a live picture in this process.
        engine: One of `ENGINES`: "onnx" opens CLIP's files directly, "inference" runs them with
            `inference.models.Clip`.
        provider: What ONNX Runtime uses: "auto" (CUDA if it runs, otherwise the CPU) or a name
            from `paintcam.encoders.providers`. None reads `PAINTCAM_PROVIDER`, then "auto".
        texts: Texts that will be embedded first, such as the prompt: with them CLIP takes less
            memory.

    Returns:
        An encoder that is ready to run.

    Raises:
        ModelError: There is no such encoder, or its weights are missing, damaged or cannot be
            downloaded; or the provider does not run here.
        UsageError: There is no such engine or provider, or the engine does not run this encoder.

    Example:
        >>> import paintcam
        >>> paintcam.load_encoder("sketch").encode_text(["a house"]).shape
        (1, 516)
    """
    from paintcam.encoders.providers import checked_provider

    resolved = resolve_model(name)
    provider = checked_provider(provider)
    _check_engine(engine, resolved)
    if resolved == "sketch":
        from paintcam.encoders.sketch import SketchEncoder

        return SketchEncoder(provider="cpu" if provider == "auto" else provider)
    if resolved.startswith("server:"):
        from paintcam.encoders.server import ServerEncoder

        return ServerEncoder(resolved)
    from paintcam.encoders.pull import pull
    from paintcam.encoders.weights import is_cached

    variant = resolved.partition(":")[2]
    if fetch and not is_cached(variant):
        pull(variant, progress)
    if apart:
        child = _child(resolved, engine, provider, texts)
        return _loaded(child, resolved, engine, provider, texts)
    if engine == "inference":
        from paintcam.encoders.clip_inference import InferenceClipEncoder

        return InferenceClipEncoder(variant)
    from paintcam.encoders.clip import ClipEncoder

    return ClipEncoder(variant, provider, texts)


def start_loading(name: str, *, engine: str, provider: str, texts: Sequence[str]) -> Loading:
    """Start to load an encoder for a live picture, whose window opens meanwhile.

    CLIP loads in a child process from now on, if its weights are cached. Anything else is loaded,
    or downloaded first, when the result is called.

    Args:
        name: As `load_encoder` takes it.
        engine: As `load_encoder` takes it.
        provider: As `load_encoder` takes it.
        texts: As `load_encoder` takes them.

    Returns:
        A function that waits for the encoder and raises what `load_encoder` raises.

    Raises:
        ModelError: There is no such encoder.
        UsageError: There is no such engine or provider, or the engine does not run this encoder.
    """
    from paintcam.encoders.providers import checked_provider
    from paintcam.encoders.weights import is_cached

    resolved = resolve_model(name)
    provider = checked_provider(provider)
    _check_engine(engine, resolved)
    if resolved.startswith("clip:") and is_cached(resolved.partition(":")[2]):
        child = _child(resolved, engine, provider, texts)
        return lambda _progress: _loaded(child, resolved, engine, provider, texts)
    return lambda progress: load_encoder(
        resolved,
        fetch=True,
        progress=progress,
        apart=True,
        engine=engine,
        provider=provider,
        texts=texts,
    )


def _check_engine(engine: str, model: str) -> None:
    from paintcam.encoders.clip_variants import INT8

    if engine not in ENGINES:
        raise UsageError(
            f'Unknown engine "{engine}".',
            fix=f"Choose one of {', '.join(ENGINES)}.",
            parameter="engine",
        )
    if engine == "inference" and (not model.startswith("clip:") or model.endswith(INT8)):
        raise UsageError(
            f'The engine "inference" only runs CLIP\'s exact weights (the model is {model}).',
            fix="Pass `--model clip`, or leave out the engine.",
            parameter="engine",
        )


def _child(model: str, engine: str, provider: str, texts: Sequence[str]) -> ChildProcessEncoder:
    from paintcam.encoders.child_process import ChildProcessEncoder

    return ChildProcessEncoder(model, engine, provider, texts, wait=False)


def _loaded(
    child: ChildProcessEncoder, model: str, engine: str, provider: str, texts: Sequence[str]
) -> Encoder:
    from paintcam.encoders.child_process import ChildEndedError, ChildProcessEncoder

    try:
        child.wait()
        return child
    except ChildEndedError as ended:
        # A driver that is installed but broken may take the whole process down with it.
        if provider != "auto" or engine != "onnx":
            raise
        note = f"{ended.what} Using the CPU."
        return ChildProcessEncoder(model, engine, "cpu", texts, note=note)
