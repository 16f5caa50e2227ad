"""List every picture with its name, tags, group and whether it is held out of training."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from . import emoji_font, icon_sets
from .files import whole

EMOJI_GROUPS = {
    0: "smileys", 1: "people", 3: "animals", 4: "food", 5: "travel", 6: "activities",
    7: "objects", 8: "symbols",
}  # fmt: skip
GLUE_WORDS = {"face", "with", "of", "and", "the"}
SKIN_TONE = re.compile(r"skin-tone|-(light|medium-light|medium|medium-dark|dark)(-|$)")
DULL_CLIPART = re.compile(
    r"^(shapes|computer|special|signs_and_symbols|unsorted|office|geography|buttons|logos"
    r"|transportation/(aiga|roadsigns)|recreation/games/cards|decorations)"
)


@dataclass(slots=True)
class Picture:
    """One picture: where it comes from and what it shows.

    ``icon`` is the icon's name in its set, or a file for clip-art; ``label`` the emoji's label,
    the same in all emoji sets; ``held_out`` the unseen concept it shows, if any.
    """

    set: str
    icon: str
    name: str
    tags: list[str] = field(default_factory=list)
    group: str = ""
    label: str | None = None
    held_out: str | None = None

    @property
    def one_colour(self) -> bool:
        """Whether the picture is black only, so that any ink will do."""
        return self.set in icon_sets.ONE_COLOUR or self.set in icon_sets.ONE_COLOUR_EMOJI


def words(text: str) -> list[str]:
    """Split into lower-case words and numbers."""
    return re.findall(r"[a-z0-9]+", text.lower())


def stem(word: str) -> str:
    """Bring a plural to its singular, roughly: cherries, foxes, cats."""
    if len(word) > 3 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 4 and word.endswith(("ches", "shes", "xes", "oes")):
        return word[:-2]
    if len(word) > 3 and word.endswith("s") and not word.endswith("ss"):
        return word[:-1]
    return word


class HeldOut:
    """Find texts that name a concept that training must not see."""

    def __init__(self, concepts: Iterable[str]) -> None:
        self._keys = {concept: _key(concept) for concept in concepts}

    def find(self, text: str) -> str | None:
        """Return the concept all of whose words are in the text, singular or plural."""
        stems = {stem(word) for word in words(text)}
        return next((concept for concept, key in self._keys.items() if key <= stems), None)


def list_pictures(packages: Path, unseen: list[str]) -> list[Picture]:
    """List the pictures of all sets.

    Args:
        packages: The folder :func:`fetch.fetch` filled.
        unseen: The concepts held out of training in every style.

    Returns:
        Pictures in a fixed order; those of the unseen style and concepts are marked, not left out.

    Raises:
        ValueError: A set meant for training has a licence that is not permissive.
    """
    collections = json.loads((packages / "iconify-json/collections.json").read_text())
    for name in icon_sets.EMOJI + icon_sets.COLOUR + icon_sets.ONE_COLOUR:
        if name == emoji_font.NAME:  # a font, with a licence of its own
            continue
        licence = collections[name]["license"].get("spdx")
        if licence not in icon_sets.PERMISSIVE:
            raise ValueError(f"Icon set {name} has licence {licence}: leave it out of icon_sets.py")
    found = [
        *_emoji(packages),
        *_icons(packages),
        *_clipart(packages),
    ]
    held = HeldOut(unseen)
    for picture in found:
        exact = picture.label if picture.label in unseen else None
        picture.held_out = exact or held.find(picture.name)
        if picture.set != icon_sets.UNSEEN_STYLE:
            picture.tags = [tag for tag in picture.tags if not held.find(tag)]
    return found


def read_set(packages: Path, name: str) -> dict[str, Any]:
    """Read one icon set as Iconify's JSON."""
    if name == emoji_font.NAME:
        return emoji_font.read_font(packages)
    found: dict[str, Any] = json.loads(
        (packages / "iconify-json/json" / f"{name}.json").read_text()
    )
    return found


def save(pictures: list[Picture], path: Path) -> None:
    """Write the list as JSON."""
    with whole(path) as file:
        file.write_text(json.dumps([asdict(picture) for picture in pictures]))


def load(path: Path) -> list[Picture]:
    """Read a list that :func:`save` wrote."""
    return [Picture(**entry) for entry in json.loads(path.read_text())]


def _key(concept: str) -> frozenset[str]:
    return frozenset({stem(word) for word in words(concept)} - GLUE_WORDS)


def _emoji(packages: Path) -> Iterator[Picture]:
    entries = json.loads((packages / "emojibase-data/en/data.json").read_text())
    by_code = {_code(entry["hexcode"]): entry for entry in entries}
    by_name = {"-".join(words(entry["label"])): entry for entry in entries}
    by_name |= {"".join(words(entry["label"])): entry for entry in entries}  # as Firefox writes
    for set_name in (*icon_sets.EMOJI, icon_sets.UNSEEN_STYLE):
        data = read_set(packages, set_name)
        code_of = {icon: _code(code) for code, icon in reversed(data.get("chars", {}).items())}
        labels: set[str] = set()
        for icon in data["icons"]:
            if SKIN_TONE.search(icon):
                continue
            several = set_name == "streamline-emojis"  # has cat-1, cat-2: two drawings of a cat
            base = re.sub(r"-\d$", "", icon) if several else icon
            entry = by_code.get(code_of.get(icon, "")) or by_name.get(base)
            if entry is None:
                known = set_name not in (icon_sets.UNSEEN_STYLE, "fxemoji", emoji_font.NAME)
                if known and not icon_sets.INTERFACE_WORDS & set(words(icon)):
                    yield Picture(set_name, icon, " ".join(words(base)))
                continue
            label = entry["label"]
            if entry.get("group") not in EMOJI_GROUPS or (label in labels and not several):
                continue
            labels.add(label)
            name = re.sub("[“”]", "", label)
            group = EMOJI_GROUPS[entry["group"]]
            yield Picture(set_name, icon, name, entry.get("tags", [])[:14], group, label)


def _icons(packages: Path) -> Iterator[Picture]:
    for set_name in icon_sets.COLOUR + icon_sets.ONE_COLOUR:
        data = read_set(packages, set_name)
        group_of = {
            icon: group for group, icons in data.get("categories", {}).items() for icon in icons
        }
        looks: dict[str, int] = {}
        for icon, body in data["icons"].items():
            name = None if body.get("hidden") else _icon_name(icon)
            if name is None or looks.get(name, 0) >= 2:  # at most two looks of one thing in a set
                continue
            looks[name] = looks.get(name, 0) + 1
            yield Picture(set_name, icon, name, [], group_of.get(icon, ""))


def _icon_name(icon: str) -> str | None:
    """Turn an icon's name into words, or None where it names nothing one can draw."""
    parts = words(icon)
    if icon_sets.INTERFACE_WORDS & set(parts):
        return None
    while parts and (parts[-1] in icon_sets.LOOKS or parts[-1].isdigit()):
        parts.pop()
    parts = [part for part in parts if len(part) > 1 and not part.isdigit()]
    return " ".join(parts) if 0 < len(parts) <= 6 else None


def _clipart(packages: Path) -> Iterator[Picture]:
    root = packages / "openclipart-png/usr/share/openclipart/png"
    drawings = packages / "openclipart-svg/usr/share/openclipart/svg"
    for file in sorted(root.rglob("*.png")):
        folder = file.parent.relative_to(root).as_posix()
        if DULL_CLIPART.match(folder):
            continue
        title, keywords = _clipart_words(drawings / folder / f"{file.stem}.svg")
        parts = [word for word in words(title) if not word.isdigit()]
        if not parts or "clipart" in parts or re.search(r"untitled|^by |drawing$", title.lower()):
            parts = [word for word in words(file.stem) if not word.isdigit()][:2]
        if not parts:
            continue
        path = [stem(word) for word in folder.replace("_", " ").split("/")]
        tags = list(dict.fromkeys(path + keywords))[:10]
        name = " ".join(parts[:7])
        yield Picture(icon_sets.CLIPART, str(file.relative_to(packages)), name, tags, path[-1])


def _clipart_words(svg: Path) -> tuple[str, list[str]]:
    """Read title and keywords from a drawing's metadata; empty where there are none."""
    if not svg.exists():
        return "", []
    text = svg.read_text(errors="ignore")[:20_000]
    title = re.search(r"<dc:title>([^<]{2,80})</dc:title>", text)
    subject = re.search(r"<dc:subject>(.*?)</dc:subject>", text, re.S)
    keywords = (
        re.findall(r"<rdf:li[^>]*>([^<]{2,30})</rdf:li>", subject.group(1)) if subject else []
    )
    return html.unescape(title.group(1)).strip() if title else "", [
        k.strip().lower() for k in keywords
    ]


def _code(hexcode: str) -> str:
    return "-".join(part for part in hexcode.lower().split("-") if part != "fe0f")
