"""Encoders: pictures and texts into one space of unit-norm embeddings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paintcam.errors import ModelError

if TYPE_CHECKING:
    from paintcam.encoders.base import Encoder, Progress

__all__ = ["load_encoder", "resolve_model"]


def resolve_model(name: str) -> str:
    """Find an encoder's full name without loading it.

    Args:
        name: As `--model` takes it: "auto", "sketch", "clip" or "clip:VARIANT".

    Returns:
        "sketch" or "clip:VARIANT"; for "auto", CLIP if its weights are cached, otherwise sketch.

    Raises:
        ModelError: There is no such encoder.
    """
    from paintcam.encoders.weights import DEFAULT_VARIANT, VARIANTS, is_cached

    if name == "auto":
        return f"clip:{DEFAULT_VARIANT}" if is_cached(DEFAULT_VARIANT) else "sketch"
    if name == "clip":
        return f"clip:{DEFAULT_VARIANT}"
    kind, _, variant = name.partition(":")
    if name == "sketch" or (kind == "clip" and variant in VARIANTS):
        return name
    choices = ", ".join(["auto", "sketch", "clip", *(f"clip:{known}" for known in VARIANTS)])
    raise ModelError(
        f"Unknown model {name!r}.",
        fix=f"Choose one of {choices}. Run `paintcam models` for details.",
    )


def load_encoder(
    name: str, *, fetch: bool = False, progress: Progress | None = None, apart: bool = False
) -> Encoder:
    """Load an encoder: seconds for CLIP, a fraction of a second for sketch.

    Args:
        name: As `--model` takes it: "auto", "sketch", "clip" or "clip:VARIANT".
        fetch: Download CLIP's weights first if they are not cached.
        progress: Called as that download proceeds.
        apart: Run CLIP in a child process. Loading it holds Python's lock for a second and more
            at a time, which would freeze a live picture in this process.

    Returns:
        An encoder that is ready to run.

    Raises:
        ModelError: There is no such encoder, or its weights are missing, damaged or cannot be
            downloaded.
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
        from paintcam.encoders.child_process import ChildProcessEncoder

        return ChildProcessEncoder(resolved)
    from paintcam.encoders.clip import ClipEncoder

    return ClipEncoder(variant)
