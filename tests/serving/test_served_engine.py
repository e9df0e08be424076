"""The agent over a real, if tiny, served model: guided answers understood, text streamed, an adapter by name, a server that dies in mid-turn."""

import threading
import time
from contextlib import contextmanager

import pytest
from typer.testing import CliRunner

from convrec.agent import Agent
from convrec.agent.llm.abilities import abilities
from convrec.agent.llm.conformance import ChatModelTests
from convrec.agent.llm.connect import connect
from convrec.catalogue.workspace import Workspace
from convrec.core.settings import Llm, Policy
from convrec.ui.cli.app import app

UNTAUGHT = {"too_long", "empty", "unchecked", "looped"}
"""How a model that was never taught the task may fail: guided, it keeps to the schema for as long as it may write."""


@pytest.fixture(autouse=True)
def requests_allowed(monkeypatch):
    monkeypatch.setenv("CONVREC_ALLOW_MODEL_REQUESTS", "1")


def settings(served, **llm):
    return Llm(base_url=served.base_url, model=served.model, **{"timeout_s": 60, **llm})


@contextmanager
def agent_over(root, served, explore="auto", **llm):
    workspace = Workspace.open(root)
    update = {"llm": settings(served, **llm), "policy": Policy(explore=explore)}
    workspace.settings = workspace.settings.model_copy(update=update)
    with Agent.open(workspace) as agent:
        yield agent


def failures(reply):
    return {part.rpartition(" ")[2] for part in (reply.fallback or "").split("; ") if part}


class TestServed(ChatModelTests):
    @pytest.fixture
    def chat_model(self, served):
        return connect(settings(served)).endpoints[0].model


@pytest.mark.parametrize("adapter", ["", "bold"])
def test_a_turn_over_a_served_model_ends_in_real_items(films, served, adapter):
    with agent_over(films, served, adapter=adapter) as agent:
        reply = agent.chat("a western, nothing after 1970")
    assert reply.usage.llm_calls >= 2
    assert reply.usage.prompt_tokens > 100
    assert failures(reply) <= UNTAUGHT
    assert reply.items
    assert all(item.facts["year"] <= 1970 for item in reply.items)
    assert all(item.title in reply.text for item in reply.items)


def test_exploring_asks_the_served_model_for_guided_steps(films, served):
    with agent_over(films, served, explore="always", max_calls_per_turn=6) as agent:
        agent.feedback(user_id="ana", item_id="w1", event="like")
        reply = agent.chat("something like Three Wells", user_id="ana")
    assert reply.items
    assert reply.usage.llm_calls <= 6
    assert failures(reply) <= UNTAUGHT


def test_a_server_that_dies_in_mid_turn_costs_no_turn(films, served):
    with agent_over(films, served) as agent:
        agent.chat("a western")
        killing = threading.Timer(0.15, served.kill)
        killing.start()
        try:
            began, replies = time.monotonic(), []
            for said in ("older", "a comedy instead", "something with a horse"):
                replies.append(agent.chat(said))
            took = time.monotonic() - began
        finally:
            killing.join()
            served.start()
        again = agent.chat("thanks, and a thriller?")
    assert all(reply.text for reply in replies)
    assert any(reply.fallback for reply in replies)
    assert took < 60
    assert again.text


def test_what_the_server_can_do_is_found_out(served):
    llm = settings(served, adapter="shy")
    found = {one.name: one for one in abilities(connect(llm), llm)}
    wanted = ("answers", "streams", "JSON schema", "LoRA adapter", "context length")
    assert {name: found[name] for name in wanted if not found[name].able} == {}


def test_engines_are_compared_whole_over_a_served_model_and_the_table_reads_well(films, served):
    words = ["evaluate", "engines", "-w", str(films), "--model", served.model, "--base-url", served.base_url]
    done = CliRunner().invoke(app, [*words, "--users", "1", "--turns", "4"], env={"COLUMNS": "100"})
    assert done.exit_code == 0, done.stderr
    for step in ("understand", "plan", "explain"):
        assert step in done.stdout
    assert "steps" in done.stdout
    rows = [line.rstrip() for line in done.stdout.splitlines() if "[" in line]
    assert max(map(len, rows)) <= 100


def test_three_words_of_settings_take_a_person_to_the_same_chat(films, served):
    env = {"CONVREC_LLM_BASE_URL": served.base_url, "CONVREC_LLM_MODEL": served.model}
    done = CliRunner().invoke(app, ["chat", "-w", str(films)], input="a western, nothing after 1970\nolder\n", env=env)
    assert done.exit_code == 0, done.stderr
    assert "1. **" in done.stdout
