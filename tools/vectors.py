"""Item vectors in Chroma: embedded in a folder, or on a server."""

from __future__ import annotations

import hashlib
import shutil
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as TooLate
from functools import lru_cache
from pathlib import Path
from typing import Any, Self, TypeVar
from urllib.parse import urlsplit

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from convrec.core.errors import ConvrecError, InputError
from convrec.tools.contract import Ints, Vectors
from convrec.tools.scan import Scan

Answer = TypeVar("Answer")

AGREEMENT = 0.99
"""The share of the exact answer's items that an index must find to be asked instead."""

_PLACE = "place.json"
_BATCH = 5000
_PROBE = 20_000  # vectors after which an index that already misses too many is given up: it would only get worse
_SEARCHED = (
    2048  # candidates that a search keeps (`ef_search`): at 256, of 36,273 film cards 9 % of the nearest were missed
)
_ASKED, _NEAREST, _NOISE = 50, 200, 0.7  # the questions by which agreement is measured
_SECONDS = 5.0  # that a server may take to answer
_PAUSE = (
    2.0  # seconds for which a server that failed is not asked again, so that one that hangs costs one wait, not many
)


class VectorServerError(ConvrecError):
    """The Chroma server does not answer, or has lost its vectors."""


class Place(BaseModel):
    """Where vectors lie, kept beside them: a server's `url` (blank: the folder itself), the `collection`, and the measured `agreement`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str = ""
    collection: str = "items"
    agreement: float = Field(0.0, ge=0, le=1)
    n_vectors: int = 0


class VectorStore:
    """A Chroma collection; ids are the tool's own item numbers. It is opened at its first use. Safe to use from several threads."""

    def __init__(self, folder: Path, place: Place) -> None:
        self.place = place
        self._folder = folder / "chroma"
        self._opening = threading.Lock()
        self._collection: Any = None
        self._not_before = 0.0

    @classmethod
    def create(cls, folder: Path, vectors: Scan, url: str = "") -> Self:
        """Writes the vectors into a collection, compared by inner product, and returns it. Its place is noted in the folder.

        Raises:
            VectorServerError: the server does not answer.
        """
        place = Place(url=url, collection=_name(vectors) if url else "items", n_vectors=len(vectors))
        store = cls(folder, place)
        agreement = store._bounded(lambda: store._filled(vectors), None)
        if agreement < AGREEMENT and not url:
            shutil.rmtree(store._folder, ignore_errors=True)
        store.place = place.model_copy(update={"agreement": round(agreement, 4)})
        (folder / _PLACE).write_text(store.place.model_dump_json(indent=1), encoding="utf-8")
        return store

    @classmethod
    def load(cls, folder: Path) -> Self | None:
        """Returns the collection whose place the folder notes; None where there is none."""
        path = folder / _PLACE
        return cls(folder, Place.model_validate_json(path.read_bytes())) if path.exists() else None

    @property
    def agrees(self) -> bool:
        """Returns whether the index finds what an exact product finds, but for one in a hundred."""
        return self.place.agreement >= AGREEMENT

    def nearest(self, vector: Vectors, k: int) -> Ints:
        """Returns the numbers of about the `k` nearest items, in no particular order.

        Raises:
            VectorServerError: the server does not answer.
        """
        return self._bounded(lambda: _asked(self._opened(), vector, k), _SECONDS)

    def check(self) -> None:
        """Asks the server whether all vectors are there.

        Raises:
            VectorServerError: it does not answer, or they are not.
        """
        n = int(self._bounded(lambda: self._opened().count(), _SECONDS))
        if n != self.place.n_vectors:
            raise VectorServerError(
                f"The Chroma server at {self.place.url} has {n:,} of {self.place.n_vectors:,} vectors.",
                f"Remove {self._folder.parent} and run `convrec fit`.",
            )

    def _opened(self) -> Any:
        with self._opening:
            if self._collection is None:
                client = _client(self._folder, self.place.url)
                self._collection = client.get_collection(self.place.collection, embedding_function=None)
            return self._collection

    def _filled(self, vectors: Scan) -> float:
        """Writes the vectors and returns the agreement; where that is too low, the index is of no use and is taken away."""
        client = _client(self._folder, self.place.url)
        try:
            collection = client.get_or_create_collection(
                self.place.collection, embedding_function=None,
                configuration={"hnsw": {"space": "ip", "ef_construction": 64, "ef_search": _SEARCHED}},
            )  # fmt: skip
            agreement = _written(collection, vectors)
            if agreement < AGREEMENT:
                client.delete_collection(self.place.collection)
            return agreement
        finally:
            if not self.place.url:
                client.close()

    def _bounded(self, work: Callable[[], Answer], seconds: float | None) -> Answer:
        """Returns what the work returns; a server's failure or silence becomes a sentence, and it is left alone for a moment."""
        if not self.place.url:
            return work()
        silent = VectorServerError(
            f"The Chroma server at {self.place.url} does not answer.",
            "Start it, or leave `[vectors] url` blank and fit again.",
        )
        if time.monotonic() < self._not_before:
            raise silent
        try:
            return _waiting().submit(work).result(seconds) if seconds else work()
        except _failures() as error:
            self._collection, self._not_before = None, time.monotonic() + _PAUSE
            if type(error).__name__ == "NotFoundError":
                raise VectorServerError(
                    f"The Chroma server at {self.place.url} has lost its vectors.",
                    f"Remove {self._folder.parent} and run `convrec fit`.",
                ) from error
            raise silent from error


def _written(collection: Any, vectors: Scan) -> float:
    """Writes what is not there yet and returns the agreement; stops early where that is too low already."""
    for start in range(collection.count(), len(vectors), _BATCH):
        batch = vectors.vectors[start : start + _BATCH].astype(np.float32)
        collection.add(ids=[str(start + place) for place in range(len(batch))], embeddings=batch)
        if start < _PROBE <= start + len(batch) < len(vectors):
            agreement = _agreement(collection, Scan(vectors.vectors[: start + len(batch)]))
            if agreement < AGREEMENT:
                return agreement
    return _agreement(collection, vectors)


def _asked(collection: Any, vector: Vectors, k: int) -> Ints:
    found = collection.query(query_embeddings=vector[None, :], n_results=k, include=[])
    return np.array([int(number) for number in found["ids"][0]], np.int64)


def _agreement(collection: Any, vectors: Scan) -> float:
    """Returns the mean share of the exact 200 nearest that the index finds.

    Half of the questions lie between two items, as a history does; half near one item with something else to it, as a text does.
    """
    rng, n = np.random.default_rng(0), len(vectors)
    k = min(_NEAREST, n)
    shares = []
    for number in range(_ASKED):
        one, other = vectors.vectors[rng.integers(0, n, 2)].astype(np.float32)
        noise = rng.standard_normal(vectors.width, np.float32)
        asked = one + (other if number % 2 else _NOISE * noise / np.linalg.norm(noise))
        numbers, products = vectors.nearest(asked, k)
        exact = numbers[np.argsort(-products, kind="stable")[:k]]
        shares.append(float(np.isin(exact, _asked(collection, asked, k + k // 10)).mean()))
    return float(np.mean(shares))


def _name(vectors: Scan) -> str:
    """Returns a collection's name that the vectors determine, so that a server may hold those of several workspaces and versions."""
    digest = hashlib.blake2b(digest_size=12)
    for start in range(0, len(vectors), _BATCH):
        digest.update(vectors.vectors[start : start + _BATCH].tobytes())
    return f"convrec-{digest.hexdigest()}"


def _client(folder: Path, url: str) -> Any:
    import chromadb
    from chromadb.config import Settings

    settings = Settings(anonymized_telemetry=False)
    if not url:
        return chromadb.PersistentClient(str(folder), settings=settings)
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise InputError(f"`[vectors] url` is {url!r}.", "Write one like http://localhost:8000.")
    secure = parts.scheme == "https"
    return chromadb.HttpClient(
        parts.hostname, parts.port or (443 if secure else 80), ssl=secure, settings=settings
    )  # fmt: skip


def _failures() -> tuple[type[Exception], ...]:
    """Returns what Chroma's client raises when its server is gone, silent or empty."""
    from chromadb.errors import ChromaError
    from httpx import HTTPError

    return OSError, ValueError, TooLate, ChromaError, HTTPError


@lru_cache(maxsize=1)
def _waiting() -> ThreadPoolExecutor:
    """Returns threads in which a server is waited for: Chroma's client has no time limit of its own."""
    return ThreadPoolExecutor(8, "chroma")
