"""The errors that paintcam raises for users.

PaintcamError
├── UsageError        an option or argument that cannot work
├── SourceError       a camera, stream, file or picture that cannot be read
├── ModelError        an encoder's weights are missing, damaged or foreign
│   ├── PromptError   a prompt that the encoder cannot take
│   └── UnavailableError  a server that does not answer now
├── DisplayError      no window can be opened
├── SinkError         a recording or snapshot that cannot be written
└── LeaderboardError  the scores' database cannot be used

An error has two parts: `what` failed, with the value, and the `fix`, which starts with a verb.
Leaves raise; one place in `paintcam.cli` and one in `paintcam.web` catch. Neither part names a
command-line option: `parameter` names the Python parameter, and the command line shows its option.
"""

from __future__ import annotations

from typing import Any

__all__ = [
    "CHECK_MACHINE",
    "LIST_CAMERAS",
    "OTHER_DATABASE",
    "REINSTALL",
    "UPDATE",
    "WITHOUT_CLIP",
    "WITHOUT_WINDOW",
    "DisplayError",
    "LeaderboardError",
    "ModelError",
    "PaintcamError",
    "PromptError",
    "SinkError",
    "SourceError",
    "UnavailableError",
    "UsageError",
]


WITHOUT_CLIP = "pass `--model sketch`"
WITHOUT_WINDOW = "pass `--view none --record talk.mp4`"
OTHER_DATABASE = "pass `--database sqlite:///OTHER.sqlite3` (or set PAINTCAM_DATABASE)"
LIST_CAMERAS = "Run `paintcam cameras` to list cameras, or pass `--source video.mp4`."
CHECK_MACHINE = f"Run `paintcam doctor` to check this machine, or {WITHOUT_CLIP}."
REINSTALL = "Run `pip install --force-reinstall --no-deps .` in paintcam's folder."
UPDATE = "Run `git pull && pip install --no-deps .` in paintcam's folder"
"""Advice that several errors give, as whole sentences or as clauses to join."""


class PaintcamError(Exception):
    """The base of every error that paintcam raises on purpose.

    Args:
        what: What failed, with the value, as a sentence.
        fix: What to do next, as a sentence that starts with a verb. If it is empty, the command
            line adds its own for this kind of error.
        parameter: The parameter that `what` names, or several, separated by spaces. The command
            line shows its options instead: "seconds must be …" becomes "--seconds must be …".

    Example:
        >>> from paintcam import SourceError
        >>> print(SourceError("Cannot open camera 1.", fix="Run `paintcam cameras`."))
        Cannot open camera 1. Run `paintcam cameras`.
    """

    def __init__(self, what: str, *, fix: str = "", parameter: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.fix = fix
        self.parameter = parameter

    def __str__(self) -> str:
        """Both parts in one line."""
        return f"{self.what} {self.fix}".rstrip()

    def __reduce__(self) -> tuple[Any, ...]:
        """Keep all parts when an error crosses a process."""
        return _rebuild, (type(self), self.what, self.fix, self.parameter)


def _rebuild(kind: type[PaintcamError], what: str, fix: str, parameter: str) -> PaintcamError:
    return kind(what, fix=fix, parameter=parameter)


class UsageError(PaintcamError):
    """An option or argument that cannot work.

    Example:
        >>> import paintcam
        >>> try:
        ...     paintcam.make_judge(paintcam.load_encoder("sketch"), "a house", guards=["spelling"])
        ... except paintcam.UsageError as error:
        ...     print(error.what)
        There is no guard named "spelling".
    """


class SourceError(PaintcamError):
    """A camera, stream, file or picture that cannot be read.

    Example:
        >>> import paintcam
        >>> try:
        ...     paintcam.score("nothing.png", "a house", model="sketch")
        ... except paintcam.SourceError as error:
        ...     print("nothing.png" in error.what)
        True
    """


class ModelError(PaintcamError):
    """An encoder's weights are missing, damaged or foreign.

    Example:
        >>> import paintcam
        >>> try:
        ...     paintcam.load_encoder("no-such-model")
        ... except paintcam.ModelError as error:
        ...     print("no-such-model" in error.what)
        True
    """


class PromptError(ModelError):
    """A prompt that the encoder cannot take: empty, too long.

    Example:
        >>> import paintcam
        >>> try:
        ...     paintcam.score("drawing.png", " ", model="sketch")
        ... except paintcam.PromptError:
        ...     print("blank")
        blank
    """


class UnavailableError(ModelError):
    """An encoder that cannot be reached now, and may be reached later: a server.

    Args:
        what: As for every `PaintcamError`.
        fix: As for every `PaintcamError`.
        words: The state for the picture, a few words.
    """

    def __init__(self, what: str, *, fix: str = "", parameter: str = "", words: str = "") -> None:
        super().__init__(what, fix=fix, parameter=parameter)
        self.words = words or "encoder unavailable, retrying…"


class DisplayError(PaintcamError):
    """No window can be opened.

    Example:
        >>> from paintcam import DisplayError, PaintcamError
        >>> issubclass(DisplayError, PaintcamError)
        True
    """


class SinkError(PaintcamError):
    """A recording or snapshot that cannot be written.

    Example:
        >>> import paintcam
        >>> from pathlib import Path
        >>> try:
        ...     paintcam.VideoFile(Path("talk.avi"), fps=lambda: 30.0)
        ... except paintcam.SinkError as error:
        ...     print("talk.avi" in error.what)
        True
    """


class LeaderboardError(PaintcamError):
    """The scores' database cannot be used.

    Example:
        >>> from paintcam import LeaderboardError, PaintcamError
        >>> issubclass(LeaderboardError, PaintcamError)
        True
    """
