"""Made-up people over a made-up catalogue: what each of them likes is planted, so that what is right is known.

Nothing but its topic tells one item from another, and nothing but a liking for one topic leads what a person does. Ids and titles are
short words, so that a model of some hundred thousand parameters reads them whole.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from random import Random

from convrec.catalogue.ingest import ingest
from convrec.catalogue.store import disk_errors
from convrec.catalogue.workspace import Workspace
from convrec.finetune.sets.rows import Task
from convrec.tools.fitting import fit

FIELD = "topic"
TOPICS = ("cats", "rain", "maps", "glass", "drums", "ferns", "tides", "clocks", "bread", "stars", "wool", "kites")
QUALITIES = (
    "Amber", "Brisk", "Calm", "Dusty", "Early", "Faint", "Grand", "Humble", "Inner", "Jolly", "Keen", "Lunar", "Merry", "Noble", "Olive", "Plain", "Quiet", "Rapid",
)  # fmt: skip
THINGS = (
    "Anchor", "Basket", "Candle", "Door", "Engine", "Forest", "Garden", "Hammer", "Island", "Jacket", "Kettle", "Ladder", "Mirror", "Needle", "Orchard", "Pencil",
)  # fmt: skip
_EACH = 8  # items of a topic
_TOOLS = (
    "popularity",
    "item_knn",
    "ease",
    "bm25",
    "dense",
)  # tools that a planted taste needs, and that learn in seconds
_LIKED, _OTHER = 5, 6  # events of a person with what they like, and with anything else
_ODD = 0.2  # share of the others that are liked all the same
_BEGAN = 1_600_000_000


@dataclass(frozen=True)
class Planted:
    """An item of the planted catalogue."""

    id: str
    title: str
    topic: str


def drawn_items(rng: Random) -> tuple[Planted, ...]:
    """Returns a catalogue, eight items a topic."""
    n = _EACH * len(TOPICS)
    ids = rng.sample(["".join(parts) for parts in product("bdfgklmnprtv", "aeiou", "kxz")], n)
    titles = rng.sample([" ".join(parts) for parts in product(QUALITIES, THINGS)], n)
    return tuple(Planted(ids[place], titles[place], TOPICS[place % len(TOPICS)]) for place in range(n))


def drawn_events(items: tuple[Planted, ...], rng: Random) -> list[tuple[Planted, bool]]:
    """Returns what one person did, oldest first, and whether they liked it: the person likes one topic, and little else."""
    topic = rng.choice(TOPICS)
    liked = rng.sample([item for item in items if item.topic == topic], _LIKED)
    others = rng.sample([item for item in items if item.topic != topic], _OTHER)
    events = [(item, True) for item in liked] + [(item, rng.random() < _ODD) for item in others]
    rng.shuffle(events)
    return events


def plant(folder: Path, task: Task, n_people: int, seed: int) -> Workspace:
    """Returns a workspace with so many planted people, its tools fitted where the task's rows are turns of the agent.

    Raises:
        ConvrecError: what ingesting and fitting raise.
    """
    items = drawn_items(Random(f"{seed}/items"))
    workspace = Workspace.create(folder / "workspace")
    _write(folder / "items.csv", [("id", "title", FIELD), *((item.id, item.title, item.topic) for item in items)])
    _write(folder / "ratings.csv", [("user_id", "item_id", "value", "timestamp"), *_events(items, n_people, seed)])
    ingest(workspace, items=[folder / "items.csv"], interactions=[folder / "ratings.csv"])
    if task != "profile":
        fit(workspace, only=_TOOLS)
    return Workspace.open(workspace.root)


def _write(path: Path, lines: Iterable[Iterable[object]]) -> None:
    with disk_errors(path.parent), path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(lines)


def _events(items: tuple[Planted, ...], n_people: int, seed: int) -> Iterator[tuple[str, str, int, int]]:
    for number in range(n_people):
        events = drawn_events(items, Random(f"{seed}/person {number}"))
        for place, (item, liked) in enumerate(events):
            yield f"p{number}", item.id, 5 if liked else 2, _BEGAN + 1000 * number + 60 * place
