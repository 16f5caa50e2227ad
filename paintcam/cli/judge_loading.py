"""Load encoder, guards and sheet finder as a command's options say."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from paintcam.cli.options import Crop

if TYPE_CHECKING:
    from paintcam.cli.run_options import RunOptions
    from paintcam.encoders import Loading
    from paintcam.encoders.base import Progress
    from paintcam.judge.judge import Judge
    from paintcam.judge.make import Pictures
    from paintcam.run.state import RunState

__all__ = ["load_judge", "slow_hint", "start_encoder"]


def start_encoder(model: str, options: RunOptions) -> Loading:
    """Start to load a live run's encoder; the options are checked."""
    from paintcam.encoders import start_loading

    return start_loading(
        model, engine=options.engine.value, provider=options.provider, texts=_first_texts(options)
    )


def load_judge(
    model: str,
    options: RunOptions,
    pictures: Pictures,
    progress: Progress | None = None,
    *,
    loading: Loading | None = None,
    score_first: bool = False,
) -> tuple[Judge, list[str]]:
    """Load encoder, guards and sheet finder; the options are checked.

    CLIP's weights are downloaded first if they are missing. A calibrated range replaces the
    encoder's own. `loading` is an encoder that was started before. With `score_first`, guards may
    follow after the first verdict.

    Returns:
        The judge, and what a person should know about it.
    """
    from paintcam.encoders import load_encoder
    from paintcam.judge.calibration import stored_range
    from paintcam.judge.checks import GUARDS
    from paintcam.judge.make import NSFW_MISSING, make_judge, nsfw_can_run

    guards = [guard for guard in GUARDS if guard not in options.no_guards]
    if loading is not None:
        encoder = loading(progress)
    else:
        encoder = load_encoder(
            model,
            fetch=True,
            progress=progress,
            engine=options.engine.value,
            provider=options.provider,
            texts=_first_texts(options),
        )
    judge = make_judge(
        encoder,
        options.prompt,
        labels=options.labels,
        score_range=options.score_range or stored_range(encoder),
        guards=guards,
        crop=options.crop is Crop.AUTO,
        pictures=pictures,
        score_first=score_first,
    )
    missing = "nsfw" in guards and not nsfw_can_run(encoder)
    return judge, [*encoder.info.notes, *([NSFW_MISSING] if missing else [])]


def _first_texts(options: RunOptions) -> tuple[str, ...]:
    return tuple(options.labels) or tuple(filter(None, [options.prompt]))


def slow_hint(state: RunState) -> Callable[[float], None]:
    """Recommend a faster encoder if paintcam chose the current one."""

    def show(seconds: float) -> None:
        state.note(
            f"A frame takes {1000 * seconds:.0f} ms. For a faster CLIP, run "
            "`paintcam models pull clip:ViT-B-32`, then pass `--model clip:ViT-B-32`."
        )

    return show
