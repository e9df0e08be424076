"""How well and how fast the collaborative tools rank, beside implicit, lenskit and RecTools on the very same splits.

A choice is positive feedback (`convrec.tools.feedback.positive`). For each seed a fifth of the people with five choices or more (`--asked`) is
asked: the latest fifth of each one's choices is to be found from the others. For each cut-off everything before it is learned from,
and who chose something on both sides is asked about what came after. All cases are pooled; NDCG@10 and Recall@20 over all items, 95 %
intervals by drawing people whole. Training parts hold the earlier choices of those who are asked, since not every library
takes in new people. Every system learns and is asked in one process at a time, on one thread.

A library comes from the Python that has it; one that is not named is left out, and said to be.

    python benchmarks/collaborative.py DATA --layout movielens --rectools /path/to/python --lenskit /path/to/python --out table.json
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from elsewhere import environment
from lightgcn import LightGcn

from convrec.catalogue.catalogue import Catalogue
from convrec.catalogue.importers import import_layout
from convrec.catalogue.workspace import Workspace
from convrec.core.errors import NotFittedError
from convrec.core.metrics.bootstrap import Ratio, Resampling, mean
from convrec.core.metrics.ranking import ndcg, recall
from convrec.tools.als import Als
from convrec.tools.contract import Bools, Events, Ints, Query, Tool
from convrec.tools.ease import Ease
from convrec.tools.item_knn import ItemKnn, ItemKnnConfig
from convrec.tools.popularity import Popularity
from convrec.tools.recent_popularity import RecentPopularity
from convrec.tools.segment_popularity import SegmentPopularity
from convrec.tools.training import Choices, choices, training_data

LIBRARIES = ("implicit", "lenskit", "rectools")
RUNNER = Path(__file__).with_name("collaborative_libraries.py")
DEPTH = 20  # places that are ranked
HELD = 0.2  # of a person's choices, the latest
FEWEST = 5  # choices of a person who is asked
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS", "RAYON_NUM_THREADS")
OWN: dict[str, Callable[[], Tool]] = {
    "popularity": Popularity,
    "recent_popularity": RecentPopularity,
    "segment_popularity": SegmentPopularity,
    "item_knn, cosine": lambda: ItemKnn(ItemKnnConfig(weighting="cosine")),
    "item_knn, tfidf": lambda: ItemKnn(ItemKnnConfig(weighting="tfidf")),
    "item_knn, bm25": lambda: ItemKnn(ItemKnnConfig(weighting="bm25")),
    "ease": Ease,
    "als": Als,
    "lightgcn, not built in": LightGcn,
}


@dataclass(frozen=True)
class Split:
    """The choices to learn from, and for each person who is asked the rows to be found."""

    name: str
    train: Events
    targets: dict[int, set[int]]


@dataclass(frozen=True)
class Measured:
    """What a system ranked in one split, `(n_asked, 20)` with -1 where there was no more, and its fit in seconds of the clock and the CPU."""

    ranked: Ints
    clock: float
    cpu: float


def by_people(events: Events, seed: int, share: float) -> Split:
    """Returns the split that asks some people about their latest choices."""
    counts = np.bincount(events.user)
    able = np.flatnonzero(counts >= FEWEST)
    asked = np.random.default_rng(seed).choice(able, max(1, int(share * len(able))), replace=False)
    held = np.zeros(len(events), np.bool_)
    for user in asked.tolist():
        end = int(np.searchsorted(events.user, user, side="right"))
        held[end - max(1, int(HELD * counts[user])) : end] = True
    return _split(f"seed {seed}", events, held)


def by_time(events: Events, share: float) -> Split:
    """Returns the split that asks people of both sides of the moment before which this share of the choices lies."""
    return _split(f"before {share:g}", events, events.time >= np.quantile(events.time, share))


def _split(name: str, events: Events, held: Bools) -> Split:
    train, later = events[~held], events[held]
    known = set(zip(train.user.tolist(), train.row.tolist(), strict=True))
    remembered = set(np.flatnonzero(np.bincount(train.user, minlength=1) >= FEWEST - 1).tolist())
    targets: dict[int, set[int]] = {}
    for user, row in zip(later.user.tolist(), later.row.tolist(), strict=True):
        if user in remembered and (user, row) not in known:
            targets.setdefault(user, set()).add(row)
    return Split(name, train, targets)


def own(make: Callable[[], Tool], split: Split, catalogue: Catalogue, n_users: int) -> Measured:
    """Returns what a tool of convrec ranks, each person folded in from the choices before.

    Raises:
        NotFittedError: the tool can't learn from this data.
    """
    data = training_data(catalogue, Choices(split.train, n_users, np.empty((0, 2))), ())
    tool = make()
    began, worked = time.perf_counter(), time.process_time()
    tool.fit(data)
    clock, cpu = time.perf_counter() - began, time.process_time() - worked
    ranked = np.full((len(split.targets), DEPTH), -1, np.int64)
    for place, user in enumerate(sorted(split.targets)):
        rows = np.unique(split.train.row[split.train.user == user])
        mask = np.ones(len(catalogue), np.bool_)
        mask[rows] = False
        found = tool.retrieve(Query(history=tuple((int(row), 1.0) for row in rows), mask=mask, k=DEPTH)).rows
        ranked[place, : len(found)] = found
    return Measured(ranked, clock, cpu)


def of_library(python: str, library: str, split: Split, shape: tuple[int, int]) -> dict[str, Measured]:
    """Returns what a library's models rank, each by its name."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        np.savez(
            root / "split.npz", user=split.train.user, row=split.train.row, shape=np.array(shape),
            asked=np.array(sorted(split.targets), np.int64),
        )  # fmt: skip
        subprocess.run([python, str(RUNNER), library, folder], check=True, env=environment())
        seconds = json.loads((root / "seconds.json").read_text(encoding="utf-8"))
        return {
            f"{library}: {name}": Measured(np.load(root / f"{place}.npy"), clock, cpu)
            for place, (name, clock, cpu) in enumerate(seconds)
        }


def measured(options: argparse.Namespace, catalogue: Catalogue) -> Iterator[tuple[Split, dict[str, Measured]]]:
    """Yields each split with what every system ranked in it."""
    chosen = choices(catalogue)
    splits = [by_people(chosen.events, seed, options.asked) for seed in range(options.seeds)]
    if np.isfinite(chosen.events.time).all():
        splits += [by_time(chosen.events, share) for share in options.cutoffs]
    for split in splits:
        found: dict[str, Measured] = {}
        for name, make in OWN.items():
            try:
                found[name] = own(make, split, catalogue, chosen.n_users)
            except NotFittedError as error:
                print(f"{name} is left out: {error}", file=sys.stderr)
        for library in LIBRARIES:
            python = getattr(options, library)
            if python:
                found |= of_library(python, library, split, (chosen.n_users, len(catalogue)))
        print(f"{split.name}: {len(split.targets)} people asked", file=sys.stderr)
        yield split, found


def table(results: list[tuple[Split, dict[str, Measured]]]) -> dict[str, object]:
    """Returns every system's figures, and what each of convrec's tools has over each library's model, paired."""
    groups = [str(user) for split, _ in results for user in sorted(split.targets)]
    draws = Resampling(groups)
    names = [name for name in results[0][1] if all(name in found for _, found in results)]
    figures = {name: {"ndcg@10": _pooled(results, name, ndcg, 10), "recall@20": _pooled(results, name, recall, DEPTH)} for name in names}  # fmt: skip
    systems = {
        name: {metric: vars(draws.estimate(ratio)) for metric, ratio in figures[name].items()}
        | {"fit_s": _fit(results, name, "clock"), "fit_cpu_s": _fit(results, name, "cpu")}
        for name in names
    }
    best = max((name for name in names if ":" not in name), key=lambda name: systems[name]["ndcg@10"]["value"])
    gains = {}
    for other in (name for name in names if ":" in name):
        drawn = {metric: draws.gain(figures[best][metric], figures[other][metric]) for metric in figures[best]}
        paired = {metric: {"value": gain.value, "low": gain.low, "high": gain.high} for metric, gain in drawn.items()}
        ratio = round(_fit(results, best, "cpu") / max(_fit(results, other, "cpu"), 1e-9), 3)
        gains[other] = paired | {"fit_cpu_ratio": ratio}
    splits = {split.name: len(split.targets) for split, _ in results}
    return {
        "splits": splits,
        "cases": len(groups),
        "people": draws.n_groups,
        "systems": systems,
        f"gain of {best} over": gains,
    }


def _pooled(results: list[tuple[Split, dict[str, Measured]]], name: str, metric: Callable[..., float], k: int) -> Ratio:
    values = []
    for split, found in results:
        for user, rows in zip(sorted(split.targets), found[name].ranked.tolist(), strict=True):
            ranked = [str(row) for row in rows if row >= 0]
            values.append(metric(ranked, {str(row) for row in split.targets[user]}, k))
    return mean(values)


def _fit(results: list[tuple[Split, dict[str, Measured]]], name: str, part: str) -> float:
    """Returns the median seconds of a fit over the splits."""
    return round(float(np.median([getattr(found[name], part) for _, found in results])), 3)


def show(document: dict[str, object]) -> None:
    """Prints a line a system, the best first."""
    systems: dict[str, dict] = document["systems"]  # type: ignore[assignment, type-arg]
    print(f"{document['cases']} cases of {document['people']} people; splits {document['splits']}")
    print(f"{'system':42}{'NDCG@10':>9}{'95 %':>15}{'Recall@20':>11}{'95 %':>15}{'fit CPU s':>11}")
    for name, row in sorted(systems.items(), key=lambda entry: -entry[1]["ndcg@10"]["value"]):
        cells = "".join(
            f"{row[metric]['value']:{width}.4f}{'{low:.4f}-{high:.4f}'.format(**row[metric]):>15}"
            for metric, width in (("ndcg@10", 9), ("recall@20", 11))
        )
        print(f"{name:42}{cells}{row['fit_cpu_s']:11.2f}")


def main() -> None:
    """Imports, splits, measures, prints and writes."""
    options = _options()
    for name in THREADS:
        os.environ[name] = "1"
    for library in LIBRARIES:
        if not getattr(options, library):
            print(f"{library} is left out: name the Python that has it with --{library}.", file=sys.stderr)
    with tempfile.TemporaryDirectory() as scratch:
        workspace = Workspace.create(Path(scratch) / "workspace")
        import_layout(options.layout, options.data, workspace)
        document = table(list(measured(options, workspace.catalogue())))
    show(document)
    if options.out:
        options.out.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="the folder of a dataset")
    parser.add_argument("--layout", default="movielens", help="its layout, as `convrec import --list` names it")
    parser.add_argument("--seeds", type=int, default=5, help="how many draws of people")
    parser.add_argument(
        "--cutoffs", type=float, nargs="*", default=[0.8, 0.9], help="shares of choices before a cut-off"
    )
    parser.add_argument("--asked", type=float, default=0.2, help="which share of the people, for each seed")
    parser.add_argument("--implicit", default=sys.executable, help="a Python that has implicit")
    parser.add_argument("--lenskit", help="a Python that has lenskit")
    parser.add_argument("--rectools", help="a Python that has RecTools")
    parser.add_argument("--out", type=Path, help="where the table is written as JSON")
    return parser.parse_args()


if __name__ == "__main__":
    main()
