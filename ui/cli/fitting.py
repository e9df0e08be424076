"""`convrec fit`, `convrec versions` and `convrec rollback`: what is trained, and which of it is in use."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from convrec.core.errors import InputError, InterruptedFitError
from convrec.ui.cli.console import print_json, print_table, say
from convrec.ui.cli.frame import JsonOption, WorkspaceOption
from convrec.ui.cli.progress import progress_shown

if TYPE_CHECKING:
    from convrec.catalogue.version import Version
    from convrec.catalogue.workspace import Workspace
    from convrec.tools.fitting import ToolReport

_RECALL = "/recall@10"
_GAIN = "/gain of "
_CAPTION = (
    "Quality is recall at 10 of what was held out; a gain is what all tools together lose of it without this one."
)


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
    watching: Annotated[
        bool, typer.Option("--watch", help="Go on: fit again whenever enough is new, a line a look, until Ctrl-C.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Train and index whatever is stale, and publish it. Stopped, it goes on where it was.

    Examples:
      convrec fit -w shop
      convrec fit -w shop --only ease,als --cutoff 2024-01-01
      convrec fit -w shop --watch
    """
    from convrec.catalogue.workspace import Workspace
    from convrec.tools.fitting import fit as fit_tools

    before = _seconds(cutoff) if cutoff is not None else None
    names = tuple(name.strip() for name in only.split(",")) if only else ()
    target = Workspace.resolve(workspace)
    if watching:
        if names or before is not None:
            raise InputError("--watch fits all tools on all events.", "Leave --only and --cutoff out.")
        _watch(target, as_json)
        return
    with progress_shown() as progress:
        report = fit_tools(target, only=names, cutoff=before, progress=progress)
    if as_json:
        print_json(asdict(report))
        return
    reports = [*report.tools, report.fusion] if report.fusion is not None else list(report.tools)
    tasks = list(dict.fromkeys(task for tool in reports for task in _recall(tool.quality)))
    gains = _gains(report.fusion.quality) if report.fusion is not None else {}
    kinds = list(dict.fromkeys(task for each in gains.values() for task in each))
    columns = [*tasks, *(f"{kind} gain" for kind in kinds)]
    rows = (
        [*_fit_row(tool, tasks), *(gains.get(tool.name, {}).get(kind, "") for kind in kinds), tool.note]
        for tool in reports
    )
    print_table(("tool", "", "seconds", *columns, "note"), rows, right=("seconds", *columns), caption=_CAPTION)
    say(f"Version {report.version} of {target.root} is in use, after {report.seconds:.1f} s.")


def _watch(target: "Workspace", as_json: bool) -> None:
    """Prints a line a look until Ctrl-C."""
    from convrec.tools.watching import watch

    try:
        for one in watch(target, time.sleep):
            if as_json:
                print_json(asdict(one), one_line=True)
            elif one.published is None:
                say(f"{_time()} {one.why}")
            else:
                say(f"{_time()} version {one.published} is in use, after {one.seconds:.1f} s: {one.why}")
    except (KeyboardInterrupt, InterruptedFitError):
        say("Stopped; what is in use stays, and what was finished of a fit is kept.")


def _time() -> str:
    return datetime.now().astimezone().strftime("%H:%M:%S")


def _seconds(moment: str) -> float:
    """Returns Unix seconds for a number or an ISO 8601 time (UTC where it names no zone)."""
    try:
        return float(moment)
    except ValueError:
        return _of_a_date(moment)


def _of_a_date(moment: str) -> float:
    try:
        found = datetime.fromisoformat(moment)
    except ValueError as error:
        raise InputError(
            f"--cutoff {moment} is no time.", "Write 2024-01-31, 2024-01-31T12:00:00+00:00 or Unix seconds."
        ) from error
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()


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
    columns = ("", "version", "created (UTC)", "what", "note", "best held-out recall at 10")
    print_table(columns, (_version_row(version, current) for version in kept), right=("version",))


def rollback(
    workspace: WorkspaceOption = None,
    to: Annotated[
        int | None,
        typer.Option(
            "--to",
            metavar="V",
            help="The version to go back to.",
            show_default="before the last ingest, deletion or fit",
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Go back to an earlier version: without --to, to the one from before the last ingest, deletion or fit.

    Live changes that were made since then are undone along with it; `--to` the version that was in use brings them back.

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
        if to is None:
            say(
                "It is the one from before the last ingest, deletion or fit; what was changed live since then is undone, too."
            )


def _document(version: "Version") -> dict[str, Any]:
    """Returns what a person would ask of a version, without the names of its files."""
    kept = version.model_dump(mode="json", include={"number", "created", "what", "note"})
    tools = {name: tool.model_dump(mode="json", exclude={"folder"}) for name, tool in version.tools.items()}
    return {**kept, "tools": tools}


def _fit_row(tool: "ToolReport", tasks: Sequence[str]) -> list[str]:
    recall = _recall(tool.quality)
    return [tool.name, tool.outcome, f"{tool.seconds:.1f}", *(recall.get(task, "") for task in tasks)]


def _gains(quality: Mapping[str, float]) -> dict[str, dict[str, str]]:
    """Returns, by tool and task, what the fusion gains by the tool."""
    found: dict[str, dict[str, str]] = {}
    for name, value in quality.items():
        task, mark, tool = name.partition(_GAIN)
        if mark:
            found.setdefault(tool, {})[task] = f"{value:+.3f}"
    return found


def _recall(quality: Mapping[str, float]) -> dict[str, str]:
    """Returns the held-out recall at 10 by task."""
    return {name.removesuffix(_RECALL): f"{value:.3f}" for name, value in quality.items() if name.endswith(_RECALL)}


def _best(version: "Version") -> str:
    """Returns the version's best tool at each task, a line a task."""
    best: dict[str, tuple[str, str]] = {}
    for name, tool in version.tools.items():
        for task, recall in _recall(tool.quality).items():
            best[task] = max(best.get(task, ("", "")), (recall, name))
    return "\n".join(f"{task} {recall} ({name})" for task, (recall, name) in best.items())


def _version_row(version: "Version", current: int) -> list[str]:
    mark = "→" if version.number == current else ""
    created = version.created[:16].replace("T", " ")
    return [mark, str(version.number), created, version.what, version.note, _best(version)]
