"""SASRec: what comes next, by self-attention over what was chosen in order."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np
from pydantic import Field

from convrec.catalogue.catalogue import Catalogue
from convrec.core.errors import NotFittedError
from convrec.tools.aligned import AlignedTool
from convrec.tools.alignment import Alignment
from convrec.tools.contract import (
    Capabilities,
    Events,
    Explanation,
    Floats,
    Ints,
    Query,
    ToolConfig,
    TrainingData,
    Vectors,
    ordered,
)
from convrec.tools.feedback import enough
from convrec.tools.storage import read_config, write_config

if TYPE_CHECKING:
    from convrec.tools.sasrec_network import Network


class SasRecConfig(ToolConfig):
    """The size of the network and how long it learns."""

    size: int = Field(64, ge=2, description="numbers that describe an item; a multiple of `heads`")
    heads: int = Field(2, ge=1, description="attention heads a layer")
    layers: int = Field(2, ge=1, description="layers of self-attention")
    length: int = Field(50, ge=2, description="how many of a person's latest choices are looked at")
    dropout: float = Field(0.2, ge=0, lt=1, description="share of numbers that are left out while learning")
    learning_rate: float = Field(2e-3, gt=0, description="step size of Adam")
    batch: int = Field(1024, ge=1, description="choices that are predicted in one step")
    softmax_items: int = Field(
        4096, ge=1, description="items that a choice is told apart from in one step; larger catalogues are sampled"
    )
    epochs: int = Field(30, ge=1, description="passes over all choices, at most")
    patience: int = Field(2, ge=1, description="epochs without finding held-out choices better, after which it stops")
    seconds: float = Field(240.0, gt=0, description="time for learning; what was learned by then stands")
    fewest: int = Field(20, ge=2, description="people with two choices or more below whom nothing is learned")
    dislike: float = Field(
        2.0, ge=0, description="what a dislike of weight 1 takes from an item of the same direction, in log odds"
    )


class SasRec(AlignedTool):
    """Predicts the next choice from the latest ones in their order (Kang & McAuley 2018), with a softmax over the items.

    A score is the log of how much likelier an item is to come next than by chance. Liked items of the history go in by order, whatever
    their weight; a disliked one takes from every item in proportion to the cosine of their vectors.
    """

    name = "sasrec"
    kind = "sequential"
    capabilities = Capabilities(fold_in=True, explain=True, by_people=True)
    needs = frozenset({"interactions", "dialogues"})
    Config = SasRecConfig
    config: SasRecConfig
    _items: Alignment
    _network: Network
    _lengths: Vectors  # (n_own,) of the items' vectors

    def fit(self, data: TrainingData) -> None:
        """Trains the network; the same data and seed give the same network, unless `seconds` ran out.

        Raises:
            NotFittedError: too few people chose two items or more.
        """
        import torch

        from convrec.tools.sasrec_start import starting_vectors
        from convrec.tools.sasrec_training import split, trained

        rows = enough(data.user_items)
        learned, held = split(_sequences(data.events, rows, self.config.fewest), self.config.length, data.seed)
        with torch.random.fork_rng(devices=()):
            torch.manual_seed(data.seed)
            network = self._fresh(len(rows))
            start = starting_vectors(learned, len(rows), self.config.size, data.seed)
            network.items.weight.data.copy_(torch.from_numpy(start))
            network, self.note = trained(network, learned, held, self.config, data.seed, data.progress)
        self._set_network(network)
        self._items = Alignment.of_rows(rows, data.catalogue)

    def scores(self, query: Query) -> Floats | None:
        """Returns the log of each item's chance over the average one; None where no item of the history is known."""
        own, weights = self._items.history(query.history)
        if not len(own):
            return None
        liked, disliked = own[weights > 0], weights < 0
        scores = self._lifts([liked])[0] if len(liked) else np.zeros(len(self._items.ids))
        return self._items.scatter(scores + self._disliked(own[disliked], weights[disliked]))

    def explain(self, query: Query, row: int) -> Explanation:
        """Returns by how much the score falls when each item of the history is left out: `item:858`. Not exact."""
        wanted = int(self._items.own[row])
        own, weights = self._items.history(query.history)
        if wanted < 0 or not len(own):
            return Explanation()
        liked = weights > 0
        amounts = np.empty(len(own))
        amounts[liked] = self._effects(own[liked], wanted)
        amounts[~liked] = [self._disliked(own[[place]], weights[[place]])[wanted] for place in np.flatnonzero(~liked)]
        return ordered(self._items.parts(own, amounts), exact=False)

    def save(self, folder: Path) -> None:
        """Writes the network as safetensors, items and settings."""
        from safetensors.torch import save_file

        self._items.save(folder)
        write_config(folder, self.config)
        save_file(self._network.state_dict(), folder / "network.safetensors")

    @classmethod
    def load(cls, folder: Path, catalogue: Catalogue) -> Self:
        """Returns the tool saved in a folder."""
        from safetensors.torch import load_file

        tool = cls(read_config(folder, SasRecConfig))
        tool._items = Alignment.load(folder, catalogue)
        network = tool._fresh(len(tool._items.ids))
        network.load_state_dict(load_file(folder / "network.safetensors"))
        tool._set_network(network)
        return tool

    def _fresh(self, n_items: int) -> Network:
        from convrec.tools.sasrec_network import Network

        asked = self.config
        return Network(n_items, asked.length, asked.size, asked.heads, asked.layers, asked.dropout)

    def _set_network(self, network: Network) -> None:
        self._network = network.eval().requires_grad_(False)
        self._lengths = np.maximum(network.items.weight.norm(dim=1).numpy(), 1e-12)

    def _disliked(self, own: Ints, weights: Floats) -> Floats:
        """Returns `(n_own,)`: what disliked items, their weights below 0, take from every item."""
        vectors = self._network.items.weight.numpy()
        felt = (weights / self._lengths[own]) @ vectors[own]
        taken: Floats = self.config.dislike * (vectors @ felt.astype(np.float32)).astype(np.float64) / self._lengths
        return taken

    def _lifts(self, histories: list[Ints]) -> Floats:
        """Returns `(n_histories, n_own)`: the log of an item's chance times the number of items."""
        import torch

        latest = [history[-self.config.length :] for history in histories]
        lengths = torch.tensor([len(history) for history in latest])
        rows = torch.nn.utils.rnn.pad_sequence([torch.from_numpy(history) for history in latest], batch_first=True)
        with torch.inference_mode():
            logits = self._network.last(rows, lengths) @ self._network.items.weight.T
            lifts: Floats = (torch.log_softmax(logits.double(), 1) + np.log(logits.shape[1])).numpy()
        return lifts

    def _effects(self, liked: Ints, wanted: int) -> Floats:
        """Returns `(n_liked,)`: the item's score minus what it is without each liked item; without any it is 0."""
        if len(liked) < 2:
            return self._lifts([liked])[:, wanted] if len(liked) else np.empty(0)
        without = [np.delete(liked, place) for place in range(len(liked))]
        lifts = self._lifts([liked, *without])[:, wanted]
        effects: Floats = lifts[0] - lifts[1:]
        return effects


def _sequences(events: Events, rows: Ints, fewest: int) -> Events:
    """Returns the choices of people with two or more, as places in `rows`.

    Raises:
        NotFittedError: there are fewer than `fewest` such people.
    """
    kept = events[np.bincount(events.user, minlength=1)[events.user] >= 2]
    people = len(np.unique(kept.user))
    if people < fewest:
        raise NotFittedError(
            f"Only {people:,} people chose two items or more in a known order; {fewest:,} are needed.",
            "Ingest more interactions.",
        )
    return Events(kept.user, np.searchsorted(rows, kept.row), kept.time)
