"""`convrec profile`: see what is remembered about a person, change it, take it away, or have it forgotten."""

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from convrec.core.errors import InputError
from convrec.core.ids import checked_id
from convrec.core.profile import ProfileEntry
from convrec.ui.cli.console import print_json, print_table
from convrec.ui.cli.frame import JsonOption, WorkspaceOption, command, opened_agent

app = typer.Typer(help="What is remembered about a person.", no_args_is_help=True, rich_markup_mode=None)
UserOption = Annotated[str, typer.Option("--user", help="Whose.", show_default=False)]
_TASTES = {"like": (1, "soft"), "dislike": (-1, "soft"), "only": (1, "hard"), "never": (-1, "hard")}


def _tastes(help_: str) -> Any:
    return typer.Option(metavar="FACET=VALUE", help=help_, show_default=False)


def show(user: UserOption, workspace: WorkspaceOption = None, as_json: JsonOption = False) -> None:
    """Show what is remembered about a person now.

    Examples:
      convrec profile show --user ana
    """
    user = checked_id(user)
    with opened_agent(workspace) as agent:
        _print(user, agent.profile(user), agent.memory_paused(user), as_json)


def edit(
    user: UserOption,
    workspace: WorkspaceOption = None,
    like: Annotated[list[str], _tastes("Add a taste; an item is item=ID, free words text=WORDS.")] = [],  # noqa: B006  (typer's way to repeat)
    dislike: Annotated[list[str], _tastes("Add a dislike.")] = [],  # noqa: B006
    only: Annotated[list[str], _tastes("Add a demand that always holds.")] = [],  # noqa: B006
    never: Annotated[list[str], _tastes("Add what is always ruled out.")] = [],  # noqa: B006
    weigh: Annotated[list[str], typer.Option(metavar="ID=WEIGHT", help="How much a taste counts, above 0 and up to 1.", show_default=False)] = [],  # noqa: B006
    rest: Annotated[list[str], typer.Option(metavar="ID", help="Keep a taste without using it.", show_default=False)] = [],  # noqa: B006
    use: Annotated[list[str], typer.Option(metavar="ID", help="Use a resting taste again.", show_default=False)] = [],  # noqa: B006
    remove: Annotated[list[str], typer.Option(metavar="ID", help="Take an entry out.", show_default=False)] = [],  # noqa: B006
    patch: Annotated[Path | None, typer.Option(metavar="FILE", help='Changes as JSON, {"add": […], "update": […], "remove": […]}; - reads stdin.', show_default=False)] = None,
    pause: Annotated[bool, typer.Option("--pause", help="Learn nothing and use nothing until --resume.")] = False,
    resume: Annotated[bool, typer.Option("--resume", help="Learn and use again.")] = False,
    as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Change what is remembered about a person; the very next slate heeds it.

    Examples:
      convrec profile edit --user ana --like genres=Western --never genres=Horror
      convrec profile edit --user ana --weigh 3f2a=0.5 --remove 91bc
      convrec profile edit --user ana --pause
    """
    user = checked_id(user)
    if pause and resume:
        raise InputError("--pause and --resume exclude each other.", "Give one of them.")
    given = {"like": like, "dislike": dislike, "only": only, "never": never}
    changes = _read(patch) if patch is not None else {"add": [], "update": [], "remove": []}
    add = [*changes["add"], *(_taste(name, words) for name, several in given.items() for words in several)]
    update = [*changes["update"], *(_weighed(words) for words in weigh)]
    update += [*({"id": entry, "paused": True} for entry in rest), *({"id": entry, "paused": False} for entry in use)]
    with opened_agent(workspace) as agent:
        entries = agent.edit_profile(user, add=add, update=update, remove=[*changes["remove"], *remove])
        if pause or resume:
            agent.pause_memory(user, pause)
        _print(user, entries, agent.memory_paused(user), as_json)


def _taste(name: str, words: str) -> dict[str, Any]:
    facet, equals, value = words.partition("=")
    if not (facet and equals and value):
        raise InputError(f"--{name} {words!r} is not FACET=VALUE.", f"Write it as --{name} genres=Western.")
    polarity, strength = _TASTES[name]
    named = {"item_id": value} if facet == "item" else {"value": value}
    return {"facet": facet, **named, "polarity": polarity, "strength": strength}


def _weighed(words: str) -> dict[str, Any]:
    entry, _equals, weight = words.rpartition("=")
    try:
        return {"id": entry, "weight": float(weight)}
    except ValueError as error:
        raise InputError(f"--weigh {words!r} is not ID=WEIGHT.", "Write it as --weigh 3f2a=0.5.") from error


def _read(path: Path) -> dict[str, list[Any]]:
    text = sys.stdin.read() if str(path) == "-" else path.read_text(encoding="utf-8")
    shape = 'Write {"add": [entries without id], "update": [{"id", …}], "remove": [ids]}.'
    try:
        document = json.loads(text)
    except ValueError as error:
        raise InputError(f"{path} is not JSON: {error}.", shape) from error
    keys = ("add", "update", "remove")
    if (
        not isinstance(document, dict)
        or document.keys() - {*keys}
        or not all(isinstance(v, list) for v in document.values())
    ):
        raise InputError(f"{path} is no document of changes.", shape)
    return {key: document.get(key, []) for key in keys}


def _print(user: str, entries: list[ProfileEntry], paused: bool, as_json: bool) -> None:
    if as_json:
        print_json({"user_id": user, "paused": paused, "entries": [entry.model_dump(mode="json") for entry in entries]})
        return
    if entries:
        print_table(("id", "", "facet", "value", "weight", "said as"), [_row(entry) for entry in entries])
    else:
        typer.echo(f"Nothing is remembered about {user}.")
    if paused:
        typer.echo(
            "The memory is paused: nothing is learned and none of it is used. `convrec profile edit --resume` ends that."
        )


def _row(entry: ProfileEntry) -> tuple[str, ...]:
    felt = next(name for name, put in _TASTES.items() if put == (entry.polarity, entry.strength))
    told = {1: "is", -1: "is no longer"}[entry.polarity]
    state = "rests" if entry.paused else f"{entry.weight:g}"
    return entry.id, told if entry.about else felt, entry.about or entry.facet, entry.value, state, entry.quote


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


for function in (show, edit, export, forget):
    command(app, function)
