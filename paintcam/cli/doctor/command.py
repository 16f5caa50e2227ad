"""`paintcam doctor`: checks this machine, and says how to mend it."""

from __future__ import annotations

import typer

from paintcam.cli.options import JsonOption
from paintcam.cli.report import print_json

__all__ = ["doctor"]


def doctor(as_json: JsonOption = False) -> int:
    """Check this machine: a line a check, each with the command that mends it; 1 on a FAIL."""
    from paintcam.cli.doctor.check import Level
    from paintcam.cli.doctor.checks import all_checks

    colours = {Level.OK: "green", Level.WARN: "yellow", Level.FAIL: "red"}
    worst = 0
    for check in all_checks():
        worst |= check.level is Level.FAIL
        if as_json:
            print_json(
                {
                    "type": "check",
                    "level": check.level.value,
                    "what": check.what,
                    "found": check.found,
                    "mend": check.mend,
                }
            )
            continue
        level = typer.style(f"{check.level.value:<4}", fg=colours[check.level], bold=True)
        typer.echo(f"{level} {check.what}: {check.found}")
        if check.mend:
            typer.echo(f"     → {check.mend}")
    return worst
