"""Which of the known layouts a file or folder of labelled messages has."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal, get_args

from convrec.core.errors import InputError
from convrec.evaluation.understanding.rows import text_of
from convrec.evaluation.understanding.soft_attributes import COLUMNS

LayoutName = Literal["sgd", "ccpe", "soft-attributes", "altentities", "own"]
LAYOUTS: tuple[LayoutName, ...] = get_args(LayoutName)

_ENDINGS = (".json", ".jsonl", ".ndjson", ".csv", ".txt", ".tsv")
_MOST_FILES = 20
_HEAD = 20  # lines


def detect(path: Path) -> LayoutName:
    """Returns the layout of a file, or of the first file in a folder (or in its folders) that has one.

    Raises:
        InputError: there is no such path, or nothing there has a known layout.
    """
    if not path.exists():
        raise InputError(f"There is no {path}.", "Give a file or folder of labelled messages.")
    for file in _files(path):
        found = _layout(file, alone=path.is_file())
        if found is not None:
            return found
    raise InputError(
        f"{path} has none of the known layouts ({', '.join(LAYOUTS)}).",
        'Own labelled turns are JSON lines `{"id", "messages", "understanding"}`.',
    )


def _files(path: Path) -> Iterator[Path]:
    if path.is_file():
        yield path
        return
    deep = sorted(path.glob("*")) + sorted(path.glob("*/*"))
    named = [each for each in deep if each.is_file() and each.name.removesuffix(".gz").endswith(_ENDINGS)]
    yield from named[:_MOST_FILES]


def _layout(path: Path, alone: bool) -> LayoutName | None:
    try:
        text = text_of(path)
    except InputError:
        if alone and path.stat().st_size:
            raise
        return None  # a folder may hold other things, too
    lines = [line for line in text.split("\n", _HEAD)[:_HEAD] if line.strip()]
    if lines[0].lstrip("\ufeff").startswith(",".join(COLUMNS[:3])) or set(COLUMNS) <= set(lines[0].strip().split(",")):
        return "soft-attributes"
    if any(_is_ccpe(line) for line in lines):
        return "ccpe"
    for row in _objects(text, lines):
        for name, fits in _SHAPES.items():
            if isinstance(row, dict) and fits(row):
                return name
    return None


def _objects(text: str, lines: list[str]) -> Iterator[Any]:
    """Yields the first objects of JSON lines, or the first of a JSON array."""
    if text.lstrip().startswith("["):
        start = text.index("[") + 1
        try:
            yield json.JSONDecoder().raw_decode(text[start:].lstrip())[0]
        except ValueError:
            return
        return
    for line in lines:
        try:
            yield json.loads(line)
        except ValueError:
            continue


def _is_ccpe(line: str) -> bool:
    cells = line.split("\t")
    return len(cells) >= 3 and cells[0] in ("USER", "SYSTEM")


_SHAPES: dict[LayoutName, Callable[[dict[str, Any]], bool]] = {
    "sgd": lambda row: {"dialogue_id", "turns"} <= row.keys(),
    "altentities": lambda row: {"choices", "expressions"} <= row.keys(),
    "own": lambda row: {"messages", "understanding"} <= row.keys(),
}
