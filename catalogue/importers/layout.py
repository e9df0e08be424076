"""What a layout is: which files a data set has, and how they become items, interactions and dialogues."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from convrec.catalogue.ingest import Intake
from convrec.catalogue.schema import nearest
from convrec.core.errors import InputError


@dataclass(frozen=True)
class Layout:
    """A known data set. `read` makes an intake of its folder and the chosen `splits` (the first is the training part)."""

    name: str
    description: str
    read: Callable[[Path, Sequence[str]], Intake]
    splits: tuple[str, ...] = ()

    def chosen(self, split: str | None) -> tuple[str, ...]:
        """Returns the parts that a `--split` names ("train,valid"); the training part for None.

        Raises:
            InputError: the layout has no such part.
        """
        if split is None:
            return self.splits[:1]
        names = tuple(dict.fromkeys(name.strip() for name in split.split(",") if name.strip()))
        for name in names:
            if name not in self.splits:
                raise InputError(f"{self.name} has no part `{name}`.", nearest(name, self.splits))
        return names


def found(folder: Path, *names: str) -> Path | None:
    """Returns the first of the files that the folder holds, plain or gzipped; None where it holds none."""
    paths = (folder / f"{name}{ending}" for name in names for ending in ("", ".gz"))
    return next((path for path in paths if path.is_file()), None)


def required(folder: Path, *names: str) -> Path:
    """Returns the first of the files that the folder holds, plain or gzipped.

    Raises:
        InputError: it holds none of them.
    """
    path = found(folder, *names)
    if path is None:
        raise InputError(
            f"{folder} has no {' or '.join(names)} (plain or .gz).", "Give the folder that holds the data set."
        )
    return path
