"""`convrec account`: people who sign in to the chat page of `convrec serve` with a password."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from convrec.core.errors import ConvrecError, InputError
from convrec.core.extras import to_get
from convrec.ui.cli.console import print_json, print_table, say
from convrec.ui.cli.frame import JsonOption, WorkspaceOption, command
from convrec.ui.cli.page import installed

if TYPE_CHECKING:
    from convrec.agent.stores.accounts import Accounts
    from convrec.ui.auth.passwords import Passwords

app = typer.Typer(
    help="People who sign in to the chat page with a password.", no_args_is_help=True, rich_markup_mode=None
)
NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="The name they sign in with.", show_default=False)]


def add(name: NameArgument, workspace: WorkspaceOption = None) -> None:
    """Make an account. Its password is asked for, or read from stdin where that is no terminal.

    Examples:
      convrec account add ana -w shop
      pwgen 20 1 | tee ana.txt | convrec account add ana -w shop
    """
    from convrec.ui.auth.names import checked_name

    checked_name(name)
    with _opened(workspace) as (accounts, is_on):
        account = _passwords(accounts).add(name, _password())
        typer.echo(f"{account.name} can sign in now, as user {account.user_id}.")
        if not is_on:
            say('Accounts are off: set accounts = "invited" under [auth] in convrec.toml.')


def list_(workspace: WorkspaceOption = None, as_json: JsonOption = False) -> None:
    """List the accounts.

    Examples:
      convrec account list -w shop
    """
    with _opened(workspace) as (accounts, _):
        found = [{"name": a.name, "user_id": a.user_id, "created": a.created} for a in accounts.all()]
    if as_json:
        print_json({"accounts": found})
    elif found:
        print_table(("name", "user", "since"), [(a["name"], a["user_id"], a["created"][:10]) for a in found])
    else:
        typer.echo("There are no accounts.")


def password(name: NameArgument, workspace: WorkspaceOption = None) -> None:
    """Give an account another password, and sign it out everywhere.

    Examples:
      convrec account password ana -w shop
    """
    with _opened(workspace) as (accounts, _):
        _passwords(accounts).change(name, _password())
    typer.echo(f"{name} has another password now, and is signed out everywhere.")


def remove(name: NameArgument, workspace: WorkspaceOption = None) -> None:
    """Delete an account, and sign it out everywhere. What is remembered of its user stays until `convrec profile forget`.

    Examples:
      convrec account remove ana -w shop
    """
    with _opened(workspace) as (accounts, _):
        user_id = _passwords(accounts).remove(name)
    typer.echo(f"{name} can't sign in any more. What is remembered stays: convrec profile forget --user {user_id}")


def _passwords(accounts: "Accounts") -> "Passwords":
    if not installed("argon2"):
        raise ConvrecError("Passwords need more than is installed.", to_get("serve"))
    from convrec.core.clock import SystemClock
    from convrec.ui.auth.passwords import Passwords

    return Passwords(accounts, SystemClock())


def _password() -> str:
    if sys.stdin.isatty():
        return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True))
    line = sys.stdin.readline().rstrip("\r\n")
    if not line:
        raise InputError("There is no password.", "Type it, or send it on stdin.")
    return line


@contextmanager
def _opened(workspace: Path | None) -> "Iterator[tuple[Accounts, bool]]":
    """Gives the accounts of a workspace, and whether its settings let them sign in."""
    from convrec.agent.stores.accounts import Accounts
    from convrec.agent.stores.ledger import Ledger
    from convrec.agent.stores.opening import open_database
    from convrec.catalogue.workspace import Workspace

    opened = Workspace.resolve(workspace)
    ledger = Ledger(open_database(opened.state_url()))
    try:
        yield Accounts(ledger), opened.settings.auth.accounts != "off"
    finally:
        ledger.close()


for function in (add, list_, password, remove):
    command(app, function)
