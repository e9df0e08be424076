"""The set of the task `encoder`: what people liked, and items held out whole, of which training knows nothing."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, TypeVar

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError

from convrec.catalogue.catalogue import Catalogue
from convrec.catalogue.store import disk_errors, write_atomically
from convrec.catalogue.workspace import Workspace
from convrec.core.errors import InputError
from convrec.finetune.sets.people import forgotten_among
from convrec.tools.heldout import known_items
from convrec.tools.training import choices, drawn

ItemPart = Literal["train", "valid", "test"]
_TEST, _VALID = 0.2, 0.15  # of the items, and of the others
_FEWEST = 20  # people that a part needs
_FILES = ("items.jsonl", "people.jsonl", "texts.jsonl")


class _Line(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


Kind = TypeVar("Kind", bound=_Line)


class Item(_Line):
    """An item, the part that it is in, and the card that the encoder reads."""

    id: str
    part: ItemPart
    card: str


class Person(_Line):
    """Who liked what, oldest first."""

    user: str
    liked: tuple[str, ...]


class Text(_Line):
    """A text and the item that it should find."""

    text: str
    id: str


@dataclass(frozen=True)
class Liked:
    """A set: items, people, and texts of held-out items."""

    items: tuple[Item, ...]
    people: tuple[Person, ...]
    texts: tuple[Text, ...]

    def ids(self, part: ItemPart) -> set[str]:
        """Returns the ids of a part's items."""
        return {item.id for item in self.items if item.part == part}

    def dealt(self, seed: int) -> Liked:
        """Returns the set in which what people liked of the training items is dealt anew at random: as many to each person, as often each item.

        Nothing is left of who liked what, so that whoever learns from it learns nothing of taste.
        """
        train = self.ids("train")
        places = [
            (n, m) for n, person in enumerate(self.people) for m, each in enumerate(person.liked) if each in train
        ]
        order = np.random.default_rng(seed).permutation(len(places)).tolist()
        liked = [list(person.liked) for person in self.people]
        for (n, m), other in zip(places, order, strict=True):
            theirs, at = places[other]
            liked[n][m] = self.people[theirs].liked[at]
        return replace(
            self,
            people=tuple(
                person.model_copy(update={"liked": tuple(each)})
                for person, each in zip(self.people, liked, strict=True)
            ),
        )


def part_of(item_id: str) -> ItemPart:
    """Returns the part of an item, the same in every set."""
    if drawn(f"held out {item_id}", _TEST):
        return "test"
    return "valid" if drawn(f"valid {item_id}", _VALID) else "train"


def build(workspace: Workspace, out: Path) -> dict[str, Any]:
    """Writes a set from a workspace's catalogue and interactions and returns its card.

    Raises:
        InputError: there are no interactions, or too few people liked both held-out and other items. WorkspaceError: the disk is full.
    """
    catalogue = workspace.catalogue()
    if not catalogue.has_interactions:
        raise InputError(
            "The workspace has no interactions, and the encoder is tuned on who liked what.",
            "Ingest some: convrec ingest --interactions F.",
        )
    people = _people(workspace, catalogue)
    items = tuple(
        Item(id=item_id, part=part_of(item_id), card=card)
        for item_id, card in zip(catalogue.ids, catalogue.cards(), strict=True)
    )
    found = Liked(items, people, _texts(catalogue, items))
    _check(found)
    write(found, out)
    card = {
        "task": "encoder",
        "items": dict(Counter(item.part for item in items)),
        "people": len(people),
        "liked": sum(len(person.liked) for person in people),
        "texts": len(found.texts),
    }
    with disk_errors(out):
        write_atomically(out / "card.json", json.dumps(card, indent=1).encode())
    return card


def _people(workspace: Workspace, catalogue: Catalogue) -> tuple[Person, ...]:
    """Returns all who liked two items or more and were not forgotten."""
    events, users = choices(catalogue).events, catalogue.interactions().users
    gone = forgotten_among(workspace, set(users))
    liked: dict[int, dict[str, None]] = {}
    for user, row in zip(events.user.tolist(), events.row.tolist(), strict=True):
        liked.setdefault(user, {})[catalogue.ids[row]] = None
    return tuple(
        Person(user=users[user], liked=tuple(ids))
        for user, ids in liked.items()
        if len(ids) > 1 and users[user] not in gone
    )


def _texts(catalogue: Catalogue, items: Sequence[Item]) -> tuple[Text, ...]:
    """Returns a sentence of some test items' longest texts; where there are none, their titles."""
    rows = np.array([row for row, item in enumerate(items) if item.part == "test"], np.int64)
    titles, sentences = known_items(catalogue, rows)
    return tuple(
        Text(text=case.query.text, id=catalogue.ids[case.targets[0]]) for case in sentences.cases or titles.cases
    )


def _check(found: Liked) -> None:
    """Checks that a gate can be measured.

    Raises:
        InputError: too few people liked both training items and items of a held-out part.
    """
    train = found.ids("train")
    for part in ("valid", "test"):
        held = found.ids(part)
        n = sum(bool(train & set(person.liked)) and bool(held & set(person.liked)) for person in found.people)
        if n < _FEWEST:
            raise InputError(
                f"{n} people liked both items for training and items held out ({part}): too few to tune an encoder on.",
                f"It needs {_FEWEST} at least, and some hundreds to be of use: ingest more interactions.",
            )


def write(found: Liked, out: Path) -> None:
    """Writes a set into a folder.

    Raises:
        WorkspaceError: the disk is full.
    """
    with disk_errors(out):
        out.mkdir(parents=True, exist_ok=True)
        for name, lines in zip(_FILES, (found.items, found.people, found.texts), strict=True):
            write_atomically(out / name, "".join(line.model_dump_json() + "\n" for line in lines).encode())


def read(workspace: Workspace | None, folder: Path) -> Liked:
    """Returns a set; people who were forgotten meanwhile are taken out of it, on the disk too.

    Raises:
        InputError: it is missing or damaged.
    """
    found = Liked(_lines(folder, 0, Item), _lines(folder, 1, Person), _lines(folder, 2, Text))
    gone = forgotten_among(workspace, {person.user for person in found.people}) if workspace is not None else set()
    if gone:
        found = replace(found, people=tuple(person for person in found.people if person.user not in gone))
        write(found, folder)
    return found


def _lines(folder: Path, place: int, kind: type[Kind]) -> tuple[Kind, ...]:
    path = folder / _FILES[place]
    try:
        return tuple(map(kind.model_validate_json, path.read_text(encoding="utf-8").splitlines()))
    except FileNotFoundError as error:
        raise InputError(
            f"There is no {path}.", "Build the set first: convrec finetune build --task encoder."
        ) from error
    except (ValidationError, UnicodeDecodeError) as error:
        raise InputError(f"{path} is damaged.", "Build the set anew.") from error
