"""The message catalogue: variants of each sentence, chosen by seed and not repeated within a conversation."""

import hashlib
from collections.abc import Collection, Mapping
from functools import cache
from importlib import resources

import yaml


@cache
def catalogue() -> Mapping[str, tuple[str, ...]]:
    """Returns every message's variants by its name."""
    text = resources.files("convrec.agent").joinpath("messages.yaml").read_text(encoding="utf-8")
    return {name: tuple(variants) for name, variants in yaml.safe_load(text).items()}


class Voice:
    """Chooses variants for one turn. `said` are the variants heard lately, as `name#number`; `spoken` grows with this turn's."""

    def __init__(self, seed: str, said: Collection[str] = ()) -> None:
        self._seed, self._said = seed, set(said)
        self.spoken: list[str] = []

    def say(self, name: str, **slots: str) -> str:
        """Returns the message's next variant with its slots filled."""
        variants = catalogue()[name]
        start = int.from_bytes(hashlib.blake2b(f"{self._seed}/{name}".encode(), digest_size=4).digest()) % len(variants)
        order = [(start + step) % len(variants) for step in range(len(variants))]
        number = next((n for n in order if f"{name}#{n}" not in self._said), order[0])
        self.spoken.append(f"{name}#{number}")
        self._said.add(f"{name}#{number}")
        return variants[number].format(**slots)
