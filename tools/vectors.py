"""Item vectors in embedded Chroma."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import numpy as np

from convrec.tools.contract import Ints, Vectors

_COLLECTION = "items"
_BATCH = 5000


class VectorStore:
    """A Chroma collection in a folder, opened at its first use; ids are the tool's own item numbers."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._opening = threading.Lock()
        self._collection: Any = None

    @classmethod
    def create(cls, folder: Path, vectors: Vectors) -> None:
        """Writes `(n, width)` vectors into a new collection, compared by inner product."""
        client = _client(folder)
        try:
            collection = client.create_collection(
                _COLLECTION, embedding_function=None,
                configuration={"hnsw": {"space": "ip", "ef_construction": 64, "ef_search": 256}},
            )  # fmt: skip
            for start in range(0, len(vectors), _BATCH):
                batch = np.asarray(vectors[start : start + _BATCH], np.float32)
                collection.add(ids=[str(start + place) for place in range(len(batch))], embeddings=batch)
        finally:
            client.close()

    def nearest(self, vector: Vectors, k: int) -> Ints:
        """Returns the numbers of about the `k` nearest items, in no particular order."""
        with self._opening:
            if self._collection is None:
                self._collection = _client(self._folder).get_collection(_COLLECTION, embedding_function=None)
        found = self._collection.query(query_embeddings=vector[None, :], n_results=k, include=[])
        return np.array([int(number) for number in found["ids"][0]], np.int64)


def _client(folder: Path) -> Any:
    import chromadb
    from chromadb.config import Settings

    return chromadb.PersistentClient(str(folder), settings=Settings(anonymized_telemetry=False))
