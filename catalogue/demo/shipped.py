"""The demo workspace: the shipped films and simulated ratings, taken in on first use and again when they change."""

import hashlib
import shutil
from importlib.resources import as_file, files
from pathlib import Path

from convrec.catalogue.ingest import Intake, take_in
from convrec.catalogue.reading import file_source
from convrec.catalogue.store import disk_errors, write_atomically
from convrec.catalogue.workspace import Workspace
from convrec.core.errors import WorkspaceError

SHIPPED = ("items.jsonl", "ratings.csv", "schema.yaml")
_DIGEST = "shipped.sha256"
_PATIENCE_S = 120.0


def demo_root() -> Path:
    """Returns the folder of the demo workspace, in the user's data folder."""
    import platformdirs

    return platformdirs.user_data_path("convrec", appauthor=False) / "demo"


def ingest_shipped(root: Path) -> None:
    """Makes the workspace in `root` hold what this package ships; does nothing where it does already.

    Processes that come at the same time wait for the first one's work.

    Raises:
        WorkspaceError: the folder can't be written, or a newer convrec made it.
    """
    with as_file(files("convrec.catalogue.demo")) as folder:
        digest = _digest(folder)
        if _holds(root, digest):
            return
        workspace = Workspace.create(root)
        with workspace.lock(wait_s=_PATIENCE_S):
            if not _holds(root, digest):
                _take_in(workspace, folder)
                with disk_errors(root):
                    write_atomically(root / _DIGEST, digest.encode())


def _take_in(workspace: Workspace, folder: Path) -> None:
    with disk_errors(workspace.root):
        shutil.copyfile(folder / "schema.yaml", workspace.root / "schema.yaml")
        shutil.copytree(folder / "tools", workspace.root / "tools", dirs_exist_ok=True)  # what a fit would make first
    intake = Intake(
        items=[file_source(folder / "items.jsonl")],
        interactions=[file_source(folder / "ratings.csv")],
        note="the demo's films and simulated ratings",
        replace=True,
    )
    take_in(workspace, intake, max_rejected=0.0)


def _holds(root: Path, digest: str) -> bool:
    try:
        return (root / _DIGEST).read_text(encoding="utf-8") == digest
    except FileNotFoundError:
        return False
    except OSError as error:
        raise WorkspaceError(f"{root} can't be read.", "Check the folder, or set CONVREC_WORKSPACE.") from error


def _digest(folder: Path) -> str:
    whole = hashlib.sha256()
    for name in SHIPPED:
        whole.update(hashlib.sha256((folder / name).read_bytes()).digest())
    return whole.hexdigest()
