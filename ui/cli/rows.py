"""`convrec recommend` and `convrec understand`: one question on the command line, or a file of them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from convrec.core.errors import InputError
from convrec.ui.cli.batch import Answer, BatchSummary, Row, run_batch
from convrec.ui.cli.console import print_json, print_table, say
from convrec.ui.cli.frame import JsonOption, WorkspaceOption, opened_agent
from convrec.ui.cli.shapes import Message, RecommendRow, UnderstandRow, checked_row

if TYPE_CHECKING:
    from convrec.agent.agent import Agent

BatchOption = Annotated[
    Path | None, typer.Option("--batch", metavar="IN", help="Answer a file of JSON lines.", show_default=False)
]
OutOption = Annotated[
    Path | None,
    typer.Option(
        "--out", metavar="OUT", help="Where the answers go; an unfinished OUT is gone on with.", show_default=False
    ),
]
_Message = Annotated[str | None, typer.Argument(help="What a person might say.", show_default=False)]


def recommend(
    text: _Message = None,
    workspace: WorkspaceOption = None,
    history: Annotated[
        list[str] | None,
        typer.Option("--history", metavar="ID", help="The id of an item that was liked; may be repeated."),
    ] = None,
    exclude: Annotated[
        list[str] | None,
        typer.Option("--exclude", metavar="ID", help="The id of an item to leave out; may be repeated."),
    ] = None,
    filter_: Annotated[
        str | None, typer.Option("--filter", metavar="JSON", help="A predicate that every item must meet.")
    ] = None,
    user: Annotated[str | None, typer.Option("--user", help="Reckon with this person's profile.")] = None,
    k: Annotated[int, typer.Option("-k", min=1, help="How many items.")] = 10,
    tools: Annotated[str | None, typer.Option("--tools", metavar="T1,T2", help="Ask these tools only.")] = None,
    batch: BatchOption = None,
    out: OutOption = None,
    as_json: JsonOption = False,
) -> None:
    """Recommend items for a sentence, a history, or a file of such. No turn is stored.

    Examples:
      convrec recommend "a funny western"
      convrec recommend --history 858 --filter '{"field": "year", "op": "ge", "value": 1990}' -k 5
      convrec recommend -w shop --batch questions.jsonl --out answers.jsonl
    """
    if batch is not None:
        one = (text, history, exclude, filter_, user, tools)
        _batch(workspace, batch, out, _recommend_row, as_json, alone=not any(one))
        return
    row = RecommendRow(
        id="1", messages=[Message(role="user", content=text)] if text is not None else [], history=history or [], user_id=user,
        filter=_predicate(filter_), exclude=exclude or [], k=k, tools=tools.split(",") if tools else None,
    )  # fmt: skip
    if not (row.messages or row.history or row.user_id):
        raise InputError("There is nothing to recommend for.", "Give a sentence, --history, --user, or --batch.")
    with opened_agent(workspace) as agent:
        items = _recommend(agent, row)["items"]
        titles = {item["id"]: agent.toolbox.catalogue.item(item["id"]).title for item in items}
    if as_json:
        print_json({"items": items})
        return
    print_table(
        ("#", "id", "title", "score", "contributions"),
        (
            (str(rank), i["id"], titles[i["id"]], f"{i['score']:.4f}", _parts(i["contributions"]))
            for rank, i in enumerate(items, 1)
        ),
        right=("#", "score"),
    )


def understand(
    text: _Message = None,
    workspace: WorkspaceOption = None,
    batch: BatchOption = None,
    out: OutOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what a message says: acts, wishes, references, filter. No turn is stored.

    Examples:
      convrec understand "no horror, and I hated Saw"
      convrec understand -w shop --batch messages.jsonl --out understood.jsonl
    """
    if batch is not None:
        _batch(workspace, batch, out, _understand_row, as_json, alone=text is None)
        return
    if text is None:
        raise InputError("There is nothing to understand.", "Give a message, or --batch.")
    with opened_agent(workspace) as agent:
        print_json(agent.understand([{"role": "user", "content": text}]).model_dump(mode="json"))


def finish_batch(summary: BatchSummary, as_json: bool) -> None:
    """Says how a batch went."""
    new = summary.rows - summary.resumed
    rate = f" ({new / summary.seconds:.1f} a second)" if summary.seconds > 0 and new else ""
    before = f", {summary.resumed:,} were there before" if summary.resumed else ""
    say(f"{new:,} rows answered{rate}, {summary.errors:,} with an error{before}: {summary.out}")
    if as_json:
        print_json(vars(summary))


def batch_files(source: Path, out: Path | None, alone: bool) -> tuple[Path, Path]:
    """Returns the two files of a batch.

    Raises:
        InputError: `--out` is missing, or the batch is not `alone` on its command line.
    """
    if not alone:
        raise InputError(
            "--batch takes everything from its file.", "Leave the other options out, but for -w, --out and --json."
        )
    if out is None:
        raise InputError("--batch needs a place for its answers.", "Add --out FILE.")
    return source, out


def _batch(
    workspace: Path | None,
    source: Path,
    out: Path | None,
    answer: Callable[["Agent", Row], Row],
    as_json: bool,
    *,
    alone: bool,
) -> None:
    from convrec.ui.cli.progress import progress_shown

    source, out = batch_files(source, out, alone)
    with opened_agent(workspace, for_batch=True) as agent, progress_shown() as progress:
        row_answer: Answer = lambda row, _: answer(agent, row)  # noqa: E731
        summary = run_batch(source, out, row_answer, progress)
    finish_batch(summary, as_json)


def _recommend_row(agent: "Agent", row: Row) -> Row:
    return _recommend(agent, checked_row(RecommendRow, row))


def _recommend(agent: "Agent", row: RecommendRow) -> Row:
    found = agent.recommend(
        messages=[dict(message) for message in row.messages], history=row.history, user_id=row.user_id, filter=row.filter,
        exclude=row.exclude, k=row.k, tools=row.tools,
    )  # fmt: skip
    return {
        "items": [{"id": item.id, "score": item.score, "contributions": dict(item.contributions)} for item in found]
    }


def _understand_row(agent: "Agent", row: Row) -> Row:
    messages = [dict(message) for message in checked_row(UnderstandRow, row).messages]
    return {"understanding": agent.understand(messages).model_dump(mode="json")}


def _predicate(text: str | None) -> dict[str, Any] | None:
    if text is None:
        return None
    try:
        document = json.loads(text)
    except ValueError as error:
        raise InputError(
            "--filter is not JSON.", """Write it as '{"field": "year", "op": "ge", "value": 1990}'."""
        ) from error
    if not isinstance(document, dict):
        raise InputError(
            "--filter is not a JSON object.", """Write it as '{"field": "year", "op": "ge", "value": 1990}'."""
        )
    return document


def _parts(contributions: dict[str, float]) -> str:
    return "  ".join(
        f"{name} {amount:+.4f}" for name, amount in sorted(contributions.items(), key=lambda part: -abs(part[1]))
    )
