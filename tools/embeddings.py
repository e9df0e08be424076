"""Vectors of many texts, kept on the disk as they are made, so that a killed fit goes on where it was."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from convrec.catalogue.catalogue import Catalogue
from convrec.core.progress import Progress, silent
from convrec.tools.contract import Ints, Vectors
from convrec.tools.encoder import TextEncoder
from convrec.tools.moments import LINES, heard_together, latest_lines
from convrec.tools.scan import Halves

_SECONDS_KEPT = 5.0  # work that a kill may lose
_SUFFIX = ".vectors.npz"


class VectorCache:
    """Vectors by the text they were made from, in 16-bit floats, a file every few seconds of work.

    Vectors of another encoder or length are other vectors: their folder tells them apart.
    """

    def __init__(self, folder: Path | None, encoder: TextEncoder, max_tokens: int) -> None:
        self._folder = folder / f"{encoder.revision}-{max_tokens}" if folder is not None else None
        self._encoder, self._max_tokens = encoder, max_tokens
        self._place_of: dict[bytes, int] = {}  # digest → its vector's place in all chunks, one after the other
        self._chunks: list[Halves] = []
        self._read()

    def halves(self, texts: Sequence[str], progress: Progress = silent, stage: str = "encoding items") -> Halves:
        """Returns `(n, width)` unit vectors of the texts in 16-bit floats; only those that were never seen are encoded."""
        digests = [digest(text) for text in texts]
        missing = {d: text for d, text in zip(digests, texts, strict=True) if d not in self._place_of}
        self._encode(list(missing), list(missing.values()), progress, stage)
        places = np.array([self._place_of[d] for d in digests], np.int64)
        found, start = np.empty((len(texts), self._encoder.width), np.float16), 0
        for chunk in self._chunks:
            wanted = np.flatnonzero((places >= start) & (places < start + len(chunk)))
            found[wanted] = chunk[places[wanted] - start]
            start += len(chunk)
        return found

    def vectors(self, texts: Sequence[str], progress: Progress = silent, stage: str = "encoding items") -> Vectors:
        """Returns `(n, width)` float32 unit vectors of the texts; only those that were never seen are encoded."""
        vectors = self.halves(texts, progress, stage).astype(np.float32)
        vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
        return vectors

    def contexts(
        self, said: Sequence[str], progress: Progress = silent, stage: str = "encoding dialogues", most: int = LINES
    ) -> Vectors:
        """Returns `(n, width)` float32 unit vectors of conversations, each made from those of its latest lines, at most so many."""
        lines = [latest_lines(context, most) for context in said]
        place_of = {line: place for place, line in enumerate(dict.fromkeys(line for each in lines for line in each))}
        vectors = self.vectors(list(place_of), progress, stage)
        found = [heard_together(each, vectors[[place_of[line] for line in each]]) for each in lines]
        return np.stack(found) if found else np.empty((0, self._encoder.width), np.float32)

    def keep(self, texts: Sequence[str], vectors: Halves) -> None:
        """Keeps `(n, width)` unit vectors that texts are to have, as if they had been encoded; those of texts that have one stay."""
        fresh = {d: place for place, text in enumerate(texts) if (d := digest(text)) not in self._place_of}
        if fresh:
            self._keep(list(fresh), vectors[np.array(list(fresh.values()), np.int64)])

    def _encode(self, digests: list[bytes], texts: list[str], progress: Progress, stage: str) -> None:
        fresh: list[bytes] = []
        encoded: list[Halves] = []
        kept_at = time.monotonic()
        done = 0
        for places, vectors in self._encoder.batches(texts, self._max_tokens):
            fresh.extend(digests[place] for place in places)
            encoded.append(vectors.astype(np.float16))
            done += len(places)
            progress(stage, done, len(texts))
            if time.monotonic() - kept_at > _SECONDS_KEPT:
                self._keep(fresh, np.concatenate(encoded))
                fresh, encoded, kept_at = [], [], time.monotonic()
        if fresh:
            self._keep(fresh, np.concatenate(encoded))

    def _keep(self, digests: list[bytes], vectors: Halves) -> None:
        self._add(digests, vectors)
        if self._folder is None:
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        name = hashlib.blake2b(b"".join(digests), digest_size=8).hexdigest()
        unfinished = self._folder / f"{name}.tmp"
        with unfinished.open("wb") as file:
            np.savez(file, digests=np.frombuffer(b"".join(digests), np.uint8).reshape(-1, 16), vectors=vectors)
        unfinished.replace(self._folder / f"{name}{_SUFFIX}")

    def _read(self) -> None:
        for path in sorted(self._folder.glob(f"*{_SUFFIX}")) if self._folder is not None else ():
            with np.load(path, allow_pickle=False) as arrays:
                self._add(list(map(bytes, arrays["digests"])), arrays["vectors"])

    def _add(self, digests: list[bytes], vectors: Halves) -> None:
        start = sum(map(len, self._chunks))
        self._place_of.update(zip(digests, range(start, start + len(digests)), strict=True))
        self._chunks.append(vectors)


def cards_of(catalogue: Catalogue, rows: Ints | None = None) -> dict[int, str]:
    """Returns the cards of some rows, of all where None, by row; none of a row whose item is not there any more."""
    if rows is None:
        return {row: card for row, card in enumerate(catalogue.cards()) if catalogue.has(row)}
    return {row: catalogue.card(row) for row in rows.tolist() if catalogue.has(row)}


def digest(text: str) -> bytes:
    """Returns 16 bytes that tell texts apart."""
    return hashlib.blake2b(text.encode(), digest_size=16).digest()
