"""paintcam's judge as the model of Inference's own `InferencePipeline`.

    python examples/inference_pipeline.py --prompt "a cat driving a tractor" --source 0 --window

Without options it runs over the demo clip, every frame once, and prints the course of the score.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import paintcam
from paintcam import (
    Frame,
    Hud,
    Judge,
    Overlay,
    PaintcamError,
    Pictures,
    Session,
    Verdict,
    Window,
    to_bgr,
)

if TYPE_CHECKING:
    from streamvision.camera.entities import VideoFrame

os.environ.setdefault("DISABLE_VERSION_CHECK", "True")  # no call home at the import


class JudgeModel:
    """What `on_video_frame` takes: pictures in, verdicts out, one a frame and in order."""

    def __init__(self, judge: Judge) -> None:
        self._judge = judge

    def __call__(self, video_frames: list[VideoFrame]) -> list[Verdict | None]:
        """Judge a batch: one frame of each source."""
        # A frame's image is BGR as OpenCV gave it; its own number may be another source's too.
        frames = [
            Frame(to_bgr(each.image), place, time.monotonic(), each.frame_id / (each.fps or 30))
            for place, each in enumerate(video_frames)
        ]
        verdicts = {verdict.frame: verdict for verdict in self._judge.judge(frames)}
        return [verdicts.get(place) for place in range(len(frames))]


class Scoreboard:
    """What `on_prediction` takes: prints a line a second, and draws where there is a window."""

    def __init__(self, prompt: str, model: str, window: Window | None) -> None:
        self.session = Session()
        self.quit = False
        self._prompt, self._model, self._window = prompt, model, window
        self._overlay = Overlay()
        self._next_s = 0.0

    def __call__(self, verdict: Verdict | None, video_frame: VideoFrame) -> None:
        """Take one frame and its verdict; None where the model made nothing of it."""
        if verdict is None:
            return
        standing = self.session.add(verdict)
        if verdict.time_s >= self._next_s:
            self._next_s = verdict.time_s + 1
            print(f"{verdict.time_s:5.1f} s  {standing.score:5.1f}  best {standing.best:5.1f}")
        if self._window is not None:
            hud = Hud(
                prompt=self._prompt,
                model=self._model,
                score=standing.score,
                best=standing.best,
                notes=verdict.flags,
                region=verdict.region,
            )
            self._window.write(self._overlay.draw(to_bgr(video_frame.image), hud))
            self.quit = self._window.poll() == "q" or self._window.closed


def main() -> int:
    """Parse the options and run the pipeline."""
    demo = Path(paintcam.__file__).parent / "assets" / "demo"
    about = json.loads((demo / "demo.json").read_text(encoding="utf-8"))
    parser = argparse.ArgumentParser(description="paintcam's judge in an InferencePipeline.")
    parser.add_argument("--prompt", default=about["prompt"], help="%(default)s")
    parser.add_argument("--source", default=str(demo / about["file"]), help="camera, file or URL")
    parser.add_argument("--model", default="sketch", help="sketch, clip, auto; %(default)s")
    parser.add_argument("--window", action="store_true", help="show it; q ends it")
    given = parser.parse_args()
    try:
        encoder = paintcam.load_encoder(given.model)
        is_live = given.source.isdigit() or "://" in given.source
        pictures: Pictures = "live" if is_live else "video"
        judge = paintcam.make_judge(encoder, given.prompt, pictures=pictures)
        # some seconds, and then no window has to wait for it
        from inference import InferencePipeline

        window = Window() if given.window else None
    except PaintcamError as error:
        print(error, file=sys.stderr)
        return 1
    board = Scoreboard(given.prompt, encoder.info.name, window)

    source = int(given.source) if given.source.isdigit() else given.source

    def on_prediction(verdict: Verdict | None, video_frame: VideoFrame) -> None:
        board(verdict, video_frame)
        if board.quit:
            pipeline.terminate()

    pipeline = InferencePipeline.init_with_custom_logic(
        video_reference=source,
        on_video_frame=JudgeModel(judge),
        on_prediction=on_prediction,
    )
    pipeline.start(use_main_thread=True)  # windows live on the main thread
    pipeline.join()
    if window is not None:
        window.close()
    best = board.session.best
    print(f"best {best:.1f}, {board.session.scored} frames scored" if best else "nothing scored")
    return 0


if __name__ == "__main__":
    sys.exit(main())
