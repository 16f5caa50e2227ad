"""What the scorer needs of a judge."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from paintcam.frames import Frame
from paintcam.judge.explain import Explaining
from paintcam.judge.patch_map import PatchExplaining
from paintcam.judge.verdict import Verdict

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

__all__ = ["FrameJudge"]


class FrameJudge(Protocol):
    """What the scorer needs of a judge; `paintcam.judge.judge.Judge` is one."""

    def judge(self, frames: Sequence[Frame]) -> list[Verdict]:
        """Judge frames in order; frames without a usable embedding are left out."""

    def set_prompt(self, prompt: str) -> None:
        """Judge against another prompt from now on.

        Raises:
            PromptError: The encoder cannot take it; the old prompt stays.
        """

    def explain(
        self, frame: Frame, region: npt.NDArray[np.float32] | None = None
    ) -> Explaining | PatchExplaining | None:
        """Begin to explain a frame's score; None if it cannot be explained."""

    @property
    def guards_pending(self) -> bool:
        """Whether guards are still being built."""

    def build_guards(self) -> bool:
        """Do a piece of building them.

        Returns:
            Whether they run from now on.
        """
