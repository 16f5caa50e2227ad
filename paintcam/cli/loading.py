"""Loading encoder and judge in the scorer's thread, and telling how far it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from paintcam.cli.report import JsonReport, TextReport
    from paintcam.cli.wiring import RunOptions
    from paintcam.encoders import Progress
    from paintcam.scorer import FrameJudge
    from paintcam.stage import Stage

__all__ = ["judge_loader", "teller"]


def judge_loader(
    model: str, options: RunOptions, progress: Progress | None = None
) -> Callable[[], FrameJudge]:
    """What the scorer's thread calls to load encoder, guards and sheet finder.

    CLIP's weights are fetched first where they are missing.
    """

    def load() -> FrameJudge:
        from paintcam.encoders import load_encoder
        from paintcam.judging import make_judge

        judge = make_judge(
            load_encoder(model, fetch=True, progress=progress, apart=True),
            options.prompt,
            labels=options.labels,
            score_range=options.score_range,
            guards=options.guards,
            crop=options.crop,
        )
        if options.on_judge is not None:
            options.on_judge(model, judge)
        return judge

    return load


def teller(stage: Stage, report: JsonReport | TextReport) -> Progress:
    """Tell the audience and the terminal how far a download is."""
    told = -10

    def tell(done: int, total: int) -> None:
        nonlocal told
        percent = 100 * done // max(total, 1)
        stage.loading = f"downloading {stage.model}: {percent} %"
        if percent >= told + 10:
            told = percent
            report.note(f"{stage.loading} of {total >> 20} MiB")
        if done >= total:
            stage.loading = f"loading {stage.model}…"

    return tell
