"""What can be said of "more so": by the attributes that the agent learned, by nearness of card and words, by how often they stand in the text."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from convrec.catalogue.catalogue import Catalogue
from convrec.core.text import words
from convrec.evaluation.understanding.soft_attributes import Score, Scorer
from convrec.evaluation.understanding.titles import TitleLookUp
from convrec.tools.attributes.model import ENCODER
from convrec.tools.attributes.scorer import AttributeScorer
from convrec.tools.encoder import TextEncoder

Floats = npt.NDArray[np.float32]


class Vectors:
    """Texts as unit vectors, each encoded once and in full precision, so that no vector depends on those beside it."""

    def __init__(self, encoder: TextEncoder, max_tokens: int = 128) -> None:
        self._encoder, self._max_tokens = encoder, max_tokens
        self._made: dict[str, Floats] = {}

    def of(self, texts: Sequence[str]) -> Floats:
        """Returns `(n, width)`, a row a text."""
        new = [text for text in dict.fromkeys(texts) if text not in self._made]
        if new:
            encoded = self._encoder.encode(new, self._max_tokens, full_precision=True)
            self._made.update(zip(new, encoded, strict=True))
        return (
            np.stack([self._made[text] for text in texts]) if texts else np.zeros((0, self._encoder.width), np.float32)
        )


def card_similarity(catalogue: Catalogue, encoder: TextEncoder, card_tokens: int) -> Scorer:
    """Returns the cosine of the attribute's words with an item's card, which knows nothing of attributes.

    `card_tokens` is how much of a card is read, as `[fit] max_tokens` says.
    """
    phrases, cards = Vectors(encoder), Vectors(encoder, card_tokens)

    def score(attribute: str, rows: Sequence[int]) -> list[Score]:
        similar = cards.of([catalogue.card(row) for row in rows]) @ phrases.of([attribute])[0]
        return [round(float(value), 6) for value in similar]

    return _of_known(catalogue, score)


def by_attributes(catalogue: Catalogue, titles: Sequence[str], card_tokens: int) -> Scorer:
    """Returns how the agent ranks a wish in words of its own: by `AttributeScorer`. Cards are read of the items of those titles only."""
    encoder, look_up = TextEncoder.open(ENCODER), TitleLookUp(catalogue)
    rows = sorted({row for title in titles if (row := look_up.row(title)) is not None})
    cards = np.zeros((len(catalogue), encoder.width), np.float32)
    if rows:
        cards[rows] = encoder.encode([catalogue.card(row) for row in rows], card_tokens, full_precision=True)
    scorer = AttributeScorer(catalogue, lambda some: cards[some], encoder)
    return _of_known(
        catalogue, lambda attribute, rows: [round(float(scorer.scores(attribute)[row]), 6) for row in rows]
    )


def word_count(catalogue: Catalogue) -> Scorer:
    """Returns how often the attribute's words stand in all that is said of an item."""

    def score(attribute: str, rows: Sequence[int]) -> list[Score]:
        wanted = set(words(attribute.replace("-", " ")))
        return [float(sum(word in wanted for word in words(catalogue.text(row)))) for row in rows]

    return _of_known(catalogue, score)


def popularity(catalogue: Catalogue) -> Scorer:
    """Returns how many interactions an item has, whatever the attribute."""
    counts = np.bincount(catalogue.interactions().row, minlength=len(catalogue))
    return _of_known(catalogue, lambda _, rows: [float(counts[row]) for row in rows])


def at_random(catalogue: Catalogue, seed: int = 0) -> Scorer:
    """Returns scores by chance, of the films that the others know too; the same seed, attribute and film give the same score."""
    return _of_known(
        catalogue, lambda attribute, rows: [random.Random(f"{seed}/{attribute}/{r}").random() for r in rows]
    )


def _of_known(catalogue: Catalogue, score: Callable[[str, Sequence[int]], list[Score]]) -> Scorer:
    titles = TitleLookUp(catalogue)
    rows: dict[str, int | None] = {}

    def scorer(attribute: str, named: Sequence[str]) -> list[Score]:
        rows.update({title: titles.row(title) for title in named if title not in rows})
        known = [title for title in named if rows[title] is not None]
        scores = dict(zip(known, score(attribute, [row for t in known if (row := rows[t]) is not None]), strict=True))
        return [scores.get(title) for title in named]

    return scorer
