"""What commands print: JSON or tables on stdout, everything else on stderr."""

import json
import sys
from collections.abc import Iterable, Sequence
from typing import Any

import typer

_WIDTH_OF_FILES = 120


def print_json(document: Any, one_line: bool = False) -> None:
    """Prints one JSON document on stdout."""
    typer.echo(json.dumps(document, indent=None if one_line else 2, ensure_ascii=not _speaks_unicode()))


def say(text: str) -> None:
    """Prints a line for a person on stderr."""
    typer.echo(text, err=True)


def print_table(
    columns: Sequence[str], rows: Iterable[Sequence[str]], *, right: Sequence[str] = (), caption: str = ""
) -> None:
    """Prints a table on stdout; the columns named in `right` are set flush right."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, caption=caption or None, caption_justify="left")
    for column in columns:
        table.add_column(column, justify="right" if column in right else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    width = None if sys.stdout.isatty() else _WIDTH_OF_FILES
    Console(file=sys.stdout, highlight=False, width=width).print(table)


def _speaks_unicode() -> bool:
    return (getattr(sys.stdout, "encoding", None) or "ascii").lower().replace("-", "") == "utf8"
