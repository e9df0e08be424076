"""Which words fall near which items in conversations."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from convrec.catalogue.dialogues import Dialogue, Turn
from convrec.core.text import words

if TYPE_CHECKING:
    from scipy.sparse import csr_array

    Said = csr_array[Any, tuple[int, int]]

Amounts = defaultdict[tuple[str, int], float]

_NEAR = {0: 1.0, -1: 0.7, 1: 0.7, -2: 0.4, 2: 0.4}
"""What a word counts for an item by how many messages lie between them."""

_ANYWHERE = 0.3  # what a conversation's words count for all its items together
_SELDOM = 6.0  # a word that counts less in all is left out
_OFTEN = 300.0  # what a word counts at most, so that the commonest do not drown the others
_SHORTEST = 3


def words_near_items(
    dialogues: Iterable[Dialogue], row: Callable[[str], int | None], n_items: int
) -> tuple[tuple[str, ...], Said]:
    """Returns the words, and `(n_words, n_items)` how much each was said near each item. `row` gives an item's row by its id."""
    near: Amounts = defaultdict(float)
    anywhere: Amounts = defaultdict(float)
    for dialogue in dialogues:
        spoken = [_words(turn) for turn in dialogue.turns]
        named = [
            sorted({place for item in turn.items if (place := row(item.id)) is not None}) for turn in dialogue.turns
        ]
        for turn, items in enumerate(named):
            for item in items:
                for step, weight in _NEAR.items():
                    for word in spoken[turn + step] if 0 <= turn + step < len(spoken) else ():
                        near[word, item] += weight
        items = sorted({item for some in named for item in some})
        for word in frozenset().union(*spoken):
            for item in items:
                anywhere[word, item] += _ANYWHERE / len(items)
    return _counted(near, anywhere, n_items)


def _words(turn: Turn) -> frozenset[str]:
    """Returns the words of a message without the names of items in it."""
    text = turn.text
    for span in sorted((item.span for item in turn.items if item.span), reverse=True):
        text = text[: span[0]] + " " + text[span[1] :]
    return frozenset(word for word in words(text) if len(word) >= _SHORTEST and word.isalpha())


def _counted(near: Amounts, anywhere: Amounts, n_items: int) -> tuple[tuple[str, ...], Said]:
    sums: defaultdict[str, float] = defaultdict(float)
    for (word, _), amount in near.items():
        sums[word] += amount
    kept = tuple(sorted(word for word, amount in sums.items() if amount >= _SELDOM))
    return kept, _at_most(_array(near, kept, n_items)) + _at_most(_array(anywhere, kept, n_items))


def _array(counts: Amounts, kept: tuple[str, ...], n_items: int) -> Said:
    from scipy.sparse import csr_array

    places = {word: place for place, word in enumerate(kept)}
    found = [(places[word], item, amount) for (word, item), amount in counts.items() if word in places]
    rows, columns, amounts = (np.array(part) for part in zip(*found, strict=True))
    return csr_array((amounts, (rows, columns)), shape=(len(kept), n_items))


def _at_most(said: Said) -> Said:
    from scipy.sparse import csr_array, diags_array

    sums = np.asarray(said.sum(axis=1)).ravel()
    return csr_array(diags_array(np.minimum(1.0, _OFTEN / np.maximum(sums, 1e-9))) @ said)
