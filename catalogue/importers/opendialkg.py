"""OpenDialKG (Moon et al. 2019): conversations about films, books, music and sports, along paths in a knowledge graph.

A row of `opendialkg.csv` is a conversation: `Messages`, a JSON list of chat messages and of actions, of which some choose
a path of triples (subject, relation, object; `~` before a relation turns it round). A path leads from an entity of the
message before it to one of the message after it. `opendialkg_triples.txt`, where there is one, tells more of the
entities. Neither has ids or types, so that these are ours:

- The id of an item is its name in the graph. Only entities of the paths become items, and only those whose relations, or
  a word in brackets behind the name, tell of a film, a book, a piece of music or a team (`kind`); people, genres and the
  like do not. With the triples more of them can be told.
- The id of a dialogue is the line on which its row starts.
- What an assistant's path leads to is `recommended`, all else `mentioned`: nothing says what was liked. The words of an
  item need not stand in the message; then it has no span.
- There is no official division. A hash of `Messages` puts 70 % of the rows into train, 15 % each into valid and test (the
  shares that ConvLab-3 draws at random), so that a row stays where it is whatever stands around it.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from convrec.catalogue.dialogues import BadDialogueError
from convrec.catalogue.importers.layout import Layout, found, required
from convrec.catalogue.importers.mentions import title_spans
from convrec.catalogue.importers.opendialkg_graph import Graph, Triple, entity_title
from convrec.catalogue.importers.titles import cleaned
from convrec.catalogue.ingest import Intake
from convrec.catalogue.reading import Row, Source, file_source
from convrec.catalogue.rejected import Rejections
from convrec.catalogue.schema import TITLE, Field, Schema
from convrec.catalogue.values import BadValueError, identifier, shown
from convrec.core.errors import InputError
from convrec.core.text import well_formed

_SCHEMA = Schema(
    fields=(
        TITLE,
        Field(name="kind", type="category", description="what it is: movie, book, music or sports"),
        Field(name="year", type="number", description="the year in which it came out"),
        Field(name="genres", type="tags", label="genre", description="kinds of film, book or music"),
        Field(name="director", type="tags", description="who directed it"),
        Field(name="cast", type="tags", label="actor", description="who plays in it"),
        Field(name="writer", type="tags", label="author", description="who wrote it"),
        Field(name="artist", type="tags", description="who made the music"),
        Field(name="language", type="tags", description="the languages it is in"),
        Field(name="source_title", type="text", description="its name in OpenDialKG's knowledge graph"),
    ),
    noun="item",
    nouns="items",
)
_SHARES = {"train": 70, "valid": 85, "test": 100}  # each up to which per cent

_Path = tuple[Triple, ...]


@dataclass(frozen=True)
class _Message:
    """What was said, the path that led to it and the path that left from it."""

    role: str
    text: str
    come: _Path = ()
    gone: _Path = ()


@dataclass(frozen=True)
class _Talk:
    """One conversation: its line in the file, its part, and what was said."""

    line: int
    part: str
    messages: tuple[_Message, ...]


def _read(folder: Path, splits: Sequence[str]) -> Intake:
    source = file_source(required(folder, "opendialkg.csv", "data/opendialkg.csv"), ("Messages",))
    more = found(folder, "opendialkg_triples.txt", "data/opendialkg_triples.txt")
    triples = file_source(more, columns=("subject", "relation", "object"), quoted=False) if more else None
    graph = Graph()
    talks: list[_Talk] = []  # filled as the items are read, which is before the dialogues are

    def items(rejections: Rejections) -> Iterator[Row]:
        talks.extend(_talks(source, rejections))
        for talk in talks:
            for triple in (triple for message in talk.messages for triple in message.come):
                graph.touch(triple, talk.line)
        for _, row in triples.rows(rejections) if triples else ():
            graph.add((cleaned(row["subject"]), row["relation"].strip(), cleaned(row["object"])))
        graph.kinds.update({entity: kind for entity in graph.lines if (kind := graph.kind(entity)) is not None})
        if talks and not graph.kinds:
            raise InputError(
                f"Nothing in {source.name} can be told to be a film, a book, music or a team.",
                "Put opendialkg_triples.txt beside it.",
            )
        for entity, kind in graph.kinds.items():
            yield graph.lines[entity], graph.item(entity, kind)

    def dialogues(rejections: Rejections) -> Iterator[Row]:
        for talk in talks:
            if talk.part in splits:
                yield talk.line, _dialogue(talk, graph.kinds)

    return Intake(
        items=[Source(source.name, items)],
        dialogues=[Source(source.name, dialogues)] if splits else [],
        described=_SCHEMA,
        note=f"opendialkg ({', '.join(splits) or 'no dialogues'})",
    )


def _talks(source: Source, rejections: Rejections) -> Iterator[_Talk]:
    for line, row in source.rows(rejections):
        try:
            yield _Talk(line, _part(row["Messages"]), _messages(row["Messages"]))
        except BadDialogueError as error:
            rejections.add(source.name, line, error.column, error.reason)


def _part(cell: str) -> str:
    share = int.from_bytes(hashlib.blake2b(cell.encode(), digest_size=8).digest()) % 100
    return next(part for part, end in _SHARES.items() if share < end)


def _messages(cell: str) -> tuple[_Message, ...]:
    try:
        steps = json.loads(cell)
    except (ValueError, RecursionError) as error:
        raise BadDialogueError("Messages", f"not JSON: {error}") from error
    if not isinstance(steps, list):
        raise BadDialogueError("Messages", "not a list")
    messages: list[_Message] = []
    come: _Path = ()
    for place, step in enumerate(steps):
        column = f"Messages.{place}"
        if not isinstance(step, dict):
            raise BadDialogueError(column, "not an object")
        if step.get("type") == "action":
            come = _path(step.get("metadata"), f"{column}.metadata.path") or come
            continue
        if come and messages:
            messages[-1] = _Message(messages[-1].role, messages[-1].text, messages[-1].come, come)
        messages.append(_Message(_role(step, column), _text(step, column), come))
        come = ()
    if not messages:
        raise BadDialogueError("Messages", "there are no messages")
    return tuple(messages)


def _role(step: Mapping[str, Any], column: str) -> str:
    sender = step.get("sender")
    if step.get("type") != "chat":
        raise BadDialogueError(f"{column}.type", f"{shown(step.get('type'))} is neither chat nor action")
    if sender not in ("user", "assistant"):
        raise BadDialogueError(f"{column}.sender", f"{shown(sender)} is neither user nor assistant")
    return str(sender)


def _text(step: Mapping[str, Any], column: str) -> str:
    text = step.get("message")
    if not isinstance(text, str):
        raise BadDialogueError(f"{column}.message", f"{shown(text)} is no text")
    return well_formed(text)


def _path(metadata: Any, column: str) -> _Path:
    """Returns the triples that an action chose; none where it chose none, as with a note to the other."""
    path = metadata.get("path") if isinstance(metadata, dict) else None
    if path is None:
        return ()
    if not isinstance(path, list) or len(path) < 2 or not isinstance(path[1], list):
        raise BadDialogueError(column, f"{shown(path)} is no path")
    triples = [_triple(triple, f"{column}.1.{place}") for place, triple in enumerate(path[1])]
    return tuple(triple for triple in triples if all(triple))  # an empty name is where the annotators knew none


def _triple(triple: Any, column: str) -> Triple:
    if not isinstance(triple, list) or len(triple) != 3 or not all(isinstance(part, str) for part in triple):
        raise BadDialogueError(column, f"{shown(triple)} is no triple")
    subject, relation, value = (cleaned(well_formed(part)) for part in triple)
    for entity in filter(None, (subject, value)):
        try:
            identifier(entity)
        except BadValueError as error:
            raise BadDialogueError(column, str(error)) from error
    return subject, relation, value


def _dialogue(talk: _Talk, kinds: Mapping[str, str]) -> dict[str, Any]:
    return {
        "id": f"opendialkg-{talk.line}",
        "turns": [
            {"role": message.role, "text": message.text, "items": _named(message, kinds)} for message in talk.messages
        ],
    }


def _named(message: _Message, kinds: Mapping[str, str]) -> list[dict[str, Any]]:
    """Returns the items of a message: those at the ends of its paths, and those of the path to it whose words it holds."""
    led = message.come[-1][2] if message.come else None
    left = message.gone[0][0] if message.gone else None
    passed = [entity for triple in message.come for entity in (triple[0], triple[2])]
    names = [name for name in dict.fromkeys((led, left, *passed)) if name is not None and name in kinds]
    spans = title_spans(message.text, [entity_title(name).name for name in names])
    return [
        {
            "id": name,
            "relation": "recommended" if name == led and message.role == "assistant" else "mentioned",
            "span": span,
        }
        for name, span in zip(names, spans, strict=True)
        if span is not None or name in (led, left)
    ]


OPENDIALKG = Layout(
    "opendialkg",
    "OpenDialKG conversations about films, books, music and sports (opendialkg.csv, opendialkg_triples.txt)",
    _read,
    splits=tuple(_SHARES),
)
