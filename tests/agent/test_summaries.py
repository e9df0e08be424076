"""A long conversation's older turns come to a short summary for the model: from the ledger alone, checked, within the turn's requests, demands apart."""

import json
import re
from contextlib import contextmanager

import pytest

from convrec.agent import Agent
from convrec.agent.llm.summarising import EVERY, RECENT
from convrec.catalogue.workspace import Workspace
from convrec.core.settings import Llm
from convrec.prompts.rendering import prompt
from convrec.prompts.tasks import TASKS
from tests.agent.chat_server import ChatServer, document_of, serving, sound, task_of

FIRST = EVERY + RECENT  # the turn after which a thread is summarised first
SAID = ("a crime film", "something with a heist", "no horror please", "something else", "a drama", "a western", "a comedy", "something quiet", "a film about family", "another")  # fmt: skip


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("CONVREC_ALLOW_MODEL_REQUESTS", "1")
    with serving(ChatServer()) as house:
        yield house


@contextmanager
def agent_over(root, server, **llm):
    workspace = Workspace.open(root)
    settings = Llm(base_url=server.url, model="m", timeout_s=10, **llm)
    workspace.settings = workspace.settings.model_copy(update={"llm": settings})
    with Agent.open(workspace) as agent:
        yield agent


def talk(agent, turns):
    return [agent.chat(SAID[n], user_id="ana") for n in range(turns)]


def held(agent):
    return agent._house.ledger.state("ana", "main")


def asked(server, task):
    return [document_of(body) for body in server.requests if task_of(body) == task]


def answering(summary):
    return lambda task, document: json.dumps({"summary": summary}) if task == "summarise" else sound(task, document)


def test_a_short_thread_has_no_summary(films, server):
    with agent_over(films, server) as agent:
        talk(agent, FIRST - 1)
        assert held(agent).summary == ""
    assert asked(server, "summarise") == []
    assert all("earlier" not in document for document in asked(server, "understand"))


def test_a_long_one_is_summarised_from_its_ledger_and_both_steps_read_it_with_the_demands_apart(films, server):
    with agent_over(films, server) as agent:
        replies = talk(agent, FIRST)
        (told,) = asked(server, "summarise")
        assert [turn["said"] for turn in told["turns"]] == list(SAID[:EVERY])
        shown = [[item.title for item in reply.items][:6] for reply in replies[:EVERY]]
        assert [turn.get("shown", []) for turn in told["turns"]] == shown
        assert (held(agent).summary, held(agent).summarised) == (f"Talked for {EVERY} turns.", EVERY)
        demands = [constraint.label for constraint in held(agent).constraints]
        agent.chat(SAID[FIRST], user_id="ana")
    assert replies[-1].usage.llm_calls == replies[-2].usage.llm_calls + 1 <= 4
    assert replies[-1].fallback is None
    last = asked(server, "understand")[-1]
    assert last["earlier"] == asked(server, "explain")[-1]["earlier"] == f"Talked for {EVERY} turns."
    assert demands
    assert last["demands"] == demands


def test_the_next_summary_holds_the_one_before(films, server):
    with agent_over(films, server) as agent:
        talk(agent, FIRST)
        for n in range(EVERY):
            agent.chat(SAID[n], user_id="ana")
    first, second = asked(server, "summarise")
    assert "before" not in first
    assert second["before"] == f"Talked for {EVERY} turns."
    assert len(second["turns"]) == EVERY


@pytest.mark.parametrize(
    ("changes", "why"), [({"max_calls_per_turn": 2}, "summarise: spent"), ({}, "summarise: schema")]
)
def test_code_summarises_where_no_request_is_left_or_the_model_fails(films, server, changes, why):
    server.answer = lambda task, document: "no JSON" if task == "summarise" else sound(task, document)
    with agent_over(films, server, **changes) as agent:
        reply = talk(agent, FIRST)[-1]
        assert all(f"“{said}”" in held(agent).summary for said in SAID[1:EVERY])
    assert reply.fallback == why
    assert reply.usage.llm_calls <= changes.get("max_calls_per_turn", 4)


def test_a_title_that_was_not_spoken_of_and_a_told_prompt_stay_out(films, server):
    with agent_over(films, server) as agent:
        titles = agent.toolbox.catalogue.titles
        named = {item for reply in talk(agent, FIRST - 1) for item in (i.title for i in reply.items)}
        foreign = next((title for title in titles if title not in named and " " in title), "The Velvet Cartographer")
        server.answer = answering(f"Likes quiet ones. Adores {foreign}.")
        agent.chat(SAID[FIRST - 1], user_id="ana")
        shown_now = foreign in {item.title for item in agent.thread("ana", "main")[-1].reply.items}
        assert shown_now or foreign not in titles or held(agent).summary == "Likes quiet ones."
        server.answer = answering(agent._house.model.words.system[:700])
        for n in range(EVERY):
            agent.chat(SAID[n], user_id="ana")
        assert "You are the voice" not in held(agent).summary


def test_what_is_unlearned_is_in_no_summary(films, server):
    server.answer = answering("Loves westerns above all.")
    with agent_over(films, server) as agent:
        agent.chat("I always love westerns", user_id="ana")
        talk(agent, FIRST - 1)
        assert "westerns" in held(agent).summary
        agent.chat("forget that I like westerns", user_id="ana")
        assert held(agent).summary == ""


def test_without_a_model_nothing_is_summarised(films):
    with Agent.open(Workspace.open(films)) as agent:
        talk(agent, FIRST)
        assert held(agent).summary == ""


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
def test_prompts_keep_to_their_budget_and_their_examples_to_their_schema(shop, task):
    slots = {
        "noun": "film",
        "nouns": "films",
        "fields": "genres (tags)",
        "today": "2026-01-01",
        "examples": True,
        "manner": "listwise",
        "answer": "one JSON object",
    }
    text = prompt(task.name, "system", **slots)
    assert len(text) / 3 < task.prompt_tokens
    if task.answer is not None and task.name != "rank":
        examples = re.findall(r"^(?:Example: |To stop: )?(\{.*\})$", text, re.MULTILINE)
        assert examples
        for example in examples:
            task.answer.model_validate_json(example)
