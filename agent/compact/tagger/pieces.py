"""A message as the reader sees it: word pieces with their places, and what of the catalogue stands in it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from convrec.agent.compact.tagger.labels import TITLE
from convrec.agent.compact.tagger.lookup import Found, Lookup
from convrec.core.text import fold

BEFORE, MOST = 16, 96  # pieces of what was said before, and of a message
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")


@dataclass(frozen=True)
class Pieces:
    """Piece ids: what was said before, then the message. `places` are the characters of each piece of the message."""

    ids: list[int]
    offset: int
    places: list[tuple[int, int]]


def open_tokenizer(folder: Path) -> Any:
    """Returns an encoder's tokenizer, without the padding and the limit that its file may ask for."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer


def cut(tokenizer: Any, before: str, text: str) -> Pieces:
    """Returns a message in pieces, after the end of what was said before it."""
    said = tokenizer.encode(text, add_special_tokens=False)
    earlier = tokenizer.encode(before[-400:], add_special_tokens=False).ids[-BEFORE:] if before else []
    begin, end = tokenizer.token_to_id("[CLS]"), tokenizer.token_to_id("[SEP]")
    ids = [begin, *earlier, end, *said.ids[:MOST], end]
    return Pieces(ids, len(earlier) + 2, [tuple(place) for place in said.offsets[:MOST]])


def found_in(text: str, lookups: Iterable[Lookup]) -> list[tuple[int, int, Found]]:
    """Returns what stands in a text, with its characters."""
    words = list(_WORD.finditer(text))
    folded = [fold(word[0]) for word in words]
    return [
        (words[each.start].start(), words[each.end - 1].end(), each)
        for lookup in lookups
        for each in lookup.find(folded)
    ]


def features(
    places: list[tuple[int, int]], found: Iterable[tuple[int, int, Found]], facets: Mapping[str, int]
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Returns what is looked up: `(n, 4)` whether a piece begins or continues a title or a value, `(n, n_facets)` of which facet."""
    here = np.zeros((len(places), 4), np.float32)
    known = np.zeros((len(places), len(facets)), np.float32)
    for start, end, each in found:
        for place, (a, b) in enumerate(places):
            if not (a < end and start < b):
                continue
            for facet in each.facets:
                if facet == TITLE:
                    here[place, 0 if a <= start else 1] = 1
                elif facet in facets:
                    here[place, 2 if a <= start else 3] = 1
                    known[place, facets[facet]] = 1
    return here, known
