"""Everything paintcam raises for a person to read.

PaintcamError
├── UsageError        an option or argument that cannot work
├── SourceError       a camera, stream, file or picture that cannot be read
├── ModelError        an encoder's weights are missing, damaged or foreign
│   └── PromptError   a prompt that the encoder cannot take
├── DisplayError      no window can be opened
├── SinkError         a recording or snapshot that cannot be written
└── LeaderboardError  the scores' database cannot be used

A message says what failed, with which value, then the next command. Leaves raise; one place in
`paintcam.cli` catches, prints to stderr and exits 1.
"""

from __future__ import annotations

__all__ = [
    "DisplayError",
    "LeaderboardError",
    "ModelError",
    "PaintcamError",
    "PromptError",
    "SinkError",
    "SourceError",
    "UsageError",
]


class PaintcamError(Exception):
    """The base of every error that paintcam raises on purpose."""


class UsageError(PaintcamError):
    """An option or argument that cannot work."""


class SourceError(PaintcamError):
    """A camera, stream, file or picture that cannot be read."""


class ModelError(PaintcamError):
    """An encoder's weights are missing, damaged or foreign."""


class PromptError(ModelError):
    """A prompt that the encoder cannot take: empty, too long."""


class DisplayError(PaintcamError):
    """No window can be opened."""


class SinkError(PaintcamError):
    """A recording or snapshot that cannot be written."""


class LeaderboardError(PaintcamError):
    """The scores' database cannot be used."""
