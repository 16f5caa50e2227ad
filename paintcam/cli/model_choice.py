"""Which encoder `--model` means on this machine, now."""

from __future__ import annotations

import contextlib
import sys
from dataclasses import dataclass

import typer

__all__ = ["Choice", "choose_model"]


@dataclass(frozen=True)
class Choice:
    """The encoder of this run.

    Attributes:
        name: As `load_encoder` takes it: never "auto".
        notes: Messages about it, for a person.
    """

    name: str
    notes: tuple[str, ...] = ()


def choose_model(model: str, *, ask: bool) -> Choice:
    """Turn `--model` into an encoder's name.

    "auto" is CLIP if its weights are cached. If they are not, a person at a terminal is asked once
    whether to download them, provided that Roboflow can be reached. Otherwise it is the bundled
    encoder.

    Args:
        model: As `--model` takes it.
        ask: Whether the user may be asked.

    Raises:
        ModelError: No such encoder.
    """
    from paintcam.encoders import resolve_model

    name = resolve_model(model)
    if model != "auto" or name != "sketch":
        return Choice(name)
    if ask and sys.stdin.isatty() and sys.stderr.isatty() and _never_asked():
        from paintcam.encoders.pull import roboflow_in_reach
        from paintcam.encoders.weights import DEFAULT_VARIANT

        # a bad network must not delay the run
        if roboflow_in_reach(0.6) and _ask():
            return Choice(f"clip:{DEFAULT_VARIANT}")
    note = "Using the bundled sketch encoder. To install CLIP, run `paintcam models pull clip`."
    return Choice("sketch", (note,))


def _ask() -> bool:
    from paintcam.cli.signals import interruptible

    with interruptible():
        answer = typer.confirm(
            "CLIP's weights (600 MB) are not installed. Download them now? "
            "(No: use the bundled sketch encoder.)",
            default=False,
            err=True,
        )
    from paintcam.encoders.weights import cache_root

    root = cache_root()
    with contextlib.suppress(OSError):  # then the question comes again
        root.mkdir(parents=True, exist_ok=True)
        (root / "asked").touch(exist_ok=False)  # a link that is planted here is not followed
    return answer


def _never_asked() -> bool:
    from paintcam.encoders.weights import cache_root

    return not (cache_root() / "asked").exists()
