"""Everything that is measured, one after the other or two at a time: `make evaluate` and, on parts, `make evaluate-quick`.

What is not in the data folder is left out and said. A suite that was stopped goes on where it was. `scripts/evaluate.py` runs it.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Literal

from convrec.catalogue.workspace import Workspace
from convrec.core.errors import ConvrecError, InputError
from convrec.core.progress import Lines
from convrec.evaluation import corpora
from convrec.evaluation.audits.latency import LatencyOptions, evaluate_latency
from convrec.evaluation.audits.robustness import RobustnessOptions, evaluate_robustness
from convrec.evaluation.dialogue import DialogueOptions, evaluate_dialogue
from convrec.evaluation.manifest import CODE, code_hash
from convrec.evaluation.memory.protocol import MemoryOptions, evaluate_memory
from convrec.evaluation.sessions.house import SessionOptions
from convrec.evaluation.sessions.protocol import evaluate_sessions
from convrec.evaluation.splits import Protocol
from convrec.evaluation.topn import TopN, evaluate_topn
from convrec.evaluation.understanding.protocol import UnderstandingOptions, evaluate_understanding
from convrec.tools.fitting import fit

_log = logging.getLogger(__name__)


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

    @property
    def given(self) -> Path:
        """Returns the data folder, where there is one."""
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


@dataclass(frozen=True)
class Outcome:
    """What came of the job `name`: "done", "left out" for want of data or "failed", and `why`, in a sentence."""

    name: str
    end: Literal["done", "left out", "failed"]
    why: str = ""

    def __str__(self) -> str:
        return f"{self.name}: {self.end}{self.why and ', '}{self.why}"


_AUDITED = ("popularity", "item_knn", "bm25", "dense")
"""The tools that are fitted for a quick audit."""

say = Lines(lambda line: _log.info("%s", line))
"""Says how far a job has come."""


def _demo(place: Place) -> None:
    from convrec.catalogue.demo.shipped import ingest_shipped

    root = place.workspace("demo")
    ingest_shipped(root)
    workspace = Workspace.open(root)
    _topn(place, workspace, "demo", "leave-last-out", repeats=1, limit=150 if place.quick else None)
    _sessions(place, workspace, "demo", users=8 if place.quick else 100)


def _memory(place: Place) -> None:
    from convrec.catalogue.demo.shipped import ingest_shipped

    root = place.workspace("memory")
    ingest_shipped(root)
    workspace = Workspace.open(root)
    if not workspace.current().tools:
        fit(workspace, only=("bm25",), progress=say)  # what is remembered does not depend on what else ranks
    options = MemoryOptions(users=5, messages=66, vetoes=2, after=(10,)) if place.quick else MemoryOptions()
    evaluate_memory(workspace, options, root / "evaluations", progress=say, out=place.folder("demo-memory"))


def _audits(place: Place) -> None:
    from convrec.catalogue.demo.shipped import ingest_shipped

    root = place.workspace("audits")
    ingest_shipped(root)
    workspace = Workspace.open(root)
    if not workspace.current().tools:
        fit(workspace, only=_AUDITED if place.quick else (), progress=say)
    robust = RobustnessOptions(users=6) if place.quick else RobustnessOptions()
    evaluate_robustness(workspace, robust, root / "evaluations", progress=say, out=place.folder("demo-robustness"))
    timed = LatencyOptions(turns=20) if place.quick else LatencyOptions(sizes=(300, 5000))
    evaluate_latency(workspace, timed, root / "evaluations", progress=say, out=place.folder("demo-latency"))


def _movielens(place: Place) -> None:
    workspace = corpora.movielens(place.workspace("movielens"), place.given, say)
    _topn(place, workspace, "movielens", "leave-last-out", repeats=1)
    _topn(place, workspace, "movielens", "temporal", repeats=1 if place.quick else 3)
    _topn(place, workspace, "movielens", "strong", repeats=1 if place.quick else 3)


def _games(place: Place) -> None:
    users = 3000 if place.quick else None
    workspace = corpora.games(place.workspace("games"), place.given, say, users=users)
    _topn(place, workspace, "games", "leave-last-out", repeats=1, limit=500 if place.quick else 3000)
    _sessions(place, workspace, "games", users=20 if place.quick else 100)


def _redial(place: Place) -> None:
    dialogues = 600 if place.quick else None
    workspace = corpora.redial(place.workspace("redial"), place.given, say, dialogues=dialogues)
    if not workspace.current().tools:
        fit(workspace, progress=say)
    options = DialogueOptions(limit=300 if place.quick else None, today="2018-06-01")  # when ReDial's people talked
    evaluate_dialogue(
        workspace,
        place.given / "redial",
        options,
        place.out,
        progress=say,
        out=place.folder("redial-dialogue"),
    )


def _films(place: Place) -> None:
    workspace = corpora.films(place.workspace("films"), place.given, say, rated_only=place.quick)
    _sessions(place, workspace, "films", users=25 if place.quick else 100)


def _understanding(place: Place) -> None:
    films = corpora.films(place.workspace("all-films"), place.given, say)
    jobs = {
        "sgd-understanding": (place.given / "sgd", 60 if place.quick else None),
        "ccpe-understanding": (place.given / "ccpe" / "train.txt", 60 if place.quick else None),
        "soft-attributes-understanding": (
            place.given / "soft-attributes" / "train.csv",
            800 if place.quick else None,
        ),
        "altentities-understanding": (place.given / "altentities", 8 if place.quick else 60),
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
    Job("memory", (), _memory),
    Job("audits", (), _audits),
    Job("demo", (), _demo),
)
"""The longest first, so that two at a time end together."""


def measured(place: Place, names: Sequence[str] = (), processes: int = 2) -> Iterator[Outcome]:
    """Runs the jobs of these names (all for none), each in a process of its own; yields what came of each as it ends.

    Raises:
        InputError: there is no job of that name.
    """
    known = [job.name for job in JOBS]
    for name in names:
        if name not in known:
            raise InputError(f"There is no job {name!r}.", f"There are {', '.join(known)}.")
    wanted = [job for job in JOBS if not names or job.name in names]
    for job in wanted:
        if not place.has(*job.needs):
            yield Outcome(job.name, "left out", f"$CONVREC_DATA has no {' and '.join(job.needs)}")
    os.environ["OMP_NUM_THREADS"] = "1"  # before the processes begin: sums are made in the same order every time
    place.runs.mkdir(parents=True, exist_ok=True)
    _point(place.out / "latest", place.runs)
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn"), initializer=show_log) as pool:
        waiting = {pool.submit(_done, job.name, place): job.name for job in wanted if place.has(*job.needs)}
        for future in as_completed(waiting):
            yield _outcome(waiting[future], future)


def show_log() -> None:
    """Lets progress be seen on stderr."""
    logging.basicConfig(format="[%(process)d] %(message)s", level=logging.WARNING)
    _log.setLevel(logging.INFO)


def _outcome(name: str, future: Future[None]) -> Outcome:
    try:
        future.result()
    except BrokenProcessPool:
        return Outcome(
            name, "failed", "its process was ended from outside; what it had done is kept, run the suite again"
        )
    except ConvrecError as error:
        return Outcome(name, "failed", str(error))
    return Outcome(name, "done")


def _point(link: Path, runs: Path) -> None:
    link.unlink(missing_ok=True)
    link.symlink_to(runs.name, target_is_directory=True)


def _done(name: str, place: Place) -> None:
    """Runs a job in its own process."""
    next(job for job in JOBS if job.name == name).work(place)
