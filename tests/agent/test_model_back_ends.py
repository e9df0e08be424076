"""Chat models that the agent can use: scripted, recorded, and behind a server."""

import pytest

from convrec.agent.llm.abilities import abilities
from convrec.agent.llm.conformance import ChatModelTests
from convrec.agent.llm.connect import connect
from convrec.agent.llm.scripted import RecordedChatModel, ScriptedChatModel
from convrec.core.settings import Llm
from tests.agent.chat_server import ChatServer, serving


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("CONVREC_ALLOW_MODEL_REQUESTS", "1")
    with serving(ChatServer()) as house:
        yield house


class TestScripted(ChatModelTests):
    @pytest.fixture
    def chat_model(self):
        return ScriptedChatModel(answers=("hello there",))


class TestRecorded(ChatModelTests):
    @pytest.fixture
    def chat_model(self, tmp_path):
        return RecordedChatModel(path=tmp_path / "said.jsonl", model=ScriptedChatModel(answers=("hello there",)))


class TestServed(ChatModelTests):
    @pytest.fixture
    def chat_model(self, server):
        return connect(Llm(base_url=server.url, model="m"), {}).endpoints[0].model


def seen(server, **llm):
    settings = Llm(base_url=server.url, model="m", timeout_s=5, **llm)
    return {one.name: one.able for one in abilities(connect(settings, {}), settings)}


def test_what_a_server_can_do_is_tried_not_believed(server):
    assert seen(server) == {
        "answers": True,
        "streams": True,
        "JSON schema": False,
        "tool calls": False,
        "list of models": False,
    }


def test_a_server_that_keeps_to_a_schema_is_found_out(server):
    server.answer = lambda task, document: '{"colour": "red", "shade": "dark"}'
    assert seen(server)["JSON schema"]


def test_of_a_server_that_does_not_answer_nothing_else_is_tried(server):
    server.faults = lambda: "500"
    assert seen(server) == {"answers": False}
    assert len(server.requests) == 1
