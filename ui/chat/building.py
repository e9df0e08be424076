"""A catalogue of one's own in the making: taken in and fitted beside the conversation, whole at the end or not there at all."""

import json
import logging
import os
import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from convrec.catalogue.ingest import IngestSummary, Intake, take_in
from convrec.catalogue.reading import Row, Source, file_source
from convrec.catalogue.rejected import REPORT, Rejections
from convrec.catalogue.schema import TITLE, Field, Schema
from convrec.catalogue.workspace import Workspace
from convrec.core.errors import ConvrecError, RejectedRowsError
from convrec.tools.fitting import fit
from convrec.tools.registry import registered

_READING = 0.05  # of the whole time, by experience
_FAILED = "That didn't work, and nothing of it was kept."
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Order:
    """What is to be made of a file: which columns name its items (a blank id: rows are numbered), other fields than those inferred.

    `lenient` takes what can be used of a file in which many rows can't; `nouns` is what its items are called.
    """

    path: Path
    id_column: str
    title_column: str
    fields: tuple[Field, ...] = ()
    lenient: bool = False
    nouns: str = "items"

    @property
    def intake(self) -> Intake:
        """Returns the file as the catalogue takes it in."""
        source = file_source(self.path)
        return Intake(
            items=[source if self.id_column else _numbered(source)], id_column=self.id_column or "id",
            title_column=self.title_column, described=Schema(fields=(TITLE, *self.fields), noun=singular(self.nouns), nouns=self.nouns),
        )  # fmt: skip


class Build:
    """One order under way in a thread of its own, in a folder beside `target`, which is there only when all is done.

    `stage` and `share` (0 to 1) say how far it is. In the end `summary` is there, or `failure` says what went wrong, or it was `cancelled`;
    `spoiled` says that it failed only for the number of rows that can't be used.
    """

    def __init__(self, order: Order, target: Path) -> None:
        self._order, self._target = order, target
        self._stop = threading.Event()
        self._fitted: dict[str, None] = {}
        self._thread = threading.Thread(target=self._run, name="build", daemon=True)
        self.name = target.name
        self.stage, self.share = "reading", 0.0
        self.first_rejected = ""
        self.summary: IngestSummary | None = None
        self.failure = ""
        self.cancelled = self.spoiled = False

    def start(self) -> None:
        """Begins."""
        self._thread.start()

    def cancel(self) -> None:
        """Lets it end at the next chance, and leave nothing behind."""
        self._stop.set()

    def wait(self, seconds: float | None = None) -> bool:
        """Waits at most so long, and tells whether it has ended."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def _run(self) -> None:
        """The outermost boundary of a build: whatever goes wrong becomes a sentence."""
        folder = self._target.with_name(f".building-{self._target.name}")
        try:
            shutil.rmtree(folder, ignore_errors=True)
            workspace = Workspace.create(folder)
            most = 1.0 if self._order.lenient else 0.01
            summary = take_in(workspace, self._order.intake, max_rejected=most, progress=self._progress)
            self.first_rejected = _first(folder / REPORT)
            fit(workspace, progress=self._progress)
            self._progress("done", 1, 1)
            os.replace(folder, self._target)
            self.summary, self.share = summary, 1.0
        except RejectedRowsError as error:
            self.failure, self.spoiled = error.problem, not self._order.lenient
        except ConvrecError as error:
            self.failure = "" if self._stop.is_set() else str(error)
        except KeyboardInterrupt:
            self.failure = ""
        except Exception:  # noqa: BLE001  (the boundary)
            _log.exception("a build failed")
            self.failure = _FAILED
        finally:
            shutil.rmtree(folder, ignore_errors=True)
            self.cancelled = self.summary is None and not self.failure

    def _progress(self, stage: str, done: int, total: int | None) -> None:
        if self._stop.is_set():
            raise KeyboardInterrupt
        if stage.startswith("fitting "):
            self._fitted[stage] = None
        within = done / total if total else 0.0
        n = max(len(self._fitted) - 1, 0)
        fitting = (n + (within if self._fitted else 0.0)) / len(registered())
        self.stage, self.share = (
            stage,
            max(self.share, min(_READING + (1 - _READING) * fitting, 0.99) if self._fitted else 0.0),
        )


def singular(nouns: str) -> str:
    """Returns what one of them is called: of "teas" tea, of "berries" berry, of "dishes" dish; the same word where that is not plain."""
    for ending, instead in (
        ("ies", "y"),
        ("ches", "ch"),
        ("shes", "sh"),
        ("sses", "ss"),
        ("xes", "x"),
        ("ss", "ss"),
        ("s", ""),
    ):
        if nouns.endswith(ending) and len(nouns) > len(ending):
            return nouns.removesuffix(ending) + instead
    return nouns


def _numbered(source: Source) -> Source:
    """Returns the source with its rows' numbers as their ids; a column `id` that does not tell them apart stays under another name."""

    def rows(rejections: Rejections) -> Iterator[Row]:
        for n, (line, row) in enumerate(source.rows(rejections), 1):
            facts: dict[str, Any] = {("original_id" if name == "id" else name): value for name, value in row.items()}
            yield line, {**facts, "id": str(n)}

    return Source(source.name, rows)


def _first(report: Path) -> str:
    """Returns the first rejected row of a report in words; nothing where none was rejected."""
    if not report.exists():
        return ""
    with report.open(encoding="utf-8") as lines:
        row = json.loads(next(lines))
    column = f", column {row['column']}" if row["column"] else ""
    return f"line {row['line']}{column}: {row['reason']}"
