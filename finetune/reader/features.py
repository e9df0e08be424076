"""Rows as numbers: pieces, labels, what is looked up; and batches of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from convrec.agent.compact.tagger.labels import ACTS, KINDS, LOOKED_UP, SPAN_HEADS, TOPICS
from convrec.agent.compact.tagger.lookup import Lookup
from convrec.agent.compact.tagger.pieces import Pieces, cut, features, found_in
from convrec.finetune.reader.rows import FacetText, Row

_UNKNOWN = -1


@dataclass(frozen=True)
class Example:
    """A row in numbers, `n` its pieces. `classes` `(n,)` is each piece's class or 0; `free` `(n_classes,)` what an unlabelled piece may be.

    `looked_up` `(n, 4)` and `known` `(n, n_facets)` are the features of what the catalogue has.
    """

    row: Row
    pieces: Pieces
    facets: tuple[str, ...]
    classes: npt.NDArray[np.int64]
    begins: npt.NDArray[np.float32]
    free: npt.NDArray[np.bool_]
    looked_up: npt.NDArray[np.float32]
    known: npt.NDArray[np.float32]
    spans: tuple[tuple[int, int, tuple[int, ...]], ...]
    acts: npt.NDArray[np.float32]
    topic: int


class Encoded:
    """Makes examples of rows over their schemas."""

    def __init__(
        self, tokenizer: Any, schemas: Mapping[str, Sequence[FacetText]], values: Mapping[str, Mapping[str, list[str]]]
    ) -> None:
        self._tokenizer = tokenizer
        self._order = {name: {f.name: i for i, f in enumerate(facets)} for name, facets in schemas.items()}
        self._lookups = {name: Lookup(each) for name, each in values.items()}

    def example(self, row: Row) -> Example:
        """Returns a row in numbers."""
        order = self._order[row.schema]
        classes = {name: place for place, name in enumerate(KINDS)} | {f: len(KINDS) + i for f, i in order.items()}
        pieces = cut(self._tokenizer, row.before, row.text)
        labels, begins, spans = _labels(row, pieces.places, classes)
        lookups = [self._lookups.get(row.schema), Lookup(row.values) if row.values else None]
        found = found_in(row.text, [lookup for lookup in lookups if lookup])
        looked_up, known = features(pieces.places, found, order)
        free = np.ones(len(classes), np.bool_)
        free[[classes[name] for name in row.told if name in classes]] = False
        acts = [float(row.acts[act]) if act in row.acts else _UNKNOWN for act in ACTS]
        topic = TOPICS.index(row.topic) if row.topic else _UNKNOWN
        return Example(
            row, pieces, tuple(order), labels, begins, free, looked_up, known, spans, np.array(acts, np.float32), topic
        )


def _labels(
    row: Row, places: list[tuple[int, int]], classes: Mapping[str, int]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32], tuple[tuple[int, int, tuple[int, ...]], ...]]:
    """Returns the pieces' classes, which of them begin a stretch, and the stretches with what is known of their meaning."""
    labels, begins, spans = np.zeros(len(places), np.int64), np.full(len(places), _UNKNOWN, np.float32), []
    for each in row.labelled:
        inside = [i for i, (a, b) in enumerate(places) if a < each.end and each.start < b]
        if not inside or each.label not in classes:
            continue
        labels[inside] = classes[each.label]
        begins[inside] = [1.0, *([0.0] * (len(inside) - 1))]
        meant = tuple(
            names.index(each.meant[head]) if head in each.meant else _UNKNOWN for head, names in SPAN_HEADS.items()
        )
        spans.append((inside[0], inside[-1] + 1, meant))
    return labels, begins, tuple(spans)


@dataclass(frozen=True)
class Batch:
    """Examples side by side, padded; see `Heads` for the shapes."""

    ids: npt.NDArray[np.int64]
    mask: npt.NDArray[np.int64]
    said: npt.NDArray[np.float32]
    looked_up: npt.NDArray[np.float32]
    known: npt.NDArray[np.float32]
    absent: npt.NDArray[np.bool_]
    allowed: npt.NDArray[np.bool_]
    weight: npt.NDArray[np.float32]
    begins: npt.NDArray[np.float32]
    inside: npt.NDArray[np.float32]
    rows: npt.NDArray[np.int64]
    meant: npt.NDArray[np.int64]
    acts: npt.NDArray[np.float32]
    topic: npt.NDArray[np.int64]


def batched(examples: Sequence[Example], rng: np.random.Generator | None = None, forgotten: float = 0.25) -> Batch:
    """Returns a batch. With `rng`, a share of messages (`forgotten`) is read as if nothing were looked up."""
    n, length = len(examples), max(len(e.pieces.ids) for e in examples)
    width = max(len(e.facets) for e in examples)
    batch = _blank(n, length, width, sum(len(e.spans) for e in examples))
    blind = rng.random(n) < forgotten if rng is not None else np.zeros(n, np.bool_)
    spans = 0
    for i, each in enumerate(examples):
        first, last = each.pieces.offset, each.pieces.offset + len(each.pieces.places)
        batch.ids[i, : len(each.pieces.ids)] = each.pieces.ids
        batch.mask[i, : len(each.pieces.ids)] = 1
        batch.said[i, first:last] = 1 / max(1, last - first)
        batch.absent[i, : len(each.facets)] = False
        if not blind[i]:
            batch.looked_up[i, first:last] = each.looked_up
            batch.known[i, first:last, : len(each.facets)] = each.known
        batch.weight[i, first:last] = 1
        batch.begins[i, first:last] = each.begins
        batch.allowed[i, first:last, : len(each.free)] = each.free
        places = np.flatnonzero(each.classes)
        batch.allowed[i, first + places] = False
        batch.allowed[i, first + places, each.classes[places]] = True
        batch.acts[i], batch.topic[i] = each.acts, each.topic
        for start, end, meant in each.spans:
            batch.inside[spans, first + start : first + end] = 1 / (end - start)
            batch.rows[spans], batch.meant[spans] = i, meant
            spans += 1
    return batch


def _blank(n: int, length: int, width: int, spans: int) -> Batch:
    spans = max(1, spans)
    return Batch(
        ids=np.zeros((n, length), np.int64), mask=np.zeros((n, length), np.int64), said=np.zeros((n, length), np.float32),
        looked_up=np.zeros((n, length, LOOKED_UP), np.float32), known=np.zeros((n, length, width), np.float32),
        absent=np.ones((n, width), np.bool_), allowed=np.zeros((n, length, len(KINDS) + width), np.bool_),
        weight=np.zeros((n, length), np.float32), begins=np.full((n, length), _UNKNOWN, np.float32),
        inside=np.zeros((spans, length), np.float32), rows=np.zeros(spans, np.int64),
        meant=np.full((spans, len(SPAN_HEADS)), _UNKNOWN, np.int64), acts=np.full((n, len(ACTS)), _UNKNOWN, np.float32),
        topic=np.full(n, _UNKNOWN, np.int64),
    )  # fmt: skip
