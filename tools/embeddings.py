"""Vectors of many texts, kept on the disk as they are made, so that a killed fit goes on where it was."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from convrec.core.progress import Progress, silent
from convrec.tools.contract import Vectors
from convrec.tools.encoder import TextEncoder

_SECONDS_KEPT = 5.0  # work that a kill may lose
_SUFFIX = ".vectors.npz"


class VectorCache:
    """Vectors by the text they were made from, in 16-bit floats, a file every few seconds of work.

    Vectors of another encoder or length are other vectors: `name` tells them apart.
    """

    def __init__(self, folder: Path | None, encoder: TextEncoder, max_tokens: int) -> None:
        self._folder = folder / f"{encoder.revision}-{max_tokens}" if folder is not None else None
        self._encoder, self._max_tokens = encoder, max_tokens
        self._known = self._read()

    def vectors(self, texts: Sequence[str], progress: Progress = silent, stage: str = "encoding items") -> Vectors:
        """Returns `(n, width)` float32 unit vectors of the texts; only those that were never seen are encoded."""
        digests = [digest(text) for text in texts]
        missing = {d: text for d, text in zip(digests, texts, strict=True) if d not in self._known}
        self._encode(list(missing), list(missing.values()), progress, stage)
        vectors = np.array([self._known[d] for d in digests], np.float32).reshape(len(texts), self._encoder.width)
        norms = np.linalg.norm(vectors, axis=1, keepdims=True)
        vectors /= np.maximum(norms, 1e-12)
        return vectors

    def _encode(self, digests: list[bytes], texts: list[str], progress: Progress, stage: str) -> None:
        fresh: dict[bytes, npt.NDArray[np.float16]] = {}
        kept_at, done = time.monotonic(), 0
        for places, encoded in self._encoder.batches(texts, self._max_tokens):
            fresh.update(zip((digests[place] for place in places), encoded.astype(np.float16), strict=True))
            done += len(places)
            progress(stage, done, len(texts))
            if time.monotonic() - kept_at > _SECONDS_KEPT:
                self._keep(fresh)
                fresh, kept_at = {}, time.monotonic()
        self._keep(fresh)

    def _keep(self, fresh: dict[bytes, npt.NDArray[np.float16]]) -> None:
        self._known.update(fresh)
        if self._folder is None or not fresh:
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        name = hashlib.blake2b(b"".join(fresh), digest_size=8).hexdigest()
        unfinished = self._folder / f"{name}.tmp"
        with unfinished.open("wb") as file:
            np.savez(
                file,
                digests=np.frombuffer(b"".join(fresh), np.uint8).reshape(-1, 16),
                vectors=np.stack(list(fresh.values())),
            )
        unfinished.replace(self._folder / f"{name}{_SUFFIX}")

    def _read(self) -> dict[bytes, npt.NDArray[np.float16]]:
        known: dict[bytes, npt.NDArray[np.float16]] = {}
        for path in sorted(self._folder.glob(f"*{_SUFFIX}")) if self._folder is not None else ():
            with np.load(path, allow_pickle=False) as arrays:
                known.update(zip(map(bytes, arrays["digests"]), arrays["vectors"], strict=True))
        return known


def digest(text: str) -> bytes:
    """Returns 16 bytes that tell texts apart."""
    return hashlib.blake2b(text.encode(), digest_size=16).digest()
