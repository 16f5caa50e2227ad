"""Measures the judge: handwriting guard, sheet finder, false alarms, cost; and the fair maximum.

    python tests/benchmarks/judge.py PICTURES [--model sketch] [--count 150] [--tuning]
    python tests/benchmarks/judge.py --fair [--count 150]

PICTURES is what `tests/benchmarks/pictures.py` wrote; `--fair` needs none. Nothing is downloaded.
With CLIP's weights cached, `--model clip` measures CLIP. The bundled encoder hardly reads; a
*simulated reader* stands in for one that does: its embedding plus α times the text embedding of the
words on the page, α set so that a page with the prompt alone reaches a similarity of 0.30, and
swept.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import replace
from functools import partial
from pathlib import Path

import cv2
import numpy as np

sys.path[:0] = [str(Path(__file__).resolve().parents[1]), str(Path(__file__).resolve().parents[2])]

import fair
import pictures
import sheets

import scenes
from paintcam.encoders import load_encoder
from paintcam.encoders.base import Encoder
from paintcam.frames import Frame
from paintcam.judge.guard_prompts import guard_prompts
from paintcam.judge.handwriting import HandwritingGuard
from paintcam.judge.judge import Judge
from paintcam.judge.make import make_judge
from paintcam.judge.nsfw import LIMIT, open_classifier
from paintcam.judge.sheet.finder import SheetFinder
from paintcam.judge.verdict import score_of

ALPHAS = (0.25, 0.5, 0.75, 1.0)
FRAME = Frame(np.zeros((8, 8, 3), np.uint8), 0, 0.0, 0.0)


def unit(rows: np.ndarray) -> np.ndarray:
    """Rows of length one."""
    return (rows / np.linalg.norm(rows, axis=-1, keepdims=True)).astype(np.float32)


def photographed(rng: np.random.Generator, page: np.ndarray, finder: SheetFinder) -> np.ndarray:
    """A page as the judge sees it: held to a camera, in some light, and rectified."""
    hw = (480, 640)
    room = scenes.background(rng, scenes.BACKGROUNDS[int(rng.integers(5))], hw)
    paper = np.full((520, 520, 3), rng.uniform(228, 252), np.float32)
    paper[20:500, 20:500] *= page.astype(np.float32) / 255
    corners = scenes.pose(rng, (520, 520), hw, 0.9)
    scenes.paste(room, paper, corners, 6)
    light = ("day", "day", "warm", "side", "dim")[int(rng.integers(5))]
    return finder.rectify(scenes.camera(rng, room, light), corners)


def sample(folder: Path, count: int, tuning: bool) -> list[tuple[str, np.ndarray]]:
    """Concepts and drawings, evenly from one half of every set in the folder.

    The guard's constants are set on one half, and figures are quoted from the other.
    """
    files = sorted(folder.glob("*/*.png"))[0 if tuning else 1 :: 2]
    if not files:
        sys.exit(f"No pictures in {folder}: run tests/benchmarks/pictures.py first.")
    return [
        (file.stem, cv2.imread(str(file)))
        for file in (files[i] for i in np.linspace(0, len(files) - 1, count).astype(int))
    ]


class Set:
    """Embeddings of drawings, drawings with a word, and pages: (N, 2, D), (N, 2, D), (N, 2, D)."""

    def __init__(self, encoder: Encoder, drawings: list[tuple[str, np.ndarray]]) -> None:
        rng, fonts = np.random.default_rng(11), pictures.font_files()
        finder = SheetFinder(steady=False)
        if len(fonts) < 8:
            sys.exit(f"Only {len(fonts)} handwriting fonts; see tests/benchmarks/pictures.py.")
        self.fonts, rows = len(fonts), []
        for concept, drawing in drawings:
            lines = pictures.as_lines(drawing)
            pens = [fonts[i] for i in rng.choice(len(fonts), 4, replace=False)]
            pages = [drawing, lines]
            pages += [
                pictures.with_word(rng, p, concept, f)
                for p, f in zip((drawing, lines), pens[:2], strict=True)
            ]
            pages += [pictures.written_page(rng, concept, pen) for pen in pens[2:]]
            rows.append(encoder.encode_image([photographed(rng, p, finder) for p in pages]))
        whole = np.stack(rows)
        self.texts = encoder.encode_text([concept for concept, _ in drawings])
        self.honest, self.worded, self.pages = whole[:, :2], whole[:, 2:4], whole[:, 4:]

    def similarity(self, embeddings: np.ndarray) -> np.ndarray:
        """Cosine with each row's own prompt, (N, K)."""
        return np.einsum("nkd,nd->nk", embeddings, self.texts)

    def reading(self, embeddings: np.ndarray, alpha: float) -> np.ndarray:
        """What the simulated reader sees."""
        return unit(embeddings + alpha * self.texts[:, None])


class Unlearned:
    """An encoder without its direction of handwriting: the guard makes one, as it does for CLIP."""

    def __init__(self, encoder: Encoder) -> None:
        self.info = replace(encoder.info, handwriting=None, fingerprint="")
        self.encode_image, self.encode_text = encoder.encode_image, encoder.encode_text


def penalties(encoder: Encoder, data: Set) -> dict:
    """Name → what that guard takes from the similarity of (N, K, D) embeddings, (N, K)."""
    writing = unit(encoder.encode_text(guard_prompts("handwriting")).mean(axis=0))
    letters = encoder.encode_text(["written letters"])[0]
    learned, computed = HandwritingGuard(encoder), HandwritingGuard(Unlearned(encoder))

    def kept(guard: HandwritingGuard, embeddings: np.ndarray) -> np.ndarray:
        rows = []
        for text, few in zip(data.texts, embeddings, strict=True):
            guard.prepare(text[None])
            rows.append([guard.check(FRAME, FRAME.image, one).penalty for one in few])
        return np.array(rows)

    def projected(embeddings: np.ndarray) -> np.ndarray:
        along = (embeddings @ writing)[..., None] * writing
        return data.similarity(embeddings) - data.similarity(unit(embeddings - along))

    def more_alike(embeddings: np.ndarray) -> np.ndarray:
        return 4 * np.maximum(0, embeddings @ writing - data.similarity(embeddings))

    return {
        "no guard": lambda embeddings: np.zeros(embeddings.shape[:2]),
        "minus sim(written letters)": lambda e: np.maximum(0, e @ letters),
        "minus sim(mean of prompts)": lambda e: np.maximum(0, e @ writing),
        "projection": projected,
        "more like handwriting than prompt": more_alike,
        "kept, direction made from prompts and pictures": partial(kept, computed),
        "kept, the encoder's own direction": partial(kept, learned),
    }


def handwriting(encoder: Encoder, data: Set, report) -> None:
    """The table's first three rows, for every way that was tried."""
    low, high = encoder.info.score_range
    score = np.vectorize(lambda similarity: score_of(similarity, low, high))
    alpha, plain = 0.0, float(np.median(data.similarity(data.pages)))
    while alpha < 3 and np.median(data.similarity(data.reading(data.pages, alpha))) < 0.30:
        alpha += 0.01
    reader = alpha > 0
    report(
        "pages / drawings, median similarity",
        f"{plain:.3f} / {np.median(data.similarity(data.honest)):.3f}",
    )
    if reader:
        report("simulated reader: α for a page at 0.30", f"{alpha:.2f}")
    for name, penalty in penalties(encoder, data).items():
        honest, taken = data.similarity(data.honest), penalty(data.honest)
        lost = score(honest) - score(honest - taken)
        shows = score(honest) >= 5  # what scores less has no 5 points to lose
        report(
            f"{name}: honest drawings losing over 5 points",
            f"{(lost > 5)[shows].mean():.1%} of {shows.sum()} that score 5 or more",
        )
        for a in (0.0, alpha) if reader else (0.0,):
            worded = data.reading(data.worded, a)
            plain = data.similarity(worded)
            dip = score(plain) - score(plain - penalty(worded))
            who = f"simulated reader α {a:.2f}" if a else encoder.info.name
            report(f"{name}: drawing with its word, median loss, {who}", f"{np.median(dip):.1f}")
        for a in (0.0, alpha, *ALPHAS) if reader else (0.0,):
            pages = data.reading(data.pages, a)
            after = data.similarity(pages) - penalty(pages)
            below = after[:, :, None] < (honest - taken)[:, None, :]
            shown = score(after)[:, :, None] < score(honest - taken)[:, None, :]
            visible = np.broadcast_to((score(honest) >= 5)[:, None, :], shown.shape)
            who = "simulated reader" if a else encoder.info.name
            report(
                f"{name}: page below drawing, {who}{f' α {a:.2f}' if a else ''}",
                f"{below.mean():.1%}; as shown, drawings that score 5 or more: "
                f"{shown[visible].mean():.1%}; all: {shown.mean():.1%}",
            )


def costs(encoder: Encoder, data: Set, report) -> None:
    """What the guards' arithmetic costs a frame."""
    guard = HandwritingGuard(encoder)
    guard.prepare(data.texts[:1])
    begun = time.thread_time()
    for _ in range(300):
        guard.check(FRAME, FRAME.image, data.honest[0, 0])
    report("guard's arithmetic a frame, CPU ms", f"{(time.thread_time() - begun) / 0.3:.3f}")


def alarms(drawings: list[tuple[str, np.ndarray]], report) -> None:
    """How often harmless drawings are blocked."""
    classify = open_classifier()
    if classify is None:
        report("nsfw: harmless drawings blocked", "inactive: pip install 'paintcam[nsfw]'")
        return
    begun = time.thread_time()
    visible = [classify(drawing) for _, drawing in drawings]
    report(
        "nsfw: harmless drawings blocked",
        f"{np.mean(np.array(visible) > LIMIT):.1%}, highest {max(visible):.2f}",
    )
    report(
        "nsfw: one look, CPU ms (twice a second)",
        f"{1e3 * (time.thread_time() - begun) / len(visible):.0f}",
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pictures", type=Path, nargs="?")
    parser.add_argument("--fair", action="store_true", help="measure the fair maximum alone")
    parser.add_argument("--model", default="sketch")
    parser.add_argument("--count", type=int, default=150, help="prompts; scenes are twice as many")
    parser.add_argument("--tuning", action="store_true", help="the half constants are set on")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    cv2.setNumThreads(1)
    rows: dict[str, str] = {}

    def report(figure: str, value: str) -> None:
        rows[figure] = value
        print(f"{figure:72} {value}", flush=True)

    encoder = load_encoder(options.model)
    if options.fair:
        fair.flicker(options.count, report)
        fair.honest(encoder, max(3, options.count // 25), report)
        _write(options.json, rows)
        return
    if options.pictures is None:
        parser.error("PICTURES is missing")
    drawings = sample(options.pictures, options.count, options.tuning)
    data = Set(encoder, drawings)
    report("encoder, prompts, fonts", f"{encoder.info.name}, {len(drawings)}, {data.fonts}")
    handwriting(encoder, data, report)
    costs(encoder, data, report)
    alarms(drawings, report)
    sheets.finding(2 * options.count, report)
    sheets.following(max(3, options.count // 20), report)

    def make(prompt: str, crop: bool) -> Judge:
        return make_judge(encoder, prompt, guards=(), crop=crop, pictures="stills")

    sheets.scoring(drawings[: max(20, options.count // 2)], make, report)
    _write(options.json, rows)


def _write(path: Path | None, rows: dict[str, str]) -> None:
    if path is not None:
        path.write_text(json.dumps(rows, indent=1, ensure_ascii=False))


if __name__ == "__main__":
    main()
