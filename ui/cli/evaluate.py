"""`convrec evaluate`: how good it is, measured."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from convrec.core.errors import InputError
from convrec.ui.cli.audits import explanations, fairness
from convrec.ui.cli.audits_latency import latency
from convrec.ui.cli.audits_robustness import robustness
from convrec.ui.cli.console import print_json, say
from convrec.ui.cli.engines import engines
from convrec.ui.cli.frame import JsonOption, WorkspaceOption, command
from convrec.ui.cli.memory import memory
from convrec.ui.cli.options import RunOption, SeedOption, cuts
from convrec.ui.cli.progress import progress_shown
from convrec.ui.cli.results import show, show_comparison

if TYPE_CHECKING:
    from convrec.catalogue.workspace import Workspace

app = typer.Typer(
    help="Measure how good it is, with intervals, against baselines.", no_args_is_help=True, rich_markup_mode=None
)
PredictionsOption = Annotated[
    Path | None,
    typer.Option("--predictions", metavar="FILE", help="Write what was ranked in each case, as JSON lines."),
]
LimitOption = Annotated[int | None, typer.Option("--limit", min=1, help="Only N of the cases, to try it out.")]
_CutsOption = Annotated[str, typer.Option("--k", metavar="K1,K2", help="List lengths to measure at.")]


def topn(
    workspace: WorkspaceOption = None,
    protocol: Annotated[
        str, typer.Option("--protocol", help="leave-last-out, temporal, or strong (people held out whole).")
    ] = "leave-last-out",
    k: _CutsOption = "10,20",
    tools: Annotated[
        str | None, typer.Option("--tools", metavar="T1,T2", help="Show these tools beside the baselines.")
    ] = None,
    seed: SeedOption = 0,
    repeats: Annotated[
        int,
        typer.Option(
            "--repeats", min=1, max=8, help="Splits to pool: cut-offs (temporal) or draws of people (strong)."
        ),
    ] = 1,
    limit: LimitOption = None,
    predictions: PredictionsOption = None,
    out: RunOption = None,
    as_json: JsonOption = False,
) -> None:
    """Split the interactions, fit on the training part in a scratch folder, and rank all items for each person held out.

    Examples:
      convrec evaluate topn -w shop
      convrec evaluate topn -w shop --protocol temporal --k 10,20 --tools als,dense --repeats 3
    """
    from convrec.evaluation.topn import TopN, evaluate_topn

    if protocol not in ("leave-last-out", "temporal", "strong"):
        raise InputError(f"There is no protocol {protocol!r}.", "There are leave-last-out, temporal and strong.")
    options = TopN(protocol=protocol, cuts=cuts(k), tools=names(tools), seed=seed, repeats=repeats, limit=limit)  # type: ignore[arg-type]
    target = resolved(workspace)
    with progress_shown() as progress:
        run, result = evaluate_topn(target, options, target.root / "evaluations", progress=progress, out=out)
    show(run, result, as_json, predictions)


def dialogue(
    input_: Annotated[
        Path,
        typer.Option(
            "--input",
            metavar="F",
            help="Dialogues: a folder or file in a known layout, or your own.",
            show_default=False,
        ),
    ],
    workspace: WorkspaceOption = None,
    split: Annotated[
        str | None, typer.Option("--split", help="The layout's part.", show_default="its validation part")
    ] = None,
    k: _CutsOption = "1,10,50",
    tools: Annotated[
        str | None, typer.Option("--tools", metavar="T1,T2", help="Show these tools beside the baselines.")
    ] = None,
    seed: SeedOption = 0,
    limit: LimitOption = None,
    today: Annotated[
        str, typer.Option("--today", metavar="DAY", help='The day on which people talk, for words such as "recent".')
    ] = "2026-01-01",
    allow_leak: Annotated[
        bool, typer.Option("--allow-leak", help="Measure even where the test was learned from; marks the report.")
    ] = False,
    predictions: PredictionsOption = None,
    out: RunOption = None,
    as_json: JsonOption = False,
) -> None:
    """Find what a human recommender named next, from all that was said before; repeated titles are left out.

    Examples:
      convrec evaluate dialogue -w films --input redial/valid.jsonl
      convrec evaluate dialogue -w shop --input talks.jsonl --predictions ranked.jsonl
    """
    from convrec.evaluation.dialogue import DialogueOptions, evaluate_dialogue

    options = DialogueOptions(
        split=split, cuts=cuts(k), tools=names(tools), seed=seed, limit=limit, allow_leak=allow_leak, today=today
    )
    target = resolved(workspace)
    with progress_shown() as progress:
        run, result = evaluate_dialogue(
            target, input_, options, target.root / "evaluations", progress=progress, out=out
        )
    show(run, result, as_json, predictions)


def understanding(
    input_: Annotated[
        Path,
        typer.Option(
            "--input",
            metavar="F",
            help="Labelled messages: a folder or file in a known layout, or your own.",
            show_default=False,
        ),
    ],
    workspace: WorkspaceOption = None,
    split: Annotated[str | None, typer.Option("--split", help="The layout's part (SGD).", show_default="dev")] = None,
    seed: SeedOption = 0,
    limit: LimitOption = None,
    out: RunOption = None,
    as_json: JsonOption = False,
) -> None:
    """Measure how well labelled messages are understood: SGD, CCPE, soft attributes, AltEntities, or your own turns.

    Examples:
      convrec evaluate understanding -w films --input ccpe/train.txt
      convrec evaluate understanding -w shop --input turns.jsonl
    """
    from convrec.evaluation.understanding.protocol import UnderstandingOptions, evaluate_understanding

    options = UnderstandingOptions(split=split, limit=limit, seed=seed)
    target = resolved(workspace)
    with progress_shown() as progress:
        run, result = evaluate_understanding(
            target, input_, options, target.root / "evaluations", progress=progress, out=out
        )
    show(run, result, as_json)


def sessions(
    workspace: WorkspaceOption = None,
    users: Annotated[
        int, typer.Option("--users", min=1, help="People a way of drawing targets; each meets every policy.")
    ] = 50,
    policy: Annotated[
        str,
        typer.Option(
            "--policy",
            help="Whom to compare: agent, never-ask, always-ask, random-ask, search, popularity, random, or oracle.",
        ),
    ] = "agent",
    patience: Annotated[int, typer.Option("--patience", min=1, max=20, help="Turns that people stay.")] = 5,
    mistakes: Annotated[
        float, typer.Option("--mistakes", min=0, max=1, help="The share of answers that go wrong.")
    ] = 0.15,
    worded_by: Annotated[
        str | None,
        typer.Option("--worded-by", metavar="MODEL", help="A chat model that puts what people say into other words."),
    ] = None,
    llm_url: Annotated[
        str | None, typer.Option("--llm-url", metavar="URL", help="Where it is served: any OpenAI-compatible address.")
    ] = None,
    llm_key_env: Annotated[
        str | None,
        typer.Option(
            "--llm-key-env",
            metavar="NAME",
            help="The environment variable with its key.",
            show_default="OPENAI_API_KEY, if set",
        ),
    ] = None,
    seed: SeedOption = 0,
    out: RunOption = None,
    as_json: JsonOption = False,
) -> None:
    """Let simulated people with hidden targets talk to the agent, and to those that it must beat.

    Examples:
      convrec evaluate sessions -w shop --users 100
      convrec evaluate sessions -w shop --policy never-ask --users 20
      convrec evaluate sessions -w shop --worded-by qwen3 --llm-url http://localhost:11434/v1
    """
    from convrec.evaluation.sessions.house import SessionOptions
    from convrec.evaluation.sessions.protocol import evaluate_sessions

    options = SessionOptions(
        users=users, policy=policy, patience=patience, mistakes=mistakes, seed=seed, worded_by=worded_by, llm_url=llm_url, llm_key_env=llm_key_env
    )  # fmt: skip
    target = resolved(workspace)
    with progress_shown() as progress:
        run, result = evaluate_sessions(target, options, target.root / "evaluations", progress=progress, out=out)
    show(run, result, as_json)


def report(
    runs: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="RUN", help="Folders of runs.", show_default="the workspace's newest run of each protocol"
        ),
    ] = None,
    workspace: WorkspaceOption = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="The page.", show_default="report.html beside the runs"),
    ] = None,
) -> None:
    """Write one page about runs: plots with intervals, tables, the worst cases. It opens anywhere and loads nothing.

    Examples:
      convrec evaluate report -w shop
      convrec evaluate report shop/evaluations/topn-83a31488c013 --out topn.html
    """
    from convrec.evaluation.reading import leaks
    from convrec.evaluation.report import newest_runs
    from convrec.evaluation.report import report as written
    from convrec.evaluation.run import read_result

    beside = runs[0].resolve().parent if runs and workspace is None else resolved(workspace).root / "evaluations"
    chosen = runs or newest_runs(beside)
    path = written(chosen, out or beside / "report.html")
    for run in chosen:
        for leak in leaks(read_result(run)):
            say(f"{run.name}: {leak}")
    typer.echo(path)


def compare(
    a: Annotated[Path, typer.Argument(metavar="A", help="The folder of the run before.", show_default=False)],
    b: Annotated[Path, typer.Argument(metavar="B", help="The folder of the run after.", show_default=False)],
    as_json: JsonOption = False,
) -> None:
    """Say what got better or worse from run A to run B, on the same cases, and whether chance would do as much.

    Examples:
      convrec evaluate compare before after
      convrec evaluate compare before after --json
    """
    from convrec.evaluation.compare import compare as compared

    found = compared(a, b)
    if as_json:
        print_json(found.model_dump(mode="json"))
        return
    show_comparison(found)


def names(given: str | None) -> tuple[str, ...]:
    """Returns the names that an option lists with commas."""
    return tuple(name.strip() for name in given.split(",") if name.strip()) if given else ()


def resolved(workspace: Path | None) -> "Workspace":
    """Returns the workspace that `-w` names, else the usual one."""
    from convrec.catalogue.workspace import Workspace

    return Workspace.resolve(workspace)


for function in (
    topn, dialogue, understanding, sessions, engines, memory, explanations, fairness, robustness, latency, report, compare,
):  # fmt: skip
    command(app, function)
