"""US films 1900–2023 gathered from Wikipedia: one JSON object a film."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from convrec.catalogue.importers.layout import Layout, required
from convrec.catalogue.importers.titles import cleaned
from convrec.catalogue.ingest import Intake
from convrec.catalogue.reading import Row, Source, file_source
from convrec.catalogue.rejected import Rejections
from convrec.catalogue.schema import TITLE, Field, Schema

_SCHEMA = Schema(
    fields=(
        TITLE,
        Field(name="year", type="number", description="the year in which it came out"),
        Field(name="genres", type="tags", label="genre", description="kinds of film, such as Western or Comedy"),
        Field(name="cast", type="tags", label="actor", description="who plays in it"),
        Field(name="description", type="text", description="how Wikipedia introduces it"),
        Field(name="url", type="url", description="its page at Wikipedia", searchable=False),
        Field(name="image", type="image", description="its poster, small", searchable=False),
        Field(name="source_title", type="text", description="the title as the source spells it, where that differs"),
    ),
    noun="film",
    nouns="films",
)


def _read(folder: Path, splits: Sequence[str]) -> Intake:
    source = file_source(required(folder, "movies.jsonl", "movies.json"))

    def items(rejections: Rejections) -> Iterator[Row]:
        for line, row in source.rows(rejections):
            yield line, _item(line - 1, row)

    return Intake(items=[Source(source.name, items)], described=_SCHEMA, note="wikipedia-movies")


def _item(number: int, row: dict[str, Any]) -> dict[str, Any]:
    raw = row.get("title")
    title = cleaned(raw) if isinstance(raw, str) else raw
    href = row.get("href")
    return {
        "id": f"w{number}",
        "title": title,
        "year": row.get("year"),
        "genres": row.get("genres"),
        "cast": row.get("cast"),
        "description": row.get("extract"),
        "url": f"https://en.wikipedia.org/wiki/{quote(href, safe='/:(),%!*_.~')}" if href else None,
        "image": row.get("thumbnail"),
        "source_title": raw if raw != title else None,
    }


WIKIPEDIA_MOVIES = Layout(
    "wikipedia-movies", "US films 1900–2023 with cast, genres and introduction (movies.jsonl)", _read
)
