"""ReDial (Li et al. 2018): conversations in which one person recommends films to another, and the films they name.

`movies_with_mentions.csv` lists every film; `movies.jsonl`, where there is one, tells facts of most. The initiator of a
conversation is the seeker (role `user`). What a conversation's forms say about a film becomes its relation.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from convrec.catalogue.importers.layout import Layout, found, required
from convrec.catalogue.importers.titles import cleaned, split_year
from convrec.catalogue.ingest import Intake
from convrec.catalogue.reading import Row, Source, file_source
from convrec.catalogue.rejected import Rejections
from convrec.catalogue.schema import TITLE, Field, Schema

_SCHEMA = Schema(
    fields=(
        TITLE,
        Field(name="year", type="number", description="the year in which it came out"),
        Field(name="genres", type="tags", label="genre", description="kinds of film, such as Western or Comedy"),
        Field(name="director", type="tags", description="who directed it"),
        Field(name="cast", type="tags", label="actor", description="the actors billed first"),
        Field(name="writer", type="tags", description="who wrote it"),
        Field(name="description", type="text", description="what it is about"),
        Field(name="url", type="url", description="its page at IMDb", searchable=False),
        Field(name="source_title", type="text", description="the title as ReDial spells it"),
    ),
    noun="film",
    nouns="films",
)
_NAMED = re.compile(r"@(\d+)")
_YES, _NO = 1, 0


def _read(folder: Path, splits: Sequence[str]) -> Intake:
    listed = file_source(required(folder, "movies_with_mentions.csv"), ("movieId", "movieName"))
    facts = found(folder, "movies.jsonl")
    names: dict[str, str] = {}  # filled as the films are read, which is before the dialogues are

    def items(rejections: Rejections) -> Iterator[Row]:
        for line, row in _films(listed, file_source(facts) if facts else None, rejections):
            names[row["id"]] = row["source_title"]
            yield line, row

    parts = [file_source(required(folder, f"{split}.jsonl", f"{split}_data.jsonl")) for split in splits]
    return Intake(
        items=[Source(listed.name, items)],
        dialogues=[_dialogues(part, names) for part in parts],
        described=_SCHEMA,
        note=f"redial ({', '.join(splits) or 'no dialogues'})",
    )


def _films(listed: Source, facts: Source | None, rejections: Rejections) -> Iterator[Row]:
    known = {str(row.get("movieId")): (line, row) for line, row in facts.rows(rejections)} if facts else {}
    for line, row in listed.rows(rejections):
        yield line, _film(row["movieId"], row["movieName"], known.pop(row["movieId"], (0, {}))[1])
    for movie, (line, row) in known.items():
        yield line, _film(movie, row.get("name", ""), row)


def _film(movie: str, name: str, facts: Mapping[str, Any]) -> dict[str, Any]:
    title, year = split_year(name)
    page = facts.get("imdb_id")
    return {
        "id": movie,
        "title": title,
        "year": year,
        "genres": [_capitalised(genre) for genre in facts.get("genre") or ()],
        "director": facts.get("director"),
        "cast": facts.get("star"),
        "writer": facts.get("writer"),
        "description": facts.get("plot"),
        "url": f"https://www.imdb.com/title/{page}/" if page else None,
        "source_title": cleaned(name),
    }


def _capitalised(genre: str) -> str:
    return "-".join(part.capitalize() for part in genre.split("-"))


def _dialogues(source: Source, names: Mapping[str, str]) -> Source:
    def rows(rejections: Rejections) -> Iterator[Row]:
        for line, row in source.rows(rejections):
            forms = _forms(row)
            seeker = row.get("initiatorWorkerId")
            turns = [
                _turn(
                    "user" if said.get("senderWorkerId") == seeker else "assistant",
                    said.get("text") or "",
                    names,
                    forms,
                )
                for said in row.get("messages") or ()
            ]
            yield line, {"id": row.get("conversationId"), "turns": turns}

    return Source(source.name, rows)


def _forms(row: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    forms: dict[str, Mapping[str, Any]] = {}
    for key in ("respondentQuestions", "initiatorQuestions"):  # the seeker's own form goes before the other's
        answers = row.get(key)
        if isinstance(answers, dict):  # an empty list where nobody filled it in
            forms.update(answers)
    return forms


def _turn(role: str, said: str, names: Mapping[str, str], forms: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    text, end, items = "", 0, []
    for match in _NAMED.finditer(said):
        name = names.get(match[1])
        if name is None:
            continue
        text += said[end : match.start()]
        items.append(
            {
                "id": match[1],
                "relation": _relation(role, forms.get(match[1], {})),
                "span": (len(text), len(text) + len(name)),
            }
        )
        text, end = text + name, match.end()
    return {"role": role, "text": text + said[end:], "items": items}


def _relation(role: str, form: Mapping[str, Any]) -> str:
    if role == "assistant" and form.get("suggested") == _YES:
        return "recommended"
    if form.get("liked") == _YES:
        return "liked"
    if form.get("liked") == _NO:
        return "disliked"
    return "seen" if form.get("seen") == _YES else "mentioned"


REDIAL = Layout(
    "redial",
    "ReDial conversations about films (movies_with_mentions.csv, movies.jsonl, train.jsonl, valid.jsonl)",
    _read,
    splits=("train", "valid", "test"),
)
