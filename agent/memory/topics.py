"""What a statement tells of a person, by its meaning: one linear layer over the sentence encoder's vectors.

It knows what a question asks for and which of a person's sentences tell that, where they share no word. It was learned by
`scripts/learn_topics.py` from `finetune/memory_wordings.jsonl`.
"""

from functools import cache
from importlib import resources

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]

NONE = "none"
_OF_ABOUT = {
    "uses": "device",
    "car": "car",
    "mother tongue": "language",
    "instrument": "plays",
    "team": "favourite",
    "star sign": "birthday",
}


class Topics:
    """The layer: `weights` `(n_topics, n_dimensions)`, `bias` `(n_topics,)`, the topics' names, `none` among them, and the
    revision of the encoder whose vectors it reads."""

    def __init__(self, names: tuple[str, ...], weights: Floats, bias: Floats, encoder: str) -> None:
        self.names, self.weights, self.bias, self.encoder = names, weights, bias, encoder
        self._place = {name: place for place, name in enumerate(names)}

    def of(self, vectors: Floats) -> Floats:
        """Returns how likely each sentence tells, or asks for, each topic: `(n_sentences, n_topics)`, each row summing to 1."""
        logits = vectors @ self.weights.T + self.bias
        odds = np.exp(logits - logits.max(axis=1, keepdims=True))
        likely: Floats = odds / odds.sum(axis=1, keepdims=True)
        return likely

    def about(self, about: str) -> Floats:
        """Returns the topics of a fact by what it is about, `(n_topics,)`: 1 for the one that it is, else nothing."""
        topics = np.zeros(len(self.names), np.float32)
        name = self.topic(about)
        if name in self._place:
            topics[self._place[name]] = 1.0
        return topics

    def topic(self, about: str) -> str:
        """Returns the topic that a fact about something belongs to."""
        owner, _, matter = about.rpartition("'s ")
        if owner:
            return f"{'pet' if owner in PETS and matter == 'name' else 'relative'}'s {matter}"
        return "favourite" if about.startswith("favourite") else _OF_ABOUT.get(about, about)

    def likeliest(self, likely: Floats) -> tuple[str, float]:
        """Returns the likeliest topic of one sentence's, and how likely it is."""
        place = int(likely.argmax())
        return self.names[place], float(likely[place])

    def idle(self, likely: Floats) -> Floats:
        """Returns how likely each sentence tells nothing of the person, `(n_sentences,)`."""
        nothing: Floats = likely[:, self._place[NONE]]
        return nothing

    def told(self, likely: Floats) -> Floats:
        """Returns the topics `(…, n_topics)` without what is none."""
        without = likely.copy()
        without[..., self._place[NONE]] = 0.0
        return without


PETS = frozenset(
    "dog puppy cat kitten rabbit bunny hamster parrot budgie horse pony tortoise turtle goldfish fish snake ferret rat lizard gecko bird hen pet".split()
)


@cache
def shipped() -> Topics:
    """Returns the layer that comes with the package, for the encoder that does."""
    from safetensors import safe_open

    path = resources.files("convrec.agent.memory").joinpath("topics.safetensors")
    with resources.as_file(path) as file, safe_open(file, "numpy") as tensors:
        about = tensors.metadata()
        weights, bias = (tensors.get_tensor(name).astype(np.float32) for name in ("weights", "bias"))
        return Topics(tuple(about["topics"].split("|")), weights, bias, about["encoder"])
