"""The maps that a tuned text tool learns, all in closed form: what a liked item and what a text ask of an item's features."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from convrec.tools.contract import Floats

if TYPE_CHECKING:
    from scipy.sparse import csr_array

    Chosen = csr_array[Any, tuple[int, int]]

_RANK = 256  # of the choices' spectrum
_SMALLEST = 1e-6


@dataclass(frozen=True)
class Spectrum:
    """The leading singular values `(rank,)` and item directions `(rank, n_items)` of who chose what."""

    sizes: Floats
    directions: Floats

    @classmethod
    def of(cls, chosen: Chosen) -> Self:
        """Returns the spectrum of `(n_people, n_items)` choices."""
        from scipy.sparse.linalg import svds

        start = np.random.default_rng(0).random(min(chosen.shape))
        _, sizes, directions = svds(chosen.astype(np.float64), k=min(_RANK, min(chosen.shape) - 1), v0=start)
        return cls(sizes.astype(np.float64), directions.astype(np.float64))

    def smoothed(self, values: Floats, strength: float) -> Floats:
        """Returns `B values` `(n_items, …)`, with B the item-item weights of EASE (Steck 2019) as far as this spectrum tells.

        `P = (X'X + λI)⁻¹` is `(I - V diag(s² / (s² + λ)) V') / λ` and `B = I - P diag(P)⁻¹`; no matrix of items by items is made.
        """
        shares = self.sizes**2 / (self.sizes**2 + strength)
        left = 1.0 - shares @ self.directions**2  # λ times the diagonal of P
        scaled = values / np.maximum(left, _SMALLEST)[:, None]
        smoothed: Floats = values - scaled + self.directions.T @ (shares[:, None] * (self.directions @ scaled))
        return smoothed


@dataclass(frozen=True)
class Whitening:
    """Features made independent of each other over the chosen items: `W = F L⁻ᵀ` with `L Lᵀ = F'F + λI`.

    `W_j · (W'y)` is then what a ridge regression of the chosen items' values y on their features says of an item j.
    """

    lower: Floats  # L

    @classmethod
    def of(cls, gram: Floats, strength: float) -> Self:
        """Returns the whitening of features whose products `F'F` are given, for a ridge of that strength."""
        return cls(np.linalg.cholesky(gram + strength * np.eye(len(gram))).astype(np.float64))

    def __call__(self, features: Floats) -> Floats:
        """Returns `(n, n_features)` whitened features."""
        from scipy.linalg import solve_triangular

        white: Floats = solve_triangular(self.lower, features.T, lower=True, check_finite=False).T
        return white

    def directions(self, wanted: Floats) -> Floats:
        """Returns `(n, n_features)` directions whose products with whitened features are those of `wanted` with plain ones."""
        return wanted @ self.lower

    def undone(self, basis: Floats) -> Floats:
        """Returns `(n_features, width)`: the matrix that makes of plain features their whitened ones' products with a basis."""
        from scipy.linalg import solve_triangular

        plain: Floats = solve_triangular(self.lower, basis, lower=True, trans="T", check_finite=False)
        return plain


def liked_directions(white: Floats, spectrum: Spectrum, strength: float) -> Floats:
    """Returns `(n_chosen, n_features)`: what each chosen item, when liked, asks of an item's whitened features.

    It is `(B + I) W`: the regression, on features, of the scores that EASE and the choice itself give to the chosen items. That extends
    to any item with features what collaborative filtering learned (attribute-to-feature mapping, Gantner et al. 2010).
    """
    return white + spectrum.smoothed(white, strength)


def text_map(texts: Floats, wanted: Floats, strength: float) -> Floats:
    """Returns `(1 + n_text, n_features)`: the ridge regression of what was wanted after a text on its vector, the intercept first."""
    mean, level = texts.mean(axis=0), wanted.mean(axis=0)
    centred = texts - mean
    gram = centred.T @ centred + strength * np.eye(texts.shape[1])
    slope = np.linalg.solve(gram, centred.T @ (wanted - level))
    return np.concatenate([(level - mean @ slope)[None, :], slope])


def extended(texts: Floats) -> Floats:
    """Returns `(n, 1 + n_text)`: the texts' vectors after a 1, as `text_map` reads them."""
    return np.concatenate([np.ones((len(texts), 1)), texts], axis=1)


def ridge(given: Floats, wanted: Floats, strength: float) -> Floats:
    """Returns `(n_given, n_wanted)`: the linear map from one to the other that a ridge regression finds."""
    gram = given.T @ given + strength * np.eye(given.shape[1])
    found: Floats = np.linalg.solve(gram, given.T @ wanted).astype(np.float64)
    return found


def leading(products: Floats, width: int) -> Floats:
    """Returns an orthonormal basis `(n_features, at most width)` of what differs most among directions D with these products `D'D`.

    Each vector's largest entry is positive, so that the same data give the same basis.
    """
    _, vectors = np.linalg.eigh(products)
    kept = vectors[:, ::-1][:, :width]
    basis: Floats = kept * np.sign(kept[np.abs(kept).argmax(axis=0), np.arange(kept.shape[1])])
    return basis
