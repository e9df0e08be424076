"""The layouts that `convrec import` knows, by name."""

from pathlib import Path

from convrec.catalogue.importers.amazon_games import AMAZON_GAMES
from convrec.catalogue.importers.inspired import INSPIRED
from convrec.catalogue.importers.layout import Layout
from convrec.catalogue.importers.movielens import MOVIELENS
from convrec.catalogue.importers.opendialkg import OPENDIALKG
from convrec.catalogue.importers.redial import REDIAL
from convrec.catalogue.importers.wikipedia_movies import WIKIPEDIA_MOVIES
from convrec.catalogue.ingest import IngestSummary, take_in
from convrec.catalogue.schema import nearest
from convrec.catalogue.workspace import Workspace
from convrec.core.errors import InputError
from convrec.core.progress import Progress

LAYOUTS: dict[str, Layout] = {
    layout.name: layout for layout in (MOVIELENS, REDIAL, INSPIRED, OPENDIALKG, AMAZON_GAMES, WIKIPEDIA_MOVIES)
}


def layouts() -> dict[str, str]:
    """Returns what each known layout is, by name."""
    return {name: layout.description for name, layout in LAYOUTS.items()}


def import_layout(
    name: str,
    src: Path | str,
    workspace: Workspace,
    split: str | None = None,
    progress: Progress | None = None,
    *,
    max_rejected: float = 0.01,
) -> IngestSummary:
    """Takes a well-known data set in as one new version. `src` is its folder or any file in it.

    `split` names the parts that are read as dialogues, with commas; the training part by default.

    Raises:
        InputError: the layout or a split is unknown, or a file that the layout must have is missing.
        The errors of `take_in`.
    """
    layout = LAYOUTS.get(name)
    if layout is None:
        raise InputError(f"There is no layout `{name}`.", nearest(name, tuple(LAYOUTS)))
    source = Path(src).expanduser()
    if not source.exists():
        raise InputError(f"There is no {source}.", f"Give the folder that holds the {name} data.")
    intake = layout.read(source if source.is_dir() else source.parent, layout.chosen(split))
    return take_in(workspace, intake, max_rejected=max_rejected, progress=progress)
