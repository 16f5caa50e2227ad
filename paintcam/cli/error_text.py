"""Errors in the words of the command line."""

from __future__ import annotations

import re

from paintcam.cli.options import flag_of
from paintcam.cli.run_options import RunOptions
from paintcam.errors import (
    CHECK_MACHINE,
    LIST_CAMERAS,
    OTHER_DATABASE,
    WITHOUT_WINDOW,
    PaintcamError,
)

__all__ = ["error_text"]

_FIXES = {
    "prompt": 'Pass a prompt, such as --prompt "a gorilla gardening with grapes".',
    "SourceError": LIST_CAMERAS,
    "ModelError": CHECK_MACHINE,
    "DisplayError": f"Check the display, or {WITHOUT_WINDOW}.",
    "SinkError": "Choose a file or folder that you can write to.",
    "LeaderboardError": f"Check the database, or {OTHER_DATABASE}.",
}


def error_text(error: PaintcamError) -> str:
    """Return an error's text for the command line, always with a fix."""
    what = error.what
    for name in error.parameter.split():
        what = re.sub(rf"(?<![\w-]){name}\b", flag_of(RunOptions, name), what, count=1)
    kinds = (kind.__name__ for kind in type(error).__mro__)
    fixes = (_FIXES.get(key, "") for key in (error.parameter, *kinds))
    return f"{what} {error.fix or next(filter(None, fixes), '')}".rstrip()
