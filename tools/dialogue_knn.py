"""Dialogue-kNN: what was named in conversations that went like this one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from pydantic import Field

from convrec.catalogue.catalogue import Catalogue
from convrec.core.errors import NotFittedError
from convrec.tools.aligned import AlignedTool
from convrec.tools.alignment import Alignment
from convrec.tools.contract import (
    Capabilities,
    Contribution,
    Explanation,
    Floats,
    Ints,
    Query,
    ToolConfig,
    TrainingData,
    Vectors,
    ordered,
)  # fmt: skip
from convrec.tools.embeddings import VectorCache
from convrec.tools.encoder import TextEncoder
from convrec.tools.moments import LINE_TOKENS, moments
from convrec.tools.storage import read_array, read_config, read_json, write_array, write_config, write_json
from convrec.tools.threads import one_blas_thread

if TYPE_CHECKING:
    from scipy.sparse import csr_array


class DialogueKnnConfig(ToolConfig):
    """How neighbouring moments are found and vote."""

    encoder: str = Field("all-MiniLM-L6-v2", description="the text encoder: the shipped one's name, or a folder")
    neighbours: int = Field(400, ge=1, description="how many moments of other conversations vote")
    temperature: float = Field(0.14, gt=0, description="cosine distance over which a vote falls by a factor e")
    user_vote: float = Field(
        0.5, ge=0, description="the vote of an item that the person named, beside one that was recommended"
    )
    later_vote: float = Field(0.3, ge=0, description="the vote of an item that was named only later")


class DialogueKnn(AlignedTool):
    """Compares the conversation with every moment of the training dialogues; the nearest vote for what was named then.

    A moment's vote is `exp((cosine - best cosine) / temperature)`, as in a kernel estimate of what comes next.
    """

    name = "dialogue_knn"
    revision = 2
    kind = "conversational"
    capabilities = Capabilities(context_query=True, explain=True, vectors=True)
    needs = frozenset({"dialogues"})
    Config = DialogueKnnConfig
    config: DialogueKnnConfig
    _items: Alignment
    _middle: Vectors  # (width,) the mean conversation
    _vectors: Vectors  # (n_moments, width) from there
    _votes: csr_array[Any, tuple[int, int]]  # (n_moments, n_own)
    _names: list[str]  # (n_moments,) the dialogue of each

    def fit(self, data: TrainingData) -> None:
        """Encodes every moment at which something was named.

        Raises:
            NotFittedError: there is no such moment.
        """
        from scipy.sparse import csr_array as csr

        told = list(moments(data.dialogues, data.catalogue))
        if not told:
            raise NotFittedError("There are no dialogues in which an item is named.", "Ingest some.")
        encoder = data.encoder or TextEncoder.open(self.config.encoder)
        contexts = [moment.context for moment in told]
        vectors = VectorCache(data.cache, encoder, LINE_TOKENS).contexts(contexts, data.progress)
        self._middle = vectors.mean(axis=0)
        self._vectors = self._centred(vectors)
        self._names = [moment.dialogue for moment in told]
        votes = [
            (place, row, vote)
            for place, moment in enumerate(told)
            for row, vote in self._named(moment.role, moment.named, moment.later)
        ]
        places, rows, amounts = (np.array(column) for column in zip(*votes, strict=True))
        own, columns = np.unique(rows, return_inverse=True)
        self._votes = csr((amounts.astype(np.float64), (places, columns)), shape=(len(told), len(own)))
        self._items = Alignment.of_rows(own, data.catalogue)

    def _named(self, role: str, named: tuple[int, ...], later: tuple[int, ...]) -> list[tuple[int, float]]:
        now = 1.0 if role == "assistant" else self.config.user_vote
        return [(row, now) for row in named] + [(row, self.config.later_vote * now) for row in later]

    def scores(self, query: Query) -> Floats | None:
        """Returns the sum of the nearest moments' votes, NaN for items with none; None where nothing was said."""
        found = self._nearest(query)
        if found is None:
            return None
        places, weights = found
        scores = self._votes[places].T @ weights
        scores[scores == 0.0] = np.nan
        return self._items.scatter(scores)

    def explain(self, query: Query, row: int) -> Explanation:
        """Returns the votes of the moments, a part a dialogue: `dialogue:17`. Exact."""
        wanted, found = int(self._items.own[row]), self._nearest(query)
        if wanted < 0 or found is None:
            return Explanation()
        places, weights = found
        votes = self._votes[places][:, [wanted]].toarray().ravel() * weights
        parts: dict[str, float] = {}
        for place in np.flatnonzero(votes):
            source = f"dialogue:{self._names[places[place]]}"
            parts[source] = parts.get(source, 0.0) + float(votes[place])
        return ordered([Contribution(source, amount) for source, amount in parts.items()])

    def _nearest(self, query: Query) -> tuple[Ints, Floats] | None:
        """Returns the nearest moments and the weight of each one's votes."""
        said = query.context or query.text
        if not said.strip():
            return None
        vector = query.context_vector
        if vector is None:
            vector = TextEncoder.open(self.config.encoder).context(said)
        with one_blas_thread():
            cosines = (self._vectors @ self._centred(vector)).astype(np.float64)
        k = min(self.config.neighbours, len(cosines))
        places = np.sort(np.argpartition(-cosines, k - 1)[:k])
        return places.astype(np.int64), np.exp((cosines[places] - cosines[places].max()) / self.config.temperature)

    def _centred(self, vectors: Vectors) -> Vectors:
        """Returns unit vectors from what all conversations have in common."""
        apart = vectors - self._middle
        found: Vectors = apart / np.maximum(np.linalg.norm(apart, axis=-1, keepdims=True), 1e-9)
        return found

    def save(self, folder: Path) -> None:
        """Writes vectors, votes, items and settings."""
        from scipy.sparse import save_npz

        self._items.save(folder)
        write_config(folder, self.config)
        write_json(folder / "dialogues.json", self._names)
        write_array(folder / "middle.npy", self._middle)
        write_array(folder / "vectors.npy", self._vectors)
        save_npz(folder / "votes.npz", self._votes, compressed=False)

    @classmethod
    def load(cls, folder: Path, catalogue: Catalogue) -> Self:
        """Returns the tool saved in a folder, its vectors memory-mapped."""
        from scipy.sparse import csr_array as csr
        from scipy.sparse import load_npz

        tool = cls(read_config(folder, DialogueKnnConfig))
        tool._items = Alignment.load(folder, catalogue)
        tool._names = read_json(folder / "dialogues.json")
        tool._middle = read_array(folder / "middle.npy")
        tool._vectors = read_array(folder / "vectors.npy", mapped=True)
        tool._votes = csr(load_npz(folder / "votes.npz"))
        return tool
