"""The versioned store: immutable files, and one small pointer that is swapped atomically.

`CURRENT` holds two numbers: the version that is current, and the highest that was ever published (a version file above
it was never finished, and does not count). Whatever stops a writer, a reader finds the state before or after, whole.
"""

import errno
import fcntl
import os
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from convrec.catalogue.version import Version
from convrec.core.errors import BusyError, WorkspaceError

KEPT = 5
"""How many of the latest versions can be rolled back to, live changes not counted: of those, the last on each of these is kept."""

UNFINISHED = ".tmp"


class Store:
    """The versions of one workspace folder."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.segments = root / "segments"
        self._pointer = root / "CURRENT"
        self._versions = root / "versions"
        self._thread_lock = threading.RLock()
        self._depth = 0

    def current(self) -> Version:
        """Returns the current version.

        Raises:
            WorkspaceError: nothing was ever published, or the files are damaged.
        """
        for _ in range(20):  # a writer may prune between the two reads
            number, _highest = self._numbers()
            if number == 0:
                break
            path = self._path(number)
            if path.exists():
                return self.version(number)
            time.sleep(0.01)
        raise WorkspaceError(f"{self.root} has no published version.", "Run `convrec ingest` on it.")

    def pointer(self) -> str:
        """Returns what `CURRENT` says, as it stands there: it differs whenever another version is current. Takes microseconds.

        Raises:
            WorkspaceError: nothing was ever published.
        """
        try:
            return self._pointer.read_text()
        except FileNotFoundError as error:
            raise WorkspaceError(f"{self.root} has no published version.", "Run `convrec ingest` on it.") from error

    def version(self, number: int) -> Version:
        """Returns the version of that number.

        Raises:
            WorkspaceError: it was never published, is no longer kept, or its file is damaged.
        """
        try:
            return Version.model_validate_json(self._path(number).read_bytes())
        except FileNotFoundError as error:
            raise WorkspaceError(
                f"Version {number} is not kept.", "`convrec versions` lists those that are."
            ) from error
        except ValueError as error:
            raise WorkspaceError(
                f"{self._path(number)} is damaged.", "Roll back, or ingest again into a new folder."
            ) from error

    def numbers(self) -> list[int]:
        """Returns the numbers of all kept versions, oldest first."""
        highest = self._numbers()[1]
        found = (int(path.stem) for path in self._versions.glob("[0-9]*.json"))
        return sorted(number for number in found if number <= highest)

    def publish(self, make: Callable[[int], Version]) -> Version:
        """Makes the version that `make` returns for the next number the current one, and clears away what is outdated.

        Call it under the lock, with every segment written.
        """
        version = make(self._numbers()[1] + 1)
        self._versions.mkdir(exist_ok=True)
        write_atomically(self._path(version.number), version.model_dump_json(indent=1).encode())
        self._point(version.number, version.number)
        self._prune()
        return version

    def point_to(self, number: int) -> Version:
        """Makes a kept version current again and returns it. Call it under the lock."""
        if number not in self.numbers():
            raise WorkspaceError(f"Version {number} is not kept.", f"Kept are {', '.join(map(str, self.numbers()))}.")
        version = self.version(number)
        self._point(number, self._numbers()[1])
        return version

    @contextmanager
    def tidied(self) -> Iterator[None]:
        """Removes what an interrupted writer left behind, and what the block does if it fails. Use it under the lock."""
        self._clear_unfinished()
        try:
            yield
        except BaseException:  # Ctrl-C too: what was written so far goes at once, it may be what fills the disk
            self._clear_unfinished()
            raise

    def _clear_unfinished(self) -> None:
        highest = self._numbers()[1]
        for path in self._versions.glob("[0-9]*.json"):
            if int(path.stem) > highest:
                path.unlink(missing_ok=True)
        self._clear_unused_segments()
        for folder in (self.root, self._versions):
            for path in folder.glob(f"*{UNFINISHED}"):
                path.unlink(missing_ok=True)

    @contextmanager
    def lock(self, wait_s: float = 0.0) -> Iterator[None]:
        """Holds the one writer's place, among processes and threads; the same thread may take it again.

        Raises:
            BusyError: another holds it, and still does after `wait_s` seconds.
        """
        busy = BusyError(f"Another process is writing to {self.root}.", "Try again when it has finished.")
        if not self._thread_lock.acquire(timeout=wait_s if wait_s > 0 else 0.001):
            raise busy
        try:
            if self._depth:
                self._depth += 1
                yield
                return
            with (self.root / ".lock").open("a") as file:
                _flock(file.fileno(), wait_s, busy)
                self._depth = 1
                yield
        finally:
            self._depth = max(0, self._depth - 1)
            self._thread_lock.release()

    def _path(self, number: int) -> Path:
        return self._versions / f"{number:06d}.json"

    def _numbers(self) -> tuple[int, int]:
        try:
            current, highest = self._pointer.read_text().split()
            return int(current), int(highest)
        except FileNotFoundError:
            return 0, 0
        except ValueError as error:
            raise WorkspaceError(
                f"{self._pointer} is damaged.", "Write the number of a version and the highest one there."
            ) from error

    def _point(self, current: int, highest: int) -> None:
        write_atomically(self._pointer, f"{current}\n{highest}\n".encode())

    def _prune(self) -> None:
        versions = [self.version(number) for number in self.numbers()]
        kept_numbers = {*_kept(versions), self._numbers()[0]}
        kept = [version for version in versions if version.number in kept_numbers]
        used_folders = frozenset().union(*(version.tool_folders for version in kept))
        for version in versions:
            if version.number in kept_numbers:
                continue
            for folder in version.tool_folders - used_folders:
                _remove_folder(self.root / folder, self.root)
            self._path(version.number).unlink(missing_ok=True)
        self._clear_segments_but(kept)

    def _clear_unused_segments(self) -> None:
        self._clear_segments_but([self.version(number) for number in self.numbers()])

    def _clear_segments_but(self, kept: Sequence[Version]) -> None:
        used = frozenset().union(*(version.segments for version in kept))
        for path in self.segments.glob("*"):
            if path.name not in used:
                path.unlink(missing_ok=True)


def _kept(versions: Sequence[Version]) -> set[int]:
    """Returns the numbers of those versions, oldest first, that can be rolled back to: the latest that are not live, and of the live ones
    that go back to each of them the last, which stands for all before it."""
    steps = [version.number for version in versions if version.what != "live"][-KEPT:]
    last = {version.base: version.number for version in versions if version.what == "live"}
    return {*steps, *(last[step] for step in steps if step in last)}


def write_atomically(path: Path, content: bytes) -> None:
    """Puts a file in place whole and on the disk, or not at all."""
    with new_file(path) as unfinished:
        unfinished.write_bytes(content)


@contextmanager
def new_file(path: Path) -> Iterator[Path]:
    """Gives a temporary path to write to; on leaving, the file is flushed to the disk and takes its name; after an error it is gone."""
    unfinished = path.with_name(f"{path.name}.{secrets.token_hex(4)}{UNFINISHED}")
    try:
        yield unfinished
        flush(unfinished)
        os.replace(unfinished, path)
        flush(path.parent)
    finally:
        unfinished.unlink(missing_ok=True)


@contextmanager
def disk_errors(root: Path) -> Iterator[None]:
    """Turns what the operating system refuses into a sentence.

    Raises:
        WorkspaceError: the disk is full, or the folder can't be written.
    """
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise WorkspaceError(
                f"The disk that holds {root} is full; nothing was changed.", "Make room and try again."
            ) from error
        reason = os.strerror(error.errno).lower() if error.errno else str(error)
        raise WorkspaceError(f"{root} can't be written: {reason}; nothing was changed.", "Check the folder.") from error


def flush(path: Path) -> None:
    """Waits until a file or folder is on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _flock(handle: int, wait_s: float, busy: BusyError) -> None:
    end = time.monotonic() + wait_s
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError as error:
            if time.monotonic() >= end:
                raise busy from error
            time.sleep(0.05)


def _remove_folder(folder: Path, root: Path) -> None:
    import shutil

    if folder.resolve().is_relative_to(root.resolve()) and folder.is_dir():
        shutil.rmtree(folder)
