"""Loading encoder and judge in the scorer's thread, and telling how far it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from paintcam.cli.options import Crop

if TYPE_CHECKING:
    from paintcam.cli.report import JsonReport, TextReport
    from paintcam.cli.run_options import RunOptions
    from paintcam.encoders.base import Progress
    from paintcam.judge.judge import Judge
    from paintcam.judge.make import Pictures
    from paintcam.run.state import RunState

__all__ = ["judge_loader", "teller"]


def judge_loader(
    model: str,
    options: RunOptions,
    pictures: Pictures,
    progress: Progress | None = None,
    loaded: Callable[[Judge, list[str]], None] = lambda _judge, _notes: None,
) -> Callable[[], Judge]:
    """What the scorer's thread calls to load encoder, guards and sheet finder; options are checked.

    CLIP's weights are fetched first where they are missing, and a calibrated range replaces the
    encoder's own. `loaded` gets the judge, and what a person should know about it.
    """

    def load() -> Judge:
        from paintcam.encoders import load_encoder
        from paintcam.judge.calibration import stored_range
        from paintcam.judge.make import GUARDS, NSFW_MISSING, make_judge

        wanted = [guard for guard in GUARDS if guard not in options.no_guards]
        encoder = load_encoder(model, fetch=True, progress=progress, apart=pictures != "stills")
        judge = make_judge(
            encoder,
            options.prompt,
            labels=options.labels,
            score_range=options.score_range or stored_range(encoder),
            guards=wanted,
            crop=options.crop is Crop.AUTO,
            pictures=pictures,
        )
        missing = "nsfw" in wanted and "nsfw" not in judge.active_guards
        loaded(judge, [NSFW_MISSING] if missing else [])
        if options.on_judge is not None:
            options.on_judge(model, judge)
        return judge

    return load


def teller(state: RunState, report: JsonReport | TextReport) -> Progress:
    """Tell the audience and the terminal how far a download is."""
    told = -10

    def tell(done: int, total: int) -> None:
        nonlocal told
        percent = 100 * done // max(total, 1)
        state.loading = f"downloading {state.model}: {percent} %"
        if percent >= told + 10:
            told = percent
            report.note(f"{state.loading} of {total >> 20} MiB")
        if done >= total:
            state.loading = f"loading {state.model}…"

    return tell
