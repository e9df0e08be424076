"""Sentence templates, a part of which training never sees: they are kept to measure on wording that is new."""

import json
import zlib
from functools import cache
from pathlib import Path
from random import Random
from typing import Literal

_FILE = Path(__file__).with_name("phrases.json")
_HELD_OUT = 18  # per cent of the templates of a group
_FEWEST = 6  # groups smaller than this are never split
Split = Literal["train", "heldout"]


@cache
def templates() -> dict[str, tuple[str, ...]]:
    """Returns all templates by group."""
    return {group: tuple(lines) for group, lines in json.loads(_FILE.read_text(encoding="utf-8")).items()}


def is_held_out(group: str, template: str) -> bool:
    """Tells whether a template is kept for measuring, by a checksum of its words."""
    return len(templates().get(group, ())) >= _FEWEST and zlib.crc32(f"{group}/{template}".encode()) % 100 < _HELD_OUT


@cache
def _split(group: str, split: Split) -> tuple[str, ...]:
    kept = tuple(t for t in templates()[group] if is_held_out(group, t) == (split == "heldout"))
    return kept or templates()[group]


class Wording:
    """Chooses templates of one split; a group that has none kept back gives any of its own."""

    def __init__(self, split: Split = "train") -> None:
        self.split: Split = split

    def choose(self, rng: Random, group: str) -> str:
        """Returns one template of the group."""
        return rng.choice(_split(group, self.split))
