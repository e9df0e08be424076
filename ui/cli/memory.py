"""`convrec evaluate memory`: what is remembered of people, measured."""

import json
from typing import Annotated

import typer

from convrec.ui.cli.console import say
from convrec.ui.cli.frame import JsonOption, WorkspaceOption
from convrec.ui.cli.options import RunOption, SeedOption, cuts
from convrec.ui.cli.progress import progress_shown
from convrec.ui.cli.results import show


def memory(
    workspace: WorkspaceOption = None,
    users: Annotated[int, typer.Option("--users", min=1, help="Generated people who talk.")] = 50,
    messages: Annotated[
        int, typer.Option("--messages", min=1, help="What each says; one in eleven tells something.")
    ] = 200,
    wording: Annotated[
        str, typer.Option("--wording", help="Which wordings: dev (to look at while developing), heldout, or all.")
    ] = "all",
    vetoes: Annotated[
        int, typer.Option("--vetoes", min=0, help="People who rule something out, then talk of other things.")
    ] = 10,
    after: Annotated[
        str, typer.Option("--after", metavar="N1,N2", help="Messages after which it is checked that this holds.")
    ] = "10,100,300",
    seed: SeedOption = 0,
    out: RunOption = None,
    as_json: JsonOption = False,
) -> None:
    """Let generated people talk for weeks, then ask for what they told: recall, updates, junk, duplicates, leaks, vetoes.

    Examples:
      convrec evaluate memory -w shop
      convrec evaluate memory -w shop --users 5 --messages 60 --wording dev --vetoes 2 --after 10
    """
    from convrec.catalogue.workspace import Workspace
    from convrec.evaluation.memory.protocol import MemoryOptions, evaluate_memory

    options = MemoryOptions(users, messages, wording, vetoes, cuts(after, "--after"), seed)  # type: ignore[arg-type]
    target = Workspace.resolve(workspace)
    with progress_shown() as progress:
        run, result = evaluate_memory(target, options, target.root / "evaluations", progress=progress, out=out)
    show(run, result, as_json)
    if not as_json:
        kinds = result.sections["junk by kind of message"]
        say(f"Junk by kind of message: {', '.join(f'{kind} {n}' for kind, n in kinds.items())}.")
        took = json.loads((run.folder / "timings.json").read_bytes())["ms_a_recall"]
        say(f"A recall took {took['p50']:.1f} ms (median), {took['p95']:.1f} ms (95 %).")
