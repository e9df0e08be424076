"""Catalogues that people bring themselves: a folder a person, in it a workspace a catalogue."""

import hashlib
import re
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from convrec.core.errors import BusyError, InputError
from convrec.ui.chat.building import Build, Order
from convrec.ui.chat.venue import Venue

if TYPE_CHECKING:
    from convrec.agent.agent import Agent

_ODD = re.compile(r"[^\w-]+")
_LONGEST = 40


def own_root() -> Path:
    """Returns the folder of people's own catalogues, in the user's data folder beside the demo's workspace."""
    import platformdirs

    return platformdirs.user_data_path("convrec", appauthor=False) / "catalogues"


class OwnCatalogues:
    """People's own catalogues under one folder, each opened once and shared by the tabs of the person whose it is."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._opened: dict[tuple[str, str], Venue] = {}
        self._guard, self._making = threading.Lock(), threading.Lock()

    def names(self, user_id: str) -> list[str]:
        """Returns the names of a person's own catalogues."""
        folder = self._folder(user_id)
        return sorted(p.name for p in folder.iterdir() if not p.name.startswith(".")) if folder.is_dir() else []

    def venue(self, user_id: str, name: str) -> Venue:
        """Returns where to talk about one of a person's own catalogues.

        Raises:
            InputError: they have none of that name.
            WorkspaceError, NotFittedError: its folder is damaged.
        """
        from convrec.agent.agent import Agent

        self._check(user_id, name)
        with self._guard:
            key = (user_id, name)
            if key not in self._opened:
                self._opened[key] = Venue(Agent.open(self._folder(user_id) / name), name)
            return self._opened[key]

    @contextmanager
    def building(self, user_id: str, order: Order) -> Iterator[Build]:
        """Gives the build of a catalogue that has begun; who leaves before its end cancels it.

        Raises:
            BusyError: another one is being made.
        """
        if not self._making.acquire(blocking=False):
            raise BusyError("Another catalogue is being made.", "Wait for its end.")
        try:
            folder = self._folder(user_id)
            folder.mkdir(parents=True, exist_ok=True)
            build = Build(order, folder / _free_name(order.path, self.names(user_id)))
            build.start()
            try:
                yield build
            finally:
                build.cancel()
                build.wait()
        finally:
            self._making.release()

    def delete(self, user_id: str, name: str) -> None:
        """Deletes one of a person's own catalogues, with all that was said about it.

        Raises:
            InputError: they have none of that name.
        """
        self._check(user_id, name)
        with self._guard:
            opened = self._opened.pop((user_id, name), None)
        if opened is not None:
            opened.agent.close()
        shutil.rmtree(self._folder(user_id) / name)

    @property
    def name(self) -> str:
        """What a receipt calls the conversations about own catalogues."""
        return "own catalogues"

    def forget(self, user_id: str) -> int:
        """Deletes all that a person said about their own catalogues, which stay, and returns how many rows that were."""
        return sum(sum(agent.forget(user_id).deleted.values()) for agent in self._agents(user_id))

    def remaining(self, user_id: str) -> int:
        """Returns how many conversations and profile entries of the person are left."""
        return sum(len(agent.threads(user_id)) + len(agent.profile(user_id)) for agent in self._agents(user_id))

    def _agents(self, user_id: str) -> list["Agent"]:
        return [self.venue(user_id, name).agent for name in self.names(user_id)]

    def close(self) -> None:
        """Closes every catalogue that was opened."""
        with self._guard:
            for venue in self._opened.values():
                venue.agent.close()
            self._opened.clear()

    def _check(self, user_id: str, name: str) -> None:
        if name not in self.names(user_id):
            raise InputError("This catalogue is not there any more.", "Choose another one.")

    def _folder(self, user_id: str) -> Path:
        return self._root / hashlib.sha256(user_id.encode()).hexdigest()[:16]


def _free_name(path: Path, taken: list[str]) -> str:
    """Returns a name for a file's catalogue that is none of those taken."""
    stem = path.name.split(".")[0]
    name = _ODD.sub("-", stem).strip("-_")[:_LONGEST] or "catalogue"
    return next(each for n in range(1, len(taken) + 2) if (each := name if n == 1 else f"{name}-{n}") not in taken)
