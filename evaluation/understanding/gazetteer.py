"""The baseline that links by exact look-up alone: every run of words that is a value or a title of the catalogue."""

from __future__ import annotations

import re

from convrec.catalogue.catalogue import Catalogue
from convrec.core.text import fold
from convrec.core.understanding import Preference, Understanding
from convrec.evaluation.understanding.hearing import Hear

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_LONGEST = 10


class Gazetteer:
    """Links a catalogue's values and titles, the longest run of words first, from left to right. It knows no acts and no negation.

    What is a value of several fields is taken for that of most items.
    """

    def __init__(self, catalogue: Catalogue) -> None:
        self._meaning: dict[tuple[str, ...], tuple[int, str, str]] = {}
        for field in catalogue.schema.valued:
            index = catalogue.values(field.name)
            for value, count in zip(index.values, index.counts.tolist(), strict=True):
                self._add(field.name, value, int(count))
        for title in catalogue.titles:
            self._add("title", title, 1)

    def understand(self, text: str) -> Understanding:
        """Returns the linked values as wishes."""
        matches = list(_WORD.finditer(text))
        tokens = [fold(match[0]) for match in matches]
        found = []
        start = 0
        while start < len(tokens):
            end = self._end(tokens, start)
            if end is None:
                start += 1
                continue
            _, facet, value = self._meaning[tuple(tokens[start:end])]
            found.append(Preference(facet=facet, value=value, span=(matches[start].start(), matches[end - 1].end())))
            start = end
        return Understanding(preferences=tuple(found))

    def _end(self, tokens: list[str], start: int) -> int | None:
        ends = range(min(len(tokens), start + _LONGEST), start, -1)
        return next((end for end in ends if tuple(tokens[start:end]) in self._meaning), None)

    def _add(self, facet: str, value: str, count: int) -> None:
        key = tuple(fold(match[0]) for match in _WORD.finditer(value))
        if key and (key not in self._meaning or self._meaning[key][0] < count):
            self._meaning[key] = (count, facet, value)


def look_up(catalogue: Catalogue) -> Hear:
    """Returns what hears a conversation's last message by exact look-up alone."""
    gazetteer = Gazetteer(catalogue)
    return lambda messages: gazetteer.understand(messages[-1]["content"])
