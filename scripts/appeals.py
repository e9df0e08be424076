"""Counts what of real catalogues' texts would be left out as an appeal to whoever recommends; an ordinary text loses nothing.

Run: `python scripts/appeals.py --data DIR`, a folder with those of `wikipedia-movies`, `movielens-latest-small` and `amazon-games` that are there, as
`convrec import` reads them. Prints a line a kind of text, and each text that loses something; exits 1 where more than one in 10,000 does.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from convrec.catalogue.appeals import is_appeal, sincere_title, without_appeals
from convrec.catalogue.catalogue import Catalogue
from convrec.catalogue.importers.registry import import_layout
from convrec.catalogue.workspace import Workspace

_LAYOUTS = {
    "wikipedia-movies": "wikipedia-movies",
    "movielens-latest-small": "movielens",
    "amazon-games": "amazon-games",
}
_MOST = 1e-4


def texts(catalogue: Catalogue) -> Iterator[tuple[str, str, Callable[[str], str]]]:
    """Yields each text of a catalogue: its kind, its words and how it is read."""
    schema = catalogue.schema
    for title in catalogue.titles:
        yield "titles", title, sincere_title
    for field in schema.of_type("text"):
        if not field.name.endswith("title"):
            for row in range(len(catalogue)):
                if text := str(catalogue.item(row).facts.get(field.name) or ""):
                    yield f"texts ({field.name})", text, without_appeals
    for field in schema.of_type("category", "tags"):
        for value in catalogue.values(field.name).values:
            yield f"values ({field.name})", value, lambda one: "" if is_appeal(one) else one


def main() -> None:
    """Reads every catalogue that is there."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    options = parser.parse_args()
    read, lost = Counter[str](), Counter[str]()
    for folder, layout in _LAYOUTS.items():
        if not (options.data / folder).exists():
            continue
        with tempfile.TemporaryDirectory() as place:
            workspace = Workspace.create(Path(place) / "workspace")
            import_layout(layout, options.data / folder, workspace)
            for kind, text, reading in texts(workspace.catalogue()):
                read[f"{folder}, {kind}"] += 1
                if (kept := reading(text)) != text:
                    lost[f"{folder}, {kind}"] += 1
                    print(f"  {folder}, {kind}: {text[:200]!r} → {kept[:200]!r}")
    for kind, n in read.items():
        print(f"{kind}: {lost[kind]} of {n} lose something")
    sys.exit(sum(lost.values()) > _MOST * sum(read.values()))


if __name__ == "__main__":
    main()
