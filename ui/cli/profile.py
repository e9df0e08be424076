"""`convrec profile`: see what is remembered about a person, take it away, or have it forgotten."""

import sys
from typing import Annotated

import typer

from convrec.core.ids import checked_id
from convrec.ui.cli.console import print_json, print_table
from convrec.ui.cli.frame import JsonOption, WorkspaceOption, command, opened_agent

app = typer.Typer(help="What is remembered about a person.", no_args_is_help=True, rich_markup_mode=None)
UserOption = Annotated[str, typer.Option("--user", help="Whose.", show_default=False)]


def show(user: UserOption, workspace: WorkspaceOption = None, as_json: JsonOption = False) -> None:
    """Show what is remembered about a person now.

    Examples:
      convrec profile show --user ana
    """
    user = checked_id(user)
    with opened_agent(workspace) as agent:
        entries = agent.profile(user)
    if as_json:
        print_json({"user_id": user, "entries": [entry.model_dump(mode="json") for entry in entries]})
    elif entries:
        rows = ((e.id, "likes" if e.polarity > 0 else "dislikes", e.facet, e.value, e.scope, e.quote) for e in entries)
        print_table(("id", "", "facet", "value", "scope", "said as"), rows)
    else:
        typer.echo(f"Nothing is remembered about {user}.")


def export(user: UserOption, workspace: WorkspaceOption = None, as_json: JsonOption = False) -> None:
    """Print everything stored about a person as one JSON document: profile, conversations, clicks.

    Examples:
      convrec profile export --user ana > ana.json
    """
    with opened_agent(workspace) as agent:
        print_json(agent.export(checked_id(user)))


def forget(
    user: UserOption,
    workspace: WorkspaceOption = None,
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Delete everything stored about a person, and print the receipt.

    Examples:
      convrec profile forget --user ana --yes
    """
    user = checked_id(user)
    if not yes and sys.stdin.isatty() and not typer.confirm(f"Delete all that is stored about {user}?", err=True):
        raise typer.Exit(1)
    with opened_agent(workspace) as agent:
        receipt = agent.forget(user)
    print_json({"user_id": receipt.user_id, "deleted": dict(receipt.deleted), "verified": receipt.verified})
    if not receipt.verified:
        raise typer.Exit(1)


for function in (show, export, forget):
    command(app, function)
