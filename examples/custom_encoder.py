"""An encoder of your own. It knows only colours, and scores a video with them.

    python examples/custom_encoder.py --prompt "orange and red" --source drawing.mp4

Anything with this property and these two methods is an encoder: give it to `make_judge`.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

import paintcam
from paintcam import (
    Embeddings,
    EncoderInfo,
    EveryFrame,
    Image,
    Overlay,
    PaintcamError,
    PromptError,
    Stage,
    Standing,
    Verdict,
    unit_rows,
)

# OpenCV's hue (0…179) of each word; an embedding has one dimension per word
HUES = {"red": 0, "orange": 12, "yellow": 27, "green": 60, "blue": 110, "purple": 140, "pink": 165}
WORDS = tuple(HUES)


class ColourEncoder:
    """Embeds pictures by the amount of each colour, and texts by the colours that they name."""

    info = EncoderInfo("colours", score_range=(0.2, 1.0))

    def encode_image(self, images: Sequence[Image]) -> Embeddings:
        """Embed BGR uint8 (H, W, 3) pictures: unit-norm float32, shape (N, 7)."""
        rows = np.zeros((len(images), len(WORDS)))
        for row, image in zip(rows, images, strict=True):
            hsv = cv2.cvtColor(cv2.resize(image, (96, 96)), cv2.COLOR_BGR2HSV).reshape(-1, 3)
            hues = hsv[(hsv[:, 1] > 120) & (hsv[:, 2] > 60), 0].astype(int)
            away = np.abs(hues[:, None] - np.array(list(HUES.values())))
            nearest = np.minimum(away, 180 - away).argmin(axis=1)  # hues are a circle
            row += np.bincount(nearest, minlength=len(WORDS))
        # a picture without colour becomes a zero row, on which the judge gives no verdict
        return unit_rows(np.sqrt(rows), len(images), self.info.name) if len(images) else _none()

    def encode_text(self, texts: Sequence[str]) -> Embeddings:
        """Embed texts: unit-norm float32, shape (N, 7).

        Raises:
            PromptError: A text names no colour.
        """
        rows = np.array([[word in text.lower() for word in WORDS] for text in texts], float)
        for text, row in zip(texts, rows, strict=True):
            if not row.any():
                raise PromptError(f'"{text}" names no colour. Name one of {", ".join(WORDS)}.')
        return unit_rows(rows, len(texts), self.info.name) if len(texts) else _none()


def _none() -> Embeddings:
    return np.zeros((0, len(WORDS)), np.float32)


class Printer:
    """Receives every verdict and prints one per second."""

    def __init__(self) -> None:
        self._next_s = 0.0

    def state(self, state: str) -> None:
        """Print what the run is doing."""
        print(f"[{state}]")

    def verdict(self, verdict: Verdict, standing: Standing) -> None:
        """Print the score, at most once per second of the video."""
        if verdict.time_s >= self._next_s:
            self._next_s = verdict.time_s + 1
            print(f"{verdict.time_s:5.1f} s  {standing.score:5.1f}  best {standing.best:5.1f}")

    def note(self, text: str) -> None:
        """Print a message for the user."""
        print(text, file=sys.stderr)


def main() -> int:
    """Parse the options and score every frame of a video once."""
    clip = Path(paintcam.__file__).parent / "assets" / "demo" / "demo.mp4"
    parser = argparse.ArgumentParser(description="Score a video by its colours.")
    parser.add_argument("--prompt", default="orange and red and yellow")
    parser.add_argument("--source", default=str(clip), help="video file; the demo clip")
    parser.add_argument("--seconds", type=float, help="stop after so much of the video")
    options = parser.parse_args()
    encoder = ColourEncoder()
    stage = Stage(
        prompt=options.prompt, model=encoder.info.name, overlay=Overlay(), listener=Printer()
    )  # add window=paintcam.Window() or recording=paintcam.VideoFile(…) to see it
    try:
        run = EveryFrame(
            paintcam.open_stream(options.source, every_frame=True),
            # without guards: they compare the picture with texts that name no colour
            lambda: paintcam.make_judge(encoder, options.prompt, guards=(), pictures="video"),
            stage,
            seconds=options.seconds,
        )
        summary = run.run()
    except PaintcamError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"best {summary.best or 0:.1f} of {summary.frames_scored} frames scored")
    return 0


if __name__ == "__main__":
    sys.exit(main())
