"""Turns that went well become examples for the model: only where that is asked for, only for whom it is allowed, and gone with the person."""

import json
from contextlib import contextmanager

import pytest

from convrec.agent import Agent
from convrec.agent.llm.demonstrations import Demonstrations, went_well
from convrec.catalogue.workspace import Workspace
from convrec.core.reply import Reply, ReplyItem, TraceStep, Usage
from convrec.core.settings import Llm
from convrec.core.understanding import Preference, Understanding
from convrec.tools.encoder import TextEncoder
from tests.agent.chat_server import ChatServer, document_of, serving, task_of

LIKED = "the first one is perfect, I'll watch it"


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("CONVREC_ALLOW_MODEL_REQUESTS", "1")
    with serving(ChatServer()) as house:
        yield house


@contextmanager
def agent_over(root, server, reach, **llm):
    workspace = Workspace.open(root)
    settings = Llm(base_url=server.url, model="m", timeout_s=10, demonstrations=reach, **llm)
    workspace.settings = workspace.settings.model_copy(update={"llm": settings})
    with Agent.open(workspace) as agent:
        yield agent


def lines(agent):
    path = agent.workspace.root / "demonstrations.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def examples(server):
    """Returns the messages that the latest request to understand was shown as examples."""
    asked = [document_of(body) for body in server.requests if task_of(body) == "understand"]
    return [one["message"] for one in asked[-1].get("examples", ())]


def liked_turn(agent, user, text="a western please"):
    agent.chat(text, user_id=user)
    agent.chat(LIKED, user_id=user)


def test_off_keeps_and_shows_nothing(films, server):
    with agent_over(films, server, "off") as agent:
        liked_turn(agent, "ana")
        agent.chat("another western please", user_id="ana")
        assert lines(agent) == []
    assert examples(server) == []
    assert "examples" not in server.requests[0]["messages"][0]["content"]


def test_a_turn_that_the_next_message_likes_is_kept_with_what_it_says(films, server):
    with agent_over(films, server, "own") as agent:
        agent.chat("a western please", user_id="ana")
        assert lines(agent) == []
        agent.chat(LIKED, user_id="ana")
        (kept,) = lines(agent)
    assert (kept["user_id"], kept["turn"], kept["message"]) == ("ana", 1, "a western please")
    assert {"facet": "genres", "value": "Western"}.items() <= kept["answer"]["preferences"][0].items()
    assert kept["answer"]["preferences"][0]["quote"] in "a western please"


@pytest.mark.parametrize("reach", ["own", "all"])
def test_another_persons_words_are_shown_only_where_all_may_see_them(films, server, reach):
    with agent_over(films, server, reach) as agent:
        liked_turn(agent, "ana")
        agent.chat("some westerns, please", user_id="ana", thread_id="t2")
        assert examples(server) == ["a western please"]
        agent.chat("some westerns, please", user_id="bo")
        assert examples(server) == (["a western please"] if reach == "all" else [])


def test_a_message_that_is_like_none_is_shown_none(films, server):
    with agent_over(films, server, "own") as agent:
        liked_turn(agent, "ana")
        agent.chat("who directed Iron Harbor, and when did it come out?", user_id="ana")
    assert examples(server) == []


def test_what_was_repaired_rejected_or_paused_is_no_example(films, server):
    with agent_over(films, server, "own") as agent:
        agent.chat("a western please", user_id="ana")
        agent.chat("no, none of these", user_id="ana")
        faults = iter(["schema"])
        server.faults = lambda: next(faults, None)
        agent.chat("a western please", user_id="ana", thread_id="t2")
        agent.chat(LIKED, user_id="ana", thread_id="t2")
        agent.pause_memory("ana")
        liked_turn(agent, "ana")
        assert lines(agent) == []


def test_forgetting_takes_the_persons_lines_and_counts_them(films, server):
    with agent_over(films, server, "all") as agent:
        liked_turn(agent, "ana")
        liked_turn(agent, "bo", "a crime film please")
        agent.chat("some westerns, please", user_id="bo")
        receipt = agent.forget("ana")
        assert (receipt.deleted["demonstrations"], receipt.verified) == (1, True)
        assert [line["user_id"] for line in lines(agent)] == ["bo"]
        agent.chat("some westerns, please", user_id="bo")
        assert "a western please" not in examples(server)
        assert agent.delete_thread("bo", "main")["demonstrations"] == 1
        assert lines(agent) == []


def test_forgetting_reaches_the_file_where_examples_are_off_again(films, server):
    with agent_over(films, server, "own") as agent:
        liked_turn(agent, "ana")
    with agent_over(films, server, "off") as agent:
        assert agent.forget("ana").deleted["demonstrations"] == 1
        assert "western" not in (agent.workspace.root / "demonstrations.jsonl").read_text()


def reply(**changes):
    item = ReplyItem(id="i1", title="Heat", rank=1, score=1.0, confidence=0.5)
    step = TraceStep(tool="model", arguments={"step": "understand"}, ms=1.0)
    whole = {"text": "x", "items": (item,), "understanding": Understanding(), "trace": (step,), "user_id": "ana", "thread_id": "t", "turn": 1, "ms": 1.0, "engine": "llm", "versions": {}}  # fmt: skip
    return Reply(**{**whole, **changes})


def test_the_signs_of_a_good_turn():
    taken, liked = Understanding(acts=("accept",)), Preference(facet="item", value="Heat", item_id="i1", polarity=1)
    assert went_well(reply(), taken)
    assert went_well(reply(), Understanding(acts=("state_preference",), preferences=(liked,)))
    assert not went_well(reply(), Understanding(acts=("request",)))
    assert not went_well(reply(), Understanding(acts=("accept", "reject")))
    for worse in (
        {"fallback": "explain: timeout"},
        {"engine": "compact"},
        {"usage": Usage(repeated=1)},
        {"items": ()},
        {"trace": ()},
    ):
        assert not went_well(reply(**worse), taken)


def test_examples_keep_to_their_room_and_a_broken_line_is_left_out(tmp_path):
    kept = Demonstrations(tmp_path / "demonstrations.jsonl", TextEncoder.open(), "own")
    for n in range(6):
        kept.keep(reply(turn=n + 1, understanding=Understanding(acts=("request",))), f"a quiet western, number {n}")
    with kept.path.open("a") as file:
        file.write('{"user_id": "ana", "mess')
    whole = kept.nearest("a quiet western", "ana", 10_000)
    assert len(whole) == 4
    room = len(json.dumps(whole[0])) + len(json.dumps(whole[1]))
    assert kept.nearest("a quiet western", "ana", room) == whole[:2]
    assert kept.nearest("a quiet western", "ana", 0) == []
    assert kept.forget("ana") == 6
    assert kept.path.read_text() == ""
