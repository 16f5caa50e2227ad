"""Fit the dimensions that joint.py adds, on training pictures and drawings."""

from __future__ import annotations

import random
from collections.abc import Sequence

import numpy as np

from . import captions, centring, people, roles, splits
from .dataset import Drawer
from .exported import UnfinishedTower
from .joint import Added
from .network import SketchNet
from .pages import Handwriting
from .people_figures import LOOKS, PeopleFigures
from .pictures import Picture
from .quickdraw import Drawing
from .render import Store
from .sentences import SentenceEncoder
from .testsets import DRAWABLE, Stage


def fit(
    net: SketchNet,
    sentences: SentenceEncoder,
    size: int,
    listed: list[Picture],
    drawings: Sequence[Drawing],
    store: Store,
) -> Added:
    """Fit the bank, what tells drawings by hand from printed pictures, and the roles.

    Args:
        net: The network that ships, its norms folded.
        sentences: The exported text tower, without additions.
        size: Side of the frames.
        listed: The pictures.
        drawings: People's drawings.
        store: The rendered pictures.
    """
    tower = UnfinishedTower(net, sentences, size)
    stage = Stage(Drawer(store, listed), Handwriting([]), size)
    shown = PeopleFigures(tower, stage, drawings)
    trained = people.split(drawings, people.unseen_categories()).trained
    chosen = centring.choose_bank([entry.name for entry in drawings], trained)
    bank, filmed = (tower.images(shown.frame(number, look) for number in chosen) for look in LOOKS)
    icons = [i for i in splits.split(listed).trained if listed[i].group in DRAWABLE]
    scenes = roles.choose(icons)
    printed = [
        tower.images(stage.singles(scenes.singles, look, roles.SEED))
        for look in ("clean", "webcam")
    ]
    names = [captions.with_article(name) for name in sorted(people.trained_names(drawings))]
    others = sorted({listed[i].name.lower() for i in icons})
    ordinary = random.Random(centring.SEED).sample(others, min(centring.ORDINARY, len(others)))
    return Added(
        centring.measure(bank, sentences(names), shown.texts, sentences(ordinary)),
        centring.fit_by_hand(np.concatenate([bank, filmed]), np.concatenate(printed)),
        roles.fit(
            scenes,
            tower.halves(scenes.frames(stage)),
            [picture.name.lower() for picture in listed],
            sentences,
        ),
    )
