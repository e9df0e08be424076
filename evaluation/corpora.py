"""Public data sets as workspaces to measure on, whole or (for a quick run) in part."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from convrec.catalogue.importers.registry import LAYOUTS
from convrec.catalogue.ingest import Intake, take_in
from convrec.catalogue.reading import Row, Source
from convrec.catalogue.rejected import Rejections
from convrec.catalogue.workspace import Workspace
from convrec.core.progress import Progress
from convrec.core.text import fold

Cells = dict[str, Any]
Keep = Callable[[Cells], bool]


def movielens(root: Path, data: Path, progress: Progress) -> Workspace:
    """Returns MovieLens latest-small."""
    return _taken(root, LAYOUTS["movielens"].read(data / "movielens-latest-small", ()), progress)


def games(root: Path, data: Path, progress: Progress, *, users: int | None = None) -> Workspace:
    """Returns Amazon's games; of the first `users` people and what they bought, where a number is given."""
    intake = LAYOUTS["amazon-games"].read(data / "amazon-games", ())
    if users is not None:
        kept = _first_users(intake, users)
        bought = {item for _, item in kept}
        people = {user for user, _ in kept}
        intake = replace(
            intake, items=[_only(source, lambda row: str(row["id"]) in bought) for source in intake.items],
            interactions=[_only(source, lambda row: str(row["user_id"]) in people) for source in intake.interactions],
        )  # fmt: skip
    return _taken(root, intake, progress)


def redial(root: Path, data: Path, progress: Progress, *, dialogues: int | None = None) -> Workspace:
    """Returns ReDial's films and its training dialogues; the first `dialogues` of them, where a number is given."""
    intake = LAYOUTS["redial"].read(data / "redial", ("train",))
    if dialogues is not None:
        intake = replace(intake, dialogues=[_first(source, dialogues) for source in intake.dialogues])
    return _taken(root, intake, progress)


def films(root: Path, data: Path, progress: Progress, *, rated_only: bool = False) -> Workspace:
    """Returns Wikipedia's US films with MovieLens' ratings, joined by title and year; only films that were rated, where asked for.

    Years may differ by one. Where several films share title and year, or nothing fits, a film's ratings are left out.
    """
    wikipedia = LAYOUTS["wikipedia-movies"].read(data / "wikipedia-movies", ())
    rated = LAYOUTS["movielens"].read(data / "movielens-latest-small", ())
    places: dict[tuple[str, int], list[str]] = {}
    for row in _rows(wikipedia.items):
        if row.get("year") and isinstance(row.get("title"), str):
            places.setdefault((fold(row["title"]), int(row["year"])), []).append(str(row["id"]))
    joined = {str(row["id"]): found for row in _rows(rated.items) if (found := _match(row, places)) is not None}
    ratings = [_renamed(source, joined) for source in rated.interactions]
    kept = set(joined.values())
    items = (
        [_only(source, lambda row: row["id"] in kept) for source in wikipedia.items] if rated_only else wikipedia.items
    )
    return _taken(
        root, replace(wikipedia, items=items, interactions=ratings, note="wikipedia-movies with movielens"), progress
    )


def _match(row: Cells, places: dict[tuple[str, int], list[str]]) -> str | None:
    if not row.get("year"):
        return None
    year = int(row["year"])
    for near in (year, year - 1, year + 1):
        found = places.get((fold(row["title"]), near), [])
        if found:
            return found[0] if len(found) == 1 else None
    return None


def _taken(root: Path, intake: Intake, progress: Progress) -> Workspace:
    workspace = Workspace.create(root)
    if not workspace.current().items:
        take_in(workspace, intake, progress=progress)
    return workspace


def _rows(sources: Sequence[Source]) -> Iterator[Cells]:
    """Yields what the sources hold; what is rejected is reported when they are taken in."""
    with TemporaryDirectory() as scratch, Rejections(Path(scratch)) as rejections:
        for source in sources:
            yield from (row for _, row in source.rows(rejections))


def _only(source: Source, keep: Keep) -> Source:
    def rows(rejections: Rejections) -> Iterator[Row]:
        return ((line, row) for line, row in source.rows(rejections) if keep(row))

    return Source(source.name, rows)


def _first(source: Source, n: int) -> Source:
    def rows(rejections: Rejections) -> Iterator[Row]:
        return (row for _, row in zip(range(n), source.rows(rejections), strict=False))

    return Source(source.name, rows)


def _renamed(source: Source, ids: dict[str, str]) -> Source:
    def rows(rejections: Rejections) -> Iterator[Row]:
        for line, row in source.rows(rejections):
            if str(row["item_id"]) in ids:
                yield line, {**row, "item_id": ids[str(row["item_id"])]}

    return Source(source.name, rows)


def _first_users(intake: Intake, users: int) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    people: set[str] = set()
    for row in _rows(intake.interactions):
        people.add(str(row["user_id"]))
        if len(people) > users:
            break
        found.append((str(row["user_id"]), str(row["item_id"])))
    return found
