"""Errors in the words of the command line."""

from __future__ import annotations

import re

from paintcam.cli.options import flag_of
from paintcam.cli.run_options import RunOptions
from paintcam.errors import CHECK_MACHINE, PaintcamError

__all__ = ["error_text"]

# Shown after an error that has no fix.
_FIXES = {
    "prompt": 'Pass a prompt, such as --prompt "a gorilla gardening with grapes".',
    "SourceError": "Run `paintcam cameras` to list cameras, or pass `--source video.mp4`.",
    "ModelError": CHECK_MACHINE,
    "DisplayError": "Pass `--view none`. Add `--record talk.mp4` to save the picture.",
    "SinkError": "Choose a file or folder that you can write to.",
    "LeaderboardError": "Pass `--database sqlite:///OTHER.sqlite3`, or set PAINTCAM_DATABASE.",
}


def error_text(error: PaintcamError) -> str:
    """Return an error's text for the command line, always with a fix."""
    what = error.what
    for name in error.parameter.split():
        what = re.sub(rf"(?<![\w-]){name}\b", flag_of(RunOptions, name), what, count=1)
    kinds = (kind.__name__ for kind in type(error).__mro__)
    fixes = (_FIXES.get(key, "") for key in (error.parameter, *kinds))
    return f"{what} {error.fix or next(filter(None, fixes), '')}".rstrip()
