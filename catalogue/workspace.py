"""A workspace: the folder that holds everything derived for one catalogue."""

import json
import os
import platform
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Self

from convrec.catalogue.catalogue import Catalogue
from convrec.catalogue.laid import laid_over
from convrec.catalogue.migrations import FORMAT, MIGRATIONS
from convrec.catalogue.schema import Schema
from convrec.catalogue.store import Store, disk_errors, write_atomically
from convrec.catalogue.version import FittedTool, Version, What
from convrec.core.clock import Clock, SystemClock
from convrec.core.errors import WorkspaceError
from convrec.core.settings import Settings, load_settings

_MARK = "workspace.json"
_WAIT_S = 10.0  # for another writer's place; a live change holds it for milliseconds
_SETTINGS = """\
# Settings of this workspace; `convrec doctor` lists them all. Each can be overridden by CONVREC_<SECTION>_<KEY>.
"""


class Workspace:
    """One workspace folder. It holds relative paths only: copied elsewhere, it opens."""

    def __init__(self, root: Path, clock: Clock | None = None) -> None:
        self.root = root
        self.store = Store(root)
        self.settings: Settings = load_settings(root / "convrec.toml")
        self._clock = clock or SystemClock()
        self._schema: tuple[Any, Schema] | None = None
        self._catalogue: Catalogue | None = None
        self._latest: Catalogue | None = None
        self._opening = threading.Lock()

    @classmethod
    def open(cls, path: Path | str, clock: Clock | None = None) -> Self:
        """Returns the workspace in a folder, after migrating one of an older version.

        Raises:
            WorkspaceError: there is none, it is damaged, or a newer version of convrec made it.
        """
        root = Path(path).expanduser().resolve()
        if not (root / _MARK).is_file() or not (root / "CURRENT").is_file():
            raise WorkspaceError(f"{root} is not a workspace.", "Make one with `convrec ingest -w DIR --items FILE`.")
        found = _made_by(root)
        if found["format"] > FORMAT:
            raise WorkspaceError(
                f"{root} was made by convrec {found['convrec']} (format {found['format']}), "
                f"which is newer than this convrec {_version()} (format {FORMAT}).",
                "Upgrade convrec.",
            )
        workspace = cls(root, clock)
        if found["format"] < FORMAT:
            workspace._migrate(found)
        return workspace

    @classmethod
    def create(cls, path: Path | str, exist_ok: bool = True, clock: Clock | None = None) -> Self:
        """Returns the workspace in a folder, made there (with an empty catalogue) if there is none yet.

        Raises:
            WorkspaceError: it exists and `exist_ok` is false, or the folder can't be written.
        """
        root = Path(path).expanduser().resolve()
        with disk_errors(root):
            root.mkdir(parents=True, exist_ok=True)
            made = cls(root, clock)
            with made.lock(wait_s=10):
                if (root / _MARK).is_file() and (root / "CURRENT").is_file():
                    if not exist_ok:
                        raise WorkspaceError(f"{root} is a workspace already.", "Name another folder.")
                else:
                    made._fill()
        return cls.open(root, clock)

    @classmethod
    def demo(cls) -> Self:
        """Returns the demo workspace in the user's data folder, its catalogue ingested on first use."""
        from convrec.catalogue.demo.shipped import demo_root, ingest_shipped

        root = demo_root()
        ingest_shipped(root)
        return cls.open(root)

    @classmethod
    def resolve(cls, path: Path | str | None = None, environment: Mapping[str, str] = os.environ) -> Self:
        """Returns the workspace at `path`, else at `$CONVREC_WORKSPACE`, else the demo's."""
        chosen = path or environment.get("CONVREC_WORKSPACE")
        return cls.open(chosen) if chosen else cls.demo()

    @property
    def schema(self) -> Schema:
        """Returns what `schema.yaml` says now, with the fields of the current version that it does not name.

        Raises:
            InputError: `schema.yaml` is not right; the message names what.
        """
        return self.schema_of(self.current())

    def schema_of(self, published: Version) -> Schema:
        """Returns what `schema.yaml` says now, with the fields of a version that it does not name.

        Raises:
            InputError: as for `schema`.
        """
        path = self.root / "schema.yaml"
        try:
            stat = path.stat()
        except FileNotFoundError:
            return published.inferred
        state = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
        if self._schema is None or self._schema[0] != state:
            self._schema = (state, Schema.load_yaml(path))
        return self._schema[1].with_fields_of(published.inferred)

    def now(self) -> datetime:
        """Returns the moment that the workspace's clock shows."""
        return self._clock.now()

    def current(self) -> Version:
        """Returns the current version."""
        return self.store.current()

    def versions(self) -> list[Version]:
        """Returns all versions that are kept, oldest first; `current()` says which is current."""
        return [self.store.version(number) for number in self.store.numbers()]

    def rollback(self, to: int | None = None) -> Version:
        """Makes an earlier version current again and returns it: number `to`, else the one from before the last ingest, deletion or fit.

        What was changed live since then is undone along with it.

        Raises:
            WorkspaceError: there is none before, or `to` is not kept.
            BusyError: another process is writing.
        """
        with disk_errors(self.root), self.lock(wait_s=_WAIT_S):
            current = self.current()
            if to is None:
                now = current.number if current.base is None else current.base
                before = [number for number in self.store.numbers() if number < now]
                if not before:
                    raise WorkspaceError(
                        f"There is no version before {now}.", "`convrec versions` lists those that are kept."
                    )
                to = before[-1]
            return self.store.point_to(to)

    def publish(
        self,
        what: What,
        note: str = "",
        *,
        items: Sequence[str] | None = None,
        interactions: Sequence[str] | None = None,
        dialogues: Sequence[str] | None = None,
        tools: Mapping[str, FittedTool] | None = None,
        inferred: Schema | None = None,
    ) -> Version:
        """Returns a new version, now current: the former one with what is given put in its place.

        Segments and tools' folders must be whole on the disk. Takes the writer's lock unless this thread has it, waiting for live changes.

        Raises:
            BusyError: another process is writing.
            WorkspaceError: the disk refuses; the former version stays current.
        """
        given: dict[str, Any] = {
            "items": items, "interactions": interactions, "dialogues": dialogues, "tools": tools, "inferred": inferred,
        }  # fmt: skip
        replaced = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in given.items()
            if value is not None
        }
        created = self._clock.now().isoformat(timespec="seconds")
        with disk_errors(self.root), self.lock(wait_s=_WAIT_S):
            former = self.current()
            base = (former.number if former.base is None else former.base) if what == "live" else None
            told = {"created": created, "what": what, "note": note, "base": base}
            return self.store.publish(lambda number: former.model_copy(update=replaced | told | {"number": number}))

    def catalogue(self, number: int | None = None) -> Catalogue:
        """Returns the catalogue of a version (the current one by default), read through `schema.yaml` as it stands now."""
        return self.opened()[1] if number is None else self._opened(self.store.version(number))

    def opened(self) -> tuple[Version, Catalogue]:
        """Returns the current version and its catalogue, read whole."""
        while True:
            published = self.current()
            try:
                return published, self._opened(published)
            except WorkspaceError:
                if self.current().number == published.number:
                    raise  # it is not that a writer published several versions and cleared this one away meanwhile

    def catalogue_of(self, published: Version) -> Catalogue:
        """Returns the catalogue of what a version consists of, read whole and not kept."""
        return Catalogue(self.store.segments, published, self.schema_of(published))

    def latest(self) -> Catalogue:
        """Returns the current version's catalogue, laid over the one that is open already where that is quicker than reading all of it.

        Raises:
            WorkspaceError: a file is damaged.
        """
        with self._opening:
            published = self.current()
            held = max(
                (one for one in (self._catalogue, self._latest) if one is not None), key=_version_of, default=None
            )
            if held is None or held.schema != self.schema_of(published):
                self._latest = self.catalogue()
            elif held.version != published.number:
                self._latest = laid_over(held, self.store.segments, published)
            else:
                self._latest = held
            return self._latest

    def _opened(self, published: Version) -> Catalogue:
        schema = self.schema_of(published)
        held = self._catalogue
        if held is None or (held.version, held.schema) != (published.number, schema):
            held = Catalogue(self.store.segments, published, schema)
            self._catalogue = held
        return held

    @contextmanager
    def lock(self, wait_s: float = 0.0) -> Iterator[None]:
        """Holds the one writer's place; the same thread may take it again.

        Raises:
            BusyError: another process or thread holds it, still after `wait_s` seconds.
        """
        with self.store.lock(wait_s):
            yield

    def state_url(self, url: str | None = None) -> str:
        """Returns the state database's address, or the one given, a relative SQLite path made absolute: it is inside the workspace."""
        url = url or self.settings.state.url
        scheme, _, path = url.partition(":///")
        if scheme != "sqlite" or not path or Path(path).is_absolute():
            return url
        return f"sqlite:///{self.root / path}"

    def _fill(self) -> None:
        if not (self.root / "convrec.toml").exists():
            write_atomically(self.root / "convrec.toml", _SETTINGS.encode())
        _record(self.root, self._clock.now().isoformat(timespec="seconds"))
        created = self._clock.now().isoformat(timespec="seconds")
        self.store.segments.mkdir(exist_ok=True)
        self.store.publish(lambda number: Version(number=number, created=created, what="create"))

    def _migrate(self, found: dict[str, Any]) -> None:
        with disk_errors(self.root), self.lock(wait_s=60):
            for number in range(_made_by(self.root)["format"], FORMAT):
                MIGRATIONS[number](self.root)
                _record(self.root, found["created"], number + 1)


def _version_of(catalogue: Catalogue) -> int:
    return catalogue.version


def _made_by(root: Path) -> dict[str, Any]:
    try:
        found = json.loads((root / _MARK).read_text(encoding="utf-8"))
        return {
            "format": int(found["format"]),
            "convrec": str(found["convrec"]),
            "created": str(found.get("created", "")),
        }
    except (ValueError, KeyError, TypeError) as error:
        raise WorkspaceError(f"{root / _MARK} is damaged.", "Copy it from a workspace of the same version.") from error


def _record(root: Path, created: str, number: int = FORMAT) -> None:
    made = {"format": number, "convrec": _version(), "python": platform.python_version(), "created": created}
    write_atomically(root / _MARK, json.dumps(made, indent=1).encode())


def _version() -> str:
    try:
        return version("convrec")
    except PackageNotFoundError:
        return "unknown"
