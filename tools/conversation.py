"""The conversation net: what is named next, from the words and the named items of a conversation, learned from dialogues."""

from __future__ import annotations

from pathlib import Path
from typing import Self

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
from convrec.tools.conversation_net import Lesson, Shape, Weights
from convrec.tools.embeddings import VectorCache
from convrec.tools.encoder import TextEncoder
from convrec.tools.item_features import item_features
from convrec.tools.moments import END_LINES, LINE_TOKENS, Moment, moments
from convrec.tools.storage import read_config, write_config

_FEWEST = 20  # moments below which nothing is learned


class ConversationConfig(ToolConfig):
    """The size of the net, how it is taught, and what counts how much."""

    encoder: str = Field("all-MiniLM-L6-v2", description="the text encoder: the shipped one's name, or a folder")
    max_tokens: int = Field(64, ge=8, le=256, description="tokens of an item's card that the encoder reads")
    nets: int = Field(1, ge=1, le=9, description="nets that are taught alike from other seeds and averaged")
    width: int = Field(128, ge=8, description="numbers that describe an item")
    epochs: int = Field(6, ge=1, description="times that every moment is gone through")
    batch: int = Field(256, ge=1, description="moments a step")
    rate: float = Field(2e-3, gt=0, description="the highest learning rate")
    decay: float = Field(0.2, ge=0, description="weight decay (AdamW)")
    dropout: float = Field(0.3, ge=0, lt=1, description="the share of numbers that is left out in teaching")
    id_dropout: float = Field(
        0.5, ge=0, lt=1, description="the share of items that must do without their own vector in teaching"
    )
    user_weight: float = Field(0.5, ge=0, description="what a moment counts at which the person named the items")
    later_weight: float = Field(0.3, ge=0, description="what an item counts that was named only later")


class Conversation(AlignedTool):
    """Scores all items by a net over the conversation's vector, its end's vector and the items named before.

    Query and items meet in a product, as in two-tower retrieval (Yi et al. 2019), with every item an answer of the softmax. Nets are averaged by their
    log-probabilities.
    """

    name = "conversation"
    revision = 3
    kind = "conversational"
    capabilities = Capabilities(context_query=True, explain=True, vectors=True)
    needs = frozenset({"dialogues"})
    Config = ConversationConfig
    config: ConversationConfig
    _items: Alignment
    _nets: list[Weights]

    def fit(self, data: TrainingData) -> None:
        """Teaches the nets.

        Raises:
            NotFittedError: items are named at too few moments.
        """
        from convrec.tools.conversation_teaching import taught

        catalogue = data.catalogue
        told = list(moments(data.dialogues, catalogue))
        if len(told) < _FEWEST:
            raise NotFittedError(
                f"Items are named at {len(told):,} moments of dialogues; {_FEWEST} are needed.",
                "Ingest more dialogues.",
            )
        encoder = data.encoder or TextEncoder.open(self.config.encoder)
        lines, contexts = VectorCache(data.cache, encoder, LINE_TOKENS), [m.context for m in told]
        said, ending = lines.contexts(contexts, data.progress), lines.contexts(contexts, most=END_LINES)
        cards = VectorCache(data.cache, encoder, self.config.max_tokens).vectors(
            [catalogue.card(row) for row in range(len(catalogue))], data.progress
        )
        lessons = [self._lesson(moment) for moment in told]
        counts = self._counts(told, len(catalogue))
        shape = Shape(**{name: getattr(self.config, name) for name in Shape.__dataclass_fields__})
        self._nets = [
            taught(lessons, said, ending, cards, item_features(catalogue), counts, shape, data.seed + number, data.progress)
            for number in range(self.config.nets)
        ]  # fmt: skip
        self._items = Alignment(catalogue.ids, catalogue)

    def _lesson(self, moment: Moment) -> Lesson:
        wanted = dict.fromkeys(moment.named, 1.0)
        for row in moment.later:
            wanted.setdefault(row, self.config.later_weight)
        importance = float(np.sqrt(sum(wanted.values()))) * (
            1.0 if moment.role == "assistant" else self.config.user_weight
        )
        return Lesson(tuple(row for row, _ in moment.history), tuple(wanted), tuple(wanted.values()), importance)

    def _counts(self, told: list[Moment], n_items: int) -> Floats:
        counts = np.zeros(n_items)
        for moment in told:
            counts[list(moment.named)] += 1.0 if moment.role == "assistant" else self.config.user_weight
        return counts

    def scores(self, query: Query) -> Floats | None:
        """Returns the mean log-probability of each item; None where nothing was said."""
        if not (query.context or query.text).strip():
            return None
        own, weights = self._items.history(query.history)
        return self._items.scatter(self._logs(*self._heard(query), own, weights))

    def explain(self, query: Query, row: int) -> Explanation:
        """Returns by how much the score falls without the words (`text`) and without each named item (`item:858`). Approximate."""
        wanted = int(self._items.own[row])
        if wanted < 0 or not (query.context or query.text).strip():
            return Explanation(exact=False)
        said, ending = self._heard(query)
        own, weights = self._items.history(query.history)
        whole = self._logs(said, ending, own, weights)[wanted]
        words = Contribution("text", float(whole - self._logs(None, None, own, weights)[wanted]))
        apart = [np.arange(len(own)) != place for place in range(len(own))]
        without = np.array([self._logs(said, ending, own[kept], weights[kept])[wanted] for kept in apart])
        return ordered([words, *self._items.parts(own, whole - without)], exact=False)

    def _heard(self, query: Query) -> tuple[Vectors, Vectors]:
        said, ending = query.context_vector, query.vector
        encoder = TextEncoder.open(self.config.encoder)
        if said is None:
            said = encoder.context(query.context or query.text)
        if ending is None:
            ending = encoder.context(query.context or query.text, END_LINES)
        return said, ending

    def _logs(self, said: Vectors | None, ending: Vectors | None, own: Ints, weights: Floats) -> Floats:
        """Returns `(n_own,)` log-probabilities, averaged over the nets."""
        total = np.zeros(len(self._items.ids))
        for net in self._nets:
            logits = net.logits(said, ending, own, weights)
            peak = logits.max()
            total += logits - peak - np.log(np.exp(logits - peak).sum())
        return total / len(self._nets)

    def save(self, folder: Path) -> None:
        """Writes the nets, items and settings."""
        from safetensors.numpy import save_file

        self._items.save(folder)
        write_config(folder, self.config)
        for number, net in enumerate(self._nets):
            save_file(net.arrays(), folder / f"net{number}.safetensors")

    @classmethod
    def load(cls, folder: Path, catalogue: Catalogue) -> Self:
        """Returns the tool saved in a folder."""
        from safetensors.numpy import load_file

        tool = cls(read_config(folder, ConversationConfig))
        tool._items = Alignment.load(folder, catalogue)
        tool._nets = [Weights(**load_file(folder / f"net{number}.safetensors")) for number in range(tool.config.nets)]
        return tool
