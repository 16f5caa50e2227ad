"""A source of your own. It shows a folder of pictures as slides, scored like a camera.

    python examples/custom_source.py drawings/ --prompt "a house" --seconds-each 3
    python examples/custom_source.py drawings/ --prompt "a house" --window

Anything with these two properties and two methods is a source: give it to `Live`.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from paintcam import (
    Frame,
    Live,
    Overlay,
    PaintcamError,
    SourceState,
    Stage,
    Standing,
    Verdict,
    Window,
    find_pictures,
    load_encoder,
    make_judge,
    read_picture,
)


class Slides:
    """Shows each picture for some seconds at 10 fps, then ends.

    Args:
        folder: Folder whose pictures are shown, sorted by name.
        seconds_each: How long each is shown.

    Raises:
        SourceError: The folder does not exist or has no pictures.
    """

    fps = 10.0

    def __init__(self, folder: Path, seconds_each: float) -> None:
        self.paths = find_pictures([folder])
        self.state = SourceState.LIVE
        self._frames_each = max(1, round(seconds_each * self.fps))
        self._index = 0
        self._due = time.monotonic()

    def read(self, timeout_s: float) -> Frame | None:
        """Return the next frame when it is due, or None if that is after `timeout_s`."""
        slide = self._index // self._frames_each
        if slide >= len(self.paths):
            self.state = SourceState.ENDED
        if self.state is SourceState.ENDED:
            return None
        wait_s = self._due - time.monotonic()
        time.sleep(min(max(wait_s, 0), timeout_s))
        if wait_s > timeout_s:
            return None
        picture = read_picture(self.paths[slide])
        frame = Frame(picture.image, self._index, time.monotonic(), self._index / self.fps)
        self._index += 1
        self._due = max(self._due, time.monotonic() - 1) + 1 / self.fps
        return frame

    def close(self) -> None:
        """End the slides; there is nothing to release."""
        self.state = SourceState.ENDED


class BestOfSlides:
    """Receives every verdict and keeps the best of each picture."""

    def __init__(self, source: Slides, seconds_each: float) -> None:
        self.best: dict[str, float] = {}
        self._paths = source.paths
        self._seconds_each = seconds_each

    def state(self, state: str) -> None:
        """Print the state of the run."""
        print(f"[{state}]")

    def verdict(self, verdict: Verdict, standing: Standing) -> None:
        """Keep the best. Called in the scorer's thread."""
        slide = min(int(verdict.time_s / self._seconds_each + 1e-6), len(self._paths) - 1)
        name = self._paths[slide].name
        self.best[name] = max(standing.score, self.best.get(name, 0.0))

    def note(self, text: str) -> None:
        """Print a message for the user."""
        print(text, file=sys.stderr)


def main() -> int:
    """Parse the options and run the slides through paintcam's live loop."""
    parser = argparse.ArgumentParser(description="Score a folder of pictures as slides.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--prompt", required=True, help="what the pictures should show")
    parser.add_argument("--model", default="sketch", help="sketch, clip, auto; %(default)s")
    parser.add_argument("--seconds-each", type=float, default=2.0, help="%(default)s")
    parser.add_argument("--window", action="store_true", help="show them; q ends it")
    options = parser.parse_args()
    if options.seconds_each < 0.1:
        parser.error(f"--seconds-each {options.seconds_each:g}: give 0.1 or more")
    try:
        source = Slides(options.folder, options.seconds_each)
        listener = BestOfSlides(source, options.seconds_each)
        stage = Stage(
            prompt=options.prompt,
            model=options.model,
            overlay=Overlay(),
            listener=listener,
            window=Window() if options.window else None,
        )
        judge = make_judge(load_encoder(options.model), options.prompt)
        Live(source, lambda: judge, stage).run()
    except PaintcamError as error:
        print(error, file=sys.stderr)
        return 1
    for name, score in sorted(listener.best.items(), key=lambda row: -row[1]):
        print(f"{score:5.1f}  {name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
