"""Measures the sheet finder on rendered scenes; `judge.py` prints it with the rest."""

from __future__ import annotations

import time
from collections.abc import Callable

import cv2
import numpy as np

import scenes
from paintcam.frames import Frame
from paintcam.judge.judge import Judge
from paintcam.judge.sheet.finder import SheetFinder

FIRST_SEED = 10_000  # none of the scenes that the finder was written with


def iou(one: np.ndarray, other: np.ndarray) -> float:
    """Intersection over union of two convex quads."""
    one, other = one.astype(np.float32), other.astype(np.float32)
    shared, _ = cv2.intersectConvexConvex(one, other)
    return shared / (abs(cv2.contourArea(one)) + abs(cv2.contourArea(other)) - shared)


def finding(count: int, report: Callable[[str, str], None]) -> None:
    """How often a sheet is found where one is, and where none is."""
    finder = SheetFinder(steady=False)
    found, spent, turned = [], [], []
    for seed in range(FIRST_SEED, FIRST_SEED + count):
        scene = scenes.held_sheet(seed)
        begun = time.thread_time()
        corners = finder.find(scene.image)
        spent.append(time.thread_time() - begun)
        if corners is not None:
            begun = time.thread_time()
            finder.rectify(scene.image, corners)
            turned.append(time.thread_time() - begun)
        found.append(0.0 if corners is None else iou(corners, scene.corners))
    good = np.array(found) >= 0.8
    report(
        "sheet found, IoU ≥ 0.8", f"{good.mean():.1%} of {count}, median IoU {np.median(found):.3f}"
    )
    for name, make in (
        ("rooms without a sheet", scenes.no_sheet),
        ("full-frame doodles", scenes.full_frame),
    ):
        false = []
        for seed in range(FIRST_SEED, FIRST_SEED + count // 2):
            scene = make(seed)
            false.append(finder.find(scene.image) is not None)
        report(f"false sheets, {name}", f"{np.mean(false):.1%} of {len(false)}")
    report("one picture by itself, 720p, CPU ms p50 / p95", _ms(spent))
    report("rectified, 720p, CPU ms p50 / p95", _ms(turned))


def following(count: int, report: Callable[[str, str], None]) -> None:
    """How steady the corners are in trembling hands, and what a frame of a stream costs."""
    jitter, spent, missed, frames = [], [], 0, 0
    for seed in range(FIRST_SEED, FIRST_SEED + count):
        finder, errors = SheetFinder(), []
        clip = scenes.tremor(seed, 36)
        width = np.linalg.norm(clip[0].corners[1] - clip[0].corners[0])
        for scene in clip:
            begun = time.thread_time()
            corners = finder.find(scene.image)
            spent.append(time.thread_time() - begun)
            frames += 1
            if corners is None:
                missed += 1
            else:
                errors.append(corners - scene.corners)
        settled = np.array(errors[5:])
        if len(settled):
            around = settled - settled.mean(axis=0)
            jitter.append(np.linalg.norm(around, axis=2).ravel() / width)
    report(
        "corner jitter, share of the width, p95", f"{np.percentile(np.concatenate(jitter), 95):.2%}"
    )
    report("held sheet missed", f"{missed / frames:.1%} of {frames} frames")
    report("held sheet, 720p, CPU ms p50 / p95", _ms(spent))
    finder, idle = SheetFinder(), []
    # The machine's own pace, to read the other costs by.
    begun = time.thread_time()
    for scene in clip:
        cv2.resize(scene.image, (320, 180), interpolation=cv2.INTER_AREA)
    pace = (time.thread_time() - begun) / len(clip)
    report("of which only shrinking the frame to 320 × 180", f"{1e3 * pace:.1f}")
    rooms = [scenes.no_sheet(seed).image for seed in range(FIRST_SEED, FIRST_SEED + 12)]
    for room in rooms * 6:
        begun = time.thread_time()
        finder.find(room)
        idle.append(time.thread_time() - begun)
    report("no sheet, 720p, CPU ms mean", f"{1e3 * np.mean(idle):.1f}")


def scoring(
    drawings: list[tuple[str, np.ndarray]],
    make: Callable[[str, bool], Judge],
    report: Callable[[str, str], None],
) -> None:
    """What cropping to the sheet does to the score of a drawing."""
    held, full = [], []
    for index, (prompt, drawing) in enumerate(drawings):
        seed = FIRST_SEED + index
        with_finder, without = make(prompt, True), make(prompt, False)
        for into, scene in (
            (held, scenes.held_sheet(seed, drawing=drawing)),
            (full, scenes.full_frame(seed, drawing=drawing)),
        ):
            frame = Frame(scene.image, 0, 0.0, 0.0)
            into.append([judge.judge([frame])[0].score for judge in (with_finder, without)])
    for name, rows in (("held sheets", np.array(held)), ("full-frame drawings", np.array(full))):
        gain = rows[:, 0] - rows[:, 1]
        report(
            f"score with the finder minus without, {name}",
            f"median {np.median(gain):+.1f}, mean {gain.mean():+.1f}, "
            f"{(gain < -1).mean():.1%} lose over 1, n {len(gain)}",
        )


def _ms(seconds: list[float]) -> str:
    return "{:.1f} / {:.1f}".format(*(1e3 * np.percentile(seconds, [50, 95])))
