"""Measures the fair maximum: what a flicker gains, and what honest players lose.

`judge.py --fair` prints it. Scores of honest players are verdicts of the bundled encoder on
rendered clips of a sheet in trembling hands. "Before" is the maximum of a running median over half
a second, never over fewer than three verdicts, which paintcam 0.1 ranked.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import median

import cv2
import numpy as np

import scenes
from paintcam.encoders.base import Encoder
from paintcam.frames import Frame
from paintcam.judge.make import make_judge
from slow_judge import Slow

WEAK, PERFECT = 40.0, 95.0
RATES = (30, 6, 3)


def before(scores: Sequence[float], times: Sequence[float]) -> float:
    """The maximum of a running median."""
    best = 0.0
    for end in range(len(scores)):
        if times[end] - times[0] >= 0.4995 and end >= 2:
            first = next(i for i in range(end + 1) if times[i] > times[end] - 0.5)
            best = max(best, sorted(scores[min(first, end - 2) : end + 1])[(end - first) // 2])
    return best


def flickering(perfect: Sequence[bool], fps: float) -> float:
    """The fair maximum of a turn in which a perfect picture takes turns with a weak one."""
    judge = Slow(fps)
    for index, is_perfect in enumerate(perfect):
        image = np.full((9, 16, 3), 60, np.uint8)
        image[3:6, 4:12] = 230 if is_perfect else 190
        at_s = index / 30
        judge.show(Frame(image, index, at_s, at_s), _score_of_sheet)
    return judge.fair.settle()


def _score_of_sheet(frame: Frame) -> float:
    return PERFECT if frame.image[4, 8, 0] == 230 else WEAK


def flicker(turns: int, report: Callable[[str, str], None]) -> None:
    """What a perfect picture gains that is shown for 1 to 20 of 30 frames, in turns of 20 s."""
    for fps in RATES:
        for share in (1, 5, 10, 15, 20):
            gains = {"evenly": [], "at random": []}
            for turn in range(turns):
                rng = np.random.default_rng(turn)
                even = [(i * share) // 30 != ((i + 1) * share) // 30 for i in range(30)] * 20
                shuffled = [bool(p) for _ in range(20) for p in rng.permutation(30) < share]
                start = turn % (30 // fps)
                for spread, frames in (("evenly", even), ("at random", shuffled)):
                    gains[spread].append(flickering(frames[start:], fps) - WEAK)
            words = "; ".join(
                f"{spread}: median {median(gain):.1f}, {np.mean(np.array(gain) > 3):.1%} over 3"
                for spread, gain in gains.items()
            )
            report(f"flicker, {share} of 30 frames, {fps} verdicts per second, gain", words)


def house() -> np.ndarray:
    """A drawing that the bundled encoder knows, BGR uint8."""
    page = np.full((480, 480, 3), 255, np.uint8)
    cv2.rectangle(page, (120, 220), (360, 420), (60, 120, 200), -1)
    cv2.fillPoly(page, [np.int32([[90, 220], [390, 220], [240, 80]])], (40, 40, 170))
    cv2.rectangle(page, (210, 320), (270, 420), (50, 60, 80), -1)
    return page


def disturbed(clip: list[scenes.Scene], kind: str) -> list[np.ndarray]:
    """The pictures of a clip with one mishap in their middle."""
    pictures = [scene.image for scene in clip]
    first = len(clip) // 2
    lasts = {"a blink of the finder": 12, "a passing hand": 12, "half a second of glare": 15}
    for index in range(first, first + lasts.get(kind, 0)):
        picture, corners = pictures[index].copy(), clip[index].corners
        (left, top), (right, bottom) = corners.min(axis=0), corners.max(axis=0)
        way = (index - first) / lasts[kind]
        if kind == "a blink of the finder":
            picture[:] = cv2.GaussianBlur(picture, (0, 0), 25)  # the camera loses its focus
        elif kind == "a passing hand":
            at = (int(left + way * (right - left)), int((top + bottom) / 2))
            cv2.circle(picture, at, int((bottom - top) / 3), (110, 140, 200), -1)
        else:
            glare = np.zeros(picture.shape[:2], np.float32)
            at = (int((left + right) / 2), int((top + bottom) / 2))
            cv2.circle(glare, at, int((bottom - top) / 3), 1.0, -1)
            glare = cv2.GaussianBlur(glare, (0, 0), 40)[..., None]
            picture[:] = (picture + (255 - picture) * glare).astype(np.uint8)
        pictures[index] = picture
    return pictures


def honest(encoder: Encoder, clips: int, report: Callable[[str, str], None]) -> None:
    """What a sheet in trembling hands keeps of the ranking by the median, with one mishap each."""
    kinds = ("nothing", "a blink of the finder", "a passing hand", "half a second of glare")
    ratios: dict[tuple[str, int], list[float]] = {}
    levels, noise = [], []
    for seed in range(clips):
        clip = scenes.tremor(seed + 500, 120, hw=(480, 640), drawing=house())
        for kind in kinds:
            judge = make_judge(encoder, "a house", guards=["handwriting"], pictures="live")
            frames = [Frame(p, i, i / 30, i / 30) for i, p in enumerate(disturbed(clip, kind))]
            verdicts = [verdict for frame in frames for verdict in judge.judge([frame])]
            if kind == "nothing":
                scores = np.array([verdict.score for verdict in verdicts])
                levels.append(np.median(scores))
                noise.append(np.diff(scores).std() / 2**0.5)
            counting = {v.frame: v.score for v in verdicts if v.counts}
            for fps in RATES:
                few = [v for v in verdicts[:: 30 // fps] if v.counts]
                median_held = before([v.score for v in few], [v.time_s for v in few])
                slow = Slow(fps)
                for frame in frames:
                    slow.show(frame, lambda taken, found=counting: found.get(taken.index))
                if median_held > 0:
                    ratios.setdefault((kind, fps), []).append(slow.fair.settle() / median_held)
    report(
        "honest clips of 4 s, median score / noise from frame to frame",
        f"{np.median(levels):.1f} / {np.median(noise):.1f} points, {clips} clips",
    )
    for (kind, fps), found in ratios.items():
        report(
            f"fair maximum over that before, {kind}, {fps} verdicts per second",
            f"median {median(found):.3f}, least {min(found):.3f}",
        )
