"""Writes the tables of docs/benchmarks.md from the documents that `scripts/bench.py` keeps.

    python scripts/docs_benchmarks.py runs/bench

What stands above the first table is kept as it is. A document is laid out as it is nested: single figures as a list, figures of several things side by
side as a table, anything deeper as a section of its own. A table's first column with intervals is drawn, too, into docs/plots/.
"""

import ast
import json
import shutil
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from convrec.evaluation.plots import Dot, dots
from convrec.evaluation.svg import by_itself

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "benchmarks.md"
PLOTS = ROOT / "docs" / "plots"
WIDTH = 720  # px of a plot
FEWEST = 3  # rows that are worth a picture
LIGHT = {
    "ink": "#1d1b18",
    "muted": "#5e5950",
    "grid": "#e7e2d9",
    "other": "#8a8378",
    "paper": "#fdfcfa",
    "s0": "#0072b2",
}
DARK = {
    "ink": "#eeebe5",
    "muted": "#aca598",
    "grid": "#302d29",
    "other": "#938b7f",
    "paper": "#171614",
    "s0": "#56b4e9",
}
WHOLE = ("agent", "all tools", "fusion", "fused")  # rows that are the whole system's
MARK = "<!-- tables, written by `make bench` -->"


def main() -> None:
    """Writes the page."""
    folder = Path(sys.argv[1])
    shutil.rmtree(PLOTS, ignore_errors=True)
    PLOTS.mkdir()
    head = PAGE.read_text(encoding="utf-8").split(MARK)[0].rstrip()
    parts = [head, MARK]
    for path in sorted(folder.glob("*.json")):
        manifest = json.loads(path.with_suffix(".manifest").read_text(encoding="utf-8"))
        parts.append("\n".join(section(path.stem, json.loads(path.read_text(encoding="utf-8")), manifest)))
    PAGE.write_text("\n\n".join(parts) + "\n", encoding="utf-8")


def section(name: str, document: Mapping[str, Any], manifest: Mapping[str, Any]) -> Iterator[str]:
    """Yields the lines of one benchmark: what it measures, the command, its figures."""
    script = manifest["command"].split()[1]
    about = ast.get_docstring(ast.parse((ROOT / script).read_text(encoding="utf-8"))) or ""
    versions = ", ".join(f"{package} {number}" for package, number in manifest["packages"].items())
    yield f"## {name}\n"
    yield f"{about.splitlines()[0]}\n"
    yield f"`{manifest['command']}`, {manifest['started'][:10]}, {manifest['seconds']:,.0f} s on {manifest['cores']} cores, code {manifest['code']}, Python {manifest['python']}, {versions}.\n"
    yield from laid_out(document, (name,))


def laid_out(document: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[str]:
    """Yields the lines of a nested document; `path` names where it stands in the whole."""
    document = {key: _by_name(value) for key, value in document.items()}
    nested = {key: value for key, value in document.items() if isinstance(value, Mapping) and not _is_figure(value)}
    single = {key: value for key, value in document.items() if key not in nested}
    yield from (f"- {key}: {_shown(value)}" for key, value in single.items())
    if single:
        yield ""
    if nested and all(_flat(row) for row in nested.values()) and (len(nested) > 1 or len(path) > 1):
        yield from plot(nested, path)
        yield from table(nested)
        return
    for key, value in nested.items():
        yield f"{'#' * min(len(path) + 2, 6)} {key}\n"
        yield from laid_out(value, (*path, key))


def plot(rows: Mapping[str, Mapping[str, Any]], path: tuple[str, ...]) -> Iterator[str]:
    """Draws the first column that has intervals, the best row first, and yields the line that shows the picture."""
    column = next((name for row in rows.values() for name, value in row.items() if _is_figure(value)), None)
    drawn = {name: row[column] for name, row in rows.items() if column is not None and _is_figure(row.get(column))}
    drawn = {name: figure for name, figure in drawn.items() if figure["value"] is not None}
    if len(drawn) < FEWEST:
        return
    places = sorted(drawn.items(), key=lambda entry: -entry[1]["value"])
    marks = [Dot(name, f["value"], f["low"], f["high"], "system" if name in WHOLE else "other") for name, f in places]
    label = f"{' / '.join(path)}: {column}"
    name = "-".join("".join(char if char.isalnum() else "-" for char in part) for part in path)
    (PLOTS / f"{name}.svg").write_text(by_itself(dots(marks, label, width=WIDTH)), encoding="utf-8")
    yield f"![{label}, with 95 % intervals](plots/{name}.svg)\n"


def table(rows: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Yields a Markdown table with a line a row."""
    columns = list(dict.fromkeys(column for row in rows.values() for column in row))
    yield f"| | {' | '.join(columns)} |"
    yield f"|---{'|---' * len(columns)}|"
    for name, row in rows.items():
        yield f"| {name} | {' | '.join(_shown(row.get(column, '')) for column in columns)} |"
    yield ""


def _by_name(value: Any) -> Any:
    """Returns rows that were listed under their names, their figures with `low` and `high` beside as such; anything else as it is."""
    if not (isinstance(value, list) and value and all(isinstance(row, Mapping) and "name" in row for row in value)):
        return value
    return {row["name"]: _figured({key: each for key, each in row.items() if key != "name"}) for row in value}


def _figured(row: Mapping[str, Any]) -> dict[str, Any]:
    if not {"low", "high"} <= set(row):
        return dict(row)
    first, *others = (key for key in row if key not in ("low", "high"))
    return {first: {"value": row[first], "low": row["low"], "high": row["high"]}} | {key: row[key] for key in others}


def _flat(row: Mapping[str, Any]) -> bool:
    return all(not isinstance(value, Mapping) or _is_figure(value) for value in row.values())


def _is_figure(value: Any) -> bool:
    """Returns whether a value is a figure with its interval."""
    return isinstance(value, Mapping) and set(value) == {"value", "low", "high"}


def _shown(value: Any) -> str:
    if _is_figure(value):
        low, high = (_shown(value[end]) for end in ("low", "high"))
        return f"{_shown(value['value'])} [{low}, {high}]"
    if isinstance(value, float):
        return f"{value:.4g}" if abs(value) < 1 else f"{value:,.5g}"
    if isinstance(value, list):
        return ", ".join(_shown(each) for each in value)
    return f"{value}".replace("|", "/").replace("\n", " ")


if __name__ == "__main__":
    main()
