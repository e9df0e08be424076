"""What OpenDialKG's knowledge graph tells of the entities that its conversations name."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from convrec.catalogue.importers.titles import Title, split_year, without_alternatives

Triple = tuple[str, str, str]
"""Subject, relation and object; `~` before the relation turns it round."""

_KINDS: dict[str, frozenset[str]] = {  # by the relations that tell of such a thing; the first that fits
    "movie": frozenset(
        {
            "starred_actors",
            "directed_by",
            "Casting director",
            "Cinematography",
            "Costume design by",
            "Production design by",
        }
    ),
    "music": frozenset({"Album content type", "Artist", "Featured artist", "Lyricist", "Recorded by"}),
    "sports": frozenset({"Arena/Stadium"}),
    "book": frozenset({"written_by", "Author"}),
}
_BRACKETS = re.compile(r"\((?:[^()]*\s)?(?P<kind>film|movie|novel|book|album|song)\)$", re.IGNORECASE)
_IN_BRACKETS = {"film": "movie", "movie": "movie", "novel": "book", "book": "book", "album": "music", "song": "music"}
_FACTS = {
    "genres": ("has_genre",),
    "director": ("directed_by",),
    "cast": ("starred_actors",),
    "writer": ("written_by", "Author"),
    "artist": ("Artist", "Recorded by"),
    "language": ("in_language",),
}
_YEAR = re.compile(r"\d{4}")


def entity_title(entity: str) -> Title:
    """Returns the entity as people say it: "Fog (Crime Fiction Film)" → "Fog"."""
    name, year = split_year(entity)
    return Title(without_alternatives(name), year)


@dataclass
class Graph:
    """What is known of the entities that the paths touch: entity → relation → values."""

    lines: dict[str, int] = field(default_factory=dict)  # where an entity is first touched
    facts: dict[str, dict[str, dict[str, None]]] = field(default_factory=dict)
    kinds: dict[str, str] = field(default_factory=dict)  # of the entities that are items

    def touch(self, triple: Triple, line: int) -> None:
        """Takes a triple of a path in, from that line of the conversations."""
        for entity in (triple[0], triple[2]):
            self.lines.setdefault(entity, line)
        self.add(triple)

    def add(self, triple: Triple) -> None:
        """Takes a triple in if its subject, turned the right way round, is touched by a path."""
        subject, relation, value = triple
        if relation.startswith("~"):
            subject, relation, value = value, relation[1:], subject
        if subject in self.lines:
            self.facts.setdefault(subject, {}).setdefault(relation, {})[value] = None

    def values(self, entity: str, relations: Iterable[str]) -> list[str]:
        """Returns what the entity has in any of the relations."""
        facts = self.facts.get(entity, {})
        return list(dict.fromkeys(value for relation in relations for value in facts.get(relation, ())))

    def kind(self, entity: str) -> str | None:
        """Returns which kind of item the entity is, None where it is none or nothing tells."""
        match = _BRACKETS.search(entity)
        if match is not None:
            return _IN_BRACKETS[match["kind"].casefold()]
        relations = self.facts.get(entity, {}).keys()
        return next((kind for kind, signs in _KINDS.items() if signs & relations), None)

    def item(self, entity: str, kind: str) -> dict[str, Any]:
        """Returns the entity as a row of items."""
        title, year = entity_title(entity)
        years = (int(match[0]) for value in self.values(entity, ("release_year",)) if (match := _YEAR.match(value)))
        return {
            "id": entity,
            "title": title,
            "kind": kind,
            "year": year if year is not None else next(years, None),
            **{name: self.values(entity, relations) for name, relations in _FACTS.items()},
            "source_title": entity,
        }
