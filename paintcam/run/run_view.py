"""The run at one moment, for drawing and saving it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from paintcam.judge.explain import Explanation
from paintcam.judge.verdict import Verdict
from paintcam.run.session import Standing

__all__ = ["RunView"]


@dataclass(frozen=True, slots=True)
class RunView:
    """The run at one moment. Immutable: any thread may keep it.

    Attributes:
        prompt: What the drawing should show.
        model: The encoder's name, as drawn.
        guards: Names of the guards that are running.
        engine: What runs the encoder, such as "onnx on cpu"; empty until it is loaded.
        loading: What the picture says until the model is loaded.
        verdict: The newest verdict on the current prompt; None before the first one.
        standing: The session after that verdict; None before the first one.
        best: Best score of the current prompt, 0…100; None while nothing counts.
        blocked: Whether the newest verdict was blocked by a guard, on whatever prompt.
        scored: Number of verdicts in this run.
        scored_fps: Verdicts per second.
        results: Prompt → its best, in the order in which the prompts were drawn.
        notes: Messages that are on the picture now.
        explanation: Why the frozen picture scored; None if that is not shown.
    """

    prompt: str
    model: str
    guards: tuple[str, ...] = ()
    engine: str = ""
    loading: str = ""
    verdict: Verdict | None = None
    standing: Standing | None = None
    best: float | None = None
    blocked: bool = False
    scored: int = 0
    scored_fps: float = 0.0
    results: Mapping[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    explanation: Explanation | None = None
