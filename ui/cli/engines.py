"""`convrec evaluate engines`: where a chat model serves better than the compact engine."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args

import typer

from convrec.core.errors import InputError
from convrec.ui.cli.console import print_json, print_table, say
from convrec.ui.cli.frame import JsonOption, WorkspaceOption
from convrec.ui.cli.options import RunOption, SeedOption
from convrec.ui.cli.progress import progress_shown
from convrec.ui.cli.results import document

if TYPE_CHECKING:
    from convrec.core.settings import Llm, Manner
    from convrec.evaluation.result import Difference, Figure, Result

_PARTS = {"understand": "turns", "plan": "sessions", "explain": "sessions", "rank": "people"}
TurnsOption = Annotated[
    int,
    typer.Option(
        "--turns", min=1, help="Turns to understand, about as many slates to word, and lists to order, at most."
    ),
]
RankOption = Annotated[
    str | None,
    typer.Option(
        "--rank",
        help="How the model orders the ten best: listwise, pointwise or pairwise.",
        show_default="[llm] rank, else listwise",
    ),
]


def engines(
    workspace: WorkspaceOption = None,
    model: Annotated[
        str | None,
        typer.Option("--model", metavar="M", help="The chat model's name at its server.", show_default="[llm] model"),
    ] = None,
    base_url: Annotated[
        str | None,
        typer.Option("--base-url", metavar="URL", help="Any OpenAI-compatible address.", show_default="[llm] base_url"),
    ] = None,
    input_: Annotated[
        Path | None,
        typer.Option("--input", metavar="F", help="Your own labelled turns.", show_default="what simulated people say"),
    ] = None,
    users: Annotated[
        int, typer.Option("--users", min=1, help="People a way of drawing targets, two ways of behaving each.")
    ] = 15,
    turns: TurnsOption = 200,
    rank: RankOption = None,
    seed: SeedOption = 0,
    write: Annotated[
        bool, typer.Option("--write", help="Write what the model wins into the workspace's convrec.toml.")
    ] = False,
    out: RunOption = None,
    as_json: JsonOption = False,
) -> None:
    """Compare the compact engine, a chat model, and that with its adapter, step by step: quality, requests, tokens, time, cost.

    A step is recommended where the model wins by a paired 95 % interval: wishes heard right (understand), targets found within
    five turns (plan), fewer phrases that everybody hears (explain); and loses nothing else that counts. Whether it should also
    order the ten best (rank) is told apart: by what people who were held out chose later.

    Examples:
      convrec evaluate engines -w shop --model qwen3 --base-url http://localhost:11434/v1
      convrec evaluate engines -w shop --input turns.jsonl --users 50 --write
    """
    from convrec.catalogue.workspace import Workspace
    from convrec.evaluation.engines.protocol import EngineOptions, evaluate_engines
    from convrec.evaluation.engines.verdict import setting, toml_lines, write_setting

    target = Workspace.resolve(workspace)
    llm = _asked(target.settings.llm, model=model, base_url=base_url)
    options = EngineOptions(users=users, turns=turns, seed=seed, rank=_manner(rank, llm))
    with progress_shown() as progress:
        run, result = evaluate_engines(
            target, llm, options, target.root / "evaluations", labelled=input_, progress=progress, out=out
        )
    path = target.root / "convrec.toml"
    wanted = setting(llm, result.sections["recommended"], result.sections.get("rank"))
    if write:
        write_setting(path, wanted)
    if as_json:
        print_json(document(result))
        return
    show(result, json.loads((run.folder / "timings.json").read_bytes())["ms_a_turn"])
    say(f"{'Written to' if write else 'To paste into'} {path}:")
    typer.echo(toml_lines(wanted))
    say(f"Kept in {run.folder}: metrics.json, timings.json, answers.")


def _asked(llm: "Llm", **given: str | None) -> "Llm":
    """Returns the settings with what the options give in their place.

    Raises:
        InputError: an option is no such setting.
    """
    from pydantic import ValidationError

    from convrec.core.settings import Llm

    try:
        return Llm.model_validate(llm.model_dump() | {key: value for key, value in given.items() if value is not None})
    except ValidationError as error:
        raise InputError("--base-url is no address.", "Write one like http://localhost:11434/v1.") from error


def _manner(given: str | None, llm: "Llm") -> "Manner":
    """Returns how to rank: as the option says, else as the settings do, else all at once.

    Raises:
        InputError: the option names no manner.
    """
    from convrec.core.settings import Manner

    manners: tuple[Manner, ...] = get_args(Manner)
    asked = next((manner for manner in manners if manner == given), None)
    if given is not None and asked is None:
        raise InputError(f"There is no manner of ranking {given!r}.", f"There are {', '.join(manners)}.")
    return asked or ("listwise" if llm.rank == "off" else llm.rank)


def show(result: "Result", ms: dict[str, dict[str, float]]) -> None:
    """Prints, for each model, a table of its steps beside the compact engine, and what a reader must know."""
    systems = {result.system: result.metrics, **result.baselines}
    for name, over in reversed(result.sections["over compact"].items()):
        for step in (part for part in _PARTS if f"{part}: cases" in result.counts):
            _show_step(step, name, systems[name], systems["compact"], over, ms.get(step, {}), result)
    if "ratings" in result.sections:
        _show_ratings(result.sections["ratings"])
    for note in result.notes:
        say(note)
    won = result.sections["recommended"]
    say(
        f"The {result.system} wins {', '.join(won)}."
        if won
        else f"The {result.system} wins no step: compact serves all."
    )
    if "rank" in result.sections:
        pays = result.sections["rank"] != "off"
        say(f"Its order of the ten best is {'' if pays else 'not '}better than the one in which they are found.")


def _show_step(
    step: str, name: str, own: "dict[str, Figure]", compact: "dict[str, Figure]", over: dict[str, Any],
    ms: dict[str, float], result: "Result",
) -> None:  # fmt: skip
    from convrec.evaluation.reading import clearly, meaning, number
    from convrec.evaluation.result import Difference

    rows = []
    for metric, figure in own.items():
        if not metric.startswith(f"{step} ") or (metric == f"{step} cost a turn" and not figure.value):
            continue  # without prices in [llm] a cost says nothing
        gain = Difference.model_validate(over[metric]) if metric in over else None
        rows.append(
            (
                metric.removeprefix(f"{step} "), _cell(compact.get(metric)), _cell(figure), _cell(gain, signed=True),
                clearly(metric, gain).replace("unclear", "") if gain and meaning(metric) else "",
            )
        )  # fmt: skip
    if ms:
        rows.append(("ms a turn", number(ms.get("compact")), number(ms.get(name)), "", ""))
    print_table(
        (step, "compact", name, "difference", ""), rows, right=("compact", name, "difference"),
        caption=f"{result.counts[f'{step}: cases']:,} {_PARTS[step]}; [ ] 95 % interval, paired for the difference",
    )  # fmt: skip


def _show_ratings(section: dict[str, Any]) -> None:
    from convrec.evaluation.result import Figure

    names = ("rmse", "mae", "given")
    rows = [(name, *(_cell(Figure(**row[each])) for each in names)) for name, row in section["systems"].items()]
    caption = f"{section['n']:,} ratings held back, one a person; less is better; where none was given, the means' counts. It decides nothing"
    print_table(("rating", *names), rows, right=names, caption=caption)


def _cell(figure: "Figure | Difference | None", *, signed: bool = False) -> str:
    from convrec.evaluation.reading import interval, number

    if figure is None or figure.value is None:
        return "–"
    ends = interval(figure, signed=signed).replace(" to ", ", ")
    return f"{number(figure.value, signed=signed)}{f' [{ends}]' if ends else ''}"
