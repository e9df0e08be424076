"""The log for training: what was shown, where and why, and what people did with it, as Parquet, a folder a day."""

import fcntl
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from convrec.agent.stores.daily import Daily, ShownTurn, Stand
from convrec.core.errors import InputError

if TYPE_CHECKING:
    import pyarrow as pa

MANIFEST = "convrec-log.json"
_FORMAT = 1
_EXPLORATION = "exploration"
_PART = "part.parquet"
_Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class Written:
    """What an export did: days written, left as they were, and taken out; the rows of those that were written."""

    folder: str
    written: tuple[str, ...]
    kept: int
    removed: tuple[str, ...]
    exposures: int
    feedback: int


class ExportedLog:
    """One folder of exported files: `exposures/day=…/part.parquet`, `feedback/day=…/part.parquet`, and a manifest of how each day stood."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def update(self, daily: Daily) -> Written:
        """Writes the days that changed since the last time, and takes out those of which nothing is left.

        Raises:
            InputError: the folder holds something else, or a log of a newer convrec.
        """
        self._begin()
        with self._locked():
            known, now = self._known(), daily.stands()
            changed = [day for day, stand in now.items() if known.get(day) != stand]
            gone = tuple(day for day in known if day not in now)
            shown = clicked = 0
            for day in changed:
                exposures = [row for turn in daily.turns(day) for row in _exposed(turn)]
                feedback = [
                    {**asdict(click), "at": datetime.fromisoformat(click.created)} for click in daily.clicks(day)
                ]
                self._write("exposures", day, exposures)
                self._write("feedback", day, feedback)
                shown, clicked = shown + len(exposures), clicked + len(feedback)
                known[day] = now[day]
                self._note(known)  # a run that is stopped goes on after its last whole day
            for day in gone:
                self._write("exposures", day, [])
                self._write("feedback", day, [])
                del known[day]
            self._note(known)
        return Written(str(self.folder), tuple(changed), len(now) - len(changed), gone, shown, clicked)

    def users(self) -> set[str]:
        """Returns whose rows are in the files."""
        return {user for part in self._parts() for user in _read(part).column("user_id").to_pylist()}

    def forget(self, user_id: str) -> int:
        """Takes a person's rows out of every file, and returns how many those were."""
        with self._locked():
            return sum(_without(part, user_id) for part in self._parts())

    def remaining(self, user_id: str) -> int:
        """Returns how many rows are a person's."""
        return sum(_read(part).column("user_id").to_pylist().count(user_id) for part in self._parts())

    def _begin(self) -> None:
        """Makes the folder known as a log before anything is read, so that a forgetting at the same time finds it."""
        if self.folder.exists() and (not self.folder.is_dir() or (any(self.folder.iterdir()) and not (self.folder / MANIFEST).exists())):  # fmt: skip
            raise InputError(f"{self.folder} holds something else.", "Name a new or empty folder, or one of an earlier export.")  # fmt: skip
        self.folder.mkdir(parents=True, exist_ok=True)
        if not (self.folder / MANIFEST).exists():
            self._note({})

    def _known(self) -> dict[str, Stand]:
        document = json.loads((self.folder / MANIFEST).read_text(encoding="utf-8"))
        if document["format"] > _FORMAT:
            raise InputError(
                f"{self.folder} was written by a newer convrec.", "Update convrec, or name another folder."
            )
        return {day: Stand(**stand) for day, stand in document["days"].items()}

    def _note(self, days: Mapping[str, Stand]) -> None:
        document = {"format": _FORMAT, "days": {day: asdict(stand) for day, stand in sorted(days.items())}}
        _replaced(
            self.folder / MANIFEST, lambda path: path.write_text(json.dumps(document, indent=1), encoding="utf-8")
        )

    def _write(self, kind: str, day: str, rows: _Rows) -> None:
        import pyarrow as pa

        part = self.folder / kind / f"day={day}" / _PART
        if not rows:
            shutil.rmtree(part.parent, ignore_errors=True)
            return
        part.parent.mkdir(parents=True, exist_ok=True)
        _save(part, pa.Table.from_pylist(rows, schema=_schemas()[kind]))

    def _parts(self) -> Iterator[Path]:
        return iter(sorted(self.folder.glob(f"*/day=*/{_PART}")))

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Holds the log alone: an export reads and writes in one hold, so that a forgetting comes before or after both."""
        with (self.folder / ".lock").open("w") as file:
            fcntl.flock(file.fileno(), fcntl.LOCK_EX)
            yield


class LogsOfWorkspace:
    """Every exported log inside a workspace, as a forgetting reaches them."""

    name = "exported_log"

    def __init__(self, root: Path) -> None:
        self._root = root

    def logs(self) -> list[ExportedLog]:
        """Returns the logs that there are."""
        return [ExportedLog(found.parent) for found in sorted(self._root.rglob(MANIFEST))]

    def forget(self, user_id: str) -> int:
        """Takes a person's rows out of all of them, and returns how many those were."""
        return sum(log.forget(user_id) for log in self.logs())

    def remaining(self, user_id: str) -> int:
        """Returns how many rows are a person's."""
        return sum(log.remaining(user_id) for log in self.logs())


def _exposed(turn: ShownTurn) -> _Rows:
    """Returns a row for each item that a turn showed."""
    reply = turn.reply
    at = datetime.fromisoformat(turn.created)
    return [
        {
            "user_id": turn.user_id, "thread_id": turn.thread_id, "turn": turn.turn, "at": at, "item_id": item["id"], "rank": item["rank"], "of": len(reply["items"]),
            "score": item["score"], "confidence": item["confidence"], "exploration_share": exploration_share(item["contributions"]),
            "contributions": list(item["contributions"].items()), "engine": reply["engine"], "versions": list(reply["versions"].items()),
        }
        for item in reply["items"]
    ]  # fmt: skip


def exploration_share(contributions: Mapping[str, float]) -> float:
    """Returns the part that the exploration dial has in a score, of all contributions taken without their signs; 0 where it is off."""
    whole = sum(map(abs, contributions.values()))
    return abs(contributions.get(_EXPLORATION, 0.0)) / whole if whole else 0.0


def _schemas() -> dict[str, "pa.Schema"]:
    import pyarrow as pa

    at = pa.timestamp("us", tz="UTC")
    place = [
        ("user_id", pa.string()),
        ("thread_id", pa.string()),
        ("turn", pa.int64()),
        ("at", at),
        ("item_id", pa.string()),
    ]
    return {
        "exposures": pa.schema(
            [
                *place, ("rank", pa.int32()), ("of", pa.int32()), ("score", pa.float64()), ("confidence", pa.float64()), ("exploration_share", pa.float64()),
                ("contributions", pa.map_(pa.string(), pa.float64())), ("engine", pa.string()), ("versions", pa.map_(pa.string(), pa.string())),
            ]
        ),
        "feedback": pa.schema([*place, ("event", pa.string()), ("rank", pa.int32())]),
    }  # fmt: skip


def _read(part: Path) -> "pa.Table":
    import pyarrow.parquet as pq

    return pq.ParquetFile(part).read()


def _save(part: Path, table: "pa.Table") -> None:
    import pyarrow.parquet as pq

    _replaced(part, lambda path: pq.write_table(table, path, compression="zstd"))


def _without(part: Path, user_id: str) -> int:
    """Takes a person's rows out of a file, which goes where nothing is left; returns how many those were."""
    import pyarrow.compute as pc

    table = _read(part)
    left = table.filter(pc.not_equal(table.column("user_id"), user_id))
    if not left.num_rows:
        shutil.rmtree(part.parent)
    elif left.num_rows < table.num_rows:
        _save(part, left)
    return int(table.num_rows - left.num_rows)


def _replaced(path: Path, write: Any) -> None:
    """Writes a file beside its place and then puts it there, so that no reader sees half of it."""
    beside = path.with_name(f".{path.name}.new")
    write(beside)
    os.replace(beside, path)
