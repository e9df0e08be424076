"""What an item's text says of the item, without what is only there to be found: keyword lists, repetitions, orders to a machine."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from convrec.catalogue.appeals import sincere, without_appeals
from convrec.catalogue.cards import SOURCE_TITLE, text_of
from convrec.catalogue.catalogue import Catalogue
from convrec.catalogue.schema import Schema
from convrec.tools.lexicon import STOP
from convrec.tools.spelling import english

_LIST = 10  # everyday words in a row, none of them a small word, from which they are a list and no sentence
_BETWEEN = 3  # words between two lists that are no sentence
_LABELS_IN_A_ROW = 6  # different labels in a row from which they are
_OFTEN = 4  # times that one term of an item's own text counts; BM25 has nearly all of its weight by then
_LABELS = 200  # values of a field up to which they are labels, such as genres
_READ = 20_000  # characters of one text that are read
_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_REPEATED = re.compile(r"\b(\w+(?:\W+\w+){0,3}?)(?:\W+\1\b){2,}", re.IGNORECASE)


def honest(text: str, labels: frozenset[str] = frozenset()) -> str:
    """Returns a text without appeals to whoever recommends, phrases said three times on end, and lists of keywords.

    Keywords are everyday English words in small letters, and `labels` in any. A text in another language stays as it is.
    """
    plain = without_appeals(_REPEATED.sub(",", text[:_READ]))
    return without_appeals(_without_lists(plain, labels))  # what stood among keywords is seen once they are gone


def honest_text(catalogue: Catalogue, row: int, labels: frozenset[str]) -> str:
    """Returns everything searchable about an item, its texts without stuffing, its title and values without appeals to whoever recommends."""
    schema = catalogue.schema
    return text_of(_cleaned(catalogue.item(row).facts, schema, labels), schema)


def labels_of(catalogue: Catalogue) -> frozenset[str]:
    """Returns the folded words of all values of fields that have few: genres, kinds, moods."""
    fields = [field.name for field in catalogue.schema.valued if field.searchable]
    few = [values for name in fields if len(values := catalogue.values(name).values) <= _LABELS]
    return frozenset(word.lower() for values in few for value in values for word in _WORD.findall(str(value)))


def _cleaned(facts: Mapping[str, Any], schema: Schema, labels: frozenset[str]) -> dict[str, Any]:
    names = {field.name for field in schema.of_type("text")} - {"title", SOURCE_TITLE}
    texts = {name: honest(str(value), labels) for name, value in facts.items() if name in names}
    return {**sincere(facts, schema), **texts}


def bounded(terms: Sequence[str], longest: int) -> list[str]:
    """Returns the first `longest` terms, each at most four times: what is said more often is not said of the item any more."""
    seen: Counter[str] = Counter()
    kept = []
    for term in terms[:longest]:
        seen[term] += 1
        if seen[term] <= _OFTEN:
            kept.append(term)
    return kept


def _without_lists(text: str, labels: frozenset[str]) -> str:
    known = _everyday()
    parts: list[str] = []
    kept = 0
    run: list[re.Match[str]] = []
    for piece in _WORD.finditer(text + " Q"):  # a word that is none ends the last run
        word = piece.group()
        if word in known or word.lower() in labels or ("-" in word and word.split("-", maxsplit=1)[0] in known):
            run.append(piece)
            continue
        if len(run) >= _LIST or len({word.group().lower() for word in run} & labels) >= _LABELS_IN_A_ROW:
            between = text[kept : run[0].start()]
            parts.append(between if not parts or len(between.split()) > _BETWEEN else "")
            kept = run[-1].end()
        run = []
    return ".".join([*parts, text[kept:]])


@lru_cache(maxsize=1)
def _everyday() -> frozenset[str]:
    """Returns everyday words that mean something by themselves."""
    return frozenset(english()) - STOP
