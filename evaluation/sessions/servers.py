"""Those who serve simulated people: the agent, the agent with other ways of asking, a search box, and an oracle."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Protocol

import numpy as np

from convrec.agent.agent import Agent
from convrec.agent.elicitation import Occasion
from convrec.catalogue.catalogue import Catalogue
from convrec.core.reply import Question as Asked
from convrec.core.reply import Reply
from convrec.evaluation.sessions.people import Conversation, Item, Person, Question, Shown, Statement, Utterance
from convrec.evaluation.sessions.sampling import item_of
from convrec.evaluation.sessions.statements import mask
from convrec.tools.contract import Bools, Ints
from convrec.tools.toolbox import Request, Toolbox

SLATE = 5
"""Items shown in a turn at most, whatever number is asked for."""

Watch = Callable[[Reply], None]


class Serving(Protocol):
    """One conversation under way."""

    def reply(self, said: Utterance) -> Shown:
        """Returns what is shown to the person. Only an oracle may look at more than `said.text`."""
        ...


class Server(Protocol):
    """Somebody who serves people. `oracle` says that it is told what the person wants, as nobody else is."""

    name: str
    oracle: bool

    def begin(self, visitor: str, liked: Sequence[str], secret: Secret | None) -> Serving:
        """Returns the beginning of a conversation with a visitor of whom it is known what they liked."""
        ...


@dataclass(frozen=True)
class Secret:
    """What only an oracle is told: the person, and how they would go on."""

    person: Person
    conversation: Conversation


def always_ask(occasion: Occasion) -> Asked | None:
    """Returns the best question that was not asked yet, whatever its answer would bring; once all were, the best of all."""
    options = [a for a in occasion.askable() if a.question.options]
    options = options or [a for a in occasion.askable(again=True) if a.question.options]
    return max(options, key=lambda a: (a.gain, a.question.facet)).question if options else None


def random_ask(occasion: Occasion, *, seed: int) -> Asked | None:
    """Returns, in half of the turns, a question about anything, drawn from the seed and what was found."""
    rng = random.Random(f"{seed}/{occasion.state.turn}/{[item.id for item in occasion.found[:SLATE]]}")
    options = [a.question for a in occasion.askable(again=True) if a.question.options]
    return rng.choice(options) if options and rng.random() < 0.5 else None


class AgentServer:
    """The agent as people meet it; `watch` sees each reply."""

    oracle: bool = False

    def __init__(self, name: str, agent: Agent, watch: Watch = lambda reply: None) -> None:
        self.name, self._agent, self._watch = name, agent, watch

    def begin(self, visitor: str, liked: Sequence[str], secret: Secret | None) -> Serving:
        """Lets the visitor be known by what they liked, as clicks are, and begins."""
        for item in liked:
            self._agent.feedback(user_id=visitor, item_id=item, event="like")
        return _AgentServing(self._agent, visitor, self._watch)


@dataclass
class _AgentServing:
    agent: Agent
    visitor: str
    watch: Watch

    def reply(self, said: Utterance) -> Shown:
        reply = self.agent.chat(said.text, user_id=self.visitor)
        self.watch(reply)
        asked = reply.question
        return Shown(
            reply.text, tuple(Item(item.id, item.facts) for item in reply.items[:SLATE]),
            Question(asked.facet, asked.text, asked.options) if asked is not None else None,
        )  # fmt: skip


class SearchServer:
    """A search box: all that was said so far is looked for, and what was shown before is passed over. It never asks."""

    name: str = "search"
    oracle: bool = False

    def __init__(self, toolbox: Toolbox) -> None:
        self._toolbox = toolbox

    def begin(self, visitor: str, liked: Sequence[str], secret: Secret | None) -> Serving:
        """Begins with nothing; a search box knows nobody."""
        return _Searching(self._toolbox)


@dataclass
class _Searching:
    toolbox: Toolbox
    said: list[str] = field(default_factory=list)
    shown: set[str] = field(default_factory=set)

    def reply(self, said: Utterance) -> Shown:
        self.said.append(said.text)
        able = tuple(name for name, tool in self.toolbox.tools.items() if tool.capabilities.text_query)
        wanted = " ".join(" ".join(self.said).split())
        tools = able if wanted else ("popularity",) if "popularity" in self.toolbox.tools else None
        request = Request(text=wanted, tools=tools, exclude=frozenset(self.shown), k=SLATE, diversity=0.0)
        found = [item.id for item in self.toolbox.recommend(request).items]
        self.shown.update(found)
        return Shown("", tuple(item_of(self.toolbox.catalogue, item) for item in found))


class ListServer:
    """Shows one list to everybody, five at a time, whatever is said."""

    oracle: bool = False

    def __init__(self, name: str, catalogue: Catalogue, rows: Ints) -> None:
        self.name, self._catalogue, self._rows = name, catalogue, rows

    @classmethod
    def popular(cls, toolbox: Toolbox) -> ListServer:
        """Returns who shows what most people chose; the catalogue's order where nobody chose anything."""
        only = ("popularity",) if "popularity" in toolbox.tools else ()
        found = toolbox.recommend(Request(tools=only, k=100, diversity=0.0)).items
        return cls("popularity", toolbox.catalogue, np.array([item.row for item in found], np.int64))

    @classmethod
    def drawn(cls, catalogue: Catalogue, seed: int) -> ListServer:
        """Returns who shows items by chance."""
        return cls("random", catalogue, np.random.default_rng(seed).permutation(len(catalogue)))

    def begin(self, visitor: str, liked: Sequence[str], secret: Secret | None) -> Serving:
        """Begins at the list's head, without what the visitor liked."""
        return _Showing(
            self._catalogue, iter([int(row) for row in self._rows if self._catalogue.ids[row] not in liked])
        )


@dataclass
class _Showing:
    catalogue: Catalogue
    left: Iterator[int]

    def reply(self, said: Utterance) -> Shown:
        return Shown("", tuple(item_of(self.catalogue, row) for row in islice(self.left, SLATE)))


class OracleServer:
    """Knows the target, and what the person would answer to each question: the ceiling for whoever asks and ranks.

    It understands every statement, leaves those aside that are not true of the target, shows the best of what all true ones leave, and
    asks that question whose answer brings the target nearest to the top. It may not show the target until it stands there.
    """

    name: str = "oracle"
    oracle: bool = True

    def __init__(self, toolbox: Toolbox) -> None:
        self._toolbox = toolbox

    def begin(self, visitor: str, liked: Sequence[str], secret: Secret | None) -> Serving:
        """Ranks all items by what the person liked, by popularity where nothing is known."""
        assert secret is not None
        history = {item.id: 1.0 for item in secret.person.liked}
        order = self._toolbox.recommend(Request(history=history, k=len(self._toolbox.catalogue), diversity=0.0))
        return _Foreseeing(self._toolbox.catalogue, secret, np.array([item.row for item in order.items], np.int64))


class _Foreseeing:
    def __init__(self, catalogue: Catalogue, secret: Secret, order: Ints) -> None:
        self._catalogue, self._secret, self._order = catalogue, secret, order
        self._allowed = np.ones(len(catalogue), np.bool_)
        self._target = catalogue.row(secret.person.target.id)
        self._asked: set[str] = set()

    def reply(self, said: Utterance) -> Shown:
        self._learn(said.statements)
        slate = [int(row) for row in self._order if self._allowed[row]][:SLATE]
        self._allowed[slate] = False
        shown = Shown("", tuple(item_of(self._catalogue, row) for row in slate))
        question = self._best_question(shown)
        if question is not None:
            self._asked.add(question.facet)
        return replace(shown, question=question)

    def _learn(self, statements: Sequence[Statement]) -> None:
        self._allowed &= self._left(statements)

    def _left(self, statements: Sequence[Statement]) -> Bools:
        left = np.ones(len(self._catalogue), np.bool_)
        for statement in statements:
            allowed = mask(statement, self._catalogue) if statement.true else None
            if allowed is not None and self._target is not None and allowed[self._target]:
                left &= allowed
        return left

    def _best_question(self, shown: Shown) -> Question | None:
        """Returns the question whose answer leaves the fewest items before the target; None where none leaves fewer than silence."""
        best, fewest = None, self._ahead(self._foreseen(shown))
        for question in self._questions():
            ahead = self._ahead(self._foreseen(replace(shown, question=question)))
            if ahead < fewest:
                best, fewest = question, ahead
        return best

    def _foreseen(self, shown: Shown) -> Bools:
        answer = copy.deepcopy(self._secret.conversation).respond(shown)
        left: Bools = self._allowed & self._left(answer.statements)
        return left

    def _ahead(self, allowed: Bools) -> int:
        place = int(np.flatnonzero(self._order == self._target)[0])
        return int(allowed[self._order[:place]].sum())

    def _questions(self) -> list[Question]:
        """Returns a question for each facet; among its options are the target's own values."""
        found = []
        for each in self._catalogue.schema.fields:
            if each.name in self._asked or not each.faceted:
                continue
            value = self._secret.person.target.facts.get(each.name)
            options = [str(v) for v in (value if isinstance(value, list) else [value]) if v is not None]
            found.append(Question(each.name, f"Which {each.label}?", tuple(options[:4]) if each.valued else ()))
        return found
