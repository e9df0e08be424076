"""BM25 over the items' own text, whole titles first, slips of the finger allowed."""

import hashlib
from collections import Counter
from copy import copy
from pathlib import Path
from typing import Self

import numpy as np
from pydantic import Field

from convrec.catalogue.appeals import sincere_title
from convrec.catalogue.catalogue import Catalogue
from convrec.catalogue.laid import LaidCatalogue
from convrec.core.errors import NotFittedError
from convrec.core.text import words
from convrec.tools.aligned import AlignedTool
from convrec.tools.alignment import Alignment
from convrec.tools.bm25_index import Bm25Index
from convrec.tools.contract import (
    Capabilities,
    Contribution,
    Explanation,
    Floats,
    Ints,
    Query,
    ToolConfig,
    TrainingData,
    ordered,
)
from convrec.tools.lexicon import asked, terms, terms_of
from convrec.tools.queries import rewritten
from convrec.tools.spelling import Spelling, english, neighbours
from convrec.tools.storage import read_config, read_json, write_config, write_json
from convrec.tools.stuffing import bounded, honest_text, labels_of
from convrec.tools.titles import SLIP, Titles

_WHOLE_TITLE = 2.0  # what a whole title is worth, where the weights of all words of the text together are at most 1
_FADING = 0.9  # what is left of a word's importance with each turn that came after it
_AT_ONCE = 1_000  # changed texts that are indexed while a turn waits; others follow behind it
_LOOKED_UP = 40  # words of a text whose spelling is looked up


class Bm25Config(ToolConfig):
    """How item text is weighed."""

    k1: float = Field(1.2, gt=0, description="how fast a repeated term stops counting")
    b: float = Field(0.6, ge=0, le=1, description="how much long texts are discounted; 0 not at all")
    title_weight: int = Field(2, ge=1, description="how many times a term of the title counts")
    longest: int = Field(
        400, ge=1, description="terms of an item's text that are read; one that goes on would answer to anything"
    )
    corrected_weight: float = Field(
        0.8, ge=0, lt=1, description="what the corrections of a misspelt word weigh together; 0 to correct nothing"
    )


class Bm25(AlignedTool):
    """Finds items whose text has the words of the query (Robertson & Zaragoza 2009); titles count more than the rest.

    An item whose whole title is what was asked for stands before all that only have the words. A word that neither the texts
    nor English know is looked for as the words that it may stand for. Of a conversation, the whole counts, what was said last
    the most, and beside it the wish in it that suits the item best (a sum and a maximum over rewritten queries).
    """

    name = "bm25"
    kind = "lexical"
    revision = 3
    capabilities = Capabilities(text_query=True, context_query=True, explain=True, incremental=True)
    Config = Bm25Config
    config: Bm25Config
    _index: Bm25Index
    _items: Alignment
    _digests: list[str]
    _titles: Titles
    spelling: Spelling

    def fit(self, data: TrainingData) -> None:
        """Indexes every item's text.

        Raises:
            NotFittedError: no item has a word.
        """
        catalogue = data.catalogue
        counts: Counter[str] = Counter()
        documents, labels = [], labels_of(catalogue)
        for row in range(len(catalogue)):
            said = words(honest_text(catalogue, row, labels))
            counts.update(set(said))
            documents.append(self._terms(said, sincere_title(catalogue.titles[row])))
        if not any(documents):
            raise NotFittedError("No item has any text.", "Ingest items with titles.")
        self._index = Bm25Index.build(documents, self.config.k1, self.config.b)
        self._items = Alignment(catalogue.ids, catalogue)
        self._titles = Titles.build(catalogue.titles, _years(catalogue))
        self.spelling = Spelling.learned(counts, map(words, catalogue.titles), english())
        self._digests = [_digest(catalogue.text(row)) for row in range(len(catalogue))]

    def scores(self, query: Query) -> Floats | None:
        """Returns the sum of the query terms' weights and of the whole title's, NaN for items that have none; None without a text."""
        if query.context.strip():
            scores = self._conversation_scores(query.context)
        else:
            wanted, named = self._wanted(query.text), self._named(query.text)
            if not wanted and not named:
                return None
            scores = self._index.scores(wanted)
            for own, amount in named.items():
                scores[own] += amount
        scores[scores == 0.0] = np.nan
        return self._items.scatter(scores)

    def explain(self, query: Query, row: int) -> Explanation:
        """Returns each query term's own weight in the item, `term:heist`, and that of its whole title, `title`. Exact."""
        own = int(self._items.own[row])
        if own < 0:
            return Explanation()
        if query.context.strip():
            amounts = self._conversation_parts(query.context, own)
        else:
            amounts = Counter(self._index.parts(self._wanted(query.text), own))
        parts = [Contribution(f"term:{term}", amount) for term, amount in amounts.items()]
        title = 0.0 if query.context.strip() else self._named(query.text).get(own, 0.0)
        return ordered([*parts, Contribution("title", title)])

    def update(self, catalogue: Catalogue, rows: Ints | None = None) -> None:
        """Indexes items that are new, and again those whose text has changed; term statistics stay those of the fit."""
        self._items = Alignment(self._items.ids, catalogue)
        self._take(catalogue, np.arange(len(catalogue)) if rows is None else rows)

    def over(self, catalogue: LaidCatalogue) -> Self:
        """Returns the tool over a catalogue that was laid over its own, its texts taken in as by `update`; of very many changes the first."""
        laid = copy(super().over(catalogue))
        laid._take(catalogue, catalogue.change.spoken[:_AT_ONCE])
        return laid

    def _take(self, catalogue: Catalogue, rows: Ints) -> None:
        """Takes in what is new of these rows, in copies of what may be shared with other tools."""
        digests = {row: _digest(catalogue.text(row)) for row in rows.tolist() if catalogue.has(row)}
        new = np.array([row for row in digests if self._items.own[row] < 0], np.int64)
        self._items = self._items.with_rows(new, catalogue) if len(new) else self._items
        known = [*self._digests, *([""] * len(new))]
        stale = {row: own for row in digests if known[own := int(self._items.own[row])] != digests[row]}
        if not stale:
            return
        years, labels = _years(catalogue), labels_of(catalogue)
        said = {row: words(honest_text(catalogue, row, labels)) for row in stale}
        for row, own in stale.items():
            known[own] = digests[row]
        self._digests, titles = known, catalogue.titles
        self._index = self._index.with_documents(
            {own: self._terms(said[row], sincere_title(titles[row])) for row, own in stale.items()}
        )
        self._titles = self._titles.with_titles({own: (titles[row], float(years[row])) for row, own in stale.items()})
        self.spelling = self.spelling.knowing(word for each in said.values() for word in each)

    def save(self, folder: Path) -> None:
        """Writes index, items and settings."""
        self._index.save(folder)
        self._items.save(folder)
        self._titles.save(folder)
        self.spelling.save(folder)
        write_config(folder, self.config)
        write_json(folder / "digests.json", self._digests)

    @classmethod
    def load(cls, folder: Path, catalogue: Catalogue) -> Self:
        """Returns the tool saved in a folder."""
        tool = cls(read_config(folder, Bm25Config))
        tool._index = Bm25Index.load(folder)
        tool._items = Alignment.load(folder, catalogue)
        tool._titles, tool.spelling = Titles.load(folder), Spelling.load(folder)
        tool._digests = read_json(folder / "digests.json")
        return tool

    def titled(self, text: str) -> Ints:
        """Returns the rows `(n,)` of the items whose whole title the text is, the best first.

        For a word alone that is known, a title one letter off does not count: "funny" is not Bunny.
        """
        named, said = self._titles.named(text), words(text)
        alone = len(said) == 1 and self.spelling.knows(said[0])
        fitting = [own for own, quality in named.items() if quality > SLIP or not alone]
        order = sorted(fitting, key=lambda own: (-named[own], own))
        rows: Ints = self._items.rows[np.array(order, np.int64)]
        return rows[rows >= 0]

    def _terms(self, said: list[str], title: str) -> list[str]:
        return bounded(terms(title) * (self.config.title_weight - 1) + terms_of(said), self.config.longest)

    def _wanted(self, text: str) -> dict[str, float]:
        """Returns the terms to look for with their importance: those of the text, and those that its slips may stand for."""
        wanted = asked(text)
        if not self.config.corrected_weight:
            return wanted
        said = words(text)[:_LOOKED_UP]
        for place, word in enumerate(said):
            look = self.spelling.alternatives if self.spelling.knows(word) else self.spelling.corrections
            for correction in look(word, *neighbours(said, place)):
                for term, importance in asked(correction.word).items():
                    weight = importance * self.config.corrected_weight * correction.share
                    wanted[term] = max(wanted.get(term, 0.0), weight)
        return wanted

    def _conversation_scores(self, said: str) -> Floats:
        whole, wishes = _conversation(said)
        scores = self._index.scores(whole)
        best = np.zeros(len(scores))
        for wish in wishes:
            np.maximum(best, self._index.scores(wish), out=best)
        return scores + best

    def _conversation_parts(self, said: str, own: int) -> Counter[str]:
        whole, wishes = _conversation(said)
        suiting = (self._index.parts(wish, own) for wish in wishes)
        best = max(suiting, key=lambda parts: sum(parts.values()), default={})
        return Counter(self._index.parts(whole, own)) + Counter(best)

    def _named(self, text: str) -> dict[int, float]:
        """Returns what the items whose whole title the text is gain by it: more than all words of a text could add up to."""
        named = self._titles.named(text)
        if not named:
            return {}
        most = max(sum(asked(text).values()), 1.0) * float(np.log1p(self._index.n_documents))
        return {own: _WHOLE_TITLE * most * quality for own, quality in named.items()}


def _conversation(said: str) -> tuple[dict[str, float], list[dict[str, float]]]:
    """Returns the terms of a whole conversation, those of its end with the most importance, and those of each wish in it."""
    lines = [line for line in said.splitlines() if line.strip()]
    whole: dict[str, float] = {}
    for age, line in enumerate(reversed(lines)):
        for term, importance in asked(line).items():
            whole[term] = max(whole.get(term, 0.0), importance * _FADING**age)
    return whole, [asked(wish) for wish in rewritten(said)[1:]]


def _years(catalogue: Catalogue) -> Floats:
    """Returns `(n_items,)`: the year by which items of one title are told apart, NaN where unknown."""
    field = catalogue.schema.year_field()
    return np.full(len(catalogue), np.nan) if field is None else catalogue.numbers(field.name)


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()
