"""What the commands that measure share: where a run is kept, what it draws, lists of numbers."""

from pathlib import Path
from typing import Annotated

import typer

from convrec.core.errors import InputError

RunOption = Annotated[
    Path | None,
    typer.Option(
        "--out", metavar="DIR", help="The run's folder; a stopped run goes on in it.", show_default="in the workspace"
    ),
]
SeedOption = Annotated[int, typer.Option("--seed", help="Of everything that is drawn.")]


def cuts(given: str, option: str = "--k") -> tuple[int, ...]:
    """Returns the numbers that an option lists, ascending, each once.

    Raises:
        InputError: one is no number above 0.
    """
    try:
        found = tuple(sorted({int(part) for part in given.split(",")}))
    except ValueError as error:
        raise InputError(f"{option} {given} is not a list of numbers.", "Write 10 or 10,20.") from error
    if found[0] < 1:
        raise InputError(f"{option} {given}: each is 1 or more.", "Write 10 or 10,20.")
    return found
