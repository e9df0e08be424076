"""The words of `words.yaml`, as sets and patterns."""

import re
from functools import lru_cache
from importlib import resources

import yaml


@lru_cache(maxsize=1)
def _document() -> dict[str, str | list[str]]:
    text = resources.files("convrec.agent.checking").joinpath("words.yaml").read_text(encoding="utf-8")
    return dict(yaml.safe_load(text))


@lru_cache(maxsize=32)
def word_set(name: str) -> frozenset[str]:
    """Returns the words of an entry."""
    return frozenset(str(_document()[name]).split())


@lru_cache(maxsize=32)
def pattern(name: str) -> re.Pattern[str]:
    """Returns a pattern for whole words of an entry that is a pattern, or a list of such."""
    said = _document()[name]
    return re.compile(rf"\b(?:{'|'.join(said) if isinstance(said, list) else said})\b")
