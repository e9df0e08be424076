"""MovieLens (GroupLens), as its "latest" sets are published: movies, ratings, tags and links in CSV."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from convrec.catalogue.importers.layout import Layout, found, required
from convrec.catalogue.importers.titles import article_first, cleaned, split_year, without_alternatives
from convrec.catalogue.ingest import Intake
from convrec.catalogue.reading import Row, Source, file_source
from convrec.catalogue.rejected import Rejections
from convrec.catalogue.schema import TITLE, Field, Schema
from convrec.core.text import fold

_SCHEMA = Schema(
    fields=(
        TITLE,
        Field(name="year", type="number", description="the year in which it came out"),
        Field(name="genres", type="tags", label="genre", description="kinds of film, such as Western or Comedy"),
        Field(name="tags", type="tags", label="tag", description="words that viewers gave it, most often given first"),
        Field(name="url", type="url", description="its page at IMDb", searchable=False),
        Field(name="source_title", type="text", description="the title as MovieLens spells it"),
    ),
    noun="film",
    nouns="films",
    audience="MovieLens viewers",
)
_NO_GENRES = "(no genres listed)"


def _read(folder: Path, splits: Sequence[str]) -> Intake:
    movies = file_source(required(folder, "movies.csv"), ("movieId", "title", "genres"))
    ratings, tags, links = (found(folder, name) for name in ("ratings.csv", "tags.csv", "links.csv"))

    def items(rejections: Rejections) -> Iterator[Row]:
        given = _tags(tags, rejections) if tags else {}
        pages = _pages(links, rejections) if links else {}
        for line, row in movies.rows(rejections):
            yield line, _item(row) | {"tags": given.get(row["movieId"]), "url": pages.get(row["movieId"])}

    interactions = [_ratings(file_source(ratings, ("userId", "movieId", "rating")))] if ratings else []
    return Intake(items=[Source(movies.name, items)], interactions=interactions, described=_SCHEMA, note="movielens")


def _item(row: dict[str, Any]) -> dict[str, Any]:
    name, year = split_year(row["title"])
    genres = [genre for genre in row["genres"].split("|") if genre != _NO_GENRES]
    return {
        "id": row["movieId"],
        "title": article_first(without_alternatives(name)),
        "year": year,
        "genres": genres,
        "source_title": cleaned(row["title"]),
    }


def _tags(path: Path, rejections: Rejections) -> dict[str, list[str]]:
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    spelled: dict[str, Counter[str]] = defaultdict(Counter)
    for _line, row in file_source(path, ("movieId", "tag")).rows(rejections):
        tag = cleaned(row["tag"])
        counts[row["movieId"]][fold(tag)] += 1
        spelled[fold(tag)][tag] += 1
    usual = {tag: spellings.most_common(1)[0][0] for tag, spellings in spelled.items()}
    return {movie: [usual[tag] for tag, _ in given.most_common()] for movie, given in counts.items()}


def _pages(path: Path, rejections: Rejections) -> dict[str, str]:
    rows = file_source(path, ("movieId", "imdbId")).rows(rejections)
    return {row["movieId"]: f"https://www.imdb.com/title/tt{row['imdbId']}/" for _, row in rows if row["imdbId"]}


def _ratings(source: Source) -> Source:
    def rows(rejections: Rejections) -> Iterator[Row]:
        for line, row in source.rows(rejections):
            yield (
                line,
                {
                    "user_id": row["userId"],
                    "item_id": row["movieId"],
                    "value": row["rating"],
                    "event": "rating",
                    "timestamp": row.get("timestamp"),
                },
            )

    return Source(source.name, rows)


MOVIELENS = Layout(
    "movielens", "MovieLens ratings, films, tags and links (movies.csv, ratings.csv, tags.csv, links.csv)", _read
)
