"""Checks of a run's options, before anything opens."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from paintcam.errors import UsageError

if TYPE_CHECKING:
    from paintcam.cli.run_options import RunOptions

__all__ = ["LIMITS", "check_number", "check_options"]

LIMITS = {
    "seconds": 7 * 86_400.0,
    "width": 16_384,
    "height": 16_384,
    "fps": 1_000.0,
    "smoothing": 3_600.0,
    "window": 3_600.0,
}
"""Largest values of the numeric options."""


def check_number(
    name: str,
    value: float,
    *,
    most: float,
    above: float | None = None,
    least: float = -math.inf,
    fix: str = "",
) -> None:
    """Refuse a number outside its range.

    Raises:
        UsageError: It is not greater than `above`, less than `least`, more than `most`, or NaN.
    """
    if above is not None and not value > above:
        wrong = f"must be greater than {above:g}"
    elif not value >= least:
        wrong = f"must be {least:g} or more"
    elif value > most:
        wrong = f"must be at most {most:g}"
    else:
        return
    raise UsageError(f"{name} {wrong} (got {value:g}).", fix=fix, parameter=name)


def check_options(options: RunOptions) -> None:
    """Refuse what cannot work before anything opens.

    Raises:
        UsageError: No prompt and no labels, both, a number out of its range, an unknown guard or
            provider.
        PromptError: The prompt or a label is blank.
    """
    from paintcam.encoders.providers import checked_provider
    from paintcam.judge.checks import check_guards, check_question, check_range

    check_question(options.prompt, options.labels)
    check_guards(options.no_guards)
    checked_provider(options.provider)
    if options.score_range is not None:
        check_range(options.score_range)
    for name in ("seconds", "width", "height", "fps"):
        value = getattr(options, name)
        if value is not None:
            check_number(name, value, above=0, most=LIMITS[name])
    check_number("smoothing", options.smoothing, least=0, most=LIMITS["smoothing"])
    check_number(
        "window",
        options.window,
        least=0,
        most=LIMITS["window"],
        fix="Use 0 to rank the raw maximum.",
    )
