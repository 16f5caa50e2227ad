"""Rock, paper, scissors: a trained detector in Inference's `InferencePipeline`.

    export ROBOFLOW_API_KEY=…            # free, from app.roboflow.com/settings/api
    python examples/rock_paper_scissors.py --source 0
    python examples/rock_paper_scissors.py --model-id hard-hat-sample/2 --source site.mp4 \
        --no-window --record boxes.mp4

Any object detection model of Roboflow Universe works, by its model id. Inference fetches the
weights at the first run and keeps them.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import supervision as sv

from paintcam import Image, PaintcamError, VideoFile, Window, to_bgr

if TYPE_CHECKING:
    from inference import InferencePipeline
    from streamvision.camera.entities import VideoFrame

os.environ.setdefault("DISABLE_VERSION_CHECK", "True")  # no network request on import

MODEL_ID = "rock-paper-scissors-sxsw/11"
BEATS = {"rock": "scissors", "scissors": "paper", "paper": "rock"}

Model: TypeAlias = Callable[[list["VideoFrame"]], list[dict[str, Any]]]
"""Predictions of a batch of frames, each as Inference's detectors return them."""


class Board:
    """The pipeline's `on_prediction`: draws boxes with class names and names the winner.

    Args:
        window: Shows the picture, if given.
        recording: Records the picture, if given.
        seconds: Length of the run; None plays the source to its end.
    """

    def __init__(
        self, window: Window | None, recording: VideoFile | None, seconds: float | None = None
    ) -> None:
        self.counts: Counter[str] = Counter()
        self.frames = 0
        self.fps = 30.0
        self.pipeline: InferencePipeline | None = None
        self._window, self._recording, self._seconds = window, recording, seconds
        self._started = time.monotonic()
        self._printed = ""

    def __call__(self, prediction: dict[str, Any], video_frame: VideoFrame) -> None:
        """Handle the prediction for one frame."""
        picture = to_bgr(video_frame.image).copy()
        hands = sv.Detections.from_inference(prediction)
        names = [str(name) for name in hands.data.get("class_name", [])]
        self.counts.update(names)
        self.frames += 1
        self.fps = video_frame.fps or self.fps
        drawn = draw(picture, hands, names)
        if (verdict := winner(hands, names)) != self._printed:
            self._printed = verdict
            print(verdict or "…", flush=True)
        if self._recording is not None:
            self._recording.write(drawn)
        over = self._seconds is not None and time.monotonic() - self._started > self._seconds
        if self._window is not None:
            self._window.write(drawn)
            over |= self._window.poll() == "q" or self._window.closed
        if over and self.pipeline is not None:
            self.pipeline.terminate()


def draw(picture: Image, hands: sv.Detections, names: list[str]) -> Image:
    """Draw boxes with class names and confidences, readable from the back of a hall."""
    wide = sv.calculate_optimal_line_thickness(resolution_wh=picture.shape[1::-1])
    scale = sv.calculate_optimal_text_scale(resolution_wh=picture.shape[1::-1])
    sure = hands.confidence if hands.confidence is not None else np.ones(len(hands))
    labels = [f"{name} {share:.0%}" for name, share in zip(names, sure, strict=True)]
    drawn: Image = sv.BoxAnnotator(thickness=wide).annotate(picture, hands)
    names_above = sv.LabelAnnotator(text_scale=scale, text_thickness=wide)
    named: Image = names_above.annotate(drawn, hands, labels)
    return named


def winner(hands: sv.Detections, names: list[str]) -> str:
    """Name the winner of the leftmost and the rightmost hand; "" without two hands."""
    playing = [index for index, name in enumerate(names) if name.lower() in BEATS]
    if len(playing) < 2:
        return ""
    playing.sort(key=lambda index: float(hands.xyxy[index, 0]))
    left, right = names[playing[0]].lower(), names[playing[-1]].lower()
    if left == right:
        return f"{left} and {right}: a draw"
    side = "left" if BEATS[left] == right else "right"
    return f"{left} against {right}: {side} wins"


def run(source: str, board: Board, *, model_id: str, key: str, model: Model | None = None) -> None:
    """Run the pipeline to its end.

    Args:
        source: Camera index, file or URL.
        board: Takes the predictions.
        model_id: Which model of Roboflow to load.
        key: Roboflow's API key.
        model: Runs in the place of Roboflow's.
    """
    from inference import InferencePipeline  # takes seconds, and reads the key from the environment

    reference = int(source) if source.isdigit() else source
    if model is None:
        pipeline = InferencePipeline.init(
            model_id=model_id, video_reference=reference, on_prediction=board, api_key=key
        )
    else:
        pipeline = InferencePipeline.init_with_custom_logic(
            video_reference=reference, on_video_frame=model, on_prediction=board
        )
    board.pipeline = pipeline
    pipeline.start(use_main_thread=True)  # windows live on the main thread
    pipeline.join()


def main(model: Model | None = None) -> int:
    """Parse the options and play."""
    parser = argparse.ArgumentParser(description="Rock, paper, scissors before a camera.")
    parser.add_argument("--model-id", default=MODEL_ID, help="of Roboflow Universe; %(default)s")
    parser.add_argument("--source", default="0", help="camera, file or URL; %(default)s")
    parser.add_argument("--no-window", action="store_true", help="only print")
    parser.add_argument("--record", type=Path, help="an .mp4 or .mkv of the boxes")
    parser.add_argument("--seconds", type=float, help="end after so many")
    options = parser.parse_args()
    key = os.environ.get("ROBOFLOW_API_KEY", "")
    if not key and model is None:
        print(
            f"Roboflow needs an API key to download the model {options.model_id}. Get a free one "
            "from app.roboflow.com/settings/api, then run `export ROBOFLOW_API_KEY=…`.",
            file=sys.stderr,
        )
        return 1
    window = recording = None
    try:
        window = None if options.no_window else Window("rock paper scissors")
        if options.record is not None:
            recording = VideoFile(options.record, fps=lambda: board.fps, realtime=False)
        board = Board(window, recording, options.seconds)
        run(options.source, board, model_id=options.model_id, key=key, model=model)
    except PaintcamError as error:
        print(error, file=sys.stderr)
        return 1
    except Exception as error:  # Inference's errors have no common base class
        reason = " ".join(str(error).replace(key, "…").split()) if key else str(error)
        print(
            f"Cannot run {options.model_id} on {options.source}: {type(error).__name__}: "
            f"{reason[:300]} Check the model id, the key, the network and the source.",
            file=sys.stderr,
        )
        return 1
    finally:
        for closing in (window, recording):
            if closing is not None:
                closing.close()
    summary = ", ".join(f"{name} {count}×" for name, count in board.counts.most_common())
    print(f"{board.frames} frames: {summary or 'nothing detected'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
