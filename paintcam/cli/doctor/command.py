"""`paintcam doctor`: check this machine, and show how to fix it."""

from __future__ import annotations

import click

from paintcam.cli.options import JsonOption
from paintcam.cli.output import print_json, print_line
from paintcam.cli.signals import check_stop

__all__ = ["doctor"]


def doctor(as_json: JsonOption = False) -> int:
    """Check this machine, and show the command that fixes each problem.

    The exit code is 1 if a check fails.
    """
    from paintcam.cli.doctor.check import Level
    from paintcam.cli.doctor.checks import all_checks

    colours = {Level.OK: "green", Level.WARN: "yellow", Level.FAIL: "red"}
    worst = 0
    for check in all_checks():
        check_stop()
        worst |= check.level is Level.FAIL
        if as_json:
            print_json(
                {
                    "type": "check",
                    "level": check.level.value,
                    "what": check.what,
                    "found": check.found,
                    "fix": check.fix,
                    "mend": check.fix,  # its name in earlier versions
                }
            )
            continue
        level = click.style(f"{check.level.value:<4} ", fg=colours[check.level], bold=True)
        print_line(f"{check.what}: {check.found}", prefix=level)
        if check.fix:
            print_line(f"     → {check.fix}")
    return worst
