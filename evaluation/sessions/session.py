"""One session: a simulated person and whoever serves them, turn by turn, until the target is shown or patience is at an end."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from convrec.catalogue.catalogue import Catalogue
from convrec.core.text import words
from convrec.evaluation.manifest import hashed
from convrec.evaluation.sessions.people import Item, Person, Shown, Simulator, Statement, Utterance, View
from convrec.evaluation.sessions.sampling import item_of
from convrec.evaluation.sessions.servers import Secret, Server, Serving
from convrec.evaluation.sessions.statements import mask, standing

_SHORT = 3  # letters of a title that may be an everyday word


@dataclass(frozen=True)
class Session:
    """Somebody who will talk: which simulator, which person, how the target was drawn; `seed` is of all that the person leaves to chance."""

    id: str
    simulator: Simulator
    person: Person
    sampling: str
    seed: str


@dataclass(frozen=True)
class Worded(Utterance):
    """An utterance in other words: `plain` is what the person would have said; `kept` says why that was kept, and is empty where it was not."""

    plain: str = ""
    kept: str = ""


def talk(session: Session, server: Server, view: View, *, known: bool) -> dict[str, Any]:
    """Returns the transcript of a session: what was said and meant, what was shown and asked, and the turn of the hit (None: never).

    `known` people are known to the server by what they liked.
    """
    conversation = session.simulator.begin(session.person, view, random.Random(session.seed))
    liked = [item.id for item in session.person.liked] if known else []
    said = conversation.opening()
    secret = Secret(session.person, conversation) if server.oracle else None
    serving = server.begin(_visitor(session.id), liked, secret)
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


def somebody_else(session: Session, catalogue: Catalogue) -> Session:
    """Returns a session of somebody who liked the same and wants another item, drawn from the session's seed."""
    person, rng = session.person, random.Random(f"somebody else/{session.seed}")
    target = item_of(catalogue, rng.choice([each for each in catalogue.ids if each != person.target.id]))
    other = replace(person, id=f"else-{person.id}", target=target)
    return replace(session, id=f"else-{session.id}", person=other, seed=f"else/{session.seed}")


def replayed(transcript: dict[str, Any], session: Session, server: Server, view: View, *, known: bool) -> bool:
    """Returns whether a server shows and asks the same when somebody else (`somebody_else`) comes and says the same words.

    If not, it knew more than it was told: whatever it has of the target, by whatever way, is now of another.
    """
    session.simulator.begin(session.person, view, random.Random(session.seed)).opening()
    liked = [item.id for item in session.person.liked] if known else []
    serving: Serving = server.begin(_visitor(session.id), liked, None)
    return all(
        _reaction(serving.reply(Utterance(turn["said"]))) == (turn["shown"], turn["asked"])
        for turn in transcript["turns"]
    )


def _visitor(session: str) -> str:
    """Returns a name for whoever talks in a session that says nothing of the session: not even how its target was drawn."""
    return f"visitor-{hashed(session.encode())}"


def _reaction(shown: Shown) -> tuple[list[str], str | None]:
    return [item.id for item in shown.items], shown.question.facet if shown.question else None


def gives_away(session: Session, transcript: dict[str, Any], catalogue: Catalogue) -> bool:
    """Returns whether the person named the target (title or id) before it was shown to them.

    The target's title may stand inside a title of an item that was shown or liked (Alien in Alien Resurrection). A title of three
    letters or fewer (It, Up) counts as named where it stands in quotes, or with its capital inside a sentence.
    """
    mentionable = [words(item.title) for item in session.person.liked]
    for turn in transcript["turns"]:
        if names(turn["said"], session.person.target, mentionable):
            return True
        mentionable += [words(catalogue.item(item).title) for item in turn["shown"]]
    return False


def names(text: str, target: Item, mentionable: Sequence[list[str]] = ()) -> bool:
    """Returns whether a text names the target, other than inside what may be mentioned (titles, as words)."""
    said, title, name = words(text), words(target.title), words(target.id)
    if len("".join(name)) > 2 and _places(name, said):
        return True
    if len("".join(title)) <= _SHORT:
        return _short_title_in(text, target.title) and title not in mentionable
    other = [(start, start + len(each)) for each in mentionable for start in _places(each, said)]
    return any(
        not any(first <= start and start + len(title) <= end for first, end in other) for start in _places(title, said)
    )


def _places(sought: list[str], said: list[str]) -> list[int]:
    """Returns where the words stand, one after the other, in what was said."""
    return [at for at in range(len(said) - len(sought) + 1) if sought and said[at : at + len(sought)] == sought]


def _short_title_in(text: str, title: str) -> bool:
    if any(f"{opened}{title}{closed}" in text for opened, closed in ('""', "“”")):
        return True
    return title[:1].isupper() and re.search(rf"[\w,;:] {re.escape(title)}(?!\w)", text) is not None


def _turn(said: Utterance, shown: Shown) -> dict[str, Any]:
    other = {"plain": said.plain, "kept": said.kept} if isinstance(said, Worded) else {}
    return {
        "said": said.text, **other, "statements": [_row(s) for s in said.statements], "retracted": [_row(s) for s in said.retracted],
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
