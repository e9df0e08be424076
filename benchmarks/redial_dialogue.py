"""Recommendation from dialogue on ReDial: each tool alone, BM25 over text and dialogues, and all tools together.

A case is a turn in which the recommender names films for the first time in the dialogue; those are its targets. Its context is all
turns before, with titles in place of ids; films in it are known only as far as their titles are recognised in the text. All
films are ranked. Recall is over targets; intervals are 95 %, dialogues drawn whole.

    python benchmarks/redial_dialogue.py DATA_FOLDER [--workspace DIR] [--split valid] [--limit N]
"""

import argparse
import re
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from convrec.catalogue.catalogue import Catalogue
from convrec.catalogue.importers import import_layout
from convrec.catalogue.workspace import Workspace
from convrec.tools.fitting import fit
from convrec.tools.moments import Moment, moments
from convrec.tools.toolbox import Request, Toolbox

CUTS = (1, 10, 50)
BASELINE = "dialogue_bm25"  # BM25 over the items' text and what was said in training dialogues


@dataclass(frozen=True)
class Case:
    """A request, the dialogue it comes from, and the ids that should be found."""

    dialogue: str
    request: Request
    targets: tuple[str, ...]


class Linker:
    """Finds titles that stand in a text as the catalogue spells them, year and all."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._ids: dict[str, str] = {}
        for item_id, title in zip(catalogue.ids, catalogue.values("source_title").codes, strict=True):
            self._ids.setdefault(catalogue.values("source_title").values[title], item_id)
        self._yearless = {
            title for title in self._ids if not re.search(r"\(\d{4}\)$", title) and len(title.split()) > 1
        }

    def found(self, text: str) -> list[str]:
        """Returns the ids of the titles in the text, in order."""
        hits: list[tuple[int, str]] = []
        for match in re.finditer(r"\(\d{4}\)", text):
            starts = [place.start() for place in re.finditer(r"\S+", text[: match.start()])][-14:]
            title = next(
                (text[start : match.end()] for start in starts if text[start : match.end()] in self._ids), None
            )
            if title is not None:
                hits.append((match.end(), self._ids[title]))
        hits += [(text.index(title), self._ids[title]) for title in self._yearless if title in text]
        return list(dict.fromkeys(item_id for _, item_id in sorted(hits)))


def cases(catalogue: Catalogue, told: list[Moment]) -> list[Case]:
    """Returns a case for each moment at which the recommender names something new."""
    linker = Linker(catalogue)
    return [
        Case(
            moment.dialogue,
            Request(
                text=moment.context,
                history=dict.fromkeys(linker.found(moment.context), 1.0),
                k=max(CUTS),
                diversity=0.0,
            ),
            tuple(catalogue.ids[row] for row in moment.named),
        )
        for moment in told
        if moment.role == "assistant"
    ]


def hits(toolbox: Toolbox, asked: list[Case], choices: dict[str, tuple[str, ...] | None]) -> dict[str, np.ndarray]:
    """Returns for each choice of tools `(n_cases, n_cuts)`: how many targets stand in the first 1, 10 and 50."""
    found = {name: np.zeros((len(asked), len(CUTS))) for name in choices}
    for place, case in enumerate(asked):
        for name, tools in choices.items():
            ranked = [item.id for item in toolbox.recommend(replace(case.request, tools=tools)).items]
            found[name][place] = [len(set(case.targets) & set(ranked[:cut])) for cut in CUTS]
    return found


def interval(found: np.ndarray, asked: list[Case], draws: int = 1000) -> np.ndarray:
    """Returns `(2, n_cuts)`: the 95 % interval of recall over targets (of a difference, where `found` is one)."""
    dialogues = {name: number for number, name in enumerate(dict.fromkeys(case.dialogue for case in asked))}
    owner = np.array([dialogues[case.dialogue] for case in asked])
    hit = np.stack([np.bincount(owner, weights=column, minlength=len(dialogues)) for column in found.T], axis=1)
    n = np.bincount(owner, weights=[len(case.targets) for case in asked], minlength=len(dialogues))
    rng = np.random.default_rng(0)
    picks = rng.integers(0, len(dialogues), (draws, len(dialogues)))
    recalls = np.stack([hit[pick].sum(axis=0) / n[pick].sum() for pick in picks])
    return np.percentile(recalls, [2.5, 97.5], axis=0)


def main() -> None:
    """Imports, fits, asks, prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--workspace", type=Path, help="where the fitted workspace is kept, or is already")
    parser.add_argument("--split", default="valid")
    parser.add_argument("--limit", type=int, default=None, help="only the first N cases")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        workspace = Workspace.create(options.workspace or Path(scratch) / "train")
        started = time.perf_counter()
        if not workspace.current().items:
            import_layout("redial", options.data, workspace)
        report = fit(workspace)
        print(f"import and fit: {time.perf_counter() - started:.0f} s; version {report.version}")
        asked_of = Workspace.create(Path(scratch) / "asked")
        import_layout("redial", options.data, asked_of, split=options.split)
        toolbox = Toolbox.open(workspace)
        rows = {item_id: row for row, item_id in enumerate(toolbox.catalogue.ids)}
        asked = cases(toolbox.catalogue, list(moments(asked_of.catalogue().dialogues(), rows)))[: options.limit]
    show(toolbox, asked)


def show(toolbox: Toolbox, asked: list[Case]) -> None:
    """Prints the table, and the paired gain of all tools over the baseline."""
    n = sum(len(case.targets) for case in asked)
    print(f"{len(asked)} turns, {n} targets\n{'':32}" + "".join(f"{f'R@{cut}':>8}" for cut in CUTS))
    table = hits(toolbox, asked, {name: (name,) for name in toolbox.tools} | {"all tools, fused": None})
    for name, found in table.items():
        label = "BM25 over text and dialogues" if name == BASELINE else name
        print(f"{label:32}" + "".join(f"{recall:8.4f}" for recall in found.sum(axis=0) / n))
    low, high = interval(table["all tools, fused"], asked)
    print("fused, 95 % interval            " + "".join(f"  {a:.3f}-{b:.3f}" for a, b in zip(low, high, strict=True)))
    low, high = interval(table["all tools, fused"] - table[BASELINE], asked)
    print("fused less BM25, paired         " + "".join(f" {a:+.3f}{b:+.3f}" for a, b in zip(low, high, strict=True)))


if __name__ == "__main__":
    main()
