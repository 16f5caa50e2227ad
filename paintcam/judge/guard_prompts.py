"""The lists of prompts that guards compare with, read from `assets/guards/prompts.json`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from paintcam.encoders.base import Embeddings, Encoder
from paintcam.errors import REINSTALL, ModelError, PromptError, UsageError

__all__ = ["ASSETS", "damaged_asset", "embedded_prompts", "guard_prompts"]

ASSETS = Path(__file__).resolve().parent.parent / "assets" / "guards"


@cache
def guard_prompts(name: str) -> tuple[str, ...]:
    """Read one of the lists in `assets/guards/prompts.json`.

    Raises:
        ModelError: The file is missing or damaged, or has no such list.
    """
    path = ASSETS / "prompts.json"
    try:
        return tuple(str(prompt) for prompt in json.loads(path.read_text(encoding="utf-8"))[name])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise damaged_asset(path, error) from error


def damaged_asset(path: Path, error: Exception) -> ModelError:
    """Return the error for a bundled file that cannot be read."""
    return ModelError(
        f"Cannot read {path} ({error!r}).",
        fix=REINSTALL,
    )


def embedded_prompts(
    encoder: Encoder, name: str, prompts: Sequence[str] | None = None
) -> Embeddings:
    """Embed one of the guards' lists.

    Args:
        encoder: Embeds it.
        name: Of the list, and of the guard in an error.
        prompts: To embed instead of the bundled list.

    Returns:
        Unit-norm float32 (P, D).

    Raises:
        UsageError: There are no prompts.
        PromptError: One of them is blank or too long for the encoder.
    """
    texts = guard_prompts(name) if prompts is None else tuple(prompts)
    if not texts:
        raise UsageError(
            f"The {name} guard has no prompts.",
            fix=f"Pass at least one, or pass `--no-guard {name}`.",
        )
    try:
        return encoder.encode_text(texts)
    except PromptError as error:
        raise PromptError(
            f"The encoder cannot embed a prompt of the {name} guard: {error.what}",
            fix=f"Pass `--no-guard {name}`.",
        ) from error
