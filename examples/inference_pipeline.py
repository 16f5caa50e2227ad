"""paintcam's judge as the model of Inference's own `InferencePipeline`.

    python examples/inference_pipeline.py --prompt "a cat driving a tractor" --source 0 --window

Without options it scores every frame of the demo clip once and prints the course of the score.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
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
    """The pipeline's `on_video_frame`: takes pictures, returns one verdict per frame, in order."""

    def __init__(self, judge: Judge) -> None:
        self._judge = judge

    def __call__(self, video_frames: list[VideoFrame]) -> list[Verdict | None]:
        """Judge a batch: one frame of each source."""
        # Images are BGR, as OpenCV gives them. Frames of two sources may have the same number. The
        # video's own time counts, so that results do not depend on the speed of this computer.
        frames = []
        for place, each in enumerate(video_frames):
            time_s = each.frame_id / (each.fps or 30)
            frames.append(Frame(to_bgr(each.image), place, time_s, time_s))
        verdicts = {verdict.frame: verdict for verdict in self._judge.judge(frames)}
        return [verdicts.get(place) for place in range(len(frames))]


class Scoreboard:
    """The pipeline's `on_prediction`: prints a line per second, and draws if there is a window."""

    def __init__(self, prompt: str, model: str, window: Window | None) -> None:
        self.session = Session()
        self.quit = False
        self._prompt, self._model, self._window = prompt, model, window
        self._overlay = Overlay()
        self._next_s = 0.0

    def __call__(self, verdict: Verdict | None, video_frame: VideoFrame) -> None:
        """Handle one frame and its verdict; None if the encoder returned no usable embedding."""
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
                blocked=verdict.blocked,
            )
            self._window.write(self._overlay.draw(to_bgr(video_frame.image), hud))
            self.quit = self._window.poll() == "q" or self._window.closed

    def summary(self) -> str:
        """Give the result in words."""
        if self.session.scored == 0:
            return "nothing scored"
        best = "nothing counted" if self.session.best is None else f"best {self.session.best:.1f}"
        return f"{best}, {self.session.scored} frames scored"


def main() -> int:
    """Parse the options and run the pipeline."""
    demo = Path(paintcam.__file__).parent / "assets" / "demo"
    about = json.loads((demo / "demo.json").read_text(encoding="utf-8"))
    parser = argparse.ArgumentParser(description="paintcam's judge in an InferencePipeline.")
    parser.add_argument("--prompt", default=about["prompt"], help="%(default)s")
    parser.add_argument("--source", default=str(demo / about["file"]), help="camera, file or URL")
    parser.add_argument("--model", default="sketch", help="sketch, clip, auto; %(default)s")
    parser.add_argument("--window", action="store_true", help="show it; q ends it")
    options = parser.parse_args()
    try:
        encoder = paintcam.load_encoder(options.model)
        is_live = options.source.isdigit() or "://" in options.source
        pictures: Pictures = "live" if is_live else "video"
        judge = paintcam.make_judge(encoder, options.prompt, pictures=pictures)
        # this import takes seconds: no window should wait for it
        from inference import InferencePipeline

        window = Window() if options.window else None
    except PaintcamError as error:
        print(error, file=sys.stderr)
        return 1
    board = Scoreboard(options.prompt, encoder.info.name, window)

    source = int(options.source) if options.source.isdigit() else options.source

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
    print(board.summary())
    return 0


if __name__ == "__main__":
    sys.exit(main())
