"""The options of a run, checked before anything opens."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from paintcam.cli.options import Crop, View
from paintcam.contest.fair_maximum import WINDOW_S
from paintcam.errors import UsageError

if TYPE_CHECKING:
    from paintcam.encoders.base import ScoreRange
    from paintcam.judge.judge import Judge

__all__ = ["Notes", "RunOptions", "check_options", "check_prompt"]


@dataclass
class RunOptions:
    """The options of `run`, and of the commands that are runs."""

    prompt: str | None
    model: str = "auto"
    source: str = "0"
    labels: Sequence[str] = ()
    score_range: ScoreRange | None = None
    no_guards: Sequence[str] = ()
    crop: Crop = Crop.AUTO
    view: View = View.AUTO
    record: Path | None = None
    json: bool = False
    every_frame: bool = False
    mirror: bool = False
    fullscreen: bool = False
    width: int | None = None
    height: int | None = None
    fps: float | None = None
    backend: str | None = None
    seconds: float | None = None
    smoothing: float = 0.0
    snapshot: Path | None = None
    window: float = WINDOW_S
    notes: list[str] = field(default_factory=list)
    """Said in the terminal, and on the picture for some seconds."""
    told: list[str] = field(default_factory=list)
    """Said in the terminal alone: not for the audience."""
    on_judge: Callable[[str, Judge], None] | None = None
    """Called in the scorer's thread with the encoder's name and its judge once they are there."""


class Notes:
    """Messages that may come before there is a picture to put them on."""

    def __init__(self) -> None:
        """Wait for somebody to listen."""
        self._waiting: list[str] = []
        self._listener: Callable[[str], None] | None = None

    def say(self, text: str) -> None:
        """Say it, or keep it until somebody listens."""
        if self._listener is None:
            self._waiting.append(text)
        else:
            self._listener(text)

    def to(self, listener: Callable[[str], None]) -> None:
        """Say it all, and what comes, to this one."""
        self._listener = listener
        for text in self._waiting:
            listener(text)
        self._waiting.clear()


def check_prompt(prompt: str | None, labels: Sequence[str] = ()) -> None:
    """Refuse a prompt or labels that cannot be judged against, before anything opens.

    Raises:
        UsageError: The prompt is missing, blank, or given with labels; one label, or one twice.
        PromptError: A label is blank.
    """
    if prompt is None and not labels:
        raise UsageError(
            'What should the drawing show? Add --prompt "a gorilla gardening with grapes".'
        )
    if prompt is not None and labels:
        raise UsageError("Pass --prompt or --label, not both: a run scores, or it tells apart.")
    if prompt is not None and not prompt.strip():
        raise UsageError(
            f'The prompt {prompt!r} is blank. Say what to draw: --prompt "a house with a garden".'
        )
    if labels:
        from paintcam.judge.judge import checked_labels

        checked_labels(labels)


def check_options(options: RunOptions) -> None:
    """Refuse what cannot work before anything opens.

    Raises:
        UsageError: A number out of its range, an unknown guard, or what `check_prompt` refuses.
        PromptError: A label is blank.
    """
    check_prompt(options.prompt, options.labels)
    if options.no_guards:
        from paintcam.judge.make import GUARDS

        if unknown := sorted(set(options.no_guards) - set(GUARDS)):
            raise UsageError(f"No guard is called {unknown[0]!r}. There are: {', '.join(GUARDS)}.")
    low, high = options.score_range or (0.0, 1.0)
    if not -math.inf < low < high < math.inf:
        raise UsageError(f"--range {low:g} {high:g}: LOW must be below HIGH, as in 0.08 0.48.")
    for name in ("seconds", "width", "height", "fps"):
        value = getattr(options, name)
        if value is not None and not 0 < value < math.inf:
            raise UsageError(f"--{name} {value:g} is no use: give a number above 0.")
    if not 0 <= options.smoothing < math.inf:
        raise UsageError(f"--smoothing {options.smoothing:g}: give seconds, 0 or more.")
    if not 0 <= options.window < math.inf:
        raise UsageError(
            f"A window of {options.window:g} seconds cannot be. Pass `--window 0.5`, or 0 for the "
            "raw maximum."
        )
