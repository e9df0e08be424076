"""`convrec evaluate explanations` and `fairness`: audits of what is said, and to whom."""

from typing import Annotated

import typer

from convrec.ui.cli.console import say
from convrec.ui.cli.frame import JsonOption, WorkspaceOption
from convrec.ui.cli.options import RunOption, SeedOption
from convrec.ui.cli.progress import progress_shown
from convrec.ui.cli.results import show

_Users = Annotated[int, typer.Option("--users", min=1, help="People who ask, drawn from the catalogue.")]


def explanations(
    workspace: WorkspaceOption = None,
    users: _Users = 100,
    seed: SeedOption = 0,
    out: RunOption = None,
    as_json: JsonOption = False,
) -> None:
    """Look up every reason that people are given: true, theirs, and what the score really rests on.

    Examples:
      convrec evaluate explanations -w shop
      convrec evaluate explanations -w shop --users 20 --json
    """
    from convrec.catalogue.workspace import Workspace
    from convrec.evaluation.audits.explanations import ExplanationOptions, evaluate_explanations

    target = Workspace.resolve(workspace)
    with progress_shown() as progress:
        run, result = evaluate_explanations(
            target, ExplanationOptions(users, seed), target.root / "evaluations", progress=progress, out=out
        )
    show(run, result, as_json)


def fairness(
    workspace: WorkspaceOption = None,
    users: _Users = 80,
    held: Annotated[
        int,
        typer.Option(
            "--held", min=1, help="People whose latest choice is to be found while lists leave what many know."
        ),
    ] = 200,
    seed: SeedOption = 0,
    out: RunOption = None,
    as_json: JsonOption = False,
) -> None:
    """Let the same people say different things of themselves, and compare what they are shown; and turn the dial away from what many know.

    Examples:
      convrec evaluate fairness -w shop
      convrec evaluate fairness -w shop --users 16 --held 50
    """
    from convrec.catalogue.workspace import Workspace
    from convrec.evaluation.audits.fairness import FairnessOptions, evaluate_fairness

    target, options = Workspace.resolve(workspace), FairnessOptions(users, held, seed)
    with progress_shown() as progress:
        run, result = evaluate_fairness(target, options, target.root / "evaluations", progress=progress, out=out)
    show(run, result, as_json)
    if not as_json:
        for place, row in result.sections.get("popularity dial", {}).items():
            say(f"{place}: " + ", ".join(f"{metric} {figure['value']:.3f}" for metric, figure in row.items()))
