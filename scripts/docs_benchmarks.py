"""Writes the tables of docs/benchmarks.md from the documents that `scripts/bench.py` keeps.

    python scripts/docs_benchmarks.py runs/bench

What stands above the first table is kept as it is. A document is laid out as it is nested: single figures as a list, figures of several things side by
side as a table, anything deeper as a section of its own.
"""

import ast
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "benchmarks.md"
MARK = "<!-- tables, written by `make bench` -->"


def main() -> None:
    """Writes the page."""
    folder = Path(sys.argv[1])
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
    yield from laid_out(document, 3)


def laid_out(document: Mapping[str, Any], depth: int) -> Iterator[str]:
    """Yields the lines of a nested document."""
    if all(isinstance(row, Mapping) and not _is_figure(row) and _flat(row) for row in document.values()):
        yield from table(document)
        return
    single = {key: value for key, value in document.items() if not isinstance(value, Mapping) or _is_figure(value)}
    yield from (f"- {key}: {_shown(value)}" for key, value in single.items())
    if single:
        yield ""
    for key, value in document.items():
        if key not in single:
            yield f"{'#' * min(depth, 6)} {key}\n"
            yield from laid_out(value, depth + 1)


def table(rows: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Yields a Markdown table with a line a row."""
    columns = list(dict.fromkeys(column for row in rows.values() for column in row))
    yield f"| | {' | '.join(columns)} |"
    yield f"|---{'|---' * len(columns)}|"
    for name, row in rows.items():
        yield f"| {name} | {' | '.join(_shown(row.get(column, '')) for column in columns)} |"
    yield ""


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
