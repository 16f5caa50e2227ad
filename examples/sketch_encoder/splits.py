"""Which pictures are trained on, which are for decisions (validation), and which are held out."""

from __future__ import annotations

import json
import zlib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from . import icon_sets
from .pictures import Picture, stem, words

SPLIT_FILE = Path(__file__).with_name("split.json")
VALIDATION_SETS = ("game-icons", "healthicons", "hugeicons", "mdi", "openclipart")
UNSEEN_FOR_VALIDATION = 200


@dataclass(frozen=True, slots=True)
class Splits:
    """Indices into the list of pictures.

    ``trained``; ``new_pictures``: for validation, one in thirty emoji, their concepts trained on in
    other styles; ``new_concepts``: for validation, icons whose word no other picture's name has;
    ``seen_style``/``unseen_style`` and so on of ``split.json`` are chosen in testsets.py.
    """

    trained: list[int]
    new_pictures: list[int]
    new_concepts: list[int]


def unseen_concepts() -> list[str]:
    """Return the concepts held out of training in every style."""
    found: list[str] = json.loads(SPLIT_FILE.read_text())["unseen_concepts"]
    return found


def seen_labels() -> set[str]:
    """Return the labels, lower case, of the unseen style's pictures whose concepts are trained."""
    return {label.lower() for label in json.loads(SPLIT_FILE.read_text())["unseen_style"]["labels"]}


def split(pictures: list[Picture]) -> Splits:
    """Divide the pictures; a fixed function of their names."""
    open_to_use = [
        i for i, p in enumerate(pictures) if p.held_out is None and p.set != icon_sets.UNSEEN_STYLE
    ]
    new_pictures = [i for i in open_to_use if pictures[i].label and _draw(pictures[i], 30)]
    counts: Counter[str] = Counter()
    for i in open_to_use:
        spoken = " ".join((pictures[i].name, *pictures[i].tags))
        counts.update({stem(word) for word in words(spoken)})
    lonely = [
        i
        for i in open_to_use
        if pictures[i].set in VALIDATION_SETS
        and len(parts := words(pictures[i].name)) == 1
        and len(parts[0]) > 3
        and counts[stem(parts[0])] == 1
    ]
    new_concepts = sorted(lonely, key=lambda i: _number(pictures[i]))[:UNSEEN_FOR_VALIDATION]
    kept = set(new_pictures) | set(new_concepts)
    return Splits([i for i in open_to_use if i not in kept], new_pictures, sorted(new_concepts))


def _number(picture: Picture) -> int:
    return zlib.crc32(f"{picture.set}:{picture.icon}".encode())


def _draw(picture: Picture, one_in: int) -> bool:
    return _number(picture) % one_in == 0
