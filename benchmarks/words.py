"""What words find: items by their title, slips of one letter in titles and in requests, titles that several items share.

Titles are asked for as they stand and with one slip: a letter added, dropped, changed, or swapped with the next, the first letter
as likely as another. A title is unique when no other is within one such slip of it. Requests are the middle sentences of long
texts. R@k is the share of cases whose item is among the first k. `kept` is R@10 with a slip as a share of R@10 without.

    python benchmarks/words.py --workspace DIR                     # items that are ingested; the whole toolbox, where it is fitted
    python benchmarks/words.py DATA_FOLDER --json words.json       # a folder of the layout wikipedia-movies
"""

import argparse
import json
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from convrec.catalogue.catalogue import Catalogue
from convrec.catalogue.importers import import_layout
from convrec.catalogue.workspace import Workspace
from convrec.tools.bm25 import Bm25
from convrec.tools.contract import Query
from convrec.tools.heldout import known_items
from convrec.tools.near import Near
from convrec.tools.request import Request
from convrec.tools.titles import key_of
from convrec.tools.toolbox import Toolbox
from convrec.tools.training import choices, training_data

LETTERS = "abcdefghijklmnopqrstuvwxyz"
MOST_BEARERS = 10  # items of one title beyond which not all can be among the first ten

Ask = Callable[[str], Sequence[int]]
"""Returns the rows of the first ten items for a text, best first."""


@dataclass(frozen=True)
class Case:
    """A text, and the rows that should be found."""

    text: str
    rows: tuple[int, ...]


def main() -> None:
    """Writes one JSON document."""
    options = _options()
    with tempfile.TemporaryDirectory() as folder:
        if options.workspace is None:
            workspace = Workspace.create(Path(folder) / "workspace")
            import_layout("wikipedia-movies", options.data, workspace)
        else:
            workspace = Workspace.open(options.workspace)
        table = measured(workspace, options.cases, options.seed)
    if options.json is not None:
        options.json.write_text(json.dumps(table, indent=2) + "\n", encoding="utf-8")
    json.dump(table, sys.stdout, indent=2)
    print()


def measured(workspace: Workspace, n: int, seed: int) -> dict[str, dict[str, float]]:
    """Returns the figures of BM25 alone and, where tools are fitted, of `Toolbox.search` and `Toolbox.recommend`."""
    catalogue = workspace.catalogue()
    tool = Bm25()
    tool.fit(training_data(catalogue, choices(catalogue), ()))
    table = _of_one(lambda text: tool.retrieve(Query(text=text, k=10)).rows.tolist(), catalogue, n, seed)
    found = {f"bm25/{name}": figures for name, figures in table.items()}
    found["spelling"] = _speed(tool, catalogue, seed)
    if set(workspace.current().tools) - {"bm25", "popularity"}:
        toolbox = Toolbox.open(workspace)
        asks: dict[str, Ask] = {
            "search": lambda text: [item.row for item in toolbox.search(text).items],
            "recommend": lambda text: [item.row for item in toolbox.recommend(Request(text=text)).items],
        }
        for way, ask in asks.items():
            found |= {f"{way}/{name}": figures for name, figures in _of_one(ask, catalogue, n, seed).items()}
    return found


def slip(text: str, chance: random.Random) -> str:
    """Returns the text with one letter or digit added, dropped, changed, or swapped with the next, drawn evenly."""
    places = [place for place, letter in enumerate(text) if letter.isalnum()]
    swaps = [p for p in places if p + 1 < len(text) and text[p + 1].isalnum() and text[p + 1] != text[p]]
    kind = chance.choice(("add", "drop", "change", "swap") if swaps else ("add", "drop", "change"))
    place = chance.choice(swaps if kind == "swap" else places)
    before, own, after = text[:place], text[place], text[place + 1 :]
    if kind == "swap":
        return before + after[0] + own + after[1:]
    if kind == "drop":
        return before + after
    letter = chance.choice([letter for letter in LETTERS if letter != own.lower()])
    return before + letter + (own if kind == "add" else "") + after


def unique_titles(catalogue: Catalogue, n: int, chance: random.Random) -> list[Case]:
    """Returns up to `n` items, drawn evenly, whose title is not within one slip of another's."""
    keys = [key_of(title) for title in catalogue.titles]
    near, bearers = Near(keys), _bearers(keys)
    alone = (
        Case(catalogue.titles[row], (row,))
        for row in chance.sample(range(len(catalogue)), len(catalogue))
        if len(bearers[keys[row]]) == 1 and any(map(str.isalnum, keys[row])) and len(near.within(keys[row], 1)) == 1
    )
    return list(_first(alone, n))


def shared_titles(catalogue: Catalogue, n: int, chance: random.Random) -> tuple[list[Case], list[Case]]:
    """Returns items of shared titles by title and year, and those titles alone with all their bearers; up to `n` of each."""
    field = catalogue.schema.year_field()
    years = catalogue.numbers(field.name) if field is not None else np.full(len(catalogue), np.nan)
    shared = [rows for rows in _bearers(map(key_of, catalogue.titles)).values() if 1 < len(rows) <= MOST_BEARERS]
    drawn = chance.sample(shared, min(n, len(shared)))
    alone = [Case(catalogue.titles[rows[0]], tuple(rows)) for rows in drawn]
    dated = [
        Case(f"{catalogue.titles[row]} {years[row]:.0f}", (row,))
        for rows in drawn
        for row in rows
        if (years[rows] == years[row]).sum() == 1
    ]
    return dated[:n], alone


def recall(ask: Ask, cases: Iterable[Case]) -> dict[str, float]:
    """Returns the share of cases whose first item is right, whose items are all among the first ten, and the number of cases."""
    ranked = [(case.rows, ask(case.text)) for case in cases]
    first = [bool(found) and found[0] in rows for rows, found in ranked]
    every = [set(rows) <= set(found) for rows, found in ranked]
    return {
        "R@1": round(float(np.mean(first)), 4) if ranked else 0.0,
        "R@10": round(float(np.mean(every)), 4) if ranked else 0.0,
        "n": len(ranked),
    }


def _of_one(ask: Ask, catalogue: Catalogue, n: int, seed: int) -> dict[str, dict[str, float]]:
    chance = random.Random(seed)
    alone = unique_titles(catalogue, n, chance)
    dated, shared = shared_titles(catalogue, n, chance)
    requests = [Case(case.query.text, case.targets) for case in known_items(catalogue)[1].cases][:n]
    table = {"unique titles": recall(ask, alone), "unique titles, a slip": recall(ask, _slipped(alone, chance))}
    table |= {"shared titles with year": recall(ask, dated), "shared titles": recall(ask, shared)}
    table |= {"requests": recall(ask, requests), "requests, a slip": recall(ask, _slipped(requests, chance))}
    for kind in ("unique titles", "requests"):
        clean, slipped = table[kind]["R@10"], table[f"{kind}, a slip"]
        slipped["kept"] = round(slipped["R@10"] / clean, 4) if clean else 1.0
    return table


def _speed(tool: Bm25, catalogue: Catalogue, seed: int) -> dict[str, float]:
    """Returns the milliseconds that a misspelt word of a title takes to be corrected."""
    chance = random.Random(seed)
    titles = chance.choices(catalogue.titles, k=300)
    slips = [
        slip(word, chance) for title in titles for word in title.lower().split()[:1] if word.isalpha() and len(word) > 1
    ]
    started = time.perf_counter()
    for word in slips:
        tool.spelling.corrections(word)
    return {"ms a word": round((time.perf_counter() - started) * 1000 / max(len(slips), 1), 3), "n": len(slips)}


def _slipped(cases: Iterable[Case], chance: random.Random) -> list[Case]:
    return [Case(slip(case.text, chance), case.rows) for case in cases]


def _bearers(keys: Iterable[str]) -> dict[str, list[int]]:
    bearers: dict[str, list[int]] = {}
    for row, key in enumerate(keys):
        bearers.setdefault(key, []).append(row)
    return bearers


def _first(cases: Iterable[Case], n: int) -> Iterator[Case]:
    for _, case in zip(range(n), cases, strict=False):
        yield case


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description="Measures what is found by title and in spite of slips of one letter, in titles and in requests."
    )
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("data", type=Path, nargs="?", help="a folder of the layout wikipedia-movies")
    source.add_argument("--workspace", type=Path, help="a workspace whose items are asked for; it is not changed")
    parser.add_argument("--cases", type=int, default=1000, help="cases of each kind at most (1000)")
    parser.add_argument("--seed", type=int, default=0, help="which cases and slips are drawn (0)")
    parser.add_argument("--json", type=Path, help="a file to write the table into as well")
    return parser.parse_args()


if __name__ == "__main__":
    main()
