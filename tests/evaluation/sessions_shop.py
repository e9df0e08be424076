"""A shop of sixty invented films, and thirty people with ratings, for tests of sessions."""

from __future__ import annotations

import csv
import json
import random
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from convrec.catalogue.catalogue import Catalogue
from convrec.catalogue.ingest import ingest
from convrec.catalogue.workspace import Workspace
from convrec.evaluation.sessions.people import Person, Shown, Utterance
from convrec.evaluation.sessions.session import Session
from convrec.tools.fitting import fit

FIRST = ("Velvet", "Copper", "Silent", "Amber", "Hollow", "Winter", "Crimson", "Paper", "Distant", "Salted")
SECOND = ("Harbour", "Lantern", "Orchard", "Meridian", "Sparrow", "Causeway")
KINDS = ("Drama", "Comedy", "Crime", "Horror", "Western", "Romance")
DIRECTORS = ("Mara Voss", "Joel Okafor", "Ines Caro", "Teo Lindqvist", "Ada Brandt")
QUICK = ("popularity", "bm25")
"""Tools that need no encoder."""


def films() -> Iterator[dict[str, Any]]:
    """Yields the items: two genres of six, one director of five, a year, colour or not. Together these tell each from all others."""
    rng = random.Random(5)
    for n in range(60):
        yield {
            "id": f"k{rng.randrange(10**6):06}", "title": f"{FIRST[n % 10]} {SECOND[n // 10]}", "year": 1961 + (n * 7) % 59,
            "genres": f"{KINDS[n % 6]}|{KINDS[(n // 6 + 1 + n) % 6]}", "director": DIRECTORS[n % 5], "colour": ("true", "false")[n % 2],
        }  # fmt: skip


def ratings() -> Iterator[dict[str, Any]]:
    """Yields the ratings: ten films a person, most of one kind, the latest last."""
    rng, rows = random.Random(6), list(films())
    for number in range(30):
        mine = [row["id"] for row in rows if KINDS[number % 6] in row["genres"]]
        rated = dict.fromkeys(rng.sample(mine, 7) + rng.sample([row["id"] for row in rows[:20]], 3))
        for place, item in enumerate(rated):
            yield {"user_id": f"u{number}", "item_id": item, "rating": rng.choice((4, 5, 5)), "timestamp": 1000 + place}


def table(path: Path, rows: Iterable[dict[str, Any]]) -> Path:
    """Returns a CSV file of the rows."""
    written = list(rows)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, written[0])
        writer.writeheader()
        writer.writerows(written)
    return path


def lines(path: Path, rows: Iterable[dict[str, Any]]) -> Path:
    """Returns a file of JSON lines of the rows."""
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def catalogue_of(folder: Path, rows: Iterable[dict[str, Any]]) -> Catalogue:
    """Returns a catalogue of items, nothing fitted."""
    workspace = Workspace.create(folder / "workspace")
    ingest(workspace, items=[lines(folder / "items.jsonl", rows)])
    return workspace.catalogue()


def shop(folder: Path, *, facts: bool = True, people: bool = True, only: tuple[str, ...] = ()) -> Workspace:
    """Returns the shop's workspace; `only` names the tools that are fitted, none by default."""
    rows = list(films()) if facts else [{"id": row["id"], "title": row["title"]} for row in films()]
    items = [table(folder / "items.csv", rows)]
    workspace = Workspace.create(folder / "workspace")
    ingest(workspace, items=items, interactions=[table(folder / "ratings.csv", ratings())] if people else [])
    if only:
        fit(workspace, only=only)
    return workspace


class Scripted:
    """A simulator of people who say what they are told to: an utterance a turn, then nothing more."""

    name = "scripted"

    def __init__(self, *said: Utterance) -> None:
        self._said = said or (Utterance(""),)

    def begin(self, person: Person, catalogue: Any, rng: random.Random) -> ScriptedConversation:
        """Returns the person at the beginning."""
        return ScriptedConversation(iter(self._said))


class ScriptedConversation:
    """One person who says what they are told to."""

    def __init__(self, said: Iterator[Utterance]) -> None:
        self._said = said

    def opening(self) -> Utterance:
        """Returns the first utterance."""
        return next(self._said)

    def respond(self, shown: Shown) -> Utterance:
        """Returns the next utterance."""
        return next(self._said, Utterance(""))


def session(simulator: Any, person: Person, seed: str = "0") -> Session:
    """Returns a session of a person."""
    return Session(f"{simulator.name}-{person.id}", simulator, person, "uniform", seed)


def turn(
    said: str = "", shown: Iterable[str] = (), statements: Iterable[Any] = (), retracted: Iterable[Any] = ()
) -> dict[str, Any]:
    """Returns a turn as a transcript has it."""
    return {
        "said": said, "statements": [_row(s) for s in statements], "retracted": [_row(s) for s in retracted],
        "mistakes": [], "shown": list(shown), "asked": None, "text": "",
    }  # fmt: skip


def _row(statement: Any) -> dict[str, Any]:
    return {**vars(statement), "value": json.loads(json.dumps(statement.value))}
