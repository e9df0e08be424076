"""The houses that turns begin in, one after another, as the workspace's catalogue and tools change. Each turn stays in its own."""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from convrec.agent.turn import House
from convrec.catalogue.catalogue import Catalogue
from convrec.catalogue.laid import LaidCatalogue, laid_over
from convrec.catalogue.version import Version
from convrec.catalogue.workspace import Workspace
from convrec.core.errors import WorkspaceError
from convrec.tools.toolbox import Toolbox

_log = logging.getLogger(__name__)
_LAID_ROWS, _LAID_SHARE = (
    2_000,
    0.05,
)  # rows laid over an opened catalogue from which on all is opened anew behind the turns


@dataclass(frozen=True)
class Following:
    """How an agent follows its workspace: the version of its items, whether tools are being opened or items encoded behind the turns, and
    how often that failed, with the last reason.
    """

    version: int
    busy: bool
    failures: int
    last_failure: str = ""


class Houses:
    """Gives every turn the house of the version that is current when it begins. Safe to use from several threads.

    A change of items is laid over what is open before the turn goes on, a rollback too. Tools of another fit are opened behind the turns, which meanwhile go on with the tools that they have over the newest items. What fails is logged and counted, and the
    house that is open goes on serving until another version is published.
    """

    def __init__(self, workspace: Workspace, house: House) -> None:
        self._workspace = workspace
        self._house = house
        self._pointer = ""
        self._guard = threading.RLock()
        self._settled = threading.Condition(self._guard)
        self._behind: threading.Thread | None = None
        self._jobs: dict[str, Callable[[], None]] = {}
        self._stale: set[int] = set()  # rows of which tools do not know yet all that a model has to tell
        self._since: list[LaidCatalogue] = []  # what was laid over the house since the work behind the turns began
        self._failures: Counter[str] = Counter()
        self._last_failure = ""
        self._closed = False

    @property
    def house(self) -> House:
        """The house that is open, whatever the workspace says by now."""
        return self._house

    def now(self) -> House:
        """Returns the house of the version that is current now, as far as it can be had at once. Where nothing changed it takes microseconds."""
        if self._house.toolbox.published is None:  # made by hand, of no version
            return self._house
        try:
            pointer = self._workspace.store.pointer()
        except (OSError, WorkspaceError) as error:
            self._failed("follow", error)
            return self._house
        if pointer != self._pointer:
            with self._guard:
                if pointer != self._pointer:
                    self._follow()
                    self._pointer = pointer  # only now: whoever sees it goes on without waiting for what is laid
        return self._house

    def settle(self, wait_s: float) -> bool:
        """Takes up the current version, waits until nothing is left to be done behind the turns, and tells whether that came about in time."""
        with self._settled:
            self.now()
            return self._settled.wait_for(self._is_settled, wait_s)

    def following(self) -> Following:
        """Returns how the workspace is followed."""
        with self._guard:
            version, busy = self._house.toolbox.catalogue.version, self._behind is not None
            return Following(version, busy, self._failures.total(), self._last_failure)

    def close(self) -> None:
        """Ends the work behind the turns, after what it is about."""
        with self._guard:
            self._closed, behind = True, self._behind
            self._jobs.clear()
        if behind is not None:
            behind.join()

    def _is_settled(self) -> bool:
        if self._behind is not None:
            return False
        self.now()
        return self._behind is None

    def _follow(self) -> None:
        try:
            published = self._workspace.current()
            laid = self._lay(published)
            held = self._house.toolbox
            if not laid or held.published is None or held.published.tools != published.tools or self._is_worn():
                self._do_behind("open", self._open)
            elif self._stale:
                self._do_behind("encode", self._encode)
        except Exception as error:  # noqa: BLE001  (whatever is wrong with what was published, turns go on)
            self._failed("follow", error)

    def _lay(self, published: Version) -> bool:
        """Lays the version's items over what is open; tells whether they are what is open then."""
        house = self._laid(self._house, published)
        if house is None:
            return False
        catalogue = house.toolbox.catalogue
        if house is not self._house and isinstance(catalogue, LaidCatalogue):
            self._house = house
            self._stale |= _spoken(catalogue)
            if self._behind is not None:
                self._since.append(catalogue)
        return True

    def _laid(self, house: House, published: Version) -> House | None:
        """Returns a house with the version's items, laid over its own where they are others; None where it has to be opened anew."""
        held = house.toolbox.catalogue
        if held.schema != self._workspace.schema_of(published):
            return None
        if held.version == published.number:
            return house
        return house.over(laid_over(held, self._workspace.store.segments, published))

    def _is_worn(self) -> bool:
        """Tells whether so much was laid over what was opened that it is to be opened anew."""
        catalogue = self._house.toolbox.catalogue
        return isinstance(catalogue, LaidCatalogue) and catalogue.n_laid > max(_LAID_ROWS, _LAID_SHARE * len(catalogue))

    def _do_behind(self, name: str, job: Callable[[], None]) -> None:
        self._jobs[name] = job
        if self._behind is None and not self._closed:
            self._behind = threading.Thread(target=self._work, name="convrec-houses", daemon=True)
            self._behind.start()

    def _work(self) -> None:
        while True:
            with self._settled:
                if not self._jobs:
                    self._behind = None
                    self._since = []
                    self._settled.notify_all()
                    return
                name = "open" if "open" in self._jobs else next(iter(self._jobs))
                job = self._jobs.pop(name)
                self._since = []
            try:
                job()
            except Exception as error:  # noqa: BLE001  (the same: the house that is open goes on serving)
                self._failed(name, error)

    def _open(self) -> None:
        """Opens the current version whole, and moves into it with what came meanwhile: nobody gets older items than turns had before."""
        house = self._house.reopened(Toolbox.open(self._workspace))
        with self._guard:
            newest = self._laid(house, self._workspace.current())
            self._pointer = ""  # the next look tells what else is to be done behind the turns
            if newest is not None:
                self._house, self._stale = newest, _spoken(newest.toolbox.catalogue)
                self._jobs.pop("encode", None)

    def _encode(self) -> None:
        """Lets the tools take in what needs a model of the rows that changed, and moves into what comes of it."""
        with self._guard:
            house, rows = self._house, np.array(sorted(self._stale), np.int64)
            self._stale = set()
        toolbox = house.toolbox.caught_up(rows)
        with self._guard:
            for catalogue in self._since:
                laid = toolbox.over(catalogue)
                if laid is None:
                    self._do_behind("open", self._open)
                    return
                toolbox = laid
            self._house = self._house.with_toolbox(toolbox)
            if self._stale:
                self._do_behind("encode", self._encode)

    def _failed(self, what: str, error: Exception) -> None:
        with self._guard:
            self._failures[what] += 1
            self._last_failure = str(error)
        _log.warning(
            "the workspace %s can't be followed (%s); what is open goes on serving",
            self._workspace.root,
            what,
            exc_info=error,
        )


def _spoken(catalogue: Catalogue) -> set[int]:
    """Returns the rows whose words were changed by what was laid last; none of a catalogue that was opened whole."""
    return set(catalogue.change.spoken.tolist()) if isinstance(catalogue, LaidCatalogue) else set()
