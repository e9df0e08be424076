"""What `convrec doctor --verify-forgotten` looks at: that nothing of forgotten people is left, in the rows and in the raw bytes.

Nobody knows any more who they were. So every id that a row or a file's bytes name, used or free, is compared with the tombstones' hashes.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from convrec.core.errors import ConvrecError
from convrec.ui.cli.checks import Finding

if TYPE_CHECKING:
    from convrec.agent.stores.records import Graves
    from convrec.catalogue.workspace import Workspace

_LOGS = ("", "-wal", "-shm", "-journal")
_DATA = ("segments", "tools", "versions")  # of the catalogue: made from what was taken in, never from conversations
_FEW = 5


def examined_forgotten(path: Path | None) -> Iterator[Finding]:
    """Yields what was looked at; `broken` is what is left of somebody who was forgotten."""
    from convrec.agent.stores.ledger import Ledger
    from convrec.agent.stores.opening import SQLITE, open_database
    from convrec.catalogue.workspace import Workspace

    try:
        workspace = Workspace.resolve(path)
        url = workspace.state_url()
        state = Path(url.removeprefix(SQLITE)) if url.startswith(SQLITE) else None
        if state is not None and not state.exists():
            yield Finding("forgotten people", "ok", f"nobody yet: {state} is made by the first conversation")
            return
        ledger = Ledger(open_database(url))  # ends a forgetting that was stopped
        try:
            graves, named, place = ledger.graves(), ledger.named(), ledger.database.place
        finally:
            ledger.close()
    except ConvrecError as error:
        yield Finding("state", "broken", error.problem, error.fix)
        return
    yield _people(graves)
    yield _files_renewed(graves, place)
    for table, ids in named.items():
        yield _left(f"rows of {table}", ids, graves, workspace, f"{len(ids):,} ids named")
    files: list[Path] = []
    if state is None:
        yield Finding("server", "note", f"{place}: its tables were written anew; its own log (WAL), its standbys and its backups are its operator's")  # fmt: skip
    else:
        files = [file for ending in _LOGS if (file := state.with_name(state.name + ending)).exists()]
        yield from (_bytes(file, graves, workspace) for file in files)
    yield from _other_files(workspace, files, graves)
    yield from _exported(workspace, graves)
    yield from _interactions(workspace, graves)


def _people(graves: "Graves") -> Finding:
    again = len({*graves.since} & _hashes_of_living(graves))
    found = f"{len(graves.since):,}, known by hash alone"
    return Finding("forgotten people", "ok", f"{found}; {again:,} of their ids are in use again, and are not looked for" if again else found)  # fmt: skip


def _hashes_of_living(graves: "Graves") -> set[str]:
    from convrec.agent.stores.records import hashed

    return {hashed(user_id, graves.salt) for user_id in graves.living} if graves.salt else set()


def _files_renewed(graves: "Graves", place: str) -> Finding:
    if graves.due:
        return Finding("free space", "broken", f"{place} was not written anew since {graves.due:,} of them were forgotten: others read in it, or there was no room", "Stop what reads in it, make room, and run this again.")  # fmt: skip
    return Finding("free space", "ok", f"{place} was written anew after the last of them")


def _left(what: str, ids: set[str], graves: "Graves", workspace: "Workspace", looked: str, mend: str = "") -> Finding:
    left = sorted(user_id for user_id in ids if graves.of(user_id) is not None)
    if not left:
        return Finding(what, "ok", f"{looked}, nobody who was forgotten")
    few = ", ".join(repr(user_id) for user_id in left[:_FEW])
    return Finding(
        what, "broken", f"{len(left):,} forgotten: {few}{' …' if len(left) > _FEW else ''}",
        mend or f"Run: convrec profile forget -w {workspace.root} --user {left[0]}",
    )  # fmt: skip


def _bytes(file: Path, graves: "Graves", workspace: "Workspace") -> Finding:
    from convrec.agent.stores.residue import ids_in

    return _left(f"bytes of {file.name}", ids_in(file), graves, workspace, f"{file.stat().st_size / 1e6:,.1f} MB read, used and free")  # fmt: skip


def _other_files(workspace: "Workspace", read: list[Path], graves: "Graves") -> Iterator[Finding]:
    """Yields the workspace's other files that name somebody, and how many were read."""
    from convrec.agent.stores.residue import ids_in

    looked = 0
    for file in sorted(workspace.root.rglob("*")):
        if not file.is_file() or file in read or file.relative_to(workspace.root).parts[0] in _DATA:
            continue
        found = _left(str(file.relative_to(workspace.root)), ids_in(file), graves, workspace, "", "Delete it, or what it says of them.")  # fmt: skip
        looked += 1
        if found.status == "broken":
            yield found
    yield Finding("other files", "ok", f"{looked:,} in {workspace.root} were read; those not listed name nobody who was forgotten")  # fmt: skip


def _exported(workspace: "Workspace", graves: "Graves") -> Iterator[Finding]:
    from convrec.agent.exported import LogsOfWorkspace

    for log in LogsOfWorkspace(workspace.root).logs():
        users = log.users()
        yield _left(
            f"exported log {log.folder.relative_to(workspace.root)}",
            users,
            graves,
            workspace,
            f"{len(users):,} people in it",
        )


def _interactions(workspace: "Workspace", graves: "Graves") -> Iterator[Finding]:
    catalogue = workspace.catalogue()
    if not catalogue.has_interactions:
        return
    known = sum(graves.of(user_id) is not None for user_id in catalogue.interactions().users)
    if known:
        yield Finding("interactions", "note", f"{known:,} forgotten ids stand in the interactions that were taken in by `convrec ingest`, which are yours", "Take them in anew without those people, in a new workspace.")  # fmt: skip
