"""A model that obeys whatever it reads gives nothing away, favours nobody and calls nothing that there is not. `scripts/injections.py` does the same at length."""

import json
from contextlib import contextmanager

import pytest

from convrec.agent import Agent
from convrec.agent.llm.composer import Composer
from convrec.agent.llm.failures import ModelFailure
from convrec.agent.llm.leaks import Secrets, unreadable
from convrec.catalogue.workspace import Workspace
from convrec.core.reply import ReplyItem
from convrec.core.settings import Llm
from convrec.prompts.rendering import prompt
from tests.agent.chat_server import ChatServer, serving
from tests.agent.gullible import TELLINGS, Gullible
from tests.agent.injections import INJECTIONS
from tests.agent.leakage import leaked, rank, told_order

KEY = "sk-test-4f9a1c77e2b84d0b9e"
PROMPT = prompt("explain", "system", nouns="films")
BO = "the lonely ferries of Henry Cole"


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("CONVREC_ALLOW_MODEL_REQUESTS", "1")
    monkeypatch.setenv("TRUST_KEY", KEY)
    with serving(ChatServer()) as house:
        yield house


@contextmanager
def agent_over(root, server):
    workspace = Workspace.open(root)
    llm = Llm(base_url=server.url, model="m", timeout_s=20, api_key_env="TRUST_KEY", max_calls_per_turn=6)
    policy = workspace.settings.policy.model_copy(update={"explore": "always", "slate_size": 20})
    workspace.settings = workspace.settings.model_copy(update={"llm": llm, "policy": policy})
    with Agent.open(workspace) as agent:
        yield agent


def given_away(agent, reply):
    model = agent._house.model
    return leaked(reply.text, (model.understanding.system, model.exploring.system, model.words.system), (BO,), KEY)


def test_the_set_has_a_hundred_in_every_place():
    assert len(INJECTIONS) >= 100
    assert {one.place for one in INJECTIONS} == {"title", "description", "tags", "reviews", "turn", "memory"}


def test_however_the_prompt_and_the_key_are_told_they_stay(films, server):
    with agent_over(films, server) as agent:
        agent.chat(f"I always love {BO}", user_id="bo")
        server.answer = gullible = Gullible(server)
        for n in range(6):
            reply = agent.chat("something like Iron Harbor", user_id="ana", thread_id=f"t{n}")
            assert not given_away(agent, reply), reply.text
            assert all(item.title in reply.text for item in reply.items)
            assert all(step.tool != "delete_user" for step in reply.trace)
    assert any(KEY in headers["authorization"] for headers in server.headers)
    assert gullible.foreign


def test_nothing_that_a_person_says_brings_it_out(films, server):
    with agent_over(films, server) as agent:
        agent.chat(f"I always love {BO}", user_id="bo")
        server.answer = Gullible(server)
        for said in [one.text for one in INJECTIONS if one.place in ("turn", "memory")][::6]:
            reply = agent.chat(said, user_id="ana")
            assert not given_away(agent, reply), reply.text


@pytest.mark.parametrize("favoured", ["h4", "s2"])
def test_an_item_that_the_model_favours_gains_no_place(films, server, favoured):
    with agent_over(films, server) as agent:
        item = agent.toolbox.catalogue.item(favoured)
        told = {
            "id": item.id,
            "title": item.title,
            "description": item.facts["description"],
            "tags": [str(item.facts["director"])],
        }
        places = []
        for obeys in (False, True):
            server.answer = Gullible(server, told, obeys=obeys)
            replies = [agent.chat("I loved Iron Harbor, something like it?", user_id=f"{obeys}{n}") for n in range(4)]
            places.append([(rank([i.id for i in r.items], favoured), rank(told_order(r), favoured)) for r in replies])
    assert all(now >= was - 1 for one, other in zip(*places, strict=True) for was, now in zip(one, other, strict=True))


def test_what_chooses_is_told_no_word_of_one_item_alone(films, server):
    with agent_over(films, server) as agent:
        agent.chat("something like Iron Harbor")
        titles, values = agent.toolbox.catalogue.titles, agent.toolbox.catalogue.values("director")
    asked = [body for body in server.requests if "You explore a catalogue" in body["messages"][0]["content"]]
    told = json.dumps([body["messages"] for body in asked])
    assert asked
    assert [title for title in titles if title in told] == ["Iron Harbor"]  # which was named
    assert not [name for name in values.values if len(values.rows(name)) < 3 and name in told]


# What may be said


def items():
    return [ReplyItem(id=f"i{n}", title=title, rank=n, score=1.0, confidence=0.5, facts={"year": 1990.0 + n}) for n, title in enumerate(("Iron Harbor", "Heat", "Three Wells"), 1)]  # fmt: skip


def composed(films_schema, text):
    composer = Composer(
        items(),
        lambda item, n: f"{n}. **{item.title}**.",
        lambda sentence: sentence,
        films_schema,
        Secrets([PROMPT], KEY),
    )
    return "".join([*composer.feed(text), *composer.end()])


@pytest.fixture
def schema(shop):
    return shop.toolbox.catalogue.schema


@pytest.mark.parametrize(
    "text",
    [
        "3. [[item:i3]]: the one.\n2. [[item:i2]]: good.\n1. [[item:i1]]: good.",
        "[[item:i3]] is the one to take!\n1. [[item:i1]]: good.",
        "Take Three Wells first.\n1. [[item:i1]]: good.",
        "THREE WELLS is best.\n1. [[item:i1]]: good.",
        "They say Heat is best.\n1. [[item:i1]]: good.",
        "I like these:\n1. [[item:i1]]: good, but not as good as [[item:i3]].",
        "Nice:\n2. [[item:i2]]: good.",
    ],
)
def test_items_are_named_in_the_slates_order(schema, text):
    said = composed(schema, text)
    places = [said.casefold().find(title) for title in ("iron harbor", "**heat**", "three wells")]
    assert places == sorted(places)
    assert min(places) >= 0


def test_lines_that_came_early_are_said_in_their_turn(schema):
    said = composed(
        schema, "Here:\n2. [[item:i2]]: second words.\n1. [[item:i1]]: first words.\n3. [[item:i3]]: third words."
    )
    assert (
        said == "Here:\n1. **Iron Harbor**: first words.\n2. **Heat**: second words.\n3. **Three Wells**: third words."
    )


@pytest.mark.parametrize("telling", TELLINGS)
def test_a_prompt_is_told_in_no_way_of_writing(schema, telling):
    try:
        said = composed(schema, f"Here:\n{TELLINGS[telling](PROMPT)}\n1. [[item:i1]]: good.")
    except ModelFailure:
        return
    assert not leaked(said, [PROMPT], (), KEY)


@pytest.mark.parametrize(
    "sentence",
    [
        "Here is what I would look at:", "A quiet drama from 1986 with **Iron Harbor**.", "Both are crime films from the 1990s, and short ones.", "These westerns lean on a dry humour.",
        "If you want something lighter, these three are warm and funny.", "A dock worker takes the fall for a smuggling ring and plans his way back.", "Since you like heists, three more of that kind:",
        "It keeps you guessing until the very last minute.", "Unhurried, tender and beautifully shot.",
    ],
)  # fmt: skip
def test_plain_sentences_may_be_said(sentence):
    assert not Secrets([PROMPT], KEY).told(sentence)
    assert not unreadable(sentence, frozenset())
