"""`convrec evaluate latency`: how long turns take, where, and in how much memory."""

import json
from typing import Annotated, Any

import typer

from convrec.ui.cli.console import print_table
from convrec.ui.cli.frame import JsonOption, WorkspaceOption
from convrec.ui.cli.options import RunOption, SeedOption, cuts
from convrec.ui.cli.progress import progress_shown
from convrec.ui.cli.results import show

_TIMES = ("p50", "p95", "p99")


def latency(
    workspace: WorkspaceOption = None,
    turns: Annotated[int, typer.Option("--turns", min=1, help="Turns that are measured, each time.")] = 200,
    concurrency: Annotated[
        str, typer.Option("--concurrency", metavar="N1,N2", help="How many people talk at once.")
    ] = "1,4",
    sizes: Annotated[
        str | None,
        typer.Option(
            "--sizes",
            metavar="N1,N2",
            help="Also with so many items: some left out, or with varied copies.",
            show_default="the catalogue as it is",
        ),
    ] = None,
    seed: SeedOption = 0,
    out: RunOption = None,
    as_json: JsonOption = False,
) -> None:
    """Hold scripted conversations and measure turns, nodes, tools and memory, by how many talk at once and how many items there are.

    Examples:
      convrec evaluate latency -w shop
      convrec evaluate latency -w shop --turns 50 --concurrency 1,8 --sizes 1000,10000
    """
    from convrec.catalogue.workspace import Workspace
    from convrec.evaluation.audits.latency import LatencyOptions, evaluate_latency

    options = LatencyOptions(
        turns, cuts(concurrency, "--concurrency"), cuts(sizes, "--sizes") if sizes is not None else (), seed
    )
    target = Workspace.resolve(workspace)
    with progress_shown() as progress:
        run, result = evaluate_latency(target, options, target.root / "evaluations", progress=progress, out=out)
    show(run, result, as_json)
    if not as_json:
        _show_times(json.loads((run.folder / "timings.json").read_bytes())["latency"])


def _show_times(rows: list[dict[str, Any]]) -> None:
    head = ("catalogue", "items", "at once", "turns", *_TIMES, "turns a second", "MiB opened", "MiB")
    table = [
        (
            row["catalogue"], f"{row['items']:,}", str(row["at_once"]), str(row["turns"]), *_ms(row["ms_a_turn"]),
            f"{row['turns_a_second']:.1f}", *(_mib(row[name]) for name in ("mib_opened", "mib")),
        )
        for row in rows
    ]  # fmt: skip
    print_table(head, table, right=head[1:], caption="milliseconds a turn; memory resident")
    where = [f"{row['catalogue']}, {row['at_once']} at once" for row in rows]
    for part in ("node", "tool"):
        found = [row[f"ms_by_{part}"] for row in rows]
        names = dict.fromkeys(name for each in found for name in each)
        table = [(name, *(" / ".join(_ms(each[name])) if name in each else "–" for each in found)) for name in names]
        print_table((part, *where), table, right=tuple(where), caption=f"milliseconds a {part}: {' / '.join(_TIMES)}")


def _ms(times: dict[str, float]) -> tuple[str, ...]:
    return tuple(f"{times[name]:.1f}" for name in _TIMES)


def _mib(value: float | None) -> str:
    return "–" if value is None else f"{value:,.0f}"
