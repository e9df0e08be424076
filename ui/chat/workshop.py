"""One tab's way to a catalogue of one's own: a file looked at, an order, a build, and what came of it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

from convrec.catalogue.schema import FIELD_TYPES, TITLE, FieldType
from convrec.core.errors import ConvrecError, InputError
from convrec.ui.chat.building import Build, Order
from convrec.ui.chat.columns import Look, look

if TYPE_CHECKING:
    from convrec.ui.chat.own import OwnCatalogues

_LONGEST = 40  # characters of what items are called
_STEP_S = 0.4  # between two looks at how far a build is


@dataclass
class Workshop:
    """What stands on the workbench. `note` is a sentence for the person; `made` the catalogue that was finished last.

    `spoiled` says that the file was refused only for the number of rows that can't be used.
    """

    seen: Look | None = None
    build: Build | None = None
    order: Order | None = None
    note: str = ""
    made: str = ""
    spoiled: bool = False

    def bring(self, path: Path) -> None:
        """Takes a file in to look at it."""
        self.clear()
        self.note = self.made = ""
        try:
            self.seen = look(path)
        except InputError as error:
            self.note = _without_path(str(error), path)
            path.unlink(missing_ok=True)

    def make(self, own: "OwnCatalogues", user_id: str, chosen: Mapping[str, str]) -> Iterator[None]:
        """Has the catalogue made as `chosen` (`id`, `title`, `nouns`, `type:NAME` a column, `lenient`); yields whenever there is news. Leaving cancels."""
        if self.seen is None or self.build is not None:
            return
        self.order = _order(self.seen, chosen)
        self.note = ""
        try:
            with own.building(user_id, self.order) as build:
                self.build = build
                while not build.wait(_STEP_S):
                    yield
            self._finish(build)
        except ConvrecError as error:
            self.note = str(error)
        finally:
            self.build = None
        yield

    def cancel(self) -> None:
        """Lets a build that is under way end without a trace."""
        if self.build is not None:
            self.build.cancel()

    def clear(self) -> None:
        """Puts the file away."""
        if self.seen is not None:
            self.seen.path.unlink(missing_ok=True)
        self.seen = self.order = None
        self.spoiled = False

    def _finish(self, build: Build) -> None:
        self.spoiled = build.spoiled
        if build.summary is None:
            self.note = "It was cancelled, and nothing was kept." if build.cancelled else build.failure
            return
        taken, left = build.summary.items_added, build.summary.rejected
        rows = "1 row" if left == 1 else f"{left:,} rows"
        lost = f"; {rows} could not be used (the first: {build.first_rejected})" if left else ""
        self.note, self.made = f"{taken:,} {self.order.nouns if self.order else 'items'} are ready{lost}.", build.name
        self.clear()


def _order(seen: Look, chosen: Mapping[str, str]) -> Order:
    names = [column.name for column in seen.columns]
    ids, title = chosen.get("id", ""), chosen.get("title", seen.title_column)
    nouns = " ".join(chosen.get("nouns", seen.nouns).split())[:_LONGEST] or "items"
    id_column, title_column = ids if ids in names else "", title if title in names else seen.title_column
    fields = tuple(
        column.field(cast(FieldType, kind))
        for column in seen.columns
        if (kind := chosen.get(f"type:{column.name}", column.type)) in FIELD_TYPES and kind != column.type
        if column.name not in (id_column, title_column, "id", TITLE.name)
    )
    return Order(seen.path, id_column, title_column, fields, "lenient" in chosen, nouns)


def _without_path(sentence: str, path: Path) -> str:
    return sentence.replace(str(path), path.name)
