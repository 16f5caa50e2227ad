"""Take the screenshots in references/window: what a presenter's screen shows, to look at.

    python tests/window_shots.py

Needs Debian's xvfb, openbox, xdotool and x11-xkb-utils. Nothing compares them pixel by pixel.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import cv2
import numpy as np

import paintcam
from mjpeg import Webcam
from program import Program
from screen import Screen

HERE = Path(__file__).parent
SHOTS = HERE / "references" / "window"
RUN = ("--prompt", "a cat driving a tractor", "--model", "sketch", "--view", "window")
SIZES = {
    "1280x720": ((1280, 720), (1280, 720), ()),
    "1920x1200-fullscreen": ((1920, 1200), (1920, 1080), ("--fullscreen",)),
    "720x1280": ((720, 1280), (720, 1280), ("--fullscreen",)),
    "3840x2160-fullscreen": ((3840, 2160), (3840, 2160), ("--fullscreen",)),
}
"""Name → the screen, the camera's picture, more options."""


def camera(wh: tuple[int, int]) -> list[np.ndarray]:
    """Frames of the bundled clip, cut to a size as a camera would give them."""
    clip = Path(paintcam.__file__).parent / "assets" / "demo" / "demo.mp4"
    video, frames = cv2.VideoCapture(str(clip)), []
    while (read := video.read())[0]:
        frames.append(read[1])
    frames = frames[len(frames) // 3 : len(frames) // 3 + 6]
    height, width = frames[0].shape[:2]
    scale = max(wh[0] / width, wh[1] / height)
    left, top = (round(width * scale) - wh[0]) // 2, (round(height * scale) - wh[1]) // 2
    large = [cv2.resize(frame, None, fx=scale, fy=scale) for frame in frames]
    return [frame[top : top + wh[1], left : left + wh[0]] for frame in large]


def save(name: str, screen: Screen) -> None:
    SHOTS.mkdir(exist_ok=True)
    cv2.imwrite(str(SHOTS / f"{name}.jpg"), screen.shot(), [cv2.IMWRITE_JPEG_QUALITY, 80])


def main() -> None:
    for name, (screen_wh, camera_wh, more) in SIZES.items():
        with (
            tempfile.TemporaryDirectory() as folder,
            Screen(Path(folder), screen_wh) as screen,
            Webcam(camera(camera_wh)) as webcam,
            Program(
                *RUN, *more, "-s", webcam.url, cwd=Path(folder), DISPLAY=screen.display
            ) as program,
        ):
            screen.window()
            program.until(lambda: len(program.of("verdict")) > 10)
            time.sleep(1)
            save(name, screen)
            if name == "1280x720":
                screen.keyboard("ru")
                screen.place("p", *"rjnzn", " ", *"yf", " ", *"nhfrnjht")
                screen.command("key", "Left", "Left", "Left")
                time.sleep(1)
                save("typed-cyrillic", screen)
                screen.command("key", "Escape")
            screen.place("q")
            program.wait()
    names = [part for name in ("ليلى العلي", "يوسف", "נועה", "Ada") for part in ("--player", name)]
    with (
        tempfile.TemporaryDirectory() as folder,
        Screen(Path(folder), (1280, 720)) as screen,
        Webcam(camera((1280, 720))) as webcam,
        Program(
            "contest", *RUN, *names, "--fullscreen", "--seconds", "2", "-s", webcam.url,
            cwd=Path(folder), DISPLAY=screen.display,
        ) as program,
    ):  # fmt: skip
        screen.window()
        program.until(lambda: len(program.of("verdict")) > 10)
        for turn in range(1, 5):
            screen.key("space")
            program.until(lambda: len(program.of("turn")) == turn)  # noqa: B023
        screen.key("space")
        time.sleep(2)
        save("podium-arabic-names", screen)
        screen.key("q")
        program.wait()


if __name__ == "__main__":
    main()
