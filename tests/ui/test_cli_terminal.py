"""How a reply looks in a terminal."""

import io

import pytest
from rich.console import Console

from convrec.core.reply import Reply, ReplyItem
from convrec.ui.cli.terminal import show_reply

ITEMS = tuple(
    ReplyItem(id=f"i{n}", title=title, rank=n, score=1.0, confidence=0.5)
    for n, title in enumerate(("Heat", "The [Wild] Bunch"), 1)
)
LISTED = "Two films:\n\n1. **Heat** (1995): Crime.\n2. **The [Wild] Bunch** (1969): Western; well known.\n\nLike one?"


@pytest.fixture
def shown():
    def show(reply, terminal):
        out = io.StringIO()
        show_reply(
            reply,
            Console(
                file=out, force_terminal=terminal, width=80, color_system=None, highlight=False, legacy_windows=False
            ),
        )
        return out.getvalue()

    return show


def test_a_pipe_gets_the_text_as_it_stands(shown):
    assert shown(Reply(text=LISTED, items=ITEMS), terminal=False) == LISTED + "\n"
    long = "word " * 100 + "end"
    assert shown(Reply(text=long), terminal=False) == long + "\n"


def test_a_terminal_gets_the_list_as_a_table_once(shown):
    text = shown(Reply(text=LISTED, items=ITEMS), terminal=True)
    assert "**" not in text
    assert text.count("Heat") == 1
    assert "The [Wild] Bunch (1969)" in text
    assert text.index("Two films:") < text.index("Western; well known.") < text.index("Like one?")


def test_a_terminal_gets_a_text_without_a_list_whole(shown):
    text = shown(Reply(text="**Heat** was directed by Michael Mann.", items=ITEMS[:1]), terminal=True)
    assert text.split() == "Heat was directed by Michael Mann.".split()
