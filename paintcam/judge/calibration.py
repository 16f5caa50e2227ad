"""The range of an encoder, from a presenter's own drawings, and where it is kept."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import numpy.typing as npt

from paintcam.encoders.base import Encoder, ScoreRange
from paintcam.errors import UsageError
from paintcam.folders import read_json, write_atomically
from paintcam.frames import Image

__all__ = ["Calibration", "draw_histogram", "encoder_key", "forget",
    "forget_name", "measure", "ranges_file",
           "store", "stored_range"]  # fmt: skip

BATCH = 16
LOW, HIGH = 50, 99  # percentiles: of pairs that do not match, of pairs that do


@dataclass(frozen=True, slots=True)
class Calibration:
    """What a folder of drawings says of an encoder.

    Attributes:
        matching: Similarities of each picture and its own prompt, float64 (N,).
        other: Similarities of each picture and each other prompt, float64 (N · (P − 1),).
    """

    matching: npt.NDArray[np.float64]
    other: npt.NDArray[np.float64]

    @property
    def score_range(self) -> ScoreRange:
        """Median of what does not match, and 99th percentile of what does, to four places.

        Raises:
            UsageError: The encoder does not tell these drawings apart.
        """
        low = round(float(np.percentile(self.other, LOW)), 4)
        high = round(float(np.percentile(self.matching, HIGH)), 4)
        if low >= high:
            raise UsageError(
                f"This encoder does not tell these drawings apart: matching pairs reach {high:g}, "
                f"others lie at {low:g}. Check that each folder's name says what its pictures show."
            )
        return low, high


def measure(encoder: Encoder, pictures: Iterable[tuple[str, Image]]) -> Calibration:
    """Compare every picture with every prompt.

    Args:
        encoder: Whose range is wanted.
        pictures: Prompt and BGR uint8 (H, W, 3) picture of each drawing.

    Raises:
        UsageError: No pictures, or all of one prompt.
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
            f"Calibrating takes drawings of two prompts or more; {len(prompts)} found. Make one "
            "sub-folder a prompt, named as the prompt, with pictures in it."
        )
    similarities = (np.concatenate(parts) @ encoder.encode_text(prompts).T).astype(np.float64)
    own = np.array([prompts.index(owner) for owner in owners])
    matches = own[:, None] == np.arange(len(prompts))
    # A picture that the encoder makes nothing of has a zero embedding: it tells nothing.
    seen = np.abs(similarities).sum(axis=1) > 0
    return Calibration(similarities[seen][matches[seen]], similarities[seen][~matches[seen]])


def _batches(pictures: Iterable[tuple[str, Image]]) -> Iterator[list[tuple[str, Image]]]:
    rest = iter(pictures)
    while chunk := list(islice(rest, BATCH)):
        yield chunk


def encoder_key(encoder: Encoder) -> str:
    """Name and version: a range holds for these weights and no others."""
    info = encoder.info
    return f"{info.name}@{info.version}" if info.version else info.name


def ranges_file() -> Path:
    """Where calibrated ranges are kept; `PAINTCAM_DATA_DIR` overrides the platform's own place."""
    if told := os.environ.get("PAINTCAM_DATA_DIR"):
        return Path(told).expanduser() / "ranges.json"
    from platformdirs import user_config_path

    return user_config_path("paintcam", appauthor=False) / "ranges.json"


def stored_range(encoder: Encoder) -> ScoreRange | None:
    """The calibrated range of this very encoder, or None.

    Raises:
        UsageError: The file is damaged.
    """
    return _read().get(encoder_key(encoder))


def store(encoder: Encoder, score_range: ScoreRange) -> Path:
    """Keep a range for this encoder; the others' stay.

    Returns:
        The file.

    Raises:
        UsageError: The file is damaged or cannot be written.
    """
    return _write(_read() | {encoder_key(encoder): score_range})


def forget(encoder: Encoder) -> bool:
    """Go back to the encoder's own range; False where none was kept.

    Raises:
        UsageError: The file is damaged or cannot be written.
    """
    kept = _read()
    known = kept.pop(encoder_key(encoder), None) is not None
    if known:
        _write(kept)
    return known


def forget_name(name: str) -> list[str]:
    """Forget the ranges of an encoder in all its versions, without loading it.

    Args:
        name: The encoder's full name, as "sketch" or "clip:ViT-B-16".

    Returns:
        The keys that are forgotten, each with the encoder's version.

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
        ranges = {str(key): (float(low), float(high)) for key, (low, high) in stored.items()}
        if all(-math.inf < low < high < math.inf for low, high in ranges.values()):
            return ranges
        reason = "LOW is not below HIGH"
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, AttributeError) as error:
        reason = str(error)
    raise UsageError(
        f"Cannot use the calibrated ranges in {path} ({reason}).",
        fix="Delete the file, or pass `--range LOW HIGH`.",
    )


def _write(ranges: dict[str, ScoreRange]) -> Path:
    path = ranges_file()
    lines = (f"  {json.dumps(key)}: {json.dumps(list(pair))}" for key, pair in ranges.items())
    try:
        write_atomically(path, ("{\n" + ",\n".join(lines) + "\n}\n").encode())
    except OSError as error:
        raise UsageError(
            f"Cannot keep the range in {path} ({error.strerror}). Pass --no-save, then --range."
        ) from error
    return path


def draw_histogram(calibration: Calibration, path: Path, title: str) -> None:
    """Draw both distributions and the range between them.

    Args:
        calibration: What was measured.
        path: A .png or .jpg; replaced where it exists.
        title: Written above.

    Raises:
        UsageError: The picture cannot be written.
    """
    from PIL import Image as PillowImage
    from PIL import ImageDraw, ImageFont

    width, height, left, bottom, top = 960, 480, 40, 430, 70
    every = np.concatenate([calibration.matching, calibration.other])
    begin, end = float(every.min()) - 0.02, float(every.max()) + 0.02
    picture = PillowImage.new("RGB", (width, height), "white")
    draw = ImageDraw.Draw(picture, "RGBA")
    large, small = ImageFont.load_default(24), ImageFont.load_default(16)

    def across(value: float) -> float:
        return left + (value - begin) / (end - begin) * (width - 2 * left)

    bars = 60
    series: Sequence[tuple[npt.NDArray[np.float64], tuple[int, int, int, int], str]] = (
        (calibration.other, (120, 120, 130, 150), "other prompts"),
        (calibration.matching, (20, 120, 200, 150), "its own prompt"),
    )
    for row, (values, colour, name) in enumerate(series):
        counts, edges = np.histogram(values, bars, (begin, end))
        tallest = max(int(counts.max()), 1)
        for count, a, b in zip(counts, edges[:-1], edges[1:], strict=True):
            high = bottom - (bottom - top - 30) * int(count) / tallest
            draw.rectangle((across(float(a)), high, across(float(b)) - 1, bottom), fill=colour)
        draw.rectangle((width - 220, 44 + 22 * row, width - 206, 58 + 22 * row), fill=colour)
        draw.text((width - 198, 42 + 22 * row), f"{name} ({len(values)})", "black", font=small)
    low, high_ = calibration.score_range
    for value, name in ((low, f"0 at {low:g}"), (high_, f"100 at {high_:g}")):
        draw.line((across(value), top, across(value), bottom), fill=(200, 40, 40, 255), width=3)
        draw.text((across(value) + 6, top), name, (200, 40, 40), font=small)
    draw.line((left, bottom, width - left, bottom), fill="black", width=1)
    for value in np.arange(np.ceil(begin * 10) / 10, end, 0.1):
        draw.text((across(float(value)) - 10, bottom + 6), f"{value:.1f}", "black", font=small)
    draw.text((left, 12), title, "black", font=large)
    try:
        picture.save(path)
    except (OSError, ValueError) as error:
        raise UsageError(f"Cannot write the histogram to {path} ({error}).") from error
