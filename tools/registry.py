"""Which tools there are: name → class. A third party adds its own by an entry point (`plugins.py`), or in its own program with `register`."""

from functools import cache

from convrec.core.errors import InputError
from convrec.tools.contract import Tool
from convrec.tools.plugins import announced

_REGISTERED: dict[str, type[Tool]] = {}


def register(tool: type[Tool]) -> type[Tool]:
    """Makes a tool known under its name, in place of one of the same name, and returns it (so it decorates, too)."""
    _REGISTERED[tool.name] = tool
    return tool


def registered() -> dict[str, type[Tool]]:
    """Returns all known tools by name, in the order in which they are fitted: the cheap first, a third party's last.

    Raises:
        ConvrecError: an installed distribution announces a tool that can't be loaded.
    """
    return {**_own(), **_announced(), **_REGISTERED}


def tool_class(name: str) -> type[Tool]:
    """Returns the tool of that name.

    Raises:
        InputError: there is none. ConvrecError: an installed distribution announces a tool that can't be loaded.
    """
    known = registered()
    if name not in known:
        raise InputError(f"There is no tool {name!r}.", f"There are {', '.join(known)}.")
    return known[name]


@cache
def _announced() -> dict[str, type[Tool]]:
    return announced()


@cache
def _own() -> dict[str, type[Tool]]:
    from convrec.tools.als import Als
    from convrec.tools.bm25 import Bm25
    from convrec.tools.conversation import Conversation
    from convrec.tools.dense import Dense
    from convrec.tools.dialogue_bm25 import DialogueBm25
    from convrec.tools.dialogue_knn import DialogueKnn
    from convrec.tools.ease import Ease
    from convrec.tools.item_knn import ItemKnn
    from convrec.tools.markov import Markov
    from convrec.tools.popularity import Popularity
    from convrec.tools.recent_popularity import RecentPopularity
    from convrec.tools.sasrec import SasRec
    from convrec.tools.segment_popularity import SegmentPopularity
    from convrec.tools.tuned_dense import TunedDense

    by_people = (Popularity, RecentPopularity, SegmentPopularity, ItemKnn, Ease, Als, Markov)
    by_words = (Bm25, Dense, TunedDense, DialogueBm25, DialogueKnn, Conversation)
    return {tool.name: tool for tool in (*by_people, *by_words, SasRec)}
