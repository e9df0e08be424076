"""Items side by side, as a table of the catalogue's own facts."""

from collections.abc import Iterable
from dataclasses import dataclass

from convrec.agent.answers import value_words
from convrec.agent.wording import called
from convrec.catalogue.catalogue import Catalogue
from convrec.core.reply import TraceStep
from convrec.tools.comparison import compared

_HIDDEN = ("source_title",)


@dataclass(frozen=True)
class Line:
    """One fact of all items: what it is called, and what each item says (blank where it says nothing)."""

    label: str
    cells: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """Items side by side: their titles, and a line for every fact that one of them has."""

    titles: tuple[str, ...]
    lines: tuple[Line, ...]


def table(steps: Iterable[TraceStep], catalogue: Catalogue) -> Table | None:
    """Returns the table of the items that a turn compared; None where it compared none, or they are gone from the catalogue."""
    ids = [item for step in steps if step.tool == "compare" for item in step.arguments["items"]]
    rows = [row for item in ids if (row := catalogue.row(item)) is not None]
    if len(rows) < 2:
        return None
    found, schema = compared(catalogue, rows, None), catalogue.schema
    pictures = {field.name for field in schema.of_type("image", "url")}
    lines = [
        Line(called(field), tuple("" if value is None else value_words(value, field) for value in values))
        for name, values in found.values.items() if (field := schema.field(name)) and name not in pictures and name not in _HIDDEN
    ]  # fmt: skip
    return Table(found.titles, tuple(lines))
