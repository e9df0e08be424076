"""The frame of every command: options that all share, errors said as one sentence, exit codes."""

import functools
import inspect
import os
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from convrec.core.errors import ConvrecError, InterruptedFitError

if TYPE_CHECKING:
    from convrec.agent.agent import Agent

STOPPED = 130

WorkspaceOption = Annotated[
    Path | None,
    typer.Option(
        "--workspace",
        "-w",
        metavar="DIR",
        help="The workspace; else $CONVREC_WORKSPACE, else the demo films.",
        show_default=False,
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")]
_DebugOption = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]


def command(app: typer.Typer, function: Callable[..., None]) -> None:
    """Adds the function to the app under its own name, with `--debug` and the frame around it.

    The last paragraph of its docstring, when it begins with `Examples:`, is shown as it stands.
    """
    description, _, examples = inspect.cleandoc(function.__doc__ or "").partition("\n\nExamples:\n")
    epilog = f"\b\nExamples:\n{examples}" if examples else None
    app.command(function.__name__.rstrip("_").replace("_", "-"), help=description, epilog=epilog)(_framed(function))


def _framed(function: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(function)
    def run(*args: Any, debug: bool = False, **options: Any) -> None:
        with _errors_said(debug):
            function(*args, **options)

    signature = inspect.signature(function)
    option = inspect.Parameter("debug", inspect.Parameter.KEYWORD_ONLY, default=False, annotation=_DebugOption)
    run.__dict__["__signature__"] = signature.replace(parameters=[*signature.parameters.values(), option])
    run.__annotations__ = {**function.__annotations__, "debug": _DebugOption}
    return run


@contextmanager
def _errors_said(debug: bool) -> Iterator[None]:
    """The outermost boundary: whatever goes wrong inside ends as a sentence on stderr and an exit code."""
    try:
        yield
    except (typer.Exit, typer.Abort, typer.BadParameter):
        raise
    except (Exception, KeyboardInterrupt) as error:
        if debug:
            traceback.print_exc(file=sys.stderr)
        message, code = _said(error)
        typer.echo(message, err=True)
        raise typer.Exit(code) from error


def _said(error: BaseException) -> tuple[str, int]:
    """Returns the sentence and the exit code for an error."""
    match error:
        case KeyboardInterrupt():
            return "Stopped. What was finished is kept; run the command again to go on.", STOPPED
        case InterruptedFitError():
            return str(error), STOPPED
        case ConvrecError():
            return str(error), error.exit_code
        case OSError(strerror=str(reason)):
            return f"{reason}{f': {error.filename}' if error.filename else ''}.", 1
        case _:
            return f"convrec ran into {type(error).__name__}: {error}. This is a bug; --debug shows where it arose.", 1


@contextmanager
def opened_agent(workspace: Path | None, *, for_batch: bool = False) -> Iterator["Agent"]:
    """Opens the agent on a workspace (the demo is indexed when it is new, which is shown), and closes it.

    Batches run on one core: rows are short, and where cores are shared a second thread waits more than it works.
    """
    from convrec.agent.agent import Agent
    from convrec.catalogue.workspace import Workspace
    from convrec.ui.cli.progress import progress_shown

    if workspace is None and not os.environ.get("CONVREC_WORKSPACE"):
        with progress_shown() as progress:
            agent = Agent.demo(progress=progress)
    else:
        agent = Agent.open(Workspace.resolve(workspace))
    if for_batch:
        import torch

        torch.set_num_threads(1)
    with agent:
        yield agent
