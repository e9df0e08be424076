"""The contract that every retriever and ranker keeps: a frozen config, five verbs, and declared capabilities.

A third party's tool derives from `Tool`, is announced by an entry point (`convrec.tools.plugins`), and proves itself by inheriting
`convrec.tools.conformance.ToolConformance`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict

from convrec.catalogue.catalogue import Catalogue
from convrec.catalogue.dialogues import Dialogue
from convrec.catalogue.laid import LaidCatalogue
from convrec.core.progress import Progress, silent

if TYPE_CHECKING:
    from scipy.sparse import csr_array

    from convrec.tools.encoder import TextEncoder

Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Vectors = npt.NDArray[np.float32]
Need = Literal["interactions", "dialogues"]


@dataclass(frozen=True)
class Query:
    """What a tool is asked. Rows are the catalogue's.

    `text` is what the person wants now, `context` all that was said so far, a line a turn, the latest last. `history` pairs a
    row with a weight, above 0 for liked and below for disliked. `mask` is `(n_items,)`, true where allowed; None allows
    all. `vector` is the text's embedding where it is already made.
    """

    text: str = ""
    history: tuple[tuple[int, float], ...] = ()
    mask: Bools | None = None
    k: int = 200
    vector: Vectors | None = None
    context: str = ""
    context_vector: Vectors | None = None


@dataclass(frozen=True)
class Ranking:
    """Rows `(n,)` with scores `(n,)` that do not rise; ties stand by row. A row that the mask rules out is never in it."""

    rows: Ints
    scores: Floats

    def __len__(self) -> int:
        return len(self.rows)


@dataclass(frozen=True)
class Contribution:
    """One part of a score. `source` says whose: `term:heist`, `item:858`, `dialogue:17`, `text`, `popularity`, `rating`."""

    source: str
    amount: float


@dataclass(frozen=True)
class Explanation:
    """The parts of a tool's score for one item, the largest first. Where `exact`, they sum to the score to 1e-6."""

    contributions: tuple[Contribution, ...] = ()
    exact: bool = True


@dataclass(frozen=True)
class Capabilities:
    """What a tool can use: a history (`fold_in`), a text, a whole conversation; whether it explains and takes in new items.

    `vectors` says that it reads the query's vectors, so that they are worth making once for all tools; `by_people` that what it makes of a
    history rests on who chose what, not on what the items are, so that a reason is worded as the one and not as the other.
    """

    fold_in: bool = False
    text_query: bool = False
    context_query: bool = False
    explain: bool = False
    incremental: bool = False
    vectors: bool = False
    by_people: bool = False


class ToolConfig(BaseModel):
    """The settings of a tool: frozen, every field described, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


@dataclass(frozen=True)
class Events:
    """Who chose what: users, rows and times, all `(n_events,)`, by user and within a user oldest first.

    Times are Unix seconds, -inf where unknown (then the order is that in which the events were brought).
    """

    user: Ints
    row: Ints
    time: Floats

    def __len__(self) -> int:
        return len(self.user)

    @classmethod
    def none(cls) -> Self:
        """Returns no events."""
        return cls(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0))

    def __getitem__(self, kept: Ints | Bools) -> Events:
        return Events(self.user[kept], self.row[kept], self.time[kept])


@dataclass(frozen=True)
class TrainingData:
    """What tools are fitted on.

    `user_items` is `(n_users, n_items)` float32, 1 where the feedback is positive; dialogues count as users. `events` are the same
    choices one by one, in time. `ratings` is `(n_ratings, 2)`: row and value of every rating. `cache` is a folder in which costly
    parts may be kept between fits.
    """

    catalogue: Catalogue
    user_items: csr_array[Any, tuple[int, int]]
    events: Events = field(default_factory=Events.none)
    dialogues: tuple[Dialogue, ...] = ()
    ratings: Floats = field(default_factory=lambda: np.empty((0, 2)))
    encoder: TextEncoder | None = None
    max_tokens: int = 64
    seed: int = 0
    cache: Path | None = None
    progress: Progress = silent


class Tool(ABC):
    """A retriever or ranker. `needs` says which events it is fitted on (items always); `revision` rises with its file format.

    A subclass gives `scores`, `explain`, `fit`, `save` and `load`; `retrieve` and `score` follow from `scores` unless it
    knows a faster way.
    """

    name: ClassVar[str]
    kind: ClassVar[str]
    capabilities: ClassVar[Capabilities]
    needs: ClassVar[frozenset[Need]] = frozenset()
    revision: ClassVar[int] = 1
    Config: ClassVar[type[ToolConfig]] = ToolConfig

    def __init__(self, config: ToolConfig | None = None) -> None:
        self.config = config or self.Config()
        self.note = ""  # what a person should know of the fit

    @abstractmethod
    def fit(self, data: TrainingData) -> None:
        """Learns from the data.

        Raises:
            NotFittedError: there is too little of what it learns from; the sentence says what.
        """

    @abstractmethod
    def scores(self, query: Query) -> Floats | None:
        """Returns `(n_items,)` scores, NaN where the tool has no opinion; None where it can't use the query at all."""

    @abstractmethod
    def explain(self, query: Query, row: int) -> Explanation:
        """Returns the parts of the item's score; an empty explanation where the tool has no opinion on it."""

    @abstractmethod
    def save(self, folder: Path) -> None:
        """Writes the fitted tool into an existing folder, as JSON and arrays, never pickled."""

    @classmethod
    @abstractmethod
    def load(cls, folder: Path, catalogue: Catalogue) -> Self:
        """Returns the tool saved in a folder, its items aligned to a catalogue that may have changed since."""

    def retrieve(self, query: Query) -> Ranking:
        """Returns the `query.k` best allowed items; none where the tool can't use the query."""
        scores = self.scores(query)
        return EMPTY if scores is None else top(scores, query.mask, query.k)

    def score(self, query: Query, rows: Ints) -> Floats:
        """Returns `(n,)` scores of the rows, NaN where the tool has no opinion."""
        scores = self.scores(query)
        return np.full(len(rows), np.nan) if scores is None else scores[rows]

    def update(self, catalogue: Catalogue, rows: Ints | None = None) -> None:
        """Takes in items that are new or changed since the fit: those in some rows, or whichever are, where None. Does nothing unless the
        tool is `incremental`.
        """
        del catalogue, rows

    def over(self, catalogue: LaidCatalogue) -> Self | None:
        """Returns the tool over a catalogue that was laid over its own, at once: what takes a model is left to `update`. This one stays
        as it is. None where it has to be loaded again (`convrec.tools.aligned.AlignedTool` has not).
        """
        del catalogue
        return None


EMPTY = Ranking(np.empty(0, np.int64), np.empty(0, np.float64))
"""The ranking of a tool that can't use a query."""


def top(scores: Floats, mask: Bools | None, k: int) -> Ranking:
    """Returns the `k` highest of `(n_items,)` scores among allowed rows, ties by row; NaN is no opinion and never ranked."""
    allowed = ~np.isnan(scores) if mask is None else mask & ~np.isnan(scores)
    rows = np.flatnonzero(allowed)
    values = scores[rows]
    if 0 < k < len(rows):
        kept = values >= np.partition(values, len(values) - k)[len(values) - k]
        rows, values = rows[kept], values[kept]
    order = np.argsort(-values, kind="stable")[:k]
    return Ranking(rows[order].astype(np.int64), values[order].astype(np.float64))


def ordered(parts: list[Contribution], exact: bool = True) -> Explanation:
    """Returns an explanation with the largest parts first, whatever their sign; parts of nothing are left out."""
    kept = [part for part in parts if part.amount != 0.0]
    return Explanation(tuple(sorted(kept, key=lambda part: (-abs(part.amount), part.source))), exact)
