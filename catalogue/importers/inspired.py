"""INSPIRED (Hayati et al. 2020): conversations in which one person recommends a film to another, in a sociable way.

`dialog_data/train.tsv`, `dev.tsv` and `test.tsv` hold an utterance a line; `movies` lists the films that it names, as
"Title (Year)" with semicolons between them. `movie_database.tsv` tells facts of films; a film of which it has several
trailers becomes one item, and films that only the conversations name become items too, those of all parts that are
there, so that the catalogue is the same whichever part is read.

The lines that a person says one after the other within a turn (`turn_id`) become one turn. The seeker has the role
`user`. `movie_id`, the trailer that was recommended in the end, makes that film `recommended` where the recommender names
it, and `liked` where the seeker does who accepted it and rated it 4 or 5; every other naming is `mentioned`.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any

from convrec.catalogue.dialogues import BadDialogueError
from convrec.catalogue.importers.layout import Layout, found, required
from convrec.catalogue.importers.mentions import title_spans
from convrec.catalogue.importers.titles import Title, cleaned, split_year
from convrec.catalogue.ingest import Intake
from convrec.catalogue.reading import Row, Source, file_source
from convrec.catalogue.rejected import Rejections
from convrec.catalogue.schema import TITLE, Field, Schema
from convrec.catalogue.values import MISSING_WORDS, BadValueError, identifier, shown
from convrec.core.text import fold

_SCHEMA = Schema(
    fields=(
        TITLE,
        Field(name="year", type="number", description="the year in which it came out"),
        Field(name="genres", type="tags", label="genre", description="kinds of film, such as Western or Comedy"),
        Field(name="director", type="tags", description="who directed it"),
        Field(name="cast", type="tags", label="actor", description="the actors billed first"),
        Field(name="language", type="tags", description="the languages spoken in it"),
        Field(name="description", type="text", description="what it is about"),
        Field(name="url", type="url", description="its trailer at YouTube", searchable=False),
        Field(name="source_title", type="text", description="the title as INSPIRED spells it"),
    ),
    noun="film",
    nouns="films",
)
_PARTS = ("train", "dev", "test")
_ROLES = {"SEEKER": "user", "RECOMMENDER": "assistant"}
_RATED_WELL = "accept_rating_good"
_QUOTE = "QUOTATION_MARK"  # what stands in `text` where somebody typed a quotation mark


@dataclass(frozen=True)
class _Said:
    """One line of a dialogue file."""

    role: str
    turn: str
    text: str
    titles: tuple[str, ...]


@dataclass
class _Talk:
    """One conversation: the line on which it starts, what was said, and what became of the recommendation."""

    line: int
    trailer: str
    outcome: str
    said: list[_Said] = field(default_factory=list)


class _Films:
    """The films met so far, each once, by title and year and by trailer."""

    def __init__(self) -> None:
        self._ids: dict[tuple[str, int | None], str] = {}
        self._by_title: dict[str, set[str]] = {}
        self.by_trailer: dict[str, str] = {}

    def add(self, title: Title) -> str | None:
        """Returns the id of a film that is new, None for one that is known."""
        key = (fold(title.name), title.year)
        if key in self._ids:
            return None
        film = self._ids[key] = title.name if title.year is None else f"{title.name} ({title.year})"
        self._by_title.setdefault(key[0], set()).add(film)
        return film

    def named(self, title: Title) -> str | None:
        """Returns the id of the film of that title and year; without a year, of the only film of that title so far."""
        key = (fold(title.name), title.year)
        same = self._by_title.get(key[0], set())
        if title.year is None and len(same) == 1:
            self._ids.setdefault(key, *same)  # it stays that film when another of the title turns up
        return self._ids.get(key)


def _read(folder: Path, splits: Sequence[str]) -> Intake:
    listed = file_source(
        required(folder, "movie_database.tsv", "../movie_database.tsv", "data/movie_database.tsv"),
        ("title",),
        quoted=False,
    )
    for split in splits:
        required(folder, *_places(split))
    there = {part: path for part in _PARTS if (path := found(folder, *_places(part))) is not None}
    parts = {
        part: file_source(path, ("dialog_id", "speaker", "text", "movies"), quoted=False)
        for part, path in there.items()
    }
    films = _Films()
    talks: dict[str, dict[str, _Talk]] = {}  # filled as the films are read, which is before the dialogues are

    def items(rejections: Rejections) -> Iterator[Row]:
        yield from _listed(listed, films, rejections)
        for part, source in parts.items():
            talks[part] = _talks(source, rejections)
            yield from _only_named(talks[part].values(), films)

    def dialogues(part: str) -> Source:
        return Source(parts[part].name, lambda _: _dialogues(talks[part], films))

    return Intake(
        items=[Source(listed.name, items)],
        dialogues=[dialogues(split) for split in splits],
        described=_SCHEMA,
        note=f"inspired ({', '.join(splits) or 'no dialogues'})",
    )


def _places(part: str) -> tuple[str, ...]:
    return tuple(f"{folder}{part}.tsv" for folder in ("", "dialog_data/", "data/dialog_data/"))


def _cell(row: Mapping[str, Any], *names: str) -> str:
    """Returns what stands in the first of the columns that the row has; "" where that is missing."""
    text = str(next((row[name] for name in names if name in row), "")).strip()
    if len(text) > 1 and text[0] == text[-1] == '"' and '"' not in text[1:-1].replace('""', ""):
        text = text[1:-1].replace('""', '"')  # a cell in CSV notation, in a file that otherwise has none
    return "" if text.casefold() in MISSING_WORDS else text


def _listed(source: Source, films: _Films, rejections: Rejections) -> Iterator[Row]:
    for line, row in source.rows(rejections):
        name = cleaned(str(row["title"]))
        title = _with_year(split_year(name), _cell(row, "year"))
        if not title.name or not _is_id(title):
            rejections.add(source.name, line, "title", f"{shown(name)} is no title" if name else "the title is missing")
            continue
        new, trailer = films.add(title), _cell(row, "video_id")
        film = new or films.named(title)
        if trailer and film:
            films.by_trailer.setdefault(trailer, film)
        if new:
            yield line, {"id": new} | _facts(title, name, row)


def _with_year(title: Title, year: str) -> Title:
    return Title(title.name, int(year[:4])) if title.year is None and year[:4].isdecimal() else title


def _is_id(title: Title) -> bool:
    try:
        return bool(identifier(f"{title.name} (0000)"))
    except BadValueError:
        return False


def _facts(title: Title, name: str, row: Mapping[str, Any]) -> dict[str, Any]:
    trailer = _cell(row, "video_id")
    return {
        "title": title.name,
        "year": title.year,
        "genres": _cell(row, "genre").split(","),
        "director": _cell(row, "director").split(","),
        "cast": _cell(row, "actors").split(","),
        "language": _cell(row, "language").split(","),
        "description": _cell(row, "short_plot") or _cell(row, "long_plot"),
        "url": f"https://www.youtube.com/watch?v={trailer}" if trailer else None,
        "source_title": name,
    }


def _only_named(talks: Iterable[_Talk], films: _Films) -> Iterator[Row]:
    for talk in talks:
        for name in (name for said in talk.said for name in said.titles):
            title = split_year(name)
            if films.named(title) is None and (film := films.add(title)) is not None:
                yield talk.line, {"id": film, "title": title.name, "year": title.year, "source_title": name}


def _talks(source: Source, rejections: Rejections) -> dict[str, _Talk]:
    talks: dict[str, _Talk] = {}
    for line, row in source.rows(rejections):
        try:
            name, said = _said(row)
        except BadDialogueError as error:
            rejections.add(source.name, line, error.column, error.reason)
            continue
        trailer = _cell(row, "movie_id").split("SPLIT")[0]  # seconds watched may stand behind it
        talks.setdefault(name, _Talk(line, trailer, _cell(row, "fine_label", "case"))).said.append(said)
    return talks


def _said(row: Mapping[str, Any]) -> tuple[str, _Said]:
    speaker = _cell(row, "speaker")
    if speaker.upper() not in _ROLES:
        raise BadDialogueError("speaker", f"{shown(speaker)} is neither SEEKER nor RECOMMENDER")
    try:
        name = identifier(_cell(row, "dialog_id"))
    except BadValueError as error:
        raise BadDialogueError("dialog_id", str(error)) from error
    titles = tuple(dict.fromkeys(filter(None, map(cleaned, _cell(row, "movies").split(";")))))
    for title in titles:
        if not _is_id(split_year(title)):
            raise BadDialogueError("movies", f"{shown(title)} is no title")
    text = str(row["text"]).strip().replace(_QUOTE, '"')
    return name, _Said(_ROLES[speaker.upper()], _cell(row, "turn_id"), text, titles)


def _dialogues(talks: Mapping[str, _Talk], films: _Films) -> Iterator[Row]:
    for name, talk in talks.items():
        turns = [
            _turn(role, list(said), films, talk)
            for (role, _), said in groupby(talk.said, key=lambda said: (said.role, said.turn))
        ]
        yield talk.line, {"id": name, "turns": turns}


def _turn(role: str, lines: Sequence[_Said], films: _Films, talk: _Talk) -> dict[str, Any]:
    text, items = "", []
    for said in lines:
        text += " " if text and said.text else ""
        titles = [split_year(title) for title in said.titles]
        for title, span in zip(titles, title_spans(said.text, [title.name for title in titles]), strict=True):
            film = films.named(title)
            items.append(
                {
                    "id": film,
                    "relation": _relation(role, film == films.by_trailer.get(talk.trailer), talk.outcome),
                    "span": span and (span[0] + len(text), span[1] + len(text)),
                }
            )
        text += said.text
    return {"role": role, "text": text, "items": items}


def _relation(role: str, is_recommendation: bool, outcome: str) -> str:
    if is_recommendation and role == "assistant":
        return "recommended"
    return "liked" if is_recommendation and outcome == _RATED_WELL else "mentioned"


INSPIRED = Layout(
    "inspired",
    "INSPIRED conversations about films (movie_database.tsv, train.tsv, dev.tsv, test.tsv)",
    _read,
    splits=_PARTS,
)
