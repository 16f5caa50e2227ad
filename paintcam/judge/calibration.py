"""The score range of an encoder, measured on your own drawings, and the file that keeps it."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import numpy.typing as npt

from paintcam.encoders.base import Encoder, ScoreRange
from paintcam.errors import UsageError
from paintcam.folders import expanded, read_json, write_atomically
from paintcam.frames import Image

__all__ = [
    "Calibration",
    "encoder_key",
    "forget",
    "measure",
    "ranges_file",
    "store",
    "stored_range",
]

BATCH = 16
LOW, HIGH = 50, 99  # percentiles: of pairs that do not match, and of pairs that do


@dataclass(frozen=True, slots=True)
class Calibration:
    """The similarities of drawings and prompts for one encoder.

    Attributes:
        matching: Similarity of each picture to its own prompt, float64 (N,).
        other: Similarity of each picture to every other prompt, float64 (N · (P − 1),).
    """

    matching: npt.NDArray[np.float64]
    other: npt.NDArray[np.float64]

    @property
    def score_range(self) -> ScoreRange:
        """The median of pairs that do not match, and the 99th percentile of pairs that do.

        Raises:
            UsageError: The encoder cannot distinguish these drawings.
        """
        low = round(float(np.percentile(self.other, LOW)), 4)
        high = round(float(np.percentile(self.matching, HIGH)), 4)
        if low >= high:
            raise UsageError(
                "This encoder cannot distinguish these drawings: matching pairs reach a similarity "
                f"of {high:g}, other pairs {low:g}.",
                fix="Check that the name of each folder describes its pictures.",
            )
        return low, high


def measure(encoder: Encoder, pictures: Iterable[tuple[str, Image]]) -> Calibration:
    """Compare every picture with every prompt.

    Args:
        encoder: The encoder to measure.
        pictures: Prompt and BGR uint8 (H, W, 3) picture of each drawing.

    Raises:
        UsageError: There are no pictures, or all are of one prompt.
        PromptError: A prompt is blank or too long for the encoder.
        ModelError: The encoder cannot run.
    """
    owners: list[str] = []
    parts = []
    for chunk in _batches(pictures):
        owners += [prompt for prompt, _ in chunk]
        parts.append(encoder.encode_image([picture for _, picture in chunk]))
    prompts = list(dict.fromkeys(owners))
    if len(prompts) < 2:
        raise UsageError(
            f"Calibrating needs drawings of at least two prompts ({len(prompts)} found).",
            fix="Create one subfolder per prompt, named like the prompt, with pictures in it.",
        )
    similarities = (np.concatenate(parts) @ encoder.encode_text(prompts).T).astype(np.float64)
    own = np.array([prompts.index(owner) for owner in owners])
    matches = own[:, None] == np.arange(len(prompts))
    # A picture without a usable embedding has a zero row, which is no measurement.
    usable = np.abs(similarities).sum(axis=1) > 0
    return Calibration(
        similarities[usable][matches[usable]], similarities[usable][~matches[usable]]
    )


def _batches(pictures: Iterable[tuple[str, Image]]) -> Iterator[list[tuple[str, Image]]]:
    rest = iter(pictures)
    while chunk := list(islice(rest, BATCH)):
        yield chunk


def encoder_key(encoder: Encoder) -> str:
    """Return name and version: a range holds for these weights only."""
    info = encoder.info
    return f"{info.name}@{info.version}" if info.version else info.name


def ranges_file() -> Path:
    """Return the file with the calibrated ranges; `PAINTCAM_DATA_DIR` overrides its folder."""
    if folder := os.environ.get("PAINTCAM_DATA_DIR"):
        return expanded(folder) / "ranges.json"
    from platformdirs import user_config_path

    return user_config_path("paintcam", appauthor=False) / "ranges.json"


def stored_range(encoder: Encoder) -> ScoreRange | None:
    """Return the calibrated range of exactly this encoder, or None.

    Raises:
        UsageError: The file is damaged.
    """
    return _read().get(encoder_key(encoder))


def store(encoder: Encoder, score_range: ScoreRange) -> Path:
    """Store a range for this encoder; those of others stay.

    Returns:
        The file.

    Raises:
        UsageError: The file is damaged or cannot be written.
    """
    return _write(_read() | {encoder_key(encoder): score_range})


def forget(name: str) -> list[str]:
    """Remove the stored ranges of an encoder in all its versions, without loading it.

    Args:
        name: The encoder's full name, as "sketch" or "clip:ViT-B-16".

    Returns:
        The removed keys, each with the encoder's version.

    Raises:
        UsageError: The file is damaged or cannot be written.
    """
    ranges = _read()
    keys = [key for key in ranges if key == name or key.startswith(f"{name}@")]
    if keys:
        _write({key: value for key, value in ranges.items() if key not in keys})
    return keys


def _read() -> dict[str, ScoreRange]:
    path = ranges_file()
    try:
        stored = read_json(path)
        ranges = {str(key): _pair(pair) for key, pair in stored.items()}
        if all(-math.inf < low < high < math.inf for low, high in ranges.values()):
            return ranges
        reason = "LOW is not below HIGH"
    except (FileNotFoundError, NotADirectoryError):  # HOME may be /dev/null
        return {}
    except (OSError, ValueError, AttributeError, OverflowError) as error:
        reason = str(error)
    raise UsageError(
        f"Cannot use the calibrated ranges in {path} ({reason}).",
        fix="Delete the file, or pass `--range LOW HIGH`.",
    )


def _pair(stored: object) -> ScoreRange:
    """Return a range as it was stored.

    Raises:
        ValueError: It is not a list of two numbers.
    """
    match stored:
        case [int() | float() as low, int() | float() as high]:
            if not (isinstance(low, bool) or isinstance(high, bool)):
                return float(low), float(high)
    raise ValueError("a range is not a list of two numbers")


def _write(ranges: dict[str, ScoreRange]) -> Path:
    path = ranges_file()
    lines = (f"  {json.dumps(key)}: {json.dumps(list(pair))}" for key, pair in ranges.items())
    try:
        write_atomically(path, ("{\n" + ",\n".join(lines) + "\n}\n").encode())
    except OSError as error:
        raise UsageError(
            f"Cannot write the range to {path} ({error.strerror}).",
            fix="Pass `--no-save`, and `--range LOW HIGH` to each run.",
        ) from error
    return path
