"""What items are, as numbers to learn from: the values that they carry, and their number fields in steps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import numpy as np

from convrec.catalogue.catalogue import Catalogue
from convrec.tools.contract import Ints

if TYPE_CHECKING:
    from scipy.sparse import csr_array

_FEWEST = 2  # items that must carry a value before anything can be learned of it
_STEPS = 12  # of a number field


def item_features(catalogue: Catalogue) -> csr_array[Any, tuple[int, int]]:
    """Returns `(n_items, n_features)` float32: a column a value of a category or tags field, and a column a step of a number field.

    A value counts where at least two items carry it. A number field has a column for each of twelve quantiles, 1 for items at or
    above it. Each field's part of a row has a sum of squares of 1, so that no field drowns another.
    """
    from scipy.sparse import csr_array as csr
    from scipy.sparse import hstack

    fields = [field for field in catalogue.schema.fields if field.searchable]
    parts = [_values(catalogue, f.name) for f in fields if f.valued]
    parts += [_steps(catalogue, f.name) for f in fields if f.measured]
    none = csr((len(catalogue), 0), dtype=np.float32)
    return cast("csr_array[Any, tuple[int, int]]", hstack([none, *parts], format="csr"))


def _values(catalogue: Catalogue, field: str) -> csr_array[Any, tuple[int, int]]:
    index = catalogue.values(field)
    carried = index.carried()[:, np.flatnonzero(index.counts >= _FEWEST)].tocoo()
    rows, columns = carried.coords
    return _scaled(rows.astype(np.int64), columns.astype(np.int64), *carried.shape)


def _steps(catalogue: Catalogue, field: str) -> csr_array[Any, tuple[int, int]]:
    numbers = catalogue.numbers(field)
    known = numbers[~np.isnan(numbers)]
    edges = np.unique(np.quantile(known, np.linspace(0, 1, _STEPS + 1)[:-1])) if len(known) else np.empty(0)
    rows, columns = np.nonzero(numbers[:, None] >= edges[None, :])
    return _scaled(rows, columns, len(numbers), len(edges))


def _scaled(rows: Ints, columns: Ints, n_rows: int, n_columns: int) -> csr_array[Any, tuple[int, int]]:
    from scipy.sparse import csr_array as csr

    each = np.bincount(rows, minlength=n_rows)
    data = (1.0 / np.sqrt(np.maximum(each, 1)))[rows].astype(np.float32)
    return csr((data, (rows, columns)), shape=(n_rows, n_columns))
