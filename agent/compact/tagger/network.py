"""The heads over a BERT's hidden states: which words are wishes, in which facet of a schema, and how they are meant.

Words are told apart as in GLiNER (Zaratiana et al. 2024): a word's vector against the vectors of the schema's facets, so that facets that
training never saw can be found. Whether the words of a value of the catalogue stand there is a feature beside them.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from convrec.agent.compact.tagger.labels import KINDS, LOOKED_UP, MESSAGE_HEADS, SPAN_HEADS

FACET_PARTS = 3  # a facet's vector is those of its name, its description and some of its values, one after the other
_TRUNK, _SHARED, _SPAN = 256, 128, 128


class Heads(nn.Module):
    """Hidden states `(n, length, width)` to label scores."""

    def __init__(self, width: int, dropout: float = 0.1) -> None:
        super().__init__()
        self.trunk = nn.Sequential(nn.Linear(width + LOOKED_UP, _TRUNK), nn.GELU(), nn.Dropout(dropout))
        self.kind = nn.Linear(_TRUNK, len(KINDS))
        self.begin = nn.Linear(_TRUNK, 1)
        self.word = nn.Linear(_TRUNK, _SHARED)
        self.facet = nn.Sequential(nn.Linear(FACET_PARTS * width, _TRUNK), nn.GELU(), nn.Linear(_TRUNK, _SHARED))
        self.facet_bias = nn.Parameter(torch.zeros(()))
        self.known_here = nn.Parameter(torch.ones(2))
        self.span = nn.Sequential(nn.Linear(3 * _TRUNK, _SPAN), nn.GELU(), nn.Dropout(dropout))
        self.of_span = nn.ModuleDict({name: nn.Linear(_SPAN, len(labels)) for name, labels in SPAN_HEADS.items()})
        self.of_message = nn.ModuleDict(
            {name: nn.Linear(2 * _TRUNK, len(labels)) for name, labels in MESSAGE_HEADS.items()}
        )

    def words(self, hidden: Tensor, looked_up: Tensor) -> Tensor:
        """Returns the words' vectors `(n, length, 256)`; `looked_up` `(n, length, 4)` says what stands in the catalogue."""
        words: Tensor = self.trunk(torch.cat([hidden, looked_up], -1))
        return words

    def tags(self, words: Tensor, facets: Tensor, known: Tensor, absent: Tensor) -> tuple[Tensor, Tensor]:
        """Returns scores of kinds and facets `(n, length, 4 + n_facets)`, and of being a first word `(n, length)`.

        `facets` `(n, n_facets, 3 * width)`; `known` `(n, length, n_facets)` is how surely a value of the facet stands there, from 0 to 1;
        `absent` `(n, n_facets)` is true where a schema has fewer facets.
        """
        of_facets = torch.einsum("nld,nfd->nlf", self.word(words), self.facet(facets)) / _SHARED**0.5
        others = known.amax(-1, keepdim=True) - known
        of_facets = of_facets + self.facet_bias + self.known_here[0] * known - self.known_here[1] * others
        of_facets = of_facets.masked_fill(absent[:, None, :], -1e4)
        return torch.cat([self.kind(words), of_facets], -1), self.begin(words).squeeze(-1)

    def spans(self, words: Tensor, inside: Tensor, rows: Tensor, said: Tensor) -> dict[str, Tensor]:
        """Returns each span head's scores `(n_spans, n_labels)`.

        `inside` `(n_spans, length)` has shares of the words of each span that sum to 1, `rows` `(n_spans,)` their messages; `said`
        `(n, length)` has shares of the message's own words.
        """
        of_span = torch.einsum("sl,sld->sd", inside, words[rows])
        joined = torch.cat([of_span, words[rows, 0], torch.einsum("nl,nld->nd", said, words)[rows]], -1)
        shared = self.span(joined)
        return {name: head(shared) for name, head in self.of_span.items()}

    def messages(self, words: Tensor, said: Tensor) -> dict[str, Tensor]:
        """Returns each message head's scores `(n, n_labels)`."""
        joined = torch.cat([words[:, 0], torch.einsum("nl,nld->nd", said, words)], -1)
        return {name: head(joined) for name, head in self.of_message.items()}
