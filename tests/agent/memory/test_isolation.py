"""What one person says and likes is nowhere in what another gets: prompts, replies, traces, events, logs, exports, recall."""

import json
import logging
import tempfile
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convrec.agent import Agent
from convrec.catalogue.workspace import Workspace
from convrec.core.errors import UserIdError
from convrec.core.settings import Llm
from tests.agent.chat_server import ChatServer, serving
from tests.agent.shop import over

SECRETS = {"ana": ("Zqorbia", "Zqelda", "Zqumami"), "ben": ("Zqardun", "Zqifel", "Zqostra")}


def tells(home, pet, wish):
    """What a person says about themselves, and then asks."""
    return (
        f"I live in {home}", f"my dog is called {pet}", f"I love {wish} films", "a western, please", "what do you know about me?", "where do I live?", "more",
        "what's my dog called?", "what did you suggest last time?", "I loved the first one", "why the second one?", "not that one", "something else", "forget that",
    )  # fmt: skip


@pytest.fixture
def agent(shop, tmp_path):
    with over(shop, tmp_path / "state.sqlite") as opened:
        yield opened


@pytest.fixture
def modelled(films, monkeypatch):
    """An agent with a chat model behind a real server, which keeps what it is asked, and shows people their own examples."""
    monkeypatch.setenv("CONVREC_ALLOW_MODEL_REQUESTS", "1")
    with serving(ChatServer()) as server:
        workspace = Workspace.open(films)
        llm = Llm(base_url=server.url, model="m", timeout_s=10, demonstrations="own")
        workspace.settings = workspace.settings.model_copy(update={"llm": llm})
        with Agent.open(workspace) as opened:
            yield opened, server


def test_nothing_of_another_is_in_prompts_events_replies_traces_and_logs(modelled, caplog):
    agent, server = modelled
    caplog.set_level(logging.DEBUG)
    seen = {user: [] for user in SECRETS}
    for turns in zip(*(tells(*words) for words in SECRETS.values()), strict=True):
        for user, text in zip(SECRETS, turns, strict=True):
            sent, logged = len(server.requests), len(caplog.records)
            events = list(agent.stream(text, user_id=user, thread_id="t1"))
            seen[user] += [json.dumps(body) for body in server.requests[sent:]]
            seen[user] += [event.model_dump_json() for event in events]
            seen[user] += [r.getMessage() for r in caplog.records[logged:] if r.name.startswith("convrec")]
    for user in SECRETS:
        agent.feedback(user_id=user, item_id="h1", event="like", thread_id="t1", turn=1)
        seen[user].append(json.dumps(agent.export(user)))
        seen[user] += [one.text for one in agent.recall(user, "where do we live, what are our dogs called?", k=50)]
        seen[user].append(str(agent.recommend(user_id=user, k=20)))
    assert len(server.requests) > 20
    for user, other in (("ana", "ben"), ("ben", "ana")):
        shown = "\n".join(seen[user])
        assert all(word in shown for word in SECRETS[user])
        assert not [word for word in (*SECRETS[other], f'"{other}"') if word in shown]


def test_one_persons_clicks_and_tastes_move_nobody_elses_ranking(agent):
    before = [item.id for item in agent.recommend(user_id="ben", k=20)]
    first = [item.id for item in agent.chat("something good", user_id="cid").items]
    agent.edit_profile("ana", add=[{"facet": "genres", "value": "Western", "polarity": -1, "strength": "hard"}])
    for event in ("like", "dislike", "seen"):
        agent.feedback(user_id="ana", item_id=before[0], event=event, thread_id="main")
    agent.chat("I hate crime films and I loved Iron Harbor", user_id="ana")
    agent.pause_memory("ana")
    assert [item.id for item in agent.recommend(user_id="ben", k=20)] == before
    assert [item.id for item in agent.chat("something good", user_id="dan").items] == first
    assert not agent.memory_paused("ben")


ALIKE = ("a", "ab", "b", "A", "á", "a/b", "a%", "a_", "a'", "a b", "аb", "ａ", "*", "a\u200db")


def test_ids_that_look_alike_are_different_people(agent):
    for number, user in enumerate(ALIKE):
        for other in (user, *ALIKE[:number]):
            agent.chat(f"I live in Zq{number}town" if other == user else "more", user_id=other, thread_id=user)
    for number, user in enumerate(ALIKE):
        document = json.dumps(agent.export(user))
        assert [n for n in range(len(ALIKE)) if f"Zq{n}town" in document] == [number]
        assert {entry.value for entry in agent.profile(user)} == {f"Zq{number}town"}
        assert {other for other in ALIKE if f"Zq{number}town" in json.dumps(agent.export(other))} == {user}
    kept = {user: json.dumps(agent.export(user)) for user in ALIKE if user != "a"}
    assert agent.forget("a").verified
    assert {user: json.dumps(agent.export(user)) for user in kept} == kept


@pytest.mark.parametrize("bad", ["a\x1f", "a\x1fb", "\x1fa"])
def test_an_id_that_could_reach_into_anothers_name_is_refused(agent, bad):
    for place in ({"user_id": bad}, {"user_id": "a", "thread_id": bad}):
        with pytest.raises(UserIdError):
            agent.chat("hello", **place)


def test_an_id_is_the_same_however_its_accents_are_written(agent):
    composed = "Zoë"
    agent.chat("I live in Zqorbia", user_id=unicodedata.normalize("NFD", composed))
    assert [entry.value for entry in agent.profile(composed)] == ["Zqorbia"]
    assert agent.forget(unicodedata.normalize("NFD", composed)).deleted["turns"] == 1
    assert agent.export(composed)["threads"] == []


USERS = ("a", "ab", "á")
WORDS = {user: f"Zq{name}ville" for user, name in zip(USERS, ("una", "duo", "tria"), strict=True)}
SAID = ("a western", "I love {0} films", "I live in {0}", "more", "what do you know about me?", "where do I live?", "forget that", "what did you suggest last time?")  # fmt: skip
STEP = st.tuples(
    st.sampled_from(USERS),
    st.one_of(
        st.sampled_from(SAID).map(lambda text: ("chat", text)),
        st.sampled_from(("like", "dislike", "seen")).map(lambda event: ("click", event)),
        st.sampled_from(("edit", "recall", "rename", "delete", "pause", "forget")).map(lambda what: (what, "")),
    ),
    st.sampled_from(("t", "t1")),
)


def done(agent, user, step, thread):
    """Does one thing for a person and returns all that came of it, as text."""
    what, detail = step
    word = WORDS[user]
    match what:
        case "chat":
            events = agent.stream(detail.format(word), user_id=user, thread_id=thread)
            return "\n".join(event.model_dump_json() for event in events)
        case "click":
            return str(agent.feedback(user_id=user, item_id="w1", event=detail, thread_id=thread))
        case "edit":
            return str(agent.edit_profile(user, add=[{"facet": "text", "value": word}]))
        case "recall":
            return str(agent.recall(user, "where do I live, and what do I love?", k=20))
        case "rename":
            known = [summary.thread_id for summary in agent.threads(user)]
            return str(agent.rename_thread(user, thread, f"{word} talk") if thread in known else None)
        case "delete":
            return str(agent.delete_thread(user, thread))
        case "pause":
            return str(agent.pause_memory(user, not agent.memory_paused(user)))
        case _:
            return str(agent.forget(user).verified)


@settings(max_examples=12)
@given(steps=st.lists(STEP, min_size=4, max_size=14))
def test_whatever_people_do_in_turn_nobody_touches_or_sees_another(shop, steps):
    with tempfile.TemporaryDirectory() as folder, over(shop, Path(folder) / "state.sqlite") as agent:
        documents = {user: json.dumps(agent.export(user)) for user in USERS}
        for user, step, thread in steps:
            came = done(agent, user, step, thread)
            others = [other for other in USERS if other != user]
            assert not [WORDS[other] for other in others if WORDS[other] in came]
            assert {other: json.dumps(agent.export(other)) for other in others} == {o: documents[o] for o in others}
            documents[user] = json.dumps(agent.export(user))
            assert not [WORDS[other] for other in others if WORDS[other] in documents[user]]
