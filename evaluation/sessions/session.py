"""One session: a simulated person and whoever serves them, turn by turn, until the target is shown or patience is at an end."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from convrec.catalogue.catalogue import Catalogue
from convrec.core.text import words
from convrec.evaluation.sessions.people import Item, Person, Shown, Simulator, Statement, Utterance, View
from convrec.evaluation.sessions.servers import Secret, Server, Serving
from convrec.evaluation.sessions.statements import mask, standing


@dataclass(frozen=True)
class Session:
    """Somebody who will talk: which simulator, which person, how the target was drawn; `seed` is of all that the person leaves to chance."""

    id: str
    simulator: Simulator
    person: Person
    sampling: str
    seed: str


def talk(session: Session, server: Server, view: View, *, known: bool) -> dict[str, Any]:
    """Returns the transcript of a session: what was said and meant, what was shown and asked, and the turn of the hit (None: never).

    `known` people are known to the server by what they liked.
    """
    conversation = session.simulator.begin(session.person, view, random.Random(session.seed))
    liked = [item.id for item in session.person.liked] if known else []
    said = conversation.opening()
    secret = Secret(session.person, conversation) if server.oracle else None
    serving = server.begin(session.id, liked, secret)
    turns, hit = [], None
    for number in range(1, session.person.patience + 1):
        shown = serving.reply(said)
        turns.append(_turn(said, shown))
        if any(item.id == session.person.target.id for item in shown.items):
            hit = number
            break
        if number < session.person.patience:
            said = conversation.respond(shown)
            if said.done:
                break
    return {"turns": turns, "hit": hit}


def replayed(session: Session, transcript: dict[str, Any], server: Server, *, known: bool) -> bool:
    """Returns whether a server that is told the same words alone, by another visitor, shows the same items: it knows no more than it was told."""
    liked = [item.id for item in session.person.liked] if known else []
    serving: Serving = server.begin(f"again-{session.id}", liked, None)
    return all(
        [item.id for item in serving.reply(Utterance(turn["said"])).items] == turn["shown"]
        for turn in transcript["turns"]
    )


def gives_away(session: Session, transcript: dict[str, Any], catalogue: Catalogue) -> bool:
    """Returns whether the person named the target (title or id) before it was shown to them.

    Titles of other items that were shown or liked may stand in what is said. A title of one word counts as named where it stands in
    quotes, or with its capital inside a sentence.
    """
    mentionable = [item.title for item in session.person.liked]
    target = session.person.target
    for turn in transcript["turns"]:
        text = turn["said"]
        for title in sorted(mentionable, key=len, reverse=True):
            text = text.replace(title, "…")
        if _names(text, target):
            return True
        mentionable += [catalogue.item(item).title for item in turn["shown"]]
    return False


def _names(text: str, target: Item) -> bool:
    title, said = words(target.title), words(text)
    if len(target.id) > 2 and target.id in text.split():
        return True
    if len(title) > 1:
        return any(said[start : start + len(title)] == title for start in range(len(said) - len(title) + 1))
    return f'"{target.title}"' in text or f"“{target.title}”" in text


def _turn(said: Utterance, shown: Shown) -> dict[str, Any]:
    return {
        "said": said.text, "statements": [_row(s) for s in said.statements], "retracted": [_row(s) for s in said.retracted],
        "mistakes": list(said.mistakes), "shown": [item.id for item in shown.items],
        "asked": shown.question.facet if shown.question else None, "text": shown.text,
    }  # fmt: skip


def _row(statement: Statement) -> dict[str, Any]:
    """Returns a statement as JSON; an open end of a range is None."""
    row = asdict(statement)
    if isinstance(statement.value, tuple):
        row["value"] = [None if end in (float("inf"), -float("inf")) else end for end in statement.value]
    return row


@dataclass(frozen=True)
class Kept:
    """How many shown items there were, how many met all that had been demanded, and how many had been offered before."""

    shown: int
    demanded_of: int
    satisfied: int
    repeated: int


def kept(transcript: dict[str, Any], catalogue: Catalogue) -> Kept:
    """Returns how the session's slates kept to what the person demanded (`hard` statements, also mistaken ones, until taken back)."""
    said: list[tuple[Statement, ...]] = []
    back: list[tuple[Statement, ...]] = []
    seen: set[str] = set()
    shown = demanded = satisfied = repeated = 0
    for turn in transcript["turns"]:
        said.append(_statements(turn["statements"]))
        back.append(_statements(turn["retracted"]))
        masks = [m for s in standing(said, back) if s.hard and (m := mask(s, catalogue)) is not None]
        rows = catalogue.rows(turn["shown"])
        shown += len(rows)
        repeated += sum(item in seen for item in turn["shown"])
        seen.update(turn["shown"])
        if masks:
            demanded += len(rows)
            satisfied += sum(all(bool(m[row]) for m in masks) for row in rows.tolist())
    return Kept(shown, demanded, satisfied, repeated)


def _statements(rows: Sequence[dict[str, Any]]) -> tuple[Statement, ...]:
    return tuple(
        Statement(**{**row, "value": tuple(row["value"]) if isinstance(row["value"], list) else row["value"]})
        for row in rows
    )
