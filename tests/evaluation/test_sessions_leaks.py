"""A session measures something only if nobody knows more than they were told: planted leaks are found, and honest ones pass.

Leaks are planted in whoever serves, in those who talk, and sought in what the tools learned from.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from functools import partial

import pytest

from convrec.catalogue.workspace import Workspace
from convrec.evaluation import scratch
from convrec.evaluation.sessions import house
from convrec.evaluation.sessions.agenda import AgendaSimulator
from convrec.evaluation.sessions.house import SessionOptions
from convrec.evaluation.sessions.people import Person, Question, Shown, Utterance
from convrec.evaluation.sessions.protocol import evaluate_sessions
from convrec.evaluation.sessions.sampling import item_of, view_of
from convrec.evaluation.sessions.servers import AgentServer
from convrec.evaluation.sessions.session import gives_away, replayed, somebody_else, talk
from convrec.evaluation.splits import LeakError
from convrec.tools.fitting import fit
from tests.evaluation.sessions_shop import QUICK, Scripted, catalogue_of, session, shop, turn

pytestmark = pytest.mark.ci

OPTIONS = SessionOptions(users=2, patience=2)
WANTED = []  # what a simulator of this module lets slip when it begins


@pytest.fixture
def measured(quick_shop, tmp_path):
    """Returns a function that runs sessions, by default over the shop without people."""
    return lambda options=OPTIONS, root=quick_shop: evaluate_sessions(Workspace.open(root), options, tmp_path / "runs")[
        1
    ]


class Wrapped:
    """Somebody who serves as another does, and changes what is shown in the light of what they peeked at."""

    def __init__(self, serving, catalogue, peek, change):
        self._serving, self._catalogue, self._peek, self._change = serving, catalogue, peek, change

    def reply(self, said):
        shown, target = self._serving.reply(said), self._peek(said)
        return shown if target is None else self._change(shown, item_of(self._catalogue, target))


def put_first(shown, target):
    return replace(shown, items=(target, *shown.items[:4]))


def asked_about(shown, target):
    """Shows nothing of what it knows; it only asks accordingly."""
    return replace(shown, question=Question(("year", "director", "genres")[int(target.id[-1]) % 3], "?"))


def leaky(peek_of, change=put_first):
    """Returns an agent's server with a way to peek: `peek_of` makes one from where a conversation begins."""

    class Leaky(AgentServer):
        begun = 0

        def begin(self, visitor, liked, secret):
            type(self).begun += 1
            serving = super().begin(visitor, liked, secret)
            return Wrapped(serving, self._agent.toolbox.catalogue, peek_of(self, visitor, sys._getframe(1)), change)

    return Leaky


class Slipping(AgendaSimulator):
    """People who leave a note of what they want where others could find it."""

    def begin(self, person, catalogue, rng):
        WANTED[:] = [person.target.id]
        return super().begin(person, catalogue, rng)


def from_the_note(server, visitor, frame):
    """Peeks at what the latest person let slip."""
    return lambda said: WANTED[-1]


def from_the_start(server, visitor, frame):
    """Peeks at what the person let slip when the conversation began."""
    target = WANTED[-1]
    return lambda said: target


def from_the_caller(server, visitor, frame):
    """Peeks at the person through whoever leads the conversation."""
    target = frame.f_locals["session"].person.target.id
    return lambda said: target


def from_what_was_meant(server, visitor, frame):
    """Understands what was meant, not what was said."""
    return lambda said: server._agent.toolbox.catalogue.ids[7] if said.statements else None


@pytest.fixture
def one_agent(monkeypatch):
    """Leaves out the agents that ask in other ways: the leak is the same in all."""
    ways = house._ways
    monkeypatch.setattr(house, "_ways", lambda seed: dict(list(ways(seed).items())[:1]))


@pytest.mark.usefixtures("one_agent")
@pytest.mark.parametrize(
    ("peek_of", "users", "change"),
    [
        (from_the_note, 1, put_first),
        (from_the_note, 3, put_first),
        (from_the_start, 3, put_first),
        (from_the_start, 3, asked_about),
        (from_the_caller, 1, put_first),
        (from_the_caller, 3, asked_about),
        (from_what_was_meant, 3, put_first),
        (from_what_was_meant, 3, asked_about),
    ],
)
def test_a_server_that_peeks_is_found(measured, monkeypatch, peek_of, users, change):
    """Even where a single person talks, and where what it knows shows in its questions alone."""
    monkeypatch.setattr(house, "SIMULATORS", (Slipping,))
    monkeypatch.setattr(house, "AgentServer", leaky(peek_of, change))
    with pytest.raises(LeakError, match=r"'replies that knew more than they were told': [1-9]"):
        measured(replace(OPTIONS, users=users))


@pytest.mark.usefixtures("one_agent")
def test_a_server_that_knows_in_which_order_people_come_is_found(measured, monkeypatch):
    wanted = []

    def spied(*args, **kwargs):
        drawn = people(*args, **kwargs)
        wanted[:] = [each.person.target.id for each in drawn]
        return drawn

    def from_the_list(server, visitor, frame):
        number = type(server).begun - 1
        return lambda said: wanted[number] if number < len(wanted) else None

    people = house.people
    monkeypatch.setattr(house, "people", spied)
    monkeypatch.setattr(house, "AgentServer", leaky(from_the_list))
    with pytest.raises(LeakError, match="knew more"):
        measured()


class Showing:
    """A server that shows one item: by the length of what was said where it is honest, else the target."""

    name, oracle = "showing", False

    def __init__(self, catalogue, honest):
        self.catalogue, self.honest = catalogue, honest

    def begin(self, visitor, liked, secret):
        return self

    def reply(self, said):
        return Shown("", (item_of(self.catalogue, len(said.text) % 60 if self.honest else WANTED[-1]),))


@pytest.mark.parametrize("honest", [True, False])
def test_told_the_same_words_by_somebody_else_an_honest_server_answers_alike(quick_shop, honest):
    catalogue = Workspace.open(quick_shop).catalogue()
    view, server = view_of(catalogue), Showing(catalogue, honest)
    one = session(Slipping(), Person("p", item_of(catalogue, 3), patience=2))
    found = talk(one, server, view, known=False)
    assert replayed(found, somebody_else(one, catalogue), server, view, known=False) is honest


def test_somebody_else_wants_another_item_and_liked_the_same(quick_shop):
    catalogue = Workspace.open(quick_shop).catalogue()
    liked = (item_of(catalogue, 1), item_of(catalogue, 2))
    for row in range(0, 60, 7):
        one = session(Scripted(), Person("p", item_of(catalogue, row), liked, patience=4), seed=f"0/{row}")
        other = somebody_else(one, catalogue)
        assert other.person.target.id != one.person.target.id
        assert (other.person.liked, other.person.patience) == (liked, 4)
        assert other.id != one.id
        assert other == somebody_else(one, catalogue)


# People who name what they want


def blurting(words):
    """Returns a simulator of people who add words about the target to what they say first."""

    class Blurting(AgendaSimulator):
        def begin(self, person, catalogue, rng):
            conversation = super().begin(person, catalogue, rng)
            opening = conversation.opening

            def blurted():
                said = opening()
                return replace(said, text=f"{said.text} {words(person.target)}")

            conversation.opening = blurted
            return conversation

    return Blurting


@pytest.mark.usefixtures("one_agent")
@pytest.mark.parametrize(
    "words",
    [
        lambda target: target.title,
        lambda target: target.title.lower(),
        lambda target: f"maybe «{target.title.upper()}»?",
        lambda target: target.id,
        lambda target: f"({target.id.upper()})",
    ],
)
def test_a_person_who_names_the_target_is_found(measured, monkeypatch, words):
    monkeypatch.setattr(house, "SIMULATORS", (blurting(words),))
    with pytest.raises(LeakError, match=r"'people who named their target': [1-9]"):
        measured()


def test_honest_people_and_servers_pass(measured):
    counts = measured(SessionOptions(users=3, patience=2)).counts
    assert (counts["people who named their target"], counts["replies that knew more than they were told"]) == (0, 0)
    assert not any(n for name, n in counts.items() if name.startswith("failures"))


TITLES = ["Alien", "Alien Resurrection", "Up", "Upper West", "The Long Ledger", "Long", "It", "Les Misérables", "!!!", "Heat"]  # fmt: skip


@pytest.fixture(scope="module")
def cinema(tmp_path_factory):
    rows = [{"id": f"tt{n:03}", "title": title, "year": 1990 + n} for n, title in enumerate(TITLES)]
    return catalogue_of(tmp_path_factory.mktemp("cinema"), rows)


def named(cinema, target, *turns, liked=()):
    """Returns whether a person who wants the title gave it away; `turns` are pairs of words and titles shown after them."""
    of = {title: item_of(cinema, row) for row, title in enumerate(TITLES)}
    person = Person("p", of[target], tuple(of[title] for title in liked))
    said = [turn(words, [of[title].id for title in shown]) for words, shown in turns]
    return gives_away(session(Scripted(Utterance("")), person), {"turns": said}, cinema)


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("The Long Ledger", "I want The Long Ledger."),
        ("The Long Ledger", "the long ledger"),
        ("The Long Ledger", "is it… the LONG, ledger?"),
        ("The Long Ledger", "something like tt004"),
        ("The Long Ledger", "TT004!"),
        ("Les Misérables", "les miserables then"),
        ("Alien", "I am thinking of Alien"),
        ("Alien", "alien"),
        ("Alien", 'that one, "Alien"'),
        ("Heat", "heat would be good"),
        ("Up", 'I mean "Up"'),
        ("Up", "I mean “Up”"),
        ("It", "I am looking for It"),
    ],
)
def test_a_title_or_id_in_what_is_said_gives_the_target_away(cinema, target, words):
    assert named(cinema, target, ("hello", ["Upper West"]), (words, []))


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("The Long Ledger", "a long film about a ledger"),
        ("Alien", "with aliens"),
        ("Alien", "alienating"),
        ("Heat", "heated"),
        ("Up", "cheer me up"),
        ("Up", "Up for anything"),
        ("It", "It should be short. It may be old"),
        ("It", "is it long?"),
        ("!!!", "wow!!!!"),
        ("The Long Ledger", "from 1994"),
    ],
)
def test_everyday_words_give_nothing_away(cinema, target, words):
    assert not named(cinema, target, (words, []))


def test_a_title_inside_a_title_that_was_liked_or_shown_is_no_leak(cinema):
    said = "I liked Alien Resurrection"
    assert not named(cinema, "Alien", (said, []), liked=["Alien Resurrection"])
    assert not named(cinema, "Alien", (said.lower(), []), liked=["Alien Resurrection"])
    assert not named(cinema, "Alien", ("hello", ["Alien Resurrection"]), (said, []))
    assert named(cinema, "Alien", (said, []))
    assert named(cinema, "Alien", (f"{said}, and Alien", []), liked=["Alien Resurrection"])


def test_a_title_that_holds_a_title_that_was_shown_still_gives_the_target_away(cinema):
    assert named(cinema, "Alien Resurrection", ("hello", ["Alien"]), ("Alien Resurrection please", []))
    assert named(cinema, "The Long Ledger", ("The Long Ledger", []), liked=["Long"])


def test_naming_what_was_shown_is_no_leak_from_then_on(tmp_path):
    """Two items of the same title: once one of them was shown, anybody could say it."""
    twins = catalogue_of(tmp_path, [{"id": f"tt{n}", "title": "Silent Harbour", "year": 1990 + n} for n in range(3)])
    one = session(Scripted(), Person("p", item_of(twins, "tt0")))
    later = [turn("hello", ["tt1"]), turn("not that Silent Harbour", [])]
    assert not gives_away(one, {"turns": later}, twins)
    assert gives_away(one, {"turns": later[1:]}, twins)
    assert gives_away(one, {"turns": [turn("Silent Harbour", ["tt1"])]}, twins)


# What the tools learned from


@pytest.fixture
def spied(measured, monkeypatch, tmp_path):
    """Returns a function that runs sessions with people and returns those held out and the workspace of the tools."""

    def run(facts):
        kept = []
        people = house.people
        monkeypatch.setattr(scratch, "fit", partial(fit, only=QUICK))
        monkeypatch.setattr(house, "people", lambda c, held, n, **rest: kept.extend(held) or people(c, held, n, **rest))
        source = shop(tmp_path, facts=facts)
        result = measured(root=source.root)
        (fitted,) = (mark.parent for mark in (tmp_path / "runs" / "fitted").glob("*/workspace.json"))
        return source.catalogue(), kept, Workspace.open(fitted).catalogue(), result

    return run


def events_of(catalogue):
    events = catalogue.interactions()
    return [(events.users[user], catalogue.ids[row]) for user, row in zip(events.user.tolist(), events.row.tolist(), strict=True)]  # fmt: skip


def test_the_tools_learned_nothing_of_the_people_who_talk(spied):
    source, held, learned, result = spied(facts=True)
    users, before = {user for user, _ in events_of(learned)}, {user for user, _ in events_of(source)}
    assert held
    assert not users & {each.user for each in held}
    assert users | {each.user for each in held} == before
    assert (result.counts["people, targets uniform"], result.counts["people, targets by count"]) == (2, 2)


def test_people_known_by_history_want_what_the_tools_never_saw_them_choose(spied):
    source, held, learned, result = spied(facts=False)
    seen = set(events_of(learned))
    for each in held:
        assert all((each.user, source.ids[row]) not in seen for row in each.targets)
        assert not {*each.history} & {*each.targets}
        assert all((each.user, source.ids[row]) in seen for row in each.history)
    assert len(held) == 30
    assert {name: n for name, n in result.counts.items() if name.startswith("people, targets")} == {"people, targets by count": 2}  # fmt: skip
