"""Watching: a workspace is fitted again whenever enough of what its tools learned from is new."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from convrec.catalogue.laid import laid_over
from convrec.catalogue.segments import segments
from convrec.catalogue.version import Version
from convrec.catalogue.workspace import Workspace
from convrec.core.errors import BusyError, NotFittedError, WorkspaceError
from convrec.core.progress import Progress, silent
from convrec.tools.fitting import RegressionError, fit
from convrec.tools.opening import DONE, outdated
from convrec.tools.storage import read_json


@dataclass(frozen=True)
class Seen:
    """The segments that a fit learned from."""

    items: tuple[str, ...]
    interactions: tuple[str, ...]
    dialogues: tuple[str, ...]


@dataclass(frozen=True)
class Round:
    """One look: `published` is the version that a fit published, None where there was none; `why` it fitted or did not."""

    published: int | None
    why: str
    seconds: float = 0.0


def watch(workspace: Workspace, wait: Callable[[float], None], *, progress: Progress = silent) -> Iterator[Round]:
    """Yields a round after another, waiting `[fit] watch_every_s` between them; ends only when it is stopped. A fit that is refused or that another
    process forestalls is a round that says so, and is not tried again until more is new.
    """
    tried: Seen | None = None
    while True:
        done, tried = _looked(workspace, tried, progress)
        yield done
        wait(workspace.settings.fit.watch_every_s)


def _looked(workspace: Workspace, tried: Seen | None, progress: Progress) -> tuple[Round, Seen | None]:
    """Returns what a round came to, and what a fit that was not published had seen."""
    current = workspace.current()
    why = stale(workspace, tried)
    if not why:
        return Round(None, "not published" if tried is not None else "up to date"), tried
    try:
        report = fit(workspace, progress=progress)
    except (RegressionError, NotFittedError) as error:
        return Round(None, str(error)), _of(current)
    except BusyError as error:
        return Round(None, str(error)), tried
    return Round(report.version, why, report.seconds), None


def stale(workspace: Workspace, tried: Seen | None = None) -> str:
    """Returns why the published tools are to be fitted again, "" where they are not; measured against what was `tried` last, if anything.

    More than `[fit] watch_share` of the interactions or dialogues is new, or of the items' texts is new, changed or gone. Other facts, such
    as prices, are no reason: no tool learns them.
    """
    current, most = workspace.current(), workspace.settings.fit.watch_share
    seen = [tried] if tried is not None else _seen(workspace.root, current)
    if not seen or (tried is None and outdated(workspace.root, current)):
        return "nothing is fitted that this convrec reads"
    for one in seen:
        try:
            reasons = [
                _grown(workspace, one.interactions, current.interactions, "interactions", most),
                _grown(workspace, one.dialogues, current.dialogues, "dialogues", most),
                _spoken(workspace, one, current, most),
            ]
        except WorkspaceError:
            return "what was fitted on is no longer kept"
        if any(reasons):
            return ", ".join(filter(None, reasons))
    return ""


def _grown(workspace: Workspace, before: tuple[str, ...], now: tuple[str, ...], what: str, most: float) -> str:
    if before == now:
        return ""
    had, have = (sum(part.n_rows for part in segments(workspace.store.segments, names)) for names in (before, now))
    new = have - had
    return f"{new:,} new {what}" if abs(new) > most * had else ""


def _spoken(workspace: Workspace, seen: Seen, current: Version, most: float) -> str:
    if seen.items == current.items:
        return ""
    fitted = current.model_copy(update={"items": seen.items, "interactions": (), "dialogues": ()})
    below = workspace.catalogue_of(fitted)
    above = laid_over(below, workspace.store.segments, current.model_copy(update={"interactions": (), "dialogues": ()}))
    n = len(above.change.spoken)
    return f"{n:,} new, changed or deleted texts" if n > most * len(below) else ""


def _seen(root: Path, version: Version) -> list[Seen]:
    """Returns what the version's tools were fitted on, each once."""
    paths = (root / fitted.folder / DONE for fitted in version.tools.values())
    documents = [read_json(path) for path in paths if path.exists()]
    events = {
        "interactions": version.interactions,
        "dialogues": version.dialogues,
    }  # of tools that do not tell, as all that is there
    found = [events | one for one in documents]
    return list(
        dict.fromkeys(Seen(*(tuple(one[name]) for name in ("items", "interactions", "dialogues"))) for one in found)
    )


def _of(version: Version) -> Seen:
    return Seen(version.items, version.interactions, version.dialogues)
