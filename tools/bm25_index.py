"""An inverted index with BM25 weights, built by bm25s, that takes in single documents later."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from copy import copy
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt

from convrec.tools.contract import Floats, Ints
from convrec.tools.storage import read_array, read_json, write_array, write_json


class Bm25Index:
    """Weights of terms in documents (Robertson's BM25 with Lucene's idf, Kamphuis et al. 2020), a column a term.

    `starts` `(n_terms + 1,)`, `documents` and `weights` `(n_postings,)` are the columns one after the other. Documents that
    are added or changed later stand in `_late`, weighted by the term statistics of the fit.
    """

    def __init__(
        self, vocabulary: dict[str, int], starts: Ints, documents: npt.NDArray[np.int32], weights: npt.NDArray[np.float32],
        n_documents: int, mean_length: float, k1: float, b: float,
    ) -> None:  # fmt: skip
        self._vocabulary, self._starts, self._documents, self._weights = vocabulary, starts, documents, weights
        self.n_documents, self._mean_length, self._k1, self._b = n_documents, mean_length, k1, b
        self._n_fitted = n_documents
        self._late: dict[int, dict[str, float]] = {}

    @classmethod
    def build(cls, documents: Sequence[Sequence[str]], k1: float, b: float) -> Self:
        """Returns the index of documents given as lists of terms; there must be at least one term in all."""
        import bm25s

        vocabulary: dict[str, int] = {}
        ids = [[vocabulary.setdefault(term, len(vocabulary)) for term in document] for document in documents]
        engine = bm25s.BM25(k1=k1, b=b, method="lucene")
        engine.index(
            bm25s.tokenization.Tokenized(ids=ids, vocab=vocabulary), create_empty_token=False, show_progress=False
        )
        columns = engine.scores
        return cls(
            vocabulary, np.asarray(columns["indptr"], np.int64), columns["indices"], columns["data"], len(ids),
            sum(map(len, ids)) / len(ids), k1, b,
        )  # fmt: skip

    def scores(self, query: Mapping[str, float]) -> Floats:
        """Returns `(n_documents,)`: the weights of the query's terms times their importance in it; 0 where none stands."""
        scores = np.zeros(self.n_documents)
        for term, importance in query.items():
            documents, weights = self._column(term)
            scores[documents] += importance * weights
        for document, known in self._late.items():
            scores[document] = sum((query[term] * known[term] for term in query if term in known), 0.0)
        return scores

    def parts(self, query: Mapping[str, float], document: int) -> dict[str, float]:
        """Returns what each of the query's terms that stands in the document adds to its score."""
        if document in self._late:
            known = self._late[document]
            return {term: query[term] * known[term] for term in query if term in known}
        parts = {}
        for term, importance in query.items():
            documents, weights = self._column(term)
            place = int(np.searchsorted(documents, document))
            if place < len(documents) and documents[place] == document:
                parts[term] = importance * float(weights[place])
        return parts

    def with_documents(self, documents: Mapping[int, Sequence[str]]) -> Bm25Index:
        """Returns the index with documents added, or in place of those of their numbers."""
        changed = copy(self)
        changed.n_documents = max(self.n_documents, *(document + 1 for document in documents))
        changed._late = self._late | {document: self._weighed(terms) for document, terms in documents.items()}
        return changed

    def _weighed(self, terms: Sequence[str]) -> dict[str, float]:
        room = self._k1 * (1 - self._b + self._b * len(terms) / self._mean_length)
        return {term: self._idf(term) * count / (room + count) for term, count in Counter(terms).items()}

    def save(self, folder: Path) -> None:
        """Writes the index into a folder, without what was put in later."""
        write_json(folder / "vocabulary.json", list(self._vocabulary))
        write_array(folder / "starts.npy", self._starts)
        write_array(folder / "documents.npy", self._documents)
        write_array(folder / "weights.npy", self._weights)
        facts = {"n_documents": self._n_fitted, "mean_length": self._mean_length, "k1": self._k1, "b": self._b}
        write_json(folder / "bm25.json", facts)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Returns the index written into a folder, its arrays memory-mapped."""
        vocabulary = {term: number for number, term in enumerate(read_json(folder / "vocabulary.json"))}
        starts, documents, weights = (
            read_array(folder / f"{name}.npy", mapped=True) for name in ("starts", "documents", "weights")
        )
        return cls(vocabulary, starts, documents, weights, **read_json(folder / "bm25.json"))

    def _column(self, term: str) -> tuple[npt.NDArray[np.int32], Floats]:
        number = self._vocabulary.get(term)
        if number is None:
            return np.empty(0, np.int32), np.empty(0)
        inside = slice(self._starts[number], self._starts[number + 1])
        return self._documents[inside], self._weights[inside].astype(np.float64)

    def _idf(self, term: str) -> float:
        number = self._vocabulary.get(term)
        frequency = 1.0 if number is None else float(self._starts[number + 1] - self._starts[number])
        return float(np.log1p((self._n_fitted - frequency + 0.5) / (frequency + 0.5)))
