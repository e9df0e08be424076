"""Labelled messages: what the reader is trained and measured on."""

from __future__ import annotations

import gzip
import json
from collections.abc import Collection, Iterable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from random import Random
from typing import Any


@dataclass(frozen=True)
class Labelled:
    """Characters `[start, end)` of a message and what they are: a facet's name, `title`, `pointer` or `mood`.

    `meant` has the labels of span heads that are known: polarity, strength, scope, attitude.
    """

    start: int
    end: int
    label: str
    meant: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Row:
    """One message with what came before it, the schema that it is read with, and all that is known of what it says.

    `told` are the labels that its words have where they are such: a word without a label may still be any other. `values` are values that
    the catalogue has, by facet, as far as the message may name them. `acts` says of each act that is known whether the message is one.
    """

    source: str
    group: str
    schema: str
    before: str
    text: str
    labelled: tuple[Labelled, ...] = ()
    told: tuple[str, ...] = ()
    values: dict[str, list[str]] = field(default_factory=dict)
    acts: dict[str, bool] = field(default_factory=dict)
    topic: str = ""
    part: str = "train"


@dataclass(frozen=True)
class FacetText:
    """A facet as words: its name, what it is, and some of its values."""

    name: str
    label: str
    description: str
    values: tuple[str, ...]

    @property
    def parts(self) -> tuple[str, str, str]:
        """Returns the three texts whose vectors stand for the facet, "" for what is not known."""
        return self.label, self.description, ", ".join(self.values[:8])


def sampled(values: Collection[str], seed: str, most: int = 32) -> tuple[str, ...]:
    """Returns some of a facet's values, drawn by a seed, in a drawn order."""
    ordered = sorted(values)
    return tuple(Random(seed).sample(ordered, min(most, len(ordered))))


def written(rows: Iterable[Row], schemas: dict[str, list[FacetText]], path: Path) -> None:
    """Writes rows and schemas as gzipped JSON lines, schemas first."""
    with gzip.GzipFile(path, "wb", mtime=0) as file:
        for name, facets in schemas.items():
            file.write(_line({"schema": name, "facets": [asdict(facet) for facet in facets]}))
        for row in rows:
            file.write(_line(asdict(row)))


def _line(document: Any) -> bytes:
    return (json.dumps(document, ensure_ascii=False, separators=(",", ":")) + "\n").encode()


def read(path: Path) -> tuple[list[Row], dict[str, list[FacetText]]]:
    """Returns the rows and schemas that were written."""
    rows, schemas = [], {}
    with gzip.open(path, "rt", encoding="utf-8") as file:
        for line in file:
            document = json.loads(line)
            if "facets" in document:
                schemas[document["schema"]] = [
                    FacetText(**{**f, "values": tuple(f["values"])}) for f in document["facets"]
                ]
            else:
                labelled = tuple(Labelled(**one) for one in document["labelled"])
                rows.append(Row(**{**document, "labelled": labelled, "told": tuple(document["told"])}))
    return rows, schemas


def of_source(rows: Iterable[Row], *sources: str) -> Iterator[Row]:
    """Yields the rows of these sources."""
    yield from (row for row in rows if row.source in sources)
