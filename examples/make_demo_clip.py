"""Make the clip of `paintcam demo`, in which two players hold drawings to a camera.

    python examples/make_demo_clip.py --output paintcam/assets/demo/demo.mp4

Everything in it is drawn by this script and the modules in `demo_clip/`. The same options give the
same pictures; they give the same file with the same x264, and a width that is a multiple of 256
(x264 is not fully deterministic if the height is not a multiple of 16).
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import av
import cv2
import numpy as np
from demo_clip.drawings import cat_driving_tractor, second_try
from demo_clip.ink import Page, Picture
from demo_clip.players import FIRST, SECOND, Look, Pose, draw_player
from demo_clip.room import WH, Camera, paint_room

FPS = 24
SECONDS = 31.0
SEED = 20


@dataclass(frozen=True)
class Turn:
    """Times of one player's turn, in seconds of the whole clip."""

    look: Look
    page: Page
    enters: float
    draws: float
    ends: float
    leaves: float
    side: int  # the side on which the player enters and leaves: −1 left, 1 right
    smile: float


def story() -> list[Turn]:
    """Return the turns. Each player takes one second to enter and one to leave."""
    return [
        Turn(FIRST, Page(cat_driving_tractor()), -1.0, 1.2, 16.2, 18.4, -1, 1.0),
        Turn(SECOND, Page(second_try()), 19.0, 21.2, 27.4, 60.0, 1, 0.35),
    ]


def _ease(part: float) -> float:
    """Ease from 0 to 1, starting and ending slowly."""
    part = min(1.0, max(0.0, part))
    return part * part * (3 - 2 * part)


class Film:
    """Draws the clip frame by frame, in order."""

    def __init__(self, seed: int = SEED) -> None:
        rng = np.random.default_rng(seed)
        self._room = paint_room(rng)
        self._camera = Camera(rng)
        self._turns = story()
        self._phases = rng.uniform(0, 2 * np.pi, (8, 3))

    def frame(self, time_s: float) -> Picture:
        """Draw the picture at a time of the story: BGR uint8, 720 × 1280."""
        scene = self._room.copy()
        for turn in self._turns:
            if turn.enters <= time_s < turn.leaves + 1.2:
                done = (time_s - turn.draws) / (turn.ends - turn.draws)
                page = turn.page.at(turn.page.effort * done)
                draw_player(scene, turn.look, self._pose(turn, time_s), page)
        return self._camera.take(scene, 1 + 0.006 * self._drift(7, time_s, 0.31, 0.83))

    def _drift(self, which: int, time_s: float, *speeds: float) -> float:
        """Return a value that drifts between −1 and 1: the sum of these frequencies in Hz."""
        turns = time_s * np.array(speeds)
        return float(np.sin(2 * np.pi * turns + self._phases[which, : len(speeds)]).mean())

    def _pose(self, turn: Turn, time_s: float) -> Pose:
        away = 1 - _ease(time_s - turn.enters) + _ease(time_s - turn.leaves)
        up = _ease((time_s - turn.enters - 0.7) / 1.0) - _ease((time_s - turn.leaves + 0.5) / 0.8)
        drift = self._drift
        hands = (
            7 * drift(0, time_s, 0.23, 0.51, 2.9),
            5 * drift(1, time_s, 0.19, 0.67, 3.3),
            1.3 * drift(2, time_s, 0.17, 0.43),
            drift(3, time_s, 0.13, 0.37),
        )
        sway = (6 * drift(4, time_s, 0.11, 0.29), 4 * drift(5, time_s, 0.16, 0.41))
        proud = _ease((time_s - turn.draws) / (turn.ends - turn.draws))
        return Pose(
            aside=turn.side * away * 1000,
            raised=up,
            sway=sway,
            tremor=hands,
            blink=(time_s + turn.side) % 3.4 < 0.14,
            smile=0.25 + (turn.smile - 0.25) * proud,
        )


def write_clip(output: Path, seconds: float, width: int, crf: int) -> int:
    """Write an H.264 file that every OpenCV decodes, and return its size in bytes."""
    height = round(width * WH[1] / WH[0] / 2) * 2
    film = Film()
    output.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(output), "w", options={"movflags": "+faststart"}) as container:
        # one thread: with more, x264's choices depend on the machine's number of cores
        options = {"crf": str(crf), "preset": "slow", "threads": "1", "g": "120"}
        stream = container.add_stream("libx264", rate=FPS, options=options)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        # a shorter clip tells the same story faster
        for index in range(round(seconds * FPS)):
            picture = film.frame(index / FPS * SECONDS / seconds)
            if width != WH[0]:
                picture = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)
            frame = av.VideoFrame.from_ndarray(picture, format="bgr24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return output.stat().st_size


def main() -> None:
    """Parse the options and write the clip."""
    parser = argparse.ArgumentParser(description="Make the clip of `paintcam demo`.")
    parser.add_argument("--output", type=Path, default=Path("demo.mp4"))
    parser.add_argument("--seconds", type=float, default=SECONDS, help="length; %(default)s")
    parser.add_argument("--width", type=int, default=1280, help="of the picture, even; %(default)s")
    parser.add_argument("--crf", type=int, default=27, help="lower is larger; %(default)s")
    options = parser.parse_args()
    if options.seconds <= 0 or options.width < 64 or options.width % 2:
        parser.error("give --seconds above 0, and an even --width of at least 64")
    size = write_clip(options.output, options.seconds, options.width, options.crf)
    print(f"{options.output}: {size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
