"""What a server meets in the open: broken, huge, slow and many requests."""

import asyncio
import json
import socket
import time
from urllib.parse import urlsplit

import httpx
import pytest

from convrec.core.settings import Server
from tests.ui.api.served import serving


def problem(answer) -> dict:
    """Returns a problem document, which says the status and a sentence, and nothing of the inside."""
    assert answer.headers["content-type"] == "application/problem+json"
    found = answer.json()
    assert found["status"] == answer.status_code
    assert found["title"]
    assert found["detail"].endswith(".")
    assert "Traceback" not in answer.text
    assert "/site-packages/" not in answer.text
    return found


@pytest.mark.parametrize(
    ("content", "status"),
    [(b"", 422), (b"{", 400), (b'{"text": "\xff"}', 400), (b"[]", 422), (b"null", 422), (b'{"text": 3}', 422), (b'{"text": "\\ud800"}', 422), (b"{" * 100_000, 400),
     (b'{"text": "a", "stream": "yes"}', 422)],
)  # fmt: skip
def test_a_body_that_is_wrong_is_a_problem(client, content, status):
    answer = client.post("/v1/chat", content=content, headers={"content-type": "application/json"})
    assert answer.status_code == status
    problem(answer)


def test_a_body_of_ten_megabytes_is_too_long(client):
    answer = client.post("/v1/chat", content=b"x" * 10_000_000)
    assert answer.status_code == 413
    problem(answer)


def test_a_long_body_that_hides_its_length_is_too_long(agent):
    with serving(agent, settings=Server(max_body_bytes=10_000)) as url:
        answer = httpx.post(f"{url}/v1/chat", content=(b"x" * 1_000 for _ in range(50)))
    assert answer.status_code == 413


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/v1/nothing", 404), ("PUT", "/v1/chat", 405), ("GET", "/v1/", 404)]
)
def test_a_route_that_is_none_is_a_problem(client, method, path, status):
    answer = client.request(method, path)
    assert answer.status_code == status
    problem(answer)


def test_every_answer_has_a_request_id(client):
    assert client.get("/v1/models", headers={"X-Request-ID": "mine-1"}).headers["x-request-id"] == "mine-1"
    for odd in ("", "a b", "x" * 500, "<script>"):
        own = client.get("/v1/models", headers={"X-Request-ID": odd}).headers["x-request-id"]
        assert own != odd
        assert own.isalnum()


def test_answers_forbid_guessing_framing_and_storing(client):
    headers = client.get("/v1/models").headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["cache-control"] == "no-store"
    assert "server" not in headers


def test_pages_of_other_origins_may_not_ask_unless_they_are_named(agent, client):
    asking = {"Origin": "https://shop.example", "Access-Control-Request-Method": "POST"}
    assert "access-control-allow-origin" not in client.options("/v1/chat", headers=asking).headers
    with serving(agent, settings=Server(cors_origins=("https://shop.example",))) as url:
        assert (
            httpx.options(f"{url}/v1/chat", headers=asking).headers["access-control-allow-origin"]
            == "https://shop.example"
        )
        other = httpx.options(f"{url}/v1/chat", headers=asking | {"Origin": "https://evil.example"})
        assert "access-control-allow-origin" not in other.headers


def connect(url: str) -> socket.socket:
    parts = urlsplit(url)
    return socket.create_connection((parts.hostname, parts.port), timeout=20)


def test_a_body_that_trickles_is_not_waited_for(agent):
    with serving(agent, settings=Server(body_timeout_s=0.3)) as url, connect(url) as slow:
        slow.sendall(b"POST /v1/chat HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{")
        assert slow.recv(4096).startswith(b"HTTP/1.1 408")


def test_a_head_that_trickles_is_hung_up_on(agent, monkeypatch):
    monkeypatch.setattr("convrec.ui.api.server._HEADERS_S", 0.3)
    with serving(agent) as url, connect(url) as slow, connect(url) as silent:
        slow.sendall(b"POST /v1/chat HTTP/1.1\r\nHost: x\r\nX-A: ")
        assert slow.recv(4096) == b""
        assert silent.recv(4096) == b""
        assert httpx.get(f"{url}/healthz").status_code == 200


def test_a_thousand_connections_at_once_are_all_answered(agent):
    asked = json.dumps({"text": "a western", "user_id": "crowd"}).encode()
    request = (
        b"POST /v1/chat HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
        % len(asked)
    )

    async def ask(url: str) -> int:
        parts = urlsplit(url)
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        writer.write(request + asked)
        answer = await asyncio.wait_for(reader.read(), 60)
        writer.close()
        return int(answer.split(b" ", 2)[1])

    async def crowd(url: str) -> list[int]:
        return await asyncio.gather(*(ask(url) for _ in range(1_000)))

    with serving(agent, settings=Server(requests_per_minute=0, concurrency=2, queue=8)) as url:
        statuses = asyncio.run(crowd(url))
        assert set(statuses) == {200, 429}
        assert len(statuses) == 1_000
        end = time.monotonic() + 5
        while httpx.post(f"{url}/v1/chat", json={"text": "a western", "user_id": "after"}).status_code != 200:
            assert time.monotonic() < end


def test_what_is_broken_inside_is_a_problem_without_a_word_of_it(agent, caplog):
    class Broken:
        def __getattr__(self, name):
            return getattr(agent, name)

        def stream(self, *_, **__):
            raise RuntimeError("secret detail")
            yield

    with serving(Broken()) as url:
        whole = httpx.post(f"{url}/v1/chat", json={"text": "hello"})
        streamed = httpx.post(f"{url}/v1/chat", json={"text": "hello", "stream": True})
    for answer in (whole, streamed):
        assert answer.status_code == 500
        assert "secret" not in answer.text
        problem(answer)
    assert "secret detail" in caplog.text
