"""`convrec fit`, `convrec versions` and `convrec rollback`: what is trained, and which of it is in use."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from convrec.ui.cli.console import print_json, print_table, say
from convrec.ui.cli.frame import JsonOption, WorkspaceOption
from convrec.ui.cli.progress import progress_shown

if TYPE_CHECKING:
    from convrec.catalogue.version import FittedTool, Version


def fit(
    workspace: WorkspaceOption = None,
    only: Annotated[
        str | None, typer.Option("--only", metavar="T1,T2", help="Fit these tools and keep the others.")
    ] = None,
    cutoff: Annotated[
        str | None,
        typer.Option(
            "--cutoff", metavar="TIME", help="Learn only from what happened before (ISO 8601 or Unix seconds)."
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Train and index whatever is stale, and publish it. Stopped, it goes on where it was.

    Examples:
      convrec fit -w shop
      convrec fit -w shop --only ease,als --cutoff 2024-01-01
    """
    from convrec.catalogue.workspace import Workspace
    from convrec.tools.fitting import fit as fit_tools

    target = Workspace.resolve(workspace)
    names = tuple(name.strip() for name in only.split(",")) if only else ()
    with progress_shown() as progress:
        fit_tools(target, only=names, cutoff=cutoff, progress=progress)
    published = target.current()
    if as_json:
        print_json(
            {"version": published.number, "tools": {name: tool.model_dump() for name, tool in published.tools.items()}}
        )
        return
    rows = (
        (name, f"{tool.n_items:,}", f"{tool.seconds:.1f}", tool.left_out or _quality(tool))
        for name, tool in published.tools.items()
    )
    print_table(("tool", "items", "seconds", "held-out quality"), rows, right=("items", "seconds"))
    say(f"Version {published.number} of {target.root} is in use.")


def versions(workspace: WorkspaceOption = None, as_json: JsonOption = False) -> None:
    """List what was published when, with its quality; the one in use is marked.

    Examples:
      convrec versions -w shop
    """
    from convrec.catalogue.workspace import Workspace

    target = Workspace.resolve(workspace)
    current, kept = target.current().number, target.versions()
    if as_json:
        print_json({"current": current, "versions": [_document(version) for version in kept]})
        return
    rows = (("→" if v.number == current else "", str(v.number), v.created, v.what, v.note, _qualities(v)) for v in kept)
    print_table(("", "version", "created", "what", "note", "held-out quality"), rows, right=("version",))


def rollback(
    workspace: WorkspaceOption = None,
    to: Annotated[
        int | None, typer.Option("--to", metavar="V", help="The version to go back to.", show_default="the one before")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Go back to an earlier version.

    Examples:
      convrec rollback -w shop
      convrec rollback -w shop --to 3
    """
    from convrec.catalogue.workspace import Workspace

    target = Workspace.resolve(workspace)
    version = target.rollback(to)
    if as_json:
        print_json({"current": version.number})
    else:
        say(f"Version {version.number} ({version.what}, {version.created}) of {target.root} is in use.")


def _document(version: "Version") -> dict[str, Any]:
    """Returns what a person would ask of a version, without the names of its files."""
    kept = version.model_dump(mode="json", include={"number", "created", "what", "note"})
    tools = {name: tool.model_dump(mode="json", exclude={"folder"}) for name, tool in version.tools.items()}
    return {**kept, "tools": tools}


def _quality(tool: "FittedTool") -> str:
    return "  ".join(f"{metric} {value:.3f}" for metric, value in tool.quality.items())


def _qualities(version: "Version") -> str:
    best = ((name, *next(iter(tool.quality.items()))) for name, tool in version.tools.items() if tool.quality)
    return ", ".join(f"{name} {metric} {value:.3f}" for name, metric, value in best)
