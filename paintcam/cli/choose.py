"""Which encoder `--model auto` means on this machine, now."""

from __future__ import annotations

import os
import socket
import sys
from dataclasses import dataclass
from urllib.parse import urlsplit

import typer

__all__ = ["Choice", "choose_model"]

CLIP = "clip:ViT-B-16"
REACH_S = 0.8


@dataclass(frozen=True)
class Choice:
    """The encoder of this run.

    Attributes:
        name: As `load_encoder` takes it.
        notes: What a person should know about it.
    """

    name: str
    notes: tuple[str, ...] = ()


def choose_model(model: str, *, ask: bool) -> Choice:
    """Turn `--model` into an encoder's name; downloads weights where that was asked for.

    Args:
        model: "auto", or an encoder's name.
        ask: Whether somebody may be asked a question.

    Raises:
        ModelError: Unknown, or its weights cannot be fetched.
    """
    from paintcam.cli.models import pull_with_progress

    from paintcam.encoders import weights

    if model != "auto":
        name = weights.full_name(model)
        if not weights.is_cached(name):
            pull_with_progress(name)
        return Choice(name)
    if weights.is_cached(CLIP):
        return Choice(CLIP)
    if ask and sys.stdin.isatty() and sys.stderr.isatty() and not _asked() and _in_reach():
        _remember_asked()
        if typer.confirm(
            "CLIP's weights, 600 MB, are not here yet: download now? "
            "n scores with the bundled sketch encoder",
            default=False,
            err=True,
        ):
            pull_with_progress(CLIP)
            return Choice(CLIP)
    return Choice("sketch", ("bundled sketch encoder · for CLIP: paintcam models pull clip",))


def _in_reach() -> bool:
    """Whether Roboflow's API answers a connection; a bad network must not hold up the show."""
    url = urlsplit(os.environ.get("API_BASE_URL", "https://api.roboflow.com"))
    port = url.port or (80 if url.scheme == "http" else 443)
    try:
        with socket.create_connection((url.hostname or "", port), timeout=REACH_S):
            return True
    except OSError:
        return False


def _asked() -> bool:
    from paintcam.encoders import weights

    return (weights.cache_dir() / "asked-for-clip").exists()


def _remember_asked() -> None:
    from paintcam.encoders import weights

    weights.cache_dir().mkdir(parents=True, exist_ok=True)
    (weights.cache_dir() / "asked-for-clip").touch()
