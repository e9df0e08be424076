"""Sequential recommenders side by side: the last choice of each person is to be found from all that came before.

A case is a person with three choices or more. What came before the last is what every tool is fitted on; all items that the person does
not know are ranked. Fit times are CPU seconds (so that other work on the machine does not count) beside wall seconds, all on
`--threads` threads. RecTools (its own environment: `pip install 'rectools[torch]'`) is measured after each of its epochs and told
by the best of them, picked on the cases themselves, in its favour; its time is that until then.

    python benchmarks/sequences.py DATA_FOLDER --rectools PYTHON --json OUT.json    # a folder of the layout amazon-games
    python benchmarks/sequences.py DATA_FOLDER --people 6000                        # a sample, without RecTools
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from elsewhere import environment

from convrec.catalogue.catalogue import Catalogue
from convrec.catalogue.importers import import_layout
from convrec.catalogue.workspace import Workspace
from convrec.core.progress import Lines
from convrec.tools.contract import Events, Floats, Ints, Query, TrainingData, top
from convrec.tools.ease import Ease
from convrec.tools.feedback import matrix
from convrec.tools.item_knn import ItemKnn
from convrec.tools.markov import Markov
from convrec.tools.popularity import Popularity
from convrec.tools.sasrec import SasRec
from convrec.tools.training import choices

TOOLS = (Popularity, ItemKnn, Ease, Markov, SasRec)
RECTOOLS = "rectools sasrec"
CUT = 10
DRAWS = 1000


@dataclass(frozen=True)
class Cases:
    """What is learned from, and of each asked person the history and the last choice."""

    data: TrainingData
    histories: list[Ints]
    people: Ints
    targets: Ints


@dataclass(frozen=True)
class Measured:
    """One recommender: NDCG and recall at 10 with the 95 % interval of the former, what the fit took, milliseconds a query."""

    name: str
    ndcg: float
    low: float
    high: float
    recall: float
    cpu_s: float
    wall_s: float
    query_ms: float | None = None
    epochs: int | None = None
    note: str = ""


def cases(catalogue: Catalogue, people: int | None, asked: int, seed: int) -> Cases:
    """Returns the cases of up to `asked` people, of `people` drawn ones (None: all)."""
    chosen = choices(catalogue)
    events, chance = chosen.events, np.random.default_rng(seed)
    counts = np.bincount(events.user, minlength=chosen.n_users)
    drawn = np.sort(chance.permutation(np.flatnonzero(counts >= 3))[:people])
    events = events[np.isin(events.user, drawn)]
    user = np.searchsorted(drawn, events.user)
    last = np.flatnonzero(np.diff(user, append=-1))
    before = np.setdiff1d(np.arange(len(events)), last)
    learned = Events(user[before], events.row[before], events.time[before])
    user_items = matrix(learned.user, learned.row, len(drawn), len(catalogue))
    who = np.sort(chance.permutation(len(drawn))[:asked])
    histories = np.split(learned.row, np.flatnonzero(np.diff(learned.user)) + 1)
    data = TrainingData(catalogue, user_items, learned, seed=seed, progress=Lines(_say))
    return Cases(data, [histories[person] for person in who], who, events.row[last][who])


def ours(given: Cases) -> Iterator[Measured]:
    """Yields a line for each tool."""
    for kind in TOOLS:
        tool = kind()
        began = time.process_time(), time.perf_counter()
        tool.fit(given.data)
        cpu, wall = time.process_time() - began[0], time.perf_counter() - began[1]
        asked = time.process_time()
        ranked = np.full((len(given.people), CUT), -1, np.int64)
        for place, history in enumerate(given.histories):
            query = Query(history=tuple((row, 1.0) for row in history.tolist()))
            mask = np.ones(len(given.data.catalogue), np.bool_)
            mask[history] = False
            scores = tool.scores(query)
            rows = top(scores, mask, CUT).rows if scores is not None else np.empty(0, np.int64)
            ranked[place, : len(rows)] = rows
        each = 1000 * (time.process_time() - asked) / len(ranked)
        yield measured(kind.name, ranked, given.targets, cpu, wall, query_ms=round(each, 2), note=tool.note)


def theirs(given: Cases, options: argparse.Namespace) -> Measured:
    """Returns the line of RecTools' SASRec at its best epoch."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder)
        np.savez(out / "choices.npz", user=given.data.events.user, item=given.data.events.row)
        model = {
            "n_factors": options.factors, "n_blocks": 2, "n_heads": 2, "session_max_len": options.length, "dropout_rate": 0.2,
            "lr": options.rate, "batch_size": 128, "loss": "softmax",
        }  # fmt: skip
        settings = {"model": model, "epochs": options.epochs, "seed": options.seed, "threads": options.threads}
        (out / "settings.json").write_text(json.dumps(settings), encoding="utf-8")
        script = Path(__file__).with_name("sequences_rectools.py")
        command = [options.rectools, str(script), *(str(out / name) for name in ("choices.npz", "settings.json", "."))]
        lines = []
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment()) as process:
            for said in process.stdout or ():
                ran = json.loads(said)
                ranked = np.load(out / f"{ran['epoch']}.npy")[given.people]
                lines.append(
                    measured(RECTOOLS, ranked, given.targets, ran["cpu_s"], ran["wall_s"], epochs=ran["epoch"])
                )
                _say(row(lines[-1]))
        if process.returncode:
            raise SystemExit(f"RecTools ended with {process.returncode}.")
    return max(lines, key=lambda line: line.ndcg)


def measured(
    name: str, ranked: Ints, targets: Ints, cpu: float, wall: float, *, query_ms: float | None = None,
    epochs: int | None = None, note: str = "",
) -> Measured:  # fmt: skip
    """Returns what rankings `(n_cases, 10)` are worth."""
    found = ranked == targets[:, None]
    gains: Floats = (found / np.log2(np.arange(2, CUT + 2))).sum(axis=1)
    picks = np.random.default_rng(0).integers(0, len(gains), (DRAWS, len(gains)))
    low, high = np.percentile([gains[pick].mean() for pick in picks], [2.5, 97.5])
    figures = (float(gains.mean()), float(low), float(high), float(found.any(axis=1).mean()))
    return Measured(name, *(round(f, 5) for f in figures), round(cpu, 1), round(wall, 1), query_ms, epochs, note)


def ratios(lines: Sequence[Measured]) -> dict[str, float]:
    """Returns our SASRec's quality and times over those of RecTools; nothing without RecTools."""
    by_name = {line.name: line for line in lines}
    if RECTOOLS not in by_name:
        return {}
    own, other = by_name["sasrec"], by_name[RECTOOLS]
    pairs = {"ndcg": (own.ndcg, other.ndcg), "cpu_s": (own.cpu_s, other.cpu_s), "wall_s": (own.wall_s, other.wall_s)}
    return {name: round(a / b, 3) for name, (a, b) in pairs.items() if b}


def row(line: Measured) -> str:
    """Returns a line of the table."""
    epochs = f"{line.epochs} epochs" if line.epochs else line.note
    query = f"{line.query_ms:9.2f}" if line.query_ms is not None else " " * 9
    interval = f"{line.low:.4f}-{line.high:.4f}"
    return f"{line.name:16}{line.ndcg:9.4f}{interval:>16}{line.recall:8.4f}{line.cpu_s:9.1f}{line.wall_s:9.1f}{query}  {epochs}"


def main() -> None:
    """Imports, fits, ranks, prints; writes the table as JSON where asked."""
    options = _options()
    _limit(options.threads)
    with tempfile.TemporaryDirectory() as scratch:
        workspace = Workspace.create(Path(scratch) / "games")
        import_layout(options.layout, options.data, workspace)
        given = cases(workspace.catalogue(), options.people, options.asked, options.seed)
        lines = list(_shown(given, options))
    if options.json:
        document = {"lines": [asdict(line) for line in lines], "ratios": ratios(lines), "cases": len(given.targets)}
        options.json.write_text(json.dumps(document, indent=1), encoding="utf-8")


def _shown(given: Cases, options: argparse.Namespace) -> Iterator[Measured]:
    print(f"{len(given.targets):,} cases, {len(given.data.events):,} choices, {len(given.data.catalogue):,} items")
    print(f"{'':16}{'NDCG@10':>9}{'95 %':>16}{'R@10':>8}{'cpu s':>9}{'wall s':>9}{'ms/query':>9}")
    lines = []
    for line in ours(given):
        print(row(line), flush=True)
        lines.append(line)
    if options.rectools:
        lines.append(theirs(given, options))
        print(row(lines[-1]))
        print(f"sasrec over {RECTOOLS}: {ratios(lines)}")
    else:
        print("RecTools was not measured: no --rectools was given.")
    yield from lines


def _limit(threads: int) -> None:
    import torch
    from threadpoolctl import threadpool_limits

    torch.set_num_threads(threads)
    threadpool_limits(threads)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="a folder of the layout")
    parser.add_argument("--layout", default="amazon-games", help="as `convrec import --list` names it")
    parser.add_argument("--people", type=int, help="how many people are learned from (all)")
    parser.add_argument("--asked", type=int, default=10_000, help="how many of them are asked about, at most")
    parser.add_argument("--rectools", help="the Python of an environment with RecTools")
    parser.add_argument("--epochs", type=int, default=10, help="RecTools' epochs")
    parser.add_argument("--factors", type=int, default=64, help="RecTools' factors")
    parser.add_argument(
        "--length", type=int, default=20, help="RecTools' session length; every further place costs it time"
    )
    parser.add_argument("--rate", type=float, default=1e-3, help="RecTools' learning rate")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path, help="where the table is written")
    return parser.parse_args()


if __name__ == "__main__":
    main()
