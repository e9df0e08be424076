"""The nearest of many vectors, exactly: products with all of them, or with the allowed ones alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from convrec.tools.contract import Bools, Floats, Ints, Vectors
from convrec.tools.threads import cores, workers

if TYPE_CHECKING:
    from torch import Tensor

Halves = npt.NDArray[np.float16]

_BLOCK = 2048  # vectors that are taken at once: few enough to stay in a core's cache
_PART = 50_000  # vectors below which a second thread costs more than it brings
_GATHERED = 6  # where no more than one in so many is allowed, picking those costs less than a product with all
_DOUBT = 1e-3  # how far two products in 16-bit floats may be off together, for a direction of length 1
_DIGITS = 9  # of a score: equal vectors tie, wherever in a block they stood


class Scan:
    """`(n, width)` vectors in 16-bit floats, in memory or mapped from the disk.

    A first pass in 16-bit floats (half the bytes, and bytes are what it costs) finds every vector that can be among the
    nearest; those few are multiplied again in 64-bit floats. So the answer is exact, and a million vectors of 384 numbers
    take about 0.1 s of one core.
    """

    def __init__(self, vectors: npt.NDArray[Any]) -> None:
        self.vectors: Halves = vectors if vectors.dtype == np.float16 else vectors.astype(np.float16)

    def __len__(self) -> int:
        return len(self.vectors)

    @property
    def width(self) -> int:
        """Returns how many numbers a vector has."""
        return int(self.vectors.shape[1])

    def nearest(self, direction: Vectors, k: int, allowed: Bools | None = None) -> tuple[Ints, Floats]:
        """Returns the numbers of all allowed vectors that can be among the `k` nearest, `(m,)`, and their exact products `(m,)`.

        There are `k` or a few more, ascending by number; fewer where fewer are allowed.
        """
        if allowed is None or allowed.all():
            found, rough = None, self._all(direction)
        else:
            found = np.flatnonzero(allowed)
            few = len(found) * _GATHERED <= len(self)
            rough = self._some(direction, found) if few else self._all(direction)[found]
        doubt = _DOUBT * max(float(np.linalg.norm(direction)), 1e-12)
        if 0 < k < len(rough):
            kept = np.flatnonzero(rough >= np.partition(rough, len(rough) - k)[len(rough) - k] - doubt)
            found = kept if found is None else found[kept]
        elif found is None:
            found = np.arange(len(self))
        return found, self.products(direction, found)

    def products(self, direction: Vectors, numbers: Ints) -> Floats:
        """Returns `(m,)`: the exact products of the vectors of those numbers with a direction `(width,)`."""
        exact, wanted = np.empty(len(numbers)), direction.astype(np.float64)
        for part in _blocks(0, len(numbers), _BLOCK):
            exact[part] = self.vectors[numbers[part]].astype(np.float64) @ wanted
        return np.round(exact, _DIGITS)

    def every(self, direction: Vectors) -> Floats:
        """Returns `(n,)`: the products of all vectors, in 32-bit floats' precision."""
        import torch

        wanted, found = torch.from_numpy(direction.astype(np.float32)), np.empty(len(self))
        for part in _blocks(0, len(self), _BLOCK):
            found[part] = (self._tensor[part].float() @ wanted).numpy()
        return np.round(found, 6)

    def _all(self, direction: Vectors) -> Vectors:
        wanted = _half(direction)
        rough = np.empty(len(self), np.float32)

        def fill(part: slice) -> None:
            rough[part] = (self._tensor[part] @ wanted).float().numpy()

        size = max(_PART, -(-len(self) // cores()))
        list(workers().map(fill, _blocks(0, len(self), size)))
        return rough

    def _some(self, direction: Vectors, numbers: Ints) -> Vectors:
        import torch

        wanted, picked = _half(direction), torch.from_numpy(numbers)
        rough = np.empty(len(numbers), np.float32)

        def fill(part: slice) -> None:
            for block in _blocks(part.start, part.stop, _BLOCK):
                rough[block] = (self._tensor.index_select(0, picked[block]) @ wanted).float().numpy()

        size = max(_PART, -(-len(numbers) // cores()))
        list(workers().map(fill, _blocks(0, len(numbers), size)))
        return rough

    @property
    def _tensor(self) -> Tensor:
        import torch

        return torch.from_numpy(self.vectors)


def _half(direction: Vectors) -> Tensor:
    import torch

    return torch.from_numpy(direction.astype(np.float16))


def _blocks(start: int, end: int, size: int) -> Iterator[slice]:
    return (slice(at, min(at + size, end)) for at in range(start, end, size))
