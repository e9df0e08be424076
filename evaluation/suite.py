"""Everything that is measured, one after the other or two at a time: `make evaluate` and, on parts, `make evaluate-quick`.

    python -m convrec.evaluation.suite --quick --out runs/evaluate-quick

The data folder is `$CONVREC_DATA`; what is not there is left out and said. A suite that was stopped goes on where it was.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

from convrec.catalogue.workspace import Workspace
from convrec.core.errors import ConvrecError
from convrec.evaluation import corpora
from convrec.evaluation.dialogue import DialogueOptions, evaluate_dialogue
from convrec.evaluation.manifest import CODE, code_hash
from convrec.evaluation.sessions.house import SessionOptions
from convrec.evaluation.sessions.protocol import evaluate_sessions
from convrec.evaluation.splits import Protocol
from convrec.evaluation.topn import TopN, evaluate_topn
from convrec.evaluation.understanding.protocol import UnderstandingOptions, evaluate_understanding
from convrec.tools.fitting import fit


@dataclass(frozen=True)
class Place:
    """Where the suite works: `data` is the folder of public data sets; `quick` measures on parts.

    `out` takes the workspaces, and a folder of runs for each state of the code, so that older figures stay to compare with.
    """

    data: Path | None
    out: Path
    quick: bool

    def folder(self, name: str) -> Path:
        """Returns the folder of a run."""
        return self.runs / name

    @property
    def runs(self) -> Path:
        """Returns the folder of this code's runs."""
        return self.out / code_hash(CODE)

    def workspace(self, name: str) -> Path:
        """Returns the folder of a workspace."""
        return self.out / "workspaces" / name

    def given(self, name: str) -> Path:
        """Returns the data folder, which has a folder of that name."""
        assert self.data is not None
        return self.data

    def has(self, *names: str) -> bool:
        """Returns whether the data folder has these data sets."""
        return all(self.data is not None and (self.data / name).is_dir() for name in names)


@dataclass(frozen=True)
class Job:
    """One chain of measurements over one workspace, and the data sets that it needs."""

    name: str
    needs: tuple[str, ...]
    work: Callable[[Place], None]


def say(stage: str, done: int = 0, total: int | None = None) -> None:
    """Says how far a job has come, at most every ten seconds."""
    now = time.monotonic()
    if now - _SAID[0] > 10:
        _SAID[0] = now
        print(f"[{os.getpid()}] {stage}" + (f": {done:,} of {total:,}" if total else ""), file=sys.stderr, flush=True)  # noqa: T201


_SAID = [0.0]


def _demo(place: Place) -> None:
    from convrec.catalogue.demo.shipped import ingest_shipped

    root = place.workspace("demo")
    ingest_shipped(root)
    workspace = Workspace.open(root)
    _topn(place, workspace, "demo", "leave-last-out", repeats=1)
    _sessions(place, workspace, "demo", users=20 if place.quick else 100)


def _movielens(place: Place) -> None:
    workspace = corpora.movielens(place.workspace("movielens"), place.given("movielens-latest-small"), say)
    _topn(place, workspace, "movielens", "leave-last-out", repeats=1)
    _topn(place, workspace, "movielens", "temporal", repeats=1 if place.quick else 3)
    _topn(place, workspace, "movielens", "strong", repeats=1 if place.quick else 3)


def _games(place: Place) -> None:
    users = 3000 if place.quick else None
    workspace = corpora.games(place.workspace("games"), place.given("amazon-games"), say, users=users)
    _topn(place, workspace, "games", "leave-last-out", repeats=1, limit=500 if place.quick else 3000)
    _sessions(place, workspace, "games", users=20 if place.quick else 100)


def _redial(place: Place) -> None:
    dialogues = 600 if place.quick else None
    workspace = corpora.redial(place.workspace("redial"), place.given("redial"), say, dialogues=dialogues)
    if not workspace.current().tools:
        fit(workspace, progress=say)
    options = DialogueOptions(limit=300 if place.quick else None, today="2018-06-01")  # when ReDial's people talked
    evaluate_dialogue(
        workspace,
        place.given("redial") / "redial",
        options,
        place.out,
        progress=say,
        out=place.folder("redial-dialogue"),
    )


def _films(place: Place) -> None:
    workspace = corpora.films(place.workspace("films"), place.given("wikipedia-movies"), say, rated_only=place.quick)
    _sessions(place, workspace, "films", users=25 if place.quick else 100)


def _understanding(place: Place) -> None:
    films = corpora.films(place.workspace("all-films"), place.given("wikipedia-movies"), say)
    jobs = {
        "sgd-understanding": (place.given("sgd") / "sgd", 60 if place.quick else None),
        "ccpe-understanding": (place.given("ccpe") / "ccpe" / "train.txt", 60 if place.quick else None),
        "soft-attributes-understanding": (
            place.given("soft-attributes") / "soft-attributes" / "train.csv",
            800 if place.quick else None,
        ),
        "altentities-understanding": (place.given("altentities") / "altentities", 8 if place.quick else 60),
    }
    for name, (source, limit) in jobs.items():
        options = UnderstandingOptions(limit=limit)
        evaluate_understanding(films, source, options, films.root / "evaluations", progress=say, out=place.folder(name))


def _topn(
    place: Place, workspace: Workspace, name: str, protocol: Protocol, *, repeats: int, limit: int | None = None
) -> None:
    options = TopN(protocol, tools=("als", "dense"), repeats=repeats, limit=limit)
    evaluate_topn(
        workspace, options, workspace.root / "evaluations", progress=say, out=place.folder(f"{name}-{protocol}")
    )


def _sessions(place: Place, workspace: Workspace, name: str, *, users: int) -> None:
    folder = workspace.root / "evaluations"
    evaluate_sessions(
        workspace, SessionOptions(users=users), folder, progress=say, out=place.folder(f"{name}-sessions")
    )


JOBS = (
    Job("films", ("wikipedia-movies", "movielens-latest-small"), _films),
    Job("redial", ("redial",), _redial),
    Job("movielens", ("movielens-latest-small",), _movielens),
    Job("games", ("amazon-games",), _games),
    Job(
        "understanding",
        ("sgd", "ccpe", "soft-attributes", "altentities", "wikipedia-movies", "movielens-latest-small"),
        _understanding,
    ),
    Job("demo", (), _demo),
)
"""The longest first, so that two at a time end together."""


def main() -> None:
    """Runs the suite."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("runs/evaluate"))
    parser.add_argument(
        "--quick", action="store_true", help="parts of the data, fewer people: minutes in place of hours"
    )
    parser.add_argument("--only", default="", help="names of jobs, with commas: " + ", ".join(job.name for job in JOBS))
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args()
    data = os.environ.get("CONVREC_DATA")
    place = Place(Path(data).expanduser().resolve() if data else None, options.out.resolve(), options.quick)
    wanted = [job for job in JOBS if not options.only or job.name in options.only.split(",")]
    failed = list(_run(place, wanted, options.processes))
    sys.exit(1 if failed else 0)


def _run(place: Place, jobs: list[Job], processes: int) -> Iterator[str]:
    """Runs the jobs that have their data; yields the names of those that failed."""
    started = time.monotonic()
    os.environ["OMP_NUM_THREADS"] = "1"  # before the processes begin: sums are made in the same order every time
    able = [job for job in jobs if place.has(*job.needs)]
    for job in jobs:
        if job not in able:
            print(f"{job.name}: left out, $CONVREC_DATA has no {' and '.join(job.needs)}.")  # noqa: T201
    place.runs.mkdir(parents=True, exist_ok=True)
    _point(place.out / "latest", place.runs)
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        waiting = {pool.submit(_done, job.name, place): job for job in able}
        for future in as_completed(waiting):
            problem = _problem(future)
            print(f"{waiting[future].name}: {problem or 'done'} after {time.monotonic() - started:.0f} s", flush=True)  # noqa: T201
            if problem:
                yield waiting[future].name


def _problem(future: Future[str]) -> str:
    try:
        return future.result()
    except BrokenProcessPool:
        return "its process was ended from outside; what it had done is kept, run the suite again"


def _point(link: Path, runs: Path) -> None:
    link.unlink(missing_ok=True)
    link.symlink_to(runs.name, target_is_directory=True)


def _done(name: str, place: Place) -> str:
    """Runs a job in its own process; returns what went wrong, in a sentence."""
    try:
        next(job for job in JOBS if job.name == name).work(place)
    except ConvrecError as error:
        return str(error)
    return ""


if __name__ == "__main__":
    main()
