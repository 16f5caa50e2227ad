"""Where the heat map of a score peaks, and what it costs: the bundled encoder.

    python tests/benchmarks/explain.py [--pairs N] [--drawings FOLDER] [--seed S]

Two drawings stand side by side on one sheet, in every order; the prompt names one of them. The map
is right where its peak lies in that half. Pictures that the encoder never saw: the twelve bundled
Quick, Draw! drawings of `paintcam/assets/int8_check`, or a folder of `drawing-NAME.png`. Time is
also given as CPU time, which a busy machine changes little. Nothing here is an assertion.
"""

from __future__ import annotations

import argparse
import itertools
import json
import statistics
import time
from pathlib import Path

import cv2
import numpy as np

from paintcam.encoders.int8 import PICTURES
from paintcam.encoders.sketch import SketchEncoder
from paintcam.judge.explain import LEAST_SCORE, Explaining


def drawings(folder: Path) -> dict[str, np.ndarray]:
    """Read drawings, BGR uint8, by name."""
    return {
        path.stem.removeprefix("drawing-").replace("_", " "): cv2.imread(str(path))
        for path in sorted(folder.glob("drawing-*.png"))
    }


def sheet(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Put two drawings side by side on one sheet, BGR uint8 (448, 448, 3)."""
    picture = np.full((448, 448, 3), 245, np.uint8)
    for place, drawing in enumerate((left, right)):
        small = cv2.resize(drawing, (216, 216), interpolation=cv2.INTER_AREA)
        small[(small > 225).all(axis=2)] = 245
        picture[116:332, 6 + 222 * place : 222 + 222 * place] = small
    return picture


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=132, help="how many composed pictures")
    parser.add_argument("--drawings", type=Path, default=PICTURES, help="a folder")
    parser.add_argument("--seed", type=int, default=0, help="of the choice of pairs")
    options = parser.parse_args()
    known = drawings(options.drawings)
    pairs = list(itertools.permutations(known, 2))
    np.random.default_rng(options.seed).shuffle(pairs)
    encoder = SketchEncoder()
    wall_s, cpu_s, right, shares = [], [], {True: [], False: []}, {True: [], False: []}
    for left, other in pairs[: options.pairs]:
        wall, cpu = time.monotonic(), time.process_time()
        explaining = Explaining(
            encoder,
            sheet(known[left], known[other]),
            f"a drawing of a {left}",
            encoder.info.score_range,
        )
        while (found := explaining.advance()) is None:
            pass
        wall_s.append(time.monotonic() - wall)
        cpu_s.append(time.process_time() - cpu)
        columns, shown = found.grid.shape[1], found.score >= LEAST_SCORE
        right[shown].append(int(found.grid.argmax()) % columns < columns / 2)
        mass = found.grid.sum(axis=0)
        shares[shown].append(float(mass[: columns // 2].sum() / max(mass.sum(), 1e-9)))
    print(f"encoder {encoder.info.version}, {len(wall_s)} composed pictures")
    for shown, words in ((True, "shown"), (False, "too low to be shown")):
        count = len(right[shown])
        share = f"{sum(right[shown]) / count:.0%}" if count else "–"
        mass = f"{statistics.mean(shares[shown]):.0%}" if count else "–"
        print(f"{words:22} {count:4} pictures, peak in the right half {share}, mass there {mass}")
    wall, cpu = statistics.median(wall_s), statistics.median(cpu_s)
    print(f"one explanation: {wall:.3f} s, CPU time {cpu:.3f} s")
    print(
        json.dumps(
            {
                "shown": len(right[True]),
                "right": sum(right[True]),
                "wall_s": round(wall, 3),
                "cpu_s": round(cpu, 3),
            }
        )
    )


if __name__ == "__main__":
    main()
