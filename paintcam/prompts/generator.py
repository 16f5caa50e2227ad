"""Prompts without a network: hand-picked words in hand-written patterns."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib import resources
from typing import Any

__all__ = ["PromptGenerator", "content_words", "with_article"]

_SLOT = re.compile(r"\{(\w+)\}")
_ARTICLE = re.compile(r"\ba\(n\) (\S+)")
_TRIES = 2000


@cache
def _vocabulary() -> Mapping[str, Any]:
    file = resources.files("paintcam") / "assets" / "prompts" / "vocabulary.json"
    vocabulary: Mapping[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return vocabulary


def content_words(text: str) -> frozenset[str]:
    """Return a prompt's main words without a plural s: "two geese on Mars" has "geese", "mar"."""
    return frozenset(word.rstrip("s") for word in re.findall(r"[a-z]{4,}|ufo", text.lower()))


def with_article(word: str) -> str:
    """Put the indefinite article before a word: "an owl", "a unicorn"."""
    exceptions: Mapping[str, str] = _vocabulary()["article"]
    article = exceptions.get(word) or ("an" if word[0].lower() in "aeiou" else "a")
    return f"{article} {word}"


class PromptGenerator:
    """An endless sequence of drawable prompts for all ages.

    No prompt appears twice, and two in a row share neither a pattern nor a main word.

    Args:
        seed: The same seed gives the same sequence on every machine; None gives a new one each
            time.
    """

    def __init__(self, seed: int | None = None) -> None:
        self._random = random.Random(seed)
        self._words = _vocabulary()
        self._patterns = [text for text, weight in self._words["patterns"] for _ in range(weight)]
        self._drawn: set[str] = set()
        self._last: tuple[str, frozenset[str]] = ("", frozenset())

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        for _ in range(_TRIES):
            pattern = self._pick(self._patterns)
            prompt = self._fill(pattern)
            words = content_words(prompt or "")
            if prompt is None or prompt in self._drawn:
                continue
            if pattern == self._last[0] or words & self._last[1]:
                continue
            self._drawn.add(prompt)
            self._last = (pattern, words)
            return prompt
        self._drawn.clear()  # hundreds of thousands were drawn: start again
        return next(self)

    def _pick(self, choices: Sequence[str]) -> str:
        # Of all of Random's methods, only random() is guaranteed to stay the same in every Python.
        return choices[int(self._random.random() * len(choices))]

    def _fill(self, pattern: str) -> str | None:
        """Fill a pattern with words; None if they do not go together."""
        filled: list[str] = []

        def word(slot: re.Match[str]) -> str:
            name = slot.group(1)
            found = self._pick(self._words["animal" if name == "animals" else name])
            filled.append(found)
            return self._plural(found) if name == "animals" else found

        text = _SLOT.sub(word, pattern)
        carried = [content_words(part) for part in filled]
        if sum(map(len, carried)) > len(frozenset().union(*carried)):
            return None  # a word twice: "an elephant with elephant ears"
        dull: Mapping[str, Sequence[str]] = self._words["dull"]
        if any(other in dull.get(part, ()) for part in filled for other in filled):
            return None  # not funny: "a camel in the desert"
        if "{act} {place}" in pattern and re.search(r" (in|on|at|into|over|out) ", filled[1]):
            return None  # two places: "sleeping in a hammock in a bathtub"
        if "{person}" in pattern and "dressed" not in pattern:
            animals_only: Sequence[str] = self._words["animals_only"]
            if "its " in text or any(part in animals_only for part in filled):
                return None
        return _ARTICLE.sub(lambda found: with_article(found.group(1)), text)

    def _plural(self, noun: str) -> str:
        irregular: Mapping[str, str] = self._words["irregular"]
        if noun in irregular:
            return irregular[noun]
        if noun.endswith("y") and noun[-2] not in "aeiou":
            return noun[:-1] + "ies"
        return noun + ("es" if noun.endswith(("s", "x", "ch", "sh")) else "s")
