"""The command line: parse, wire, print. Nothing heavy is imported before a command runs."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from paintcam.cli.commands import app

__all__ = ["app", "main"]


def main() -> None:
    """Run the command line. Signals are watched before anything else is imported."""
    from paintcam.cli.signals import EXIT_CODE, check_stop, install

    install()
    try:
        from paintcam.cli.commands import run_app

        check_stop()
    except KeyboardInterrupt:
        sys.exit(EXIT_CODE)
    run_app()


def __getattr__(name: str) -> Any:  # noqa: ANN401 - the Typer application
    if name == "app":
        from paintcam.cli.commands import app

        return app
    raise AttributeError(f"module 'paintcam.cli' has no attribute {name!r}")
