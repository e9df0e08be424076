"""`convrec evaluate robustness`: what slips, other words, pushed texts and made-up people change."""

from typing import Annotated

import typer

from convrec.ui.cli.console import print_table
from convrec.ui.cli.frame import JsonOption, WorkspaceOption
from convrec.ui.cli.options import RunOption, SeedOption
from convrec.ui.cli.progress import progress_shown
from convrec.ui.cli.results import show


def robustness(
    workspace: WorkspaceOption = None,
    users: Annotated[
        int, typer.Option("--users", min=2, help="Requests that are drawn, and people whose lists are looked at.")
    ] = 50,
    seed: SeedOption = 0,
    out: RunOption = None,
    as_json: JsonOption = False,
) -> None:
    """Ask with slips and in other words, push items by their text and by made-up people, shuffle histories; beside rankers without a defence.

    Examples:
      convrec evaluate robustness -w shop
      convrec evaluate robustness -w shop --users 8 --seed 1
    """
    from convrec.catalogue.workspace import Workspace
    from convrec.evaluation.audits.robustness import RobustnessOptions, evaluate_robustness

    target = Workspace.resolve(workspace)
    with progress_shown() as progress:
        run, result = evaluate_robustness(
            target, RobustnessOptions(users, seed), target.root / "evaluations", progress=progress, out=out
        )
    show(run, result, as_json)
    if not as_json:
        for title, table in result.sections.items():
            rows = [(name, *_cells(each)) for name, each in table.items()]
            first = next(iter(table.values()))
            head = tuple(first) if isinstance(first, dict) else ("share",)
            print_table(("tool", *head), rows, right=head, caption=title)
        different = result.controls["two different wishes"]["same slate, other words"].value
        print_table(("control", "share"), [("same slate, two different wishes", *_cells(different))], right=("share",))


def _cells(found: dict[str, float | None] | float | None) -> tuple[str, ...]:
    values = found.values() if isinstance(found, dict) else (found,)
    return tuple("–" if value is None else f"{value:.4f}" for value in values)
