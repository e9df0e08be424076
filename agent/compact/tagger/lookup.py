"""Where a message has the words of the catalogue's values and titles: a feature for the reader, and candidates for linking."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from convrec.core.garbage import uncollected
from convrec.core.text import fold

LONGEST = 8  # words of a value or title that is looked up


@dataclass(frozen=True)
class Found:
    """Words `[start, end)` that are a value of these facets, or a title (facet "title")."""

    start: int
    end: int
    facets: tuple[str, ...]


class Lookup:
    """Finds values by their folded words; a plural counts as its singular."""

    @uncollected()
    def __init__(self, values: Mapping[str, Iterable[str]]) -> None:
        self._facets: dict[tuple[str, ...], tuple[str, ...]] = {}
        for facet, names in values.items():
            for name in names:
                key = key_of(fold(name).split())
                if key and len(key) <= LONGEST and facet not in self._facets.get(key, ()):
                    self._facets[key] = (*self._facets.get(key, ()), facet)

    def find(self, words: list[str]) -> Iterator[Found]:
        """Yields what stands among the folded words, the longest runs first from left to right, none overlapping another."""
        start = 0
        while start < len(words):
            for end in range(min(len(words), start + LONGEST), start, -1):
                facets = self._facets.get(key_of(words[start:end]))
                if facets:
                    yield Found(start, end, facets)
                    start = end
                    break
            else:
                start += 1


def key_of(words: list[str]) -> tuple[str, ...]:
    """Returns folded words without punctuation and the plural of the last."""
    bare = [kept for word in words if (kept := word if word.isalnum() else "".join(filter(str.isalnum, word)))]
    if bare and len(bare[-1]) > 3 and bare[-1].endswith("s") and not bare[-1].endswith("ss"):
        bare[-1] = bare[-1][:-1]
    return tuple(bare)
