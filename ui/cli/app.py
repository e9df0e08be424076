"""All commands, put together."""

from typing import Annotated

import typer

from convrec.ui.cli import (
    account,
    chat,
    data,
    diagnosis,
    evaluate,
    finetune,
    fitting,
    logs,
    mcp,
    page,
    profile,
    rows,
    serve,
    state,
)
from convrec.ui.cli.frame import command

app = typer.Typer(
    name="convrec",
    help="A conversational recommender next to your own catalogue. Without -w, commands work on the bundled demo films.",
    epilog="Start with: convrec chat",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


def _show_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"convrec {version('convrec')}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """A conversational recommender next to your own catalogue. Without -w, commands work on the bundled demo films."""


for function in (
    data.ingest, data.import_, fitting.fit, fitting.versions, fitting.rollback, chat.chat, page.ui, serve.serve, mcp.mcp,
    rows.recommend, rows.understand, diagnosis.doctor, state.backup, state.migrate_state, logs.export_log,
):  # fmt: skip
    command(app, function)
app.add_typer(account.app, name="account")
app.add_typer(profile.app, name="profile")
app.add_typer(evaluate.app, name="evaluate")
app.add_typer(finetune.app, name="finetune")
