"""`paintcam score --explain`: a picture with a heat map, and the score of each noun."""

from __future__ import annotations

import errno
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from paintcam.errors import SinkError, UsageError

if TYPE_CHECKING:
    from paintcam.cli.run_options import RunOptions
    from paintcam.frames import Frame
    from paintcam.judge.explain import Explanation
    from paintcam.judge.judge import Judge

__all__ = ["check_explain", "explain_picture", "explanation_row"]


def check_explain(options: RunOptions, target: Path, pictures: Sequence[Path]) -> None:
    """Refuse what cannot be explained, before anything loads.

    Raises:
        UsageError: Labels, several pictures, or a file that is no picture or exists.
        SinkError: A name that no file can have, or in a folder that is missing.
    """
    from paintcam.sinks.new_file import check_name

    if options.labels:
        raise UsageError("explain needs a prompt.", fix="Pass `--prompt`.", parameter="explain")
    if len(pictures) != 1:
        raise UsageError(
            f"explain needs exactly one picture (got {len(pictures)}).",
            fix="Pass one picture file.",
            parameter="explain",
        )
    if target.suffix.lower() not in (".png", ".jpg", ".jpeg"):
        raise UsageError(
            f"explain cannot save a picture as {target.name} (unknown format).",
            fix="Pass a name that ends in .png or .jpg.",
            parameter="explain",
        )
    check_name(target)
    try:
        exists = target.is_symlink() or target.exists()
        if not target.parent.is_dir():
            raise NotADirectoryError(errno.ENOENT, f"no such folder: {target.parent}")
    except OSError as error:  # too long a name, too
        raise _cannot_write(target, error) from error
    if exists:
        raise UsageError(
            f"explain does not overwrite {target}.",
            fix="Pass a file that does not exist.",
            parameter="explain",
        )


def explain_picture(judge: Judge, frame: Frame, target: Path) -> Explanation | None:
    """Explain a picture's score, and save it with its heat map.

    Args:
        judge: That scored it.
        frame: The picture.
        target: A file that does not exist yet.

    Returns:
        The explanation; None if the score is too low to explain.

    Raises:
        SinkError: The file cannot be written.
        ModelError: The encoder cannot run.
    """
    import cv2

    from paintcam.cli.output import say
    from paintcam.cli.signals import check_stop
    from paintcam.run.hud import with_explanation

    explaining, explanation = judge.explain(frame), None
    while explaining is not None and explanation is None:
        check_stop()
        explanation = explaining.advance()
    if explanation is None or not explanation.readable:
        say("The score is too low to explain.")
        return None
    picture = with_explanation(frame.image, explanation)
    done, coded = cv2.imencode(target.suffix.lower(), picture)
    try:
        assert done  # BGR uint8 can always be coded
        with target.open("xb") as file:
            file.write(coded.tobytes())
    except OSError as error:
        raise _cannot_write(target, error) from error
    return explanation


def _cannot_write(target: Path, error: OSError) -> SinkError:
    return SinkError(f"Cannot write {target} ({error.strerror}).", fix="Pass another name.")


def explanation_row(explanation: Explanation | None) -> dict[str, Any]:
    """Return what `--json` adds: the grid, rows from the top, and the words with their scores."""
    if explanation is None:
        return {}
    grid = [[round(float(value), 3) for value in row] for row in explanation.grid]
    words = {one.word: round(one.score, 2) for one in explanation.words}
    return {"explain": {"grid": grid, "words": words}}
