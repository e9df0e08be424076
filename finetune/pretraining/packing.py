"""Documents packed into rows of equal length, none of them cut."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from convrec.finetune.pretraining.tokens import Encoded

Rows = tuple[NDArray[np.uint16], NDArray[np.uint8]]


class Packer:
    """Fills rows of `length` tokens, each from the documents waiting that fit best; what is left of a row is padding."""

    def __init__(self, length: int, pad: int, waiting: int = 40) -> None:
        self._length, self._pad, self._waiting = length, pad, waiting
        self._documents: list[Encoded] = []

    def add(self, documents: Iterable[Encoded]) -> None:
        """Adds documents; one that is longer than a row is left out."""
        self._documents += [document for document in documents if len(document.ids) <= self._length]

    @property
    def ready(self) -> bool:
        """Tells whether enough documents wait to fill a row well."""
        return len(self._documents) >= self._waiting

    def row(self) -> Rows:
        """Returns one row: token ids `(length,)` and weights in hundredths `(length,)`."""
        ids = np.full(self._length, self._pad, dtype=np.uint16)
        weights = np.zeros(self._length, dtype=np.uint8)
        place = 0
        chosen = self._documents.pop(0) if self._documents else None
        while chosen is not None:
            end = place + len(chosen.ids)
            ids[place:end], weights[place:end] = chosen.ids, chosen.weights
            place = end
            chosen = self._best(self._length - place)
        return ids, weights

    def _best(self, room: int) -> Encoded | None:
        """Takes the longest waiting document that fits into the room."""
        best, size = -1, 0
        for index, document in enumerate(self._documents):
            if size < len(document.ids) <= room:
                best, size = index, len(document.ids)
        return self._documents.pop(best) if best >= 0 else None


def document_numbers(ids: NDArray[np.uint16], begin: int) -> NDArray[np.int32]:
    """Returns which document of its row each token belongs to, `(rows, length)`; padding counts to the last."""
    return np.cumsum(ids == begin, axis=-1, dtype=np.int32)
