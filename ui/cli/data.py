"""`convrec ingest` and `convrec import`: data into a workspace."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from convrec.core.errors import InputError
from convrec.ui.cli.console import print_json, print_table, say
from convrec.ui.cli.frame import JsonOption, WorkspaceOption
from convrec.ui.cli.progress import progress_shown

if TYPE_CHECKING:
    from convrec.catalogue.ingest import IngestSummary
    from convrec.catalogue.schema import Field
    from convrec.catalogue.workspace import Workspace

_Files = Annotated[list[Path] | None, typer.Option("--items", metavar="FILE", help="Items; may be repeated.")]
_Interactions = Annotated[
    list[Path] | None,
    typer.Option("--interactions", metavar="FILE", help="Who did what with which item; may be repeated."),
]
_Dialogues = Annotated[
    list[Path] | None, typer.Option("--dialogues", metavar="FILE", help="Conversations; may be repeated.")
]
_Deleted = Annotated[Path | None, typer.Option("--delete-items", metavar="FILE", help="Ids of items to take away.")]
_MaxRejected = Annotated[
    float,
    typer.Option(
        "--max-rejected", metavar="SHARE", min=0.0, max=1.0, help="The share of bad rows past which nothing is changed."
    ),
]


def ingest(
    workspace: WorkspaceOption = None,
    items: _Files = None,
    interactions: _Interactions = None,
    dialogues: _Dialogues = None,
    delete_items: _Deleted = None,
    id_column: Annotated[
        str | None,
        typer.Option("--id-column", metavar="C", help="The column that holds the items' ids.", show_default="id"),
    ] = None,
    title_column: Annotated[
        str | None,
        typer.Option("--title-column", metavar="C", help="The column that holds their titles.", show_default="title"),
    ] = None,
    max_rejected: _MaxRejected = 0.01,
    as_json: JsonOption = False,
) -> None:
    """Take your own data in: CSV, JSON lines or Parquet. Items are added or replaced by id.

    Examples:
      convrec ingest -w shop --items products.csv --id-column sku --title-column name
      convrec ingest -w shop --interactions sales.csv.gz --max-rejected 0.05
      convrec ingest -w shop --delete-items gone.csv
    """
    from convrec.catalogue.ingest import ingest as take_in

    target = _target(workspace)
    with progress_shown() as progress:
        summary = take_in(
            target, items=items or (), interactions=interactions or (), dialogues=dialogues or (), delete_items=delete_items,
            id_column=id_column, title_column=title_column, max_rejected=max_rejected, progress=progress,
        )  # fmt: skip
    _show(target, summary, as_json)


def import_(
    name: Annotated[str | None, typer.Argument(help="The layout's name.", show_default=False)] = None,
    src: Annotated[
        Path | None, typer.Argument(metavar="SRC", help="The folder, or its main file.", show_default=False)
    ] = None,
    workspace: WorkspaceOption = None,
    split: Annotated[
        str | None,
        typer.Option(
            "--split", metavar="S", help="The part whose dialogues are read.", show_default="the training part"
        ),
    ] = None,
    listed: Annotated[bool, typer.Option("--list", help="List the layouts.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Take a well-known dataset in, as it lies on the disk.

    Examples:
      convrec import --list
      convrec import movielens ml-latest-small -w films
    """
    from convrec.catalogue.importers import import_layout, layouts

    if listed:
        print_json(dict(layouts())) if as_json else print_table(("name", "what it is"), layouts().items())
        return
    if name is None or src is None:
        raise InputError(
            "Say which layout and where it lies: convrec import NAME SRC.", "`convrec import --list` lists the layouts."
        )
    if name not in layouts():
        raise InputError(f"There is no layout {name!r}.", f"There are {', '.join(layouts())}.")
    target = _target(workspace)
    with progress_shown() as progress:
        summary = import_layout(name, src, target, split=split, progress=progress)
    _show(target, summary, as_json)


def _target(workspace: Path | None) -> "Workspace":
    """Returns the workspace to write to, made when it is new; the demo's films are not mixed with others."""
    from convrec.catalogue.workspace import Workspace

    chosen = workspace or os.environ.get("CONVREC_WORKSPACE")
    if not chosen:
        raise InputError(
            "Say which workspace the data is for.",
            "Add -w DIR (it is made when there is none), or set CONVREC_WORKSPACE.",
        )
    return Workspace.create(chosen)


def _show(workspace: "Workspace", summary: "IngestSummary", as_json: bool) -> None:
    if as_json:
        print_json(summary.model_dump(mode="json"))
        return
    counts = {
        "items added": summary.items_added, "items replaced": summary.items_replaced, "items deleted": summary.items_deleted,
        "interactions": summary.interactions, "interactions known before": summary.interactions_known,
        "dialogues": summary.dialogues, "rows rejected": summary.rejected,
    }  # fmt: skip
    print_table(("", "rows"), ((what, f"{count:,}") for what, count in counts.items() if count), right=("rows",))
    schema = workspace.schema
    if summary.new_fields:
        print_table(("new field", "type"), ((name, _kind(schema.field(name))) for name in summary.new_fields))
        say(f"The types were inferred; {workspace.root / 'schema.yaml'} can be edited.")
    for hint in summary.hints:
        say(hint)
    if summary.report:
        say(f"The rejected rows are listed in {summary.report}.")
    say(
        f"Version {summary.version} of {workspace.root} in {summary.seconds:.1f} s. Next: convrec fit -w {workspace.root}"
    )


def _kind(field: "Field") -> str:
    """Returns a field's type, with the currency that its prices are in or what parts its tags, where that is not a bar."""
    if field.currency:
        return f"{field.type} ({field.currency})"
    return (
        f"{field.type} (parted by `{field.separator}`)"
        if field.type == "tags" and field.separator != "|"
        else field.type
    )
