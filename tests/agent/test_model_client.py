"""Asking a chat model: what comes back is of the schema asked for, or one word says why not; every request is counted."""

import json
import logging

import httpx2
import pytest
from pydantic import BaseModel

from convrec.agent.llm.answers import json_schema, parsed
from convrec.agent.llm.budget import Budget
from convrec.agent.llm.client import ChatClient
from convrec.agent.llm.connect import connect
from convrec.agent.llm.endpoint import Endpoint
from convrec.agent.llm.failures import ModelFailure, failure_of
from convrec.agent.llm.scripted import RecordedChatModel, ScriptedChatModel
from convrec.core.errors import InputError
from convrec.core.settings import Llm
from tests.agent.chat_server import ChatServer, serving

ASKED = [("system", "You explore a catalogue"), ("user", json.dumps({"common": {}, "done": []}))]
SETTINGS = Llm(model="m", timeout_s=5)


class Colour(BaseModel):
    name: str


def scripted(*answers, settings=SETTINGS, **options):
    model = ScriptedChatModel(answers=answers)
    return model, ChatClient([Endpoint("test", model, real=False)], **options), Budget(settings)


def ask(client, budget):
    return client.ask(ASKED, Colour, budget, max_tokens=20)


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("CONVREC_ALLOW_MODEL_REQUESTS", "1")
    with serving(ChatServer(answer=lambda task, document: '{"name": "red"}', stall_s=3)) as house:
        yield house


def reach(house, **settings):
    settings = Llm(base_url=house.url, model="m", **{"timeout_s": 2, **settings})
    return connect(settings, {"OPENAI_API_KEY": "sk-secret"}), Budget(settings)


@pytest.mark.parametrize(
    "text",
    [
        '{"name": "red"}',
        'Sure!\n```json\n{"name": "red"}\n```',
        '<think>{"name": "x"}</think> {"name": "red"} done',
        '{broken {"name": "red"}',
    ],
)
def test_an_answer_is_found_wherever_it_stands(text):
    assert parsed(text, Colour) == Colour(name="red")


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("", "empty"),
        ("red", "schema"),
        ('{"name": "re', "schema"),
        ('{"colour": 1}', "schema"),
        ("x" * 50_000, "too_long"),
    ],
)
def test_what_is_no_answer_says_in_a_word_why(text, kind):
    with pytest.raises(ModelFailure) as failed:
        parsed(text, Colour)
    assert failed.value.kind == kind


def test_of_an_answer_that_was_cut_off_a_whole_object_counts():
    assert parsed('{"name": "red"} and then', Colour, whole=False) == Colour(name="red")
    for text in ('{"name": "re', '{"of": {"shade": 1}, "name": "r'):
        with pytest.raises(ModelFailure, match="too_long"):
            parsed(text, Colour, whole=False)


def test_a_schema_as_servers_take_it_requires_all_and_admits_nothing_else():
    document = json_schema(Colour)["json_schema"]["schema"]
    assert document["required"] == ["name"]
    assert document["additionalProperties"] is False


def test_a_wrong_answer_is_repaired_once_with_the_reason_named():
    model, client, budget = scripted('{"colour": "red"}', '{"name": "red"}')
    assert ask(client, budget) == Colour(name="red")
    assert "name: Field required" in model.asked[1][-1].content
    assert budget.calls == 2


def test_a_second_wrong_answer_is_the_end():
    _, client, budget = scripted("nonsense")
    with pytest.raises(ModelFailure, match="schema"):
        ask(client, budget)
    assert budget.calls == 2


def test_no_request_is_sent_beyond_the_turns_calls():
    model, client, budget = scripted('{"name": "red"}', settings=Llm(model="m", max_calls_per_turn=1))
    ask(client, budget)
    with pytest.raises(ModelFailure, match="spent"):
        ask(client, budget)
    assert len(model.asked) == 1


def test_a_stream_leaves_out_what_the_model_thought_first():
    _, client, budget = scripted("<think>hm, let me see</think>Hello there.")
    assert "".join(client.stream(ASKED, budget, max_tokens=20)) == "Hello there."


def test_a_recording_answers_without_its_model_and_only_what_it_heard(tmp_path):
    path = tmp_path / "said.jsonl"
    first = RecordedChatModel(path=path, model=ScriptedChatModel(answers=("hello",)))
    assert first.invoke("hi").text == "hello"
    again = RecordedChatModel(path=path)
    assert again.invoke("hi").text == "hello"
    with pytest.raises(ModelFailure):
        again.invoke("bye")


def test_real_models_are_not_asked_where_requests_are_banned(server, monkeypatch):
    monkeypatch.setenv("CONVREC_ALLOW_MODEL_REQUESTS", "0")
    client, budget = reach(server)
    with pytest.raises(ModelFailure, match="banned"):
        ask(client, budget)
    assert not server.requests


def test_a_server_is_asked_with_a_schema_and_the_key_and_its_tokens_are_counted(server):
    client, budget = reach(server, price_in=1.0, price_out=2.0)
    assert ask(client, budget) == Colour(name="red")
    assert server.requests[0]["response_format"]["type"] == "json_schema"
    assert server.headers[0]["authorization"] == "Bearer sk-secret"
    assert (budget.usage.prompt_tokens, budget.usage.completion_tokens) == (100, 2)
    assert budget.usage.cost == pytest.approx((100 * 1 + 2 * 2) / 1e6)


def test_a_server_that_refuses_schemas_is_asked_without_from_then_on(server):
    server.faults = lambda: "400" if "response_format" in server.requests[-1] else None
    client, budget = reach(server)
    ask(client, budget)
    ask(client, Budget(SETTINGS))
    assert ["response_format" in body for body in server.requests] == [True, False, False]


@pytest.mark.parametrize(
    ("status", "kind"), [(429, "busy"), (503, "busy"), (408, "timeout"), (500, "error"), (401, "refused")]
)
def test_a_status_that_hangs_on_the_errors_response_is_read_too(status, kind):
    response = httpx2.Response(status, request=httpx2.Request("POST", "http://localhost/chat"))
    with pytest.raises(httpx2.HTTPStatusError) as raised:
        response.raise_for_status()
    assert failure_of(raised.value).kind == kind


@pytest.mark.parametrize(("fault", "kind"), [("429", "busy"), ("500", "error"), ("html", "malformed"), ("no_choices", "malformed"), ("not_json", "malformed"), ("empty", "empty"), ("drop", "unreachable"), ("hang", "timeout"), ("context", "context"), ("huge", "too_long"), ("truncated", "too_long")])  # fmt: skip
def test_each_way_of_failing_has_its_word_and_costs_two_requests_at_most(server, fault, kind):
    server.faults = lambda: fault
    client, budget = reach(server, timeout_s=1.5)
    with pytest.raises(ModelFailure) as failed:
        ask(client, budget)
    assert failed.value.kind == kind
    assert budget.calls == len(server.requests) <= 2


def test_a_stream_that_hangs_ends_with_the_turns_time(server):
    server.faults, server.answer = lambda: "hang", lambda task, document: "one two three four"
    client, budget = reach(server, timeout_s=0.5)
    came = []
    with pytest.raises(ModelFailure, match="timeout"):
        came.extend(client.stream(ASKED, budget, max_tokens=20))


def test_a_server_that_does_not_stream_is_asked_for_the_whole(server):
    client, budget = reach(server)
    client.endpoints[0].streams = False
    assert "".join(client.stream(ASKED, budget, max_tokens=20)) == '{"name": "red"}'


def test_where_one_server_is_down_the_next_is_asked_and_the_first_left_alone(server):
    settings = Llm(base_url=f"http://127.0.0.1:9/v1, {server.url}", model="m", timeout_s=5)
    client = connect(settings, {})
    now = [0.0]
    client._now = lambda: now[0]
    for _ in range(3):
        assert ask(client, Budget(settings)) == Colour(name="red")
    budget = Budget(settings)
    ask(client, budget)
    assert budget.calls == 1


def test_a_redirect_is_not_followed(server):
    server.faults = lambda: "302"
    client, budget = reach(server)
    with pytest.raises(ModelFailure, match="refused"):
        ask(client, budget)
    assert budget.calls == len(server.requests)


def test_no_key_reaches_a_log_or_a_message(server, caplog):
    caplog.set_level(logging.DEBUG)
    server.faults = lambda: "500"
    client, budget = reach(server)
    with pytest.raises(ModelFailure) as failed:
        ask(client, budget)
    assert "sk-secret" not in caplog.text + repr(failed.value) + repr(client.endpoints) + str(failed.value.__context__)


def test_settings_that_name_no_model_are_refused_with_what_to_do():
    assert connect(Llm(), {}) is None
    with pytest.raises(InputError, match="Name the model"):
        connect(Llm(base_url="http://localhost:1/v1"), {})
    with pytest.raises(InputError, match="Put a key into"):
        connect(Llm(base_url="http://ana:secret@localhost:1/v1", model="m"), {})
    with pytest.raises(InputError, match="no address"):
        connect(Llm(base_url="http://[::1/v1", model="m"), {})
    with pytest.raises(InputError, match="no key") as refused:
        connect(Llm(base_url="http://localhost:1/v1", model="m"), {"OPENAI_API_KEY": "sk-secret\nX-Evil: 1"})
    assert "secret" not in str(refused.value)
