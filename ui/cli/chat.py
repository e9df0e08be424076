"""`convrec chat`: a conversation in the terminal, one message, or a file of messages."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from convrec.core.clock import random_id
from convrec.core.errors import InputError
from convrec.core.ids import checked_id
from convrec.ui.cli.batch import Row, run_batch
from convrec.ui.cli.console import print_json, say
from convrec.ui.cli.frame import JsonOption, WorkspaceOption, opened_agent
from convrec.ui.cli.rows import BatchOption, OutOption, batch_files, finish_batch
from convrec.ui.cli.shapes import GUEST, MAIN, ChatRow, checked_row

if TYPE_CHECKING:
    from convrec.agent.agent import Agent


def chat(
    text: Annotated[
        str | None, typer.Argument(help="One message; without it, a conversation.", show_default=False)
    ] = None,
    workspace: WorkspaceOption = None,
    user: Annotated[str, typer.Option("--user", help="Who is talking.")] = GUEST,
    thread: Annotated[str, typer.Option("--thread", help="The conversation to go on with.")] = MAIN,
    batch: BatchOption = None,
    out: OutOption = None,
    as_json: JsonOption = False,
) -> None:
    """Talk with the agent. Every turn is stored, and the next one goes on from it.

    Examples:
      convrec chat
      convrec chat "a western, but not with John Wayne" --user ana
      convrec chat -w shop --batch messages.jsonl --out replies.jsonl
    """
    if batch is not None:
        source, out = batch_files(batch, out, alone=text is None and (user, thread) == (GUEST, MAIN))
        _chat_batch(workspace, source, out, as_json)
        return
    user, thread = checked_id(user), checked_id(thread, "thread id")
    with opened_agent(workspace) as agent:
        if text is not None:
            _one(agent, text, user, thread, as_json)
        elif as_json:
            print_json(
                {
                    "replies": [
                        agent.chat(line, user_id=user, thread_id=thread).model_dump(mode="json") for line in _piped()
                    ]
                }
            )
        else:
            from convrec.ui.cli.terminal import Conversation

            Conversation(agent, user, thread).run()


def _one(agent: "Agent", text: str, user: str, thread: str, as_json: bool) -> None:
    from convrec.ui.cli.terminal import show_reply

    reply = agent.chat(text, user_id=user, thread_id=thread)
    if as_json:
        print_json(reply.model_dump(mode="json"))
    else:
        show_reply(reply)


def _piped() -> Iterator[str]:
    if sys.stdin.isatty():
        say("One message a line; Ctrl-D ends.")
    return (line.rstrip("\r\n") for line in sys.stdin if line.strip())


def _chat_batch(workspace: Path | None, source: Path, out: Path, as_json: bool) -> None:
    from convrec.ui.cli.progress import progress_shown

    with opened_agent(workspace, for_batch=True) as agent, progress_shown() as progress, _run_name(out) as run:

        def answer(row: Row, number: int) -> Row:
            asked = checked_row(ChatRow, row)
            request = asked.request_id or f"{run}/{number}"
            reply = agent.chat(asked.text, user_id=asked.user_id, thread_id=asked.thread_id, request_id=request)
            return {"reply": reply.model_dump(mode="json")}

        summary = run_batch(source, out, answer, progress)
    finish_batch(summary, as_json)


@contextmanager
def _run_name(out: Path) -> Iterator[str]:
    """Gives the run's name, which a run that was killed finds again beside `out`.

    Rows without a `request_id` get one from it: a turn that was committed just before a kill, and whose answer was not yet
    written, is then answered from the ledger and not taken twice.
    """
    note = out.with_name(f"{out.name}.run")
    try:
        name = note.read_text(encoding="utf-8") if out.exists() and note.exists() else ""
        if not name:
            name = f"batch-{random_id()}"
            note.write_text(name, encoding="utf-8")
    except OSError as error:
        raise InputError(f"{note} can't be written: {error.strerror}.", "Name another place with --out.") from error
    yield name
    note.unlink(missing_ok=True)
