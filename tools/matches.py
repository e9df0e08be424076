"""What an item has in common with what is said and with the items of a history: columns for a learned ranker."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from convrec.catalogue.catalogue import Catalogue
from convrec.catalogue.laid import LaidCatalogue
from convrec.core.text import words
from convrec.tools.contract import Floats, Ints, Query, Vectors
from convrec.tools.lexicon import terms

if TYPE_CHECKING:
    from scipy.sparse import csr_array

    Sparse = csr_array[Any, tuple[int, int]]

_LONGEST = 4  # words of a value that is looked for in a text
_SEVERAL = 3.0  # named values past which more say no more
_SHORTEST = 3  # letters of a value that a text may name


class Matches:
    """Columns for candidates, by the catalogue's own schema, so that any catalogue has them.

    For a category or tags field F: `named F` and `named now F` (how many of its values the conversation, and its end, name),
    `shared F` (how much of the history has its values). For a number field: `F`, `F from history` (its distance from the history's
    mean) and `F since` (its difference from the item named last). `title words`: how much of its title stands in titles of the
    history. `facts`: how many fields it fills. `history`, `turns`: how much is known of the case, the same for every item.
    """

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        fields = [f for f in catalogue.schema.fields if f.searchable]
        self._kinds = [f.name for f in fields if f.valued]
        self._numbers = [f.name for f in fields if f.measured]
        columns = [f"{what} {name}" for name in self._kinds for what in ("named", "named now", "shared")]
        columns += [f"{name}{what}" for name in self._numbers for what in ("", " from history", " since")]
        self.columns: tuple[str, ...] = (*columns, "title words", "facts", "history", "turns")

    def over(self, catalogue: LaidCatalogue) -> Matches:
        """Returns the columns over a catalogue that was laid over its own; what did not change is shared."""
        laid, change = copy(self), catalogue.change
        laid._catalogue = catalogue
        laid.__dict__.pop("_filled", None)
        if len(change.spoken):
            for made in ("_named", "_values"):
                laid.__dict__.pop(made, None)
            if "_titles" in self.__dict__:
                laid.__dict__["_titles"] = self._titles.over(catalogue.titles, change.spoken)
        return laid

    def of(self, query: Query, rows: Ints) -> Vectors:
        """Returns `(n, n_columns)` float32 of the rows, NaN where nothing can be said."""
        said, now = query.context or query.text, query.text
        heard, lately = self._heard(said), self._heard(now)
        liked = np.array([row for row, weight in query.history if weight > 0], np.int64)
        columns: list[Floats] = []
        for name in self._kinds:
            has = self._values[name][rows]
            columns += [_count(has, heard.get(name)), _count(has, lately.get(name)), self._shared(name, has, liked)]
        for name in self._numbers:
            columns += self._near(name, rows, liked)
        columns += [
            self._titles_shared(rows, liked), self._filled[rows], np.full(len(rows), float(len(liked))),
            np.full(len(rows), float(said.count("\n") + 1 if said else 0)),
        ]  # fmt: skip
        return np.stack(columns, axis=1).astype(np.float32)

    def _heard(self, text: str) -> dict[str, list[int]]:
        """Returns, by field, the codes of the values that a text names word for word."""
        said = words(text)
        found: dict[str, set[int]] = {}
        for start in range(len(said)):
            for length in range(1, _LONGEST + 1):
                for name, code in self._named.get(" ".join(said[start : start + length]), ()):
                    found.setdefault(name, set()).add(code)
                if start + length >= len(said):
                    break
        return {name: sorted(codes) for name, codes in found.items()}

    @cached_property
    def _named(self) -> Mapping[str, tuple[tuple[str, int], ...]]:
        """Returns where each value, as the folded words of a text, belongs: field and code."""
        found: dict[str, tuple[tuple[str, int], ...]] = {}
        for name in self._kinds:
            for code, value in enumerate(self._catalogue.values(name).values):
                key = " ".join(words(value))
                if len(key) >= _SHORTEST and key.count(" ") < _LONGEST:
                    found[key] = (*found.get(key, ()), (name, code))
        return found

    @cached_property
    def _values(self) -> dict[str, Sparse]:
        """Returns, by field, `(n_items, n_values)`, 1 where the item carries the value."""
        return {name: self._catalogue.values(name).carried() for name in self._kinds}

    def _shared(self, name: str, has: Sparse, liked: Ints) -> Floats:
        """Returns `(n,)`: the mean share of each row's values that the liked items have, the latest counting most."""
        if not len(liked):
            return np.full(has.shape[0], np.nan)
        weights = 1.0 / (1.0 + np.arange(len(liked))[::-1])
        profile = self._values[name][liked].T @ (weights / weights.sum())
        carried = np.maximum(np.diff(has.indptr), 1)
        shared: Floats = (has @ profile) / np.sqrt(carried)
        return shared

    def _near(self, name: str, rows: Ints, liked: Ints) -> list[Floats]:
        numbers = self._catalogue.numbers(name)
        own, theirs = numbers[rows], numbers[liked]
        known = theirs[~np.isnan(theirs)]
        if not len(known):
            return [own, np.full(len(rows), np.nan), np.full(len(rows), np.nan)]
        return [own, np.abs(own - known.mean()), own - known[-1]]

    @cached_property
    def _titles(self) -> _TitleTerms:
        return _TitleTerms.of(self._catalogue.titles)

    def _titles_shared(self, rows: Ints, liked: Ints) -> Floats:
        """Returns `(n,)`: the closest that the title comes to a liked item's title, 0 to 1."""
        if not len(liked):
            return np.zeros(len(rows))
        weights = self._titles.weights
        closest: Floats = (weights[rows] @ weights[liked].T).toarray().max(axis=1)
        return closest

    @cached_property
    def _filled(self) -> Floats:
        present = [self._catalogue.present(field.name) for field in self._catalogue.schema.fields]
        filled: Floats = np.sum(present, axis=0).astype(np.float64)
        return filled


@dataclass(frozen=True)
class _TitleTerms:
    """`weights` `(n_items, n_terms)` of the titles' terms, the rarer the more, each row of length 1; `rarity` `(n_terms,)` and the terms' codes."""

    weights: Sparse
    rarity: Floats
    codes: Mapping[str, int]

    @classmethod
    def of(cls, titles: Sequence[str]) -> _TitleTerms:
        """Returns the terms of a catalogue's titles."""
        codes: dict[str, int] = {}
        split = [sorted(set(terms(title))) for title in titles]
        found = [codes.setdefault(term, len(codes)) for each in split for term in each]
        rarity = np.log(len(split) / np.bincount(np.array(found, np.int64), minlength=max(len(codes), 1)).clip(min=1))
        return cls(_weighed([[codes[term] for term in each] for each in split], rarity), rarity, codes)

    def over(self, titles: Sequence[str], rows: Ints) -> _TitleTerms:
        """Returns the terms of titles of which these rows are new or changed; a term that no title had before says nothing."""
        from scipy.sparse import csr_array as csr
        from scipy.sparse import vstack

        split = [sorted(set(terms(titles[row]))) for row in rows.tolist()]
        late = _weighed([[self.codes[term] for term in each if term in self.codes] for each in split], self.rarity)
        place = np.arange(len(titles))
        place[rows] = self.weights.shape[0] + np.arange(len(rows))
        return _TitleTerms(csr(vstack([self.weights, late]))[place], self.rarity, self.codes)


def _weighed(split: Sequence[Sequence[int]], rarity: Floats) -> Sparse:
    """Returns `(n, n_terms)`: each row the codes' rarities, of length 1."""
    from scipy.sparse import csr_array as csr

    codes = np.array([code for each in split for code in each], np.int64)
    starts = np.concatenate([[0], np.cumsum([len(each) for each in split])]).astype(np.int64)
    data = rarity[codes]
    lengths = np.sqrt(np.add.reduceat(np.append(data**2, 0.0), np.minimum(starts[:-1], len(data))))
    data = data / np.repeat(np.maximum(lengths, 1e-9), np.diff(starts))
    return csr((data.astype(np.float32), codes, starts), shape=(len(split), len(rarity)))


def _count(has: Sparse, codes: list[int] | None) -> Floats:
    """Returns `(n,)`: how many of the values of these codes each row carries; NaN where none was named."""
    if not codes:
        return np.full(has.shape[0], np.nan)
    asked = np.zeros(has.shape[1], np.float32)
    asked[codes] = 1.0
    counts: Floats = np.minimum(has @ asked, _SEVERAL)
    return counts
