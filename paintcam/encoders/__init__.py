"""Encoders: pictures and texts into one space of unit-norm embeddings."""

from __future__ import annotations

from paintcam.encoders.base import Encoder, Progress
from paintcam.errors import ModelError

__all__ = ["load_encoder", "resolve_model"]


def resolve_model(name: str) -> str:
    """Give an encoder's full name without loading it.

    Args:
        name: As `--model` takes it: "auto", "sketch", "clip" or "clip:VARIANT".

    Returns:
        "sketch" or "clip:VARIANT"; for "auto", CLIP where its weights are cached, else sketch.

    Raises:
        ModelError: No such encoder.
    """
    from paintcam.encoders.weights import DEFAULT_VARIANT, VARIANTS, is_cached

    if name == "auto":
        return f"clip:{DEFAULT_VARIANT}" if is_cached(DEFAULT_VARIANT) else "sketch"
    kind, _, variant = name.partition(":")
    if name == "sketch" or (kind == "clip" and (variant or name) in {"clip", *VARIANTS}):
        return name if name != "clip" else f"clip:{DEFAULT_VARIANT}"
    choices = ", ".join(["auto", "sketch", "clip", *(f"clip:{known}" for known in VARIANTS)])
    raise ModelError(
        f"Unknown model {name!r}. Choose one of {choices}; `paintcam models` lists them."
    )


def load_encoder(
    name: str, *, fetch: bool = False, progress: Progress | None = None, apart: bool = False
) -> Encoder:
    """Load an encoder; seconds for CLIP, a fraction of one for sketch.

    Args:
        name: As `--model` takes it: "auto", "sketch", "clip" or "clip:VARIANT".
        fetch: Download CLIP's weights first where they are not cached.
        progress: Told how far that download is.
        apart: Run CLIP in a process of its own. Loading it holds Python's lock for a second and
            more at a time, which would freeze a live picture in this process.

    Returns:
        An encoder that is ready to run.

    Raises:
        ModelError: No such encoder, or its weights are missing, damaged or out of reach.
    """
    resolved = resolve_model(name)
    if resolved == "sketch":
        from paintcam.encoders.sketch import SketchEncoder

        return SketchEncoder()
    from paintcam.encoders.pull import pull
    from paintcam.encoders.weights import is_cached

    variant = resolved.partition(":")[2]
    if fetch and not is_cached(variant):
        pull(variant, progress)
    if apart:
        from paintcam.encoders.child_process import EncoderApart

        return EncoderApart(resolved)
    from paintcam.encoders.clip import ClipEncoder

    return ClipEncoder(variant)
