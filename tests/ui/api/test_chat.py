"""Talking over HTTP."""

import threading

import httpx
import pytest

from convrec.core.reply import Reply
from convrec.core.settings import Server
from tests.ui.api.events import read
from tests.ui.api.served import serving


def test_a_message_gets_a_reply(client):
    answer = client.post("/v1/chat", json={"text": "a western", "user_id": "ana", "thread_id": "t1"})
    reply = Reply.model_validate(answer.json())
    assert answer.status_code == 200
    assert (reply.user_id, reply.thread_id, reply.turn) == ("ana", "t1", 1)
    assert reply.items
    assert all(item.title in reply.text for item in reply.items)


def test_an_answer_tells_how_long_the_turn_itself_took(client):
    answer = client.post("/v1/chat", json={"text": "a western", "user_id": "tim"})
    turn_ms = float(answer.headers["server-timing"].removeprefix("turn;dur="))
    assert answer.json()["ms"] <= turn_ms <= answer.elapsed.total_seconds() * 1000


def test_a_thread_goes_on(client):
    first = client.post("/v1/chat", json={"text": "a western", "user_id": "ben"}).json()
    second = client.post("/v1/chat", json={"text": "from before 1970", "user_id": "ben"}).json()
    assert (first["turn"], second["turn"]) == (1, 2)
    assert "western" in second["text"].casefold()


def test_a_stream_begins_with_the_plan_and_ends_with_the_reply(client):
    body = {"text": "a comedy", "user_id": "cleo", "stream": True}
    with client.stream("POST", "/v1/chat", json=body) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        events = read(answer.iter_lines())
    names = [name for name, _ in events]
    assert names[0] == "plan"
    assert names[-1] == "done"
    assert names.count("done") == 1
    reply = Reply.model_validate(events[-1][1]["reply"])
    assert "".join(data["text"] for name, data in events if name == "token") == reply.text
    assert [data["item"]["id"] for name, data in events if name == "item"] == [item.id for item in reply.items]


def test_the_same_idempotency_key_gets_the_same_reply(client):
    headers, body = {"Idempotency-Key": "once"}, {"text": "a drama", "user_id": "dora"}
    first = client.post("/v1/chat", json=body, headers=headers)
    again = client.post("/v1/chat", json=body, headers=headers)
    assert first.json() == again.json()
    assert len(client.get("/v1/users/dora/threads/main").json()["turns"]) == 1


def test_a_client_that_goes_away_leaves_a_whole_turn(client, url, agent):
    with (
        httpx.Client(base_url=url) as leaving,
        leaving.stream("POST", "/v1/chat", json={"text": "a thriller", "user_id": "eve", "stream": True}) as answer,
    ):
        next(answer.iter_lines())
    settled = threading.Event()
    for _ in range(100):
        if agent.thread("eve", "main"):
            break
        settled.wait(0.05)
    (turn,) = agent.thread("eve", "main")
    assert turn.text == "a thriller"
    assert turn.reply.text
    assert client.post("/v1/chat", json={"text": "another", "user_id": "eve"}).json()["turn"] == 2


@pytest.mark.parametrize("user_id", ["", " ", " ana", "a\nb", "x" * 300])
def test_an_id_that_is_none_is_refused(client, user_id):
    answer = client.post("/v1/chat", json={"text": "hello", "user_id": user_id})
    assert answer.status_code == 422
    assert "user id" in answer.json()["detail"]


def test_ids_are_told_apart_by_case_and_may_hold_slashes(client):
    for user_id in ("Zoë", "zoë", "shop/zoë"):
        client.post("/v1/chat", json={"text": f"hello from {user_id}", "user_id": user_id})
    turns = client.get("/v1/users/shop%2Fzo%C3%AB/threads/main").json()["turns"]
    assert [turn["text"] for turn in turns] == ["hello from shop/zoë"]


class Slow:
    """An agent whose turns take as long as it is told, and otherwise one like any."""

    def __init__(self, agent):
        self._agent, self.open, self.begun = agent, threading.Event(), threading.Semaphore(0)

    def __getattr__(self, name):
        return getattr(self._agent, name)

    def stream(self, *args, **more):
        self.begun.release()
        assert self.open.wait(20)
        yield from self._agent.stream(*args, **more)


def test_when_too_many_ask_they_are_told_when_to_come_again(agent):
    slow, statuses = Slow(agent), []
    with (
        serving(slow, settings=Server(concurrency=1, queue=1, requests_per_minute=0)) as url,
        httpx.Client(base_url=url, timeout=30) as client,
    ):

        def ask(n):
            return statuses.append(client.post("/v1/chat", json={"text": "a western", "user_id": f"q{n}"}).status_code)

        first = threading.Thread(target=ask, args=(1,))
        first.start()
        assert slow.begun.acquire(timeout=10)
        second = threading.Thread(target=ask, args=(2,))
        second.start()
        while "convrec_queue 2.0" not in client.get("/metrics").text:
            pass
        refused = client.post("/v1/chat", json={"text": "a western", "user_id": "q3", "stream": True})
        assert refused.status_code == 429
        assert int(refused.headers["retry-after"]) >= 1
        assert refused.headers["content-type"] == "application/problem+json"
        slow.open.set()
        first.join()
        second.join()
        assert statuses == [200, 200]
        assert client.post("/v1/chat", json={"text": "a western", "user_id": "q3"}).status_code == 200


def test_an_answer_that_takes_too_long_is_to_be_had_later(agent):
    slow = Slow(agent)
    with (
        serving(slow, settings=Server(turn_timeout_s=0.2, requests_per_minute=0)) as url,
        httpx.Client(base_url=url, timeout=30) as client,
    ):
        headers, body = {"Idempotency-Key": "late"}, {"text": "a western", "user_id": "lea"}
        late = client.post("/v1/chat", json=body, headers=headers)
        assert late.status_code == 503
        assert "Idempotency-Key" in late.json()["detail"]
        slow.open.set()
        while "convrec_queue 0.0" not in client.get("/metrics").text:
            pass
        assert len(agent.thread("lea", "main")) == 1


def test_a_server_that_goes_down_ends_the_turns_that_were_begun(agent):
    slow, got = Slow(agent), []
    with serving(slow) as url:
        ask = lambda: got.append(httpx.post(f"{url}/v1/chat", json={"text": "a western", "user_id": "gus"}, timeout=30))  # noqa: E731
        asking = threading.Thread(target=ask)
        asking.start()
        assert slow.begun.acquire(timeout=10)
        threading.Timer(0.3, slow.open.set).start()
    asking.join()
    assert got[0].status_code == 200
    assert got[0].json()["turn"] == 1
