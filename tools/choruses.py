"""Choruses: crowds of accounts that choose an item along with the same few others, as people do not, and made-up accounts do."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from convrec.tools.contract import Bools, Events, Floats, Ints
from convrec.tools.feedback import matrix

if TYPE_CHECKING:
    from scipy.sparse import csr_array

    Matrix = csr_array[Any, tuple[int, int]]

REVISION = 1
"""Changes with what is taken for a chorus, so that what was fitted before is fitted again."""

_AUDIENCE = 10  # people who chose an item and something else, below which nothing is told of it
_ITEMS = 50  # items with such an audience that show what is usual
_USUAL = 0.95  # the share of them whose likeness is usual
_FAR = 3.0  # times what is usual, beyond which an audience is a chorus
_HEARD = 5  # of a chorus, the first that count
_BLOCK = 1024  # items whose audiences are held at once


def chorus(events: Events, n_users: int, n_items: int) -> Bools:
    """Returns `(n_events,)`, true for choices that add nothing but the weight of a crowd.

    The likeness of an item's audience is the chance that two of its people, drawn with one of their other choices each, drew the same item,
    over that chance for any two choices of all. Where it is more than three times what 95 % of the items stay below, those of its people who
    are themselves so much like the rest are one voice in many accounts; the first five of them are heard. What is usual is taken from the
    data itself, since series and variants of one product make audiences alike, too; a crowd that pushes a few items does not move it.
    """
    chosen = matrix(events.user, events.row, n_users, n_items)
    others = np.maximum(np.diff(chosen.indptr) - 1, 0)
    weight = np.divide(1.0, others, out=np.zeros(n_users), where=others > 0)
    audience = chosen.T @ (weight > 0).astype(np.float64)
    able = np.flatnonzero(audience >= _AUDIENCE)
    found = np.zeros(len(events), np.bool_)
    if len(able) < _ITEMS:
        return found
    base, own = _chance(chosen), chosen.T @ weight
    among = base * audience * (audience - 1)  # what pairs of an audience would have in common by chance
    likeness = np.concatenate(
        [(_squares(beside) - own[rows]) / among[rows] for rows, beside in _beside(chosen, weight, able)]
    )
    limit = _FAR * float(np.quantile(likeness, _USUAL))
    for rows, beside in _beside(chosen, weight, able[likeness > limit]):
        for row, what in zip(rows.tolist(), beside.toarray(), strict=True):
            at = np.flatnonzero(events.row == row)
            at = at[np.argsort(events.time[at], kind="stable")]
            users = events.user[at]
            like = weight[users] * (chosen[users] @ what - 1.0) / (base * (audience[row] - 1))
            found[at[like > limit][_HEARD:]] = True
    return found


def _chance(chosen: Matrix) -> float:
    """Returns the chance that two choices, drawn from all, are of one item."""
    shares = np.bincount(chosen.indices, minlength=chosen.shape[1]) / max(chosen.nnz, 1)
    return float(shares @ shares)


def _beside(chosen: Matrix, weight: Floats, rows: Ints) -> Iterator[tuple[Ints, Matrix]]:
    """Yields some rows at a time and, for each, what its people chose beside it `(block, n_items)`, everybody's choices weighing 1 together."""
    from scipy.sparse import diags_array

    shared = (diags_array(weight) @ chosen).tocsr()
    columns = chosen.tocsc()
    for start in range(0, len(rows), _BLOCK):
        block = rows[start : start + _BLOCK]
        beside = (columns[:, block].T @ shared).tocoo()
        item, other = beside.coords
        beside.data[block[item] == other] = 0.0
        yield block, beside.tocsr()


def _squares(beside: Matrix) -> Floats:
    """Returns the sum of squares of each row."""
    return np.asarray(beside.multiply(beside).sum(axis=1), np.float64).ravel()
