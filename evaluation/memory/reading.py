"""The files of words in this folder, read once; and how a text is searched for a value, however it is inflected."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Sequence
from importlib import resources
from typing import Any

import yaml

from convrec.core.text import words


@functools.cache
def document(name: str) -> dict[str, Any]:
    """Returns a file of this folder, to be read only."""
    text = resources.files("convrec.evaluation.memory").joinpath(f"{name}.yaml").read_text(encoding="utf-8")
    loaded: dict[str, Any] = yaml.safe_load(text)
    return loaded


@functools.cache
def names(kind: str) -> tuple[str, ...]:
    """Returns a list of `names.yaml`."""
    listed = document("names")[kind]
    return tuple(listed.split() if isinstance(listed, str) else listed)


@functools.lru_cache(maxsize=1 << 16)
def stems(text: str) -> tuple[str, ...]:
    """Returns the text's words without case, accents, possessives and plurals: "Ida's comedies" → ("ida", "comedy")."""
    return tuple(_stem(word) for word in words(text))


def _stem(word: str) -> str:
    word = re.sub(r"['’]s$", "", word)
    if len(word) > 4 and word.endswith("ies"):
        return f"{word[:-3]}y"
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


def within(sought: Sequence[str], text: Sequence[str]) -> bool:
    """Tells whether stems stand in others, one after the other."""
    n = len(sought)
    return n > 0 and any(tuple(text[at : at + n]) == tuple(sought) for at in range(len(text) - n + 1))


def holds(text: str, forms: Iterable[str]) -> bool:
    """Tells whether a text has one of the forms in it, as whole words."""
    found = stems(text)
    return any(within(stems(form), found) for form in forms)
