"""Rows from human conversations about films (ReDial, Li et al. 2018): where titles stand, and what the speaker thinks of them."""

from __future__ import annotations

import csv
import gzip
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Any

from convrec.finetune.grammar.markup import misspelt
from convrec.finetune.reader.rows import FacetText, Labelled, Row

FILMS = [
    FacetText("genres", "genres", "what kind of film it is", ("comedy", "drama", "horror", "science fiction", "thriller", "romance", "action", "animation")),
    FacetText("director", "director", "who directed it", ()),
    FacetText("actors", "actors", "who plays in it", ()),
    FacetText("year", "year", "when it came out", ()),
]  # fmt: skip
"""The schema that conversations about films are read with."""

_NEGATIVE = re.compile(
    r"\b(?:hate[ds]?|(?:did|do|does|was|were|is)(?: not|n'?t)|disliked?|not (?:a |much of a )?(?:big |huge )?fan|bor(?:ed|ing)|awful|terrible|bad|worst|"
    r"disappoint\w*|overrated|stupid|sucks?|sucked|couldn'?t|never liked|meh|not my|too)\b", re.IGNORECASE,
)  # fmt: skip
_POSITIVE = re.compile(
    r"\b(?:love[ds]?|liked?|enjoy(?:ed)?|great|awesome|favou?rites?|amazing|good|excellent|funny|classic)\b",
    re.IGNORECASE,
)
_MENTION = re.compile(r"@(\d+)")
_YEAR = re.compile(r"\s*\((\d{4})\)\s*$")


def titles_of(folder: Path) -> dict[str, str]:
    """Returns the titles of all films by id, the year in brackets behind them."""
    with (folder / "movies_with_mentions.csv").open(encoding="utf-8", newline="") as file:
        return {row["movieId"]: " ".join(row["movieName"].replace("%3F", "?").split()) for row in csv.DictReader(file)}


def dialogues_of(path: Path) -> Iterator[Mapping[str, Any]]:
    """Yields the dialogues of a file."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)


def spelled(text: str, names: Mapping[str, str]) -> str:
    """Returns a text with titles in place of numbers."""
    return _MENTION.sub(lambda match: names.get(match[1], match[0]), text)


def attitudes_of(path: Path) -> dict[tuple[str, int, int], Mapping[str, Any]]:
    """Returns hand-given attitudes by dialogue, message and the place of the mention."""
    with path.open(encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    return {(row["dialogue"], row["message"], row["span"][0]): row for row in rows}


def film_rows(folder: Path, labels: Sequence[Path], seed: int = 0, most: int = 9000) -> list[Row]:
    """Returns rows of messages that name films, with the attitudes that were labelled by hand.

    Rows of the labelled test share are `test` and have no titles altered; so are all rows of their dialogues.
    """
    names, rng = titles_of(folder), Random(seed)
    attitudes: dict[tuple[str, int, int], Mapping[str, Any]] = {}
    for path in labels:
        attitudes |= attitudes_of(path)
    tested = {key[0] for key, row in attitudes.items() if row["part"] == "test"}
    rows = []
    for dialogue in dialogues_of(folder / "train.jsonl.gz"):
        number = str(dialogue["conversationId"])
        before = ""
        for place, message in enumerate(dialogue["messages"]):
            forms = _forms(dialogue, message)
            row = _row(number, place, message["text"], before, names, attitudes, forms, rng, as_is=number in tested)
            before = spelled(message["text"], names)
            if row is not None:
                rows.append(row)
    judged = [row for row in rows if row.source == "attitudes"]
    rest = [row for row in rows if row.source != "attitudes" and row.part == "train"]
    rare = [row for row in rest if any(one.meant.get("attitude") == "disliked" for one in row.labelled)]
    return judged + rare + rng.sample(rest, min(most, len(rest)))


def _row(
    number: str, place: int, text: str, before: str, names: Mapping[str, str], attitudes: Mapping[tuple[str, int, int], Mapping[str, Any]],
    forms: Mapping[str, Mapping[str, int]], rng: Random, *, as_is: bool,
) -> Row | None:  # fmt: skip
    parts, labelled, at, length = [], [], 0, 0
    for match in _MENTION.finditer(text):
        name = names.get(match[1])
        if name is None:
            continue
        parts.append(text[at : match.start()])
        length += len(parts[-1])
        said = name if as_is else _said(name, rng)
        found = attitudes.get((number, place, match.start()))
        label = found["label"] if found else "" if as_is else _guessed(text, forms.get(match[1]))
        meant = {"attitude": label} if label else {}
        labelled.append(Labelled(length, length + len(said), "title", meant))
        parts.append(said)
        length += len(said)
        at = match.end()
    if not labelled:
        return None
    rows = [attitudes.get((number, place, match.start())) for match in _MENTION.finditer(text)]
    return Row(
        source="attitudes" if any(rows) else "redial", group=f"redial-{number}", schema="films", before=before,
        text="".join([*parts, text[at:]]), labelled=tuple(labelled), told=("title",), part="test" if as_is else "train",
    )  # fmt: skip


def _forms(dialogue: Mapping[str, Any], message: Mapping[str, Any]) -> Mapping[str, Mapping[str, int]]:
    """Returns what the speaker of a message said afterwards of each film, in a form."""
    who = "initiator" if message["senderWorkerId"] == dialogue["initiatorWorkerId"] else "respondent"
    forms = dialogue[f"{who}Questions"]
    return forms if isinstance(forms, dict) and who == "initiator" else {}


def _guessed(text: str, form: Mapping[str, int] | None) -> str:
    """Returns the attitude that a form gives, where the message has words of that kind and none of the other; "" elsewhere.

    A form is filled in after the whole conversation: it tells of a message only together with the message's own words.
    """
    if form is None:
        return ""
    bad, good = _NEGATIVE.search(text) is not None, _POSITIVE.search(text) is not None
    if form["liked"] == 0 and form["seen"] == 1 and bad:
        return "disliked"
    if form["liked"] == 1 and form["seen"] == 1 and good and not bad:
        return "liked"
    return "neutral" if form["seen"] == 0 and not bad and not good and form["liked"] != 0 else ""


def _said(name: str, rng: Random) -> str:
    """Returns a title as people type it: with or without its year, its article, its capitals, its subtitle, now and then with a slip."""
    year = _YEAR.search(name)
    bare = _YEAR.sub("", name)
    if ":" in bare and rng.random() < 0.3:
        bare = bare.split(":")[0]
    if bare.lower().startswith("the ") and rng.random() < 0.2:
        bare = bare[4:]
    if rng.random() < 0.12:
        bare = misspelt(rng, bare)
    if rng.random() < 0.4:
        bare = bare.lower()
    return f"{bare} ({year[1]})" if year and rng.random() < 0.35 else bare
