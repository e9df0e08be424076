"""A conversation in the terminal: what is typed, what is shown."""

import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from rich.text import Text

from convrec.core.clock import random_id
from convrec.core.errors import ConvrecError
from convrec.ui.cli.console import say

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from convrec.agent.agent import Agent
    from convrec.core.reply import Reply, ReplyItem

_HELP = """Say what you are in the mood for, in your own words. Besides:
  /like N  /dislike N  /seen N   tell about item N of the last list
  /profile                       what is remembered about you
  /new                           begin a new conversation
  /quit                          leave (Ctrl-D too)"""


class Conversation:
    """Messages in from stdin, replies out on stdout, until the input ends."""

    def __init__(self, agent: "Agent", user_id: str, thread_id: str) -> None:
        self._agent, self._user, self._thread = agent, user_id, thread_id
        self._shown: tuple[ReplyItem, ...] = ()
        self._commands: dict[str, Callable[[str], None]] = {
            "help": lambda _: say(_HELP), "new": self._new, "profile": self._profile,
            "like": lambda n: self._click("like", n), "dislike": lambda n: self._click("dislike", n), "seen": lambda n: self._click("seen", n),
        }  # fmt: skip

    def run(self) -> None:
        """Talks until the input ends or `/quit`."""
        self._greet()
        for line in self._lines():
            if line in ("/quit", "/exit"):
                return
            try:
                self._take(line)
            except ConvrecError as error:
                say(str(error))

    def _greet(self) -> None:
        if not sys.stdin.isatty():
            return
        _edit_lines()
        catalogue = self._agent.toolbox.catalogue
        say(f"{len(catalogue):,} {catalogue.schema.nouns}. What are you in the mood for? (/help)")
        turns = self._agent.thread(self._user, self._thread)
        if turns:
            self._shown = turns[-1].reply.items
            say(f"Going on with the conversation {self._thread!r} of {len(turns)} turns; /new begins another.")

    def _lines(self) -> Iterator[str]:
        """Yields what is typed; Ctrl-C throws the line away."""
        prompt = "\n> " if sys.stdin.isatty() else ""
        while True:
            try:
                line = input(prompt).strip()
            except EOFError:
                return
            if line:
                yield line

    def _take(self, line: str) -> None:
        name, _, rest = line.removeprefix("/").partition(" ")
        if line.startswith("/") and name in self._commands:
            self._commands[name](rest.strip())
            return
        reply = self._agent.chat(line, user_id=self._user, thread_id=self._thread)
        self._shown = reply.items or self._shown
        show_reply(reply)

    def _new(self, _: str) -> None:
        self._thread, self._shown = f"terminal-{random_id()[:8]}", ()
        say(f"A new conversation: {self._thread}.")

    def _profile(self, _: str) -> None:
        entries = self._agent.profile(self._user)
        for entry in entries:
            say(f"{'likes' if entry.polarity > 0 else 'dislikes'} {entry.value}  (“{entry.quote}”)")
        if not entries:
            say("Nothing is remembered about you yet.")

    def _click(self, event: str, rank: str) -> None:
        found = [item for item in self._shown if str(item.rank) == rank]
        if not found:
            say(f"Say which: /{event} with a number of the last list.")
            return
        self._agent.feedback(user_id=self._user, thread_id=self._thread, item_id=found[0].id, event=event)
        say(f"Noted: {event} {found[0].title}.")


def show_reply(reply: "Reply", console: "Console | None" = None) -> None:
    """Prints the reply: its text as it stands, or in a terminal with its items as a table."""
    from rich.console import Console
    from rich.markdown import Markdown

    console = console or Console(file=sys.stdout, highlight=False)
    said = _said_of_items(reply) if console.is_terminal else {}
    if not said:
        console.print(
            Markdown(reply.text) if console.is_terminal else Text(reply.text), soft_wrap=not console.is_terminal
        )
        return
    before, _, after = reply.text.partition("\n".join(said.values()))
    console.print(Markdown(before), "", _table(reply, said), "", Markdown(after))


def _said_of_items(reply: "Reply") -> dict[str, str]:
    """Returns the text's line about each item by id, when they stand together as a list; else nothing."""
    lines = reply.text.splitlines()
    found = {
        item.id: next((line for line in lines if line.startswith(f"{item.rank}. **{item.title}**")), "")
        for item in reply.items
    }
    return found if found and "\n".join(found.values()) in reply.text and all(found.values()) else {}


def _table(reply: "Reply", said: dict[str, str]) -> "Table":
    from rich import box
    from rich.table import Table

    table = Table("#", "title", "why", box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for item in reply.items:
        line = said[item.id].removeprefix(f"{item.rank}. **{item.title}**").strip()
        apart, _, why = line.partition(":")
        table.add_row(
            str(item.rank), Text.assemble((item.title, "bold"), f" {apart}".rstrip()), Text((why or apart).strip())
        )
    return table


def _edit_lines() -> None:
    """Gives the prompt arrow keys and a history, where the platform has them."""
    import contextlib
    import importlib

    with contextlib.suppress(ImportError):
        importlib.import_module("readline")
