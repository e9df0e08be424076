"""A run: its folder, its answers kept as they come, what it found. Stopped, it goes on where it was."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeVar

from convrec.catalogue.store import disk_errors, write_atomically
from convrec.core.errors import ConvrecError, InputError
from convrec.core.progress import Progress, silent
from convrec.evaluation.manifest import fingerprint
from convrec.evaluation.result import Result

Answer = dict[str, Any]


class Asked(Protocol):
    """Anything that is asked about, under an id of its own."""

    @property
    def id(self) -> str:
        """Returns its id."""
        ...


C = TypeVar("C", bound=Asked)
T = TypeVar("T")


class Run:
    """One run under way, in a folder of its own: `manifest.json`, `answers/`, `metrics.json`, `timings.json`.

    Every answer is a line on the disk before the next case begins. The folder belongs to its manifest: another run in it is refused.
    """

    def __init__(self, folder: Path, manifest: dict[str, Any], progress: Progress = silent) -> None:
        self.folder, self.manifest, self.progress = folder, manifest, progress
        self._began = time.monotonic()
        self._spent: dict[str, float] = {}
        with disk_errors(folder):
            (folder / "answers").mkdir(parents=True, exist_ok=True)
            path = folder / "manifest.json"
            if path.exists() and json.loads(path.read_text(encoding="utf-8")) != json.loads(_written(manifest)):
                raise InputError(f"{folder} holds another run.", "Name another folder with --out, or remove this one.")
            write_atomically(path, _written(manifest))

    @classmethod
    def opened(cls, out: Path | None, runs: Path, manifest: dict[str, Any], progress: Progress) -> Run:
        """Returns the run in the folder `out`, else under `runs` in one named by its manifest, in which the same run goes on.

        Raises:
            InputError: `out` holds another run.
        """
        return cls(out or runs / f"{manifest['protocol']}-{fingerprint(manifest)}", manifest, progress)

    def answers(self, system: str, cases: Sequence[C], answer: Callable[[C], Answer]) -> list[Answer]:
        """Returns the system's answer to each case, in order; those that are on the disk already are not asked again.

        An answer that fails becomes `{"id", "error"}` and so a miss; only Ctrl-C and a full disk stop a run.
        """
        path = self.folder / "answers" / f"{system.replace('/', '.')}.jsonl"
        known = {row["id"]: row for row in whole_lines(path)}
        started = time.monotonic()
        found = []
        with disk_errors(self.folder), path.open("a", encoding="utf-8", errors="backslashreplace") as file:
            for number, case in enumerate(cases, 1):
                if case.id not in known:
                    known[case.id] = {"id": case.id, **tried(case, answer)}
                    file.write(json.dumps(known[case.id], ensure_ascii=False) + "\n")
                    file.flush()
                found.append(known[case.id])
                self.progress(f"{self.manifest['protocol']}: {system}", number, len(cases))
        self._spent[system] = round(time.monotonic() - started, 3)
        return found

    def finish(self, result: Result, **timed: Any) -> Result:
        """Writes `metrics.json` and, apart from it, `timings.json`, with what else was `timed`; returns the result with the run's manifest in it."""
        whole = result.model_copy(update={"manifest": self.manifest})
        with disk_errors(self.folder):
            write_atomically(self.folder / "metrics.json", _written(whole.model_dump(mode="json")))
            timings = {"seconds": round(time.monotonic() - self._began, 3), "parts": self._spent, **timed}
            write_atomically(self.folder / "timings.json", _written(timings))
        return whole

    def write_lines(self, name: str, rows: Sequence[Answer]) -> None:
        """Writes rows as a file of JSON lines in the run's folder."""
        with disk_errors(self.folder):
            write_lines(self.folder / name, rows)


def spread(things: Sequence[T], limit: int | None) -> list[T]:
    """Returns at most `limit` of the things, evenly spread over them, in their order; all for None."""
    if limit is None or limit >= len(things):
        return list(things)
    return [things[place * len(things) // limit] for place in range(limit)]


def write_lines(path: Path, rows: Sequence[Answer]) -> None:
    """Writes rows as JSON lines, whole or not at all."""
    write_atomically(
        path, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode(errors="backslashreplace")
    )


def read_result(folder: Path) -> Result:
    """Returns what a finished run found; `folder` is the run's, or its `metrics.json`.

    Raises:
        InputError: there is no finished run.
    """
    path = folder / "metrics.json" if folder.is_dir() else folder
    try:
        return Result.model_validate_json(path.read_bytes())
    except (OSError, ValueError) as error:
        raise InputError(
            f"{folder} holds no finished run.", "Name the folder of a run, with its metrics.json."
        ) from error


def tried(case: T, answer: Callable[[T], Answer]) -> Answer:
    """Returns the answer to a case, `{"error"}` where there is none: one case must not end a run of thousands."""
    try:
        return answer(case)
    except ConvrecError as error:
        return {"error": str(error)}
    except Exception as error:  # noqa: BLE001  (the error is kept, counted and shown)
        return {"error": f"{type(error).__name__}: {error}"}


def whole_lines(path: Path) -> list[Answer]:
    """Returns the rows of a file of JSON lines that is written line by line, after cutting a torn last line off it."""
    if not path.exists():
        return []
    content = path.read_bytes()
    end = content.rfind(b"\n") + 1
    if end < len(content):
        with path.open("r+b") as file:
            file.truncate(end)
    return [json.loads(line) for line in content[:end].splitlines()]


def _written(document: Any) -> bytes:
    return (json.dumps(document, indent=1, ensure_ascii=False, sort_keys=True) + "\n").encode(errors="backslashreplace")
