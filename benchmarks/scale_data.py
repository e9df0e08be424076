"""A made-up catalogue of any size: items of every field type, events, and random unit vectors in place of an encoder's."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from convrec.tools.contract import Vectors
from convrec.tools.encoder import TextEncoder

WORDS = 8  # of a description
MAKERS, TOPICS, VOCABULARY = 60, 300, 20_000
FIRST_YEAR, YEARS = 1950, 75
_MISSING = 0.07  # the share of facts that are missing
_WIDTH = 384
_ROWS = 100_000  # items written at a time
_BATCH = 4096


class RandomEncoder(TextEncoder):
    """Gives random unit vectors, the same for the same texts in the same order; no model is read."""

    width = _WIDTH
    revision = "random"

    def __init__(self) -> None:
        super().__init__(Path())

    def batches(
        self, texts: Sequence[str], max_tokens: int = 0, *, full_precision: bool | None = None
    ) -> Iterator[tuple[list[int], Vectors]]:
        """Yields the texts' places and vectors."""
        del max_tokens, full_precision
        for start in range(0, len(texts), _BATCH):
            places = list(range(start, min(start + _BATCH, len(texts))))
            digest = hashlib.blake2b(texts[start].encode(), digest_size=8).digest()
            vectors = np.random.default_rng(int.from_bytes(digest)).standard_normal((len(places), _WIDTH), np.float32)
            yield places, vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def write_items(path: Path, n_items: int, seed: int) -> None:
    """Writes `n_items` items as Parquet: id, title, description, maker, topics, year, released, in_stock."""
    rng = np.random.default_rng(seed)
    with pq.ParquetWriter(path, _table(np.random.default_rng(), 0, 0).schema) as writer:
        for start in range(0, n_items, _ROWS):
            writer.write_table(_table(rng, start, min(start + _ROWS, n_items)))


def write_events(path: Path, n_events: int, n_items: int, seed: int) -> None:
    """Writes events of people with about 20 each, items chosen by a power law."""
    rng = np.random.default_rng(seed)
    users = rng.integers(0, max(n_events // 20, 2), n_events)
    items = (n_items * rng.random(n_events) ** 4).astype(np.int64)
    columns = {
        "user_id": np.char.add("u", users.astype(str)), "item_id": np.char.add("i", items.astype(str)),
        "timestamp": rng.integers(1_500_000_000, 1_700_000_000, n_events).astype(np.float64),
    }  # fmt: skip
    pq.write_table(pa.table(columns), path)


def words(rng: np.random.Generator, n: int) -> list[str]:
    """Returns `n` words of the vocabulary, the first ones far more often than the last."""
    return [f"word{number}" for number in (VOCABULARY * rng.random(n) ** 3).astype(np.int64).tolist()]


def _table(rng: np.random.Generator, start: int, end: int) -> Any:
    n = end - start
    said = words(rng, n * WORDS)
    days = rng.integers(0, YEARS * 365, n)
    topics = (TOPICS * rng.random((n, 4)) ** 3).astype(np.int64)
    kept = rng.integers(1, 5, n).tolist()
    makers = (MAKERS * rng.random(n) ** 2).astype(np.int64)
    columns: dict[str, tuple[Any, list[Any]]] = {
        "description": (pa.string(), [" ".join(said[row * WORDS : (row + 1) * WORDS]) for row in range(n)]),
        "maker": (pa.string(), [f"Maker {maker}" for maker in makers.tolist()]),
        "topics": (
            pa.list_(pa.string()),
            [[f"topic {t}" for t in row[:k]] for row, k in zip(topics.tolist(), kept, strict=True)],
        ),
        "year": (pa.float64(), (FIRST_YEAR + days // 365).astype(np.float64).tolist()),
        "released": (pa.string(), (np.datetime64("1950-01-01") + days).astype(str).tolist()),
        "in_stock": (pa.bool_(), (rng.random(n) < 0.8).tolist()),
    }
    arrays = {
        "id": pa.array([f"i{row}" for row in range(start, end)], pa.string()),
        "title": pa.array([f"Thing {row}" for row in range(start, end)], pa.string()),
    }
    for name, (kind, values) in columns.items():
        arrays[name] = pa.array(values, kind, mask=rng.random(n) < _MISSING)
    return pa.table(arrays)
