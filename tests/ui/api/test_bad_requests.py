"""What a server meets in the open: broken, huge, slow and many requests."""

import asyncio
import gzip
import json
import re
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


def sent(method: str, path: str, body: bytes = b"", *headers: str) -> bytes:
    """A request as it goes over the wire, after which the connection ends."""
    head = [f"{method} {path} HTTP/1.1", "Host: x", "Connection: close", *headers]
    if body:
        head += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


CHUNKED = "POST", "/v1/chat", b"", "Content-Type: application/json", "Transfer-Encoding: chunked"
HALF = rb'"\ud800"'
ODD = [
    (sent("POST", "/v1/chat", b'{"text": "a\\u0000b", "user_id": "\xe2\x80\xaeana"}'), 200),
    (sent("POST", "/v1/chat", b'{"text": 3, "text": "hi"}'), 200),
    (sent("POST", "/v1/chat", b'\xef\xbb\xbf{"text": "hi"}'), 200),
    (sent("POST", "/v1/chat", b'{"text": "hi", "user_id": "a\\u0000"}'), 422),
    (sent("POST", "/v1/chat", b'{"text": "' + b"9" * 200_001 + b'"}'), 422),
    (sent("POST", "/v1/chat", b'{"text": 1e400}'), 422),
    (sent("POST", "/v1/chat", b'{"text": "a"} {"text": "b"}'), 400),
    (sent("POST", "/v1/chat", b'{"text": "a", "x": ' + b"[" * 50_000 + b"]" * 50_000 + b"}"), 400),
    (sent("POST", "/v1/chat", gzip.compress(b'{"text": "a"}'), "Content-Encoding: gzip"), 400),
    (sent("POST", "/v1/chat", b'{"text": "hi"}', "Idempotency-Key: a", "Idempotency-Key: b"), 200),
    (sent("POST", "/v1/chat", b'{"text": "hi"}', "Idempotency-Key: " + "x" * 5_000), 422),
    (sent("POST", "/v1/chat", b'{"text": "hi"}', "Expect: 100-continue"), 100),
    (sent(*CHUNKED) + b'e;a=b\r\n{"text": "hi"}\r\n0\r\nX-Trailer: y\r\n\r\n', 200),
    (sent(*CHUNKED) + b"zz\r\n{}\r\n0\r\n\r\n", 400),
    (sent(*CHUNKED, "Content-Length: 4") + b"0\r\n\r\n", 400),
    (sent("POST", "/v1/chat", b"", "Content-Length: -5"), 400),
    (sent("POST", "/v1/chat", b"", "Content-Length: 4611686018427387904"), 413),
    (sent("POST", "/v1/search", b'{"query": "a", "k": NaN}'), 422),
    (sent("POST", "/v1/search", b'{"query": "a", "k": 99999999999999999999999999}'), 422),
    (sent("POST", "/v1/search", b'{"query": "a", "filter": {"field": "year", "op": "ge", "value": Infinity}}'), 422),
    (sent("POST", "/v1/search", b'{"query": "a", "filter": {"field": "year", "op": "ge", "value": ' + b"9" * 5_000 + b"}}"), 400),
    (sent("POST", "/v1/search", b'{"query": "a", "filter": {"field": ' + HALF + b', "op": "eq", "value": 1}}'), 422),
    (sent("POST", "/v1/search", b'{"query": "a", "filter": ' + b'{"op": "not", "arg": ' * 5_000 + b"{}" + b"}" * 5_001), 400),
    (sent("POST", "/v1/feedback", b'{"item_id": "h1", "event": "like", "turn": 1e308}'), 422),
    (sent("POST", "/v1/compare", b'{"item_ids": ["h1", "\\u0000"]}'), 404),
    (sent("PATCH", "/v1/users/zed/profile", b'{"add": [{"facet": "genres", "value": ' + HALF + b', "polarity": 1}]}'), 422),
    (sent("PATCH", "/v1/users/zed/profile", b'{"add": [{"facet": ' + HALF + b', "value": "x", "polarity": 1}]}'), 422),
    (sent("PATCH", "/v1/users/zed/profile", b'{"add": [{"facet": "genres", "value": "Comedy", "polarity": 1, "weight": NaN}]}'), 422),
    (sent("PATCH", "/v1/users/zed/profile", b'{"remove": [' + HALF + b"]}"), 422),
    (sent("PUT", "/v1/items", b'{"items": [{"id": "odd", "title": ' + HALF + b"}]}"), 200),
    (sent("PUT", "/v1/items", b'{"items": [{"id": ' + HALF + b', "title": "x"}]}'), 200),
    (sent("PUT", "/v1/items", b'{"items": [{"id": "odd", "title": "x", ' + HALF + b": 1}]}"), 200),
    (sent("PUT", "/v1/items", b'{"items": [{"id": "odd", "title": "x", "genres": [{"a": [' + HALF + b"]}]}]}"), 200),
    (sent("POST", "/v1/interactions", b'{"interactions": [{"user_id": ' + HALF + b', "item_id": "h1", "event": ' + HALF + b"}]}"), 200),
    (sent("POST", "/v1/interactions", b'{"interactions": [{"user_id": "a", "item_id": "h1", "timestamp": "0001-01-01T00:00:00+23:00"}]}'), 200),
    (sent("GET", "/v1/users/%ff/profile"), 400),
    (sent("GET", "/v1/users/%00/profile"), 422),
    (sent("GET", "/v1/users/" + "a" * 60_000 + "/profile"), 422),
    (sent("GET", "/v1/items/h1/similar?k=" + "9" * 5_000), 422),
    (sent("GET", "/v1/models", b"", "X-Request-ID: a", "X-Request-ID: b"), 200),
    (sent("GET", "/v1/models", b"", *(f"X-{n}: y" for n in range(5_000))), 200),
    (sent("GET", "/v1/models", b"", "X-A: a\0b"), 400),
    (sent("GET", "/v1/models", b"", "If-None-Match: *", "Range: bytes=9-1", "traceparent: zz"), 200),
    (sent("GET", "/widget.js", b"", "Range: bytes=99999999999999999999-1,-,x", "If-Modified-Since: yesterday"), 200),
    (sent("GET", "/dashboard", b"", "Authorization: Basic \u00e4"), 200),
    (sent("GET", "/dashboard?days=99999999999999999999"), 422),
    (sent("GET", "/v1/chat", b"", "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13"), 403),
    *((sent(method, "/v1/chat"), 405) for method in ("HEAD", "OPTIONS", "TRACE", "PROPFIND")),
    (sent("HEAD", "/v1/models"), 405), (sent("FOO", "/v1/chat"), 400), (sent("CONNECT", "evil.example:443"), 400), (sent("OPTIONS", "*"), 404),
    (b"GET /v1/models HTTP/1.0\r\n\r\n", 200), (b"GET /v1/models HTTP/9.9\r\n\r\n", 400), (b"\x16\x03\x01\x02\x00\x01" + b"\0" * 200, 400),
]  # fmt: skip


@pytest.mark.parametrize(("request_", "status"), ODD, ids=range(len(ODD)))
def test_whatever_comes_over_the_wire_is_answered_or_refused(url, caplog, request_, status):
    with connect(url) as client:
        client.sendall(request_)
        answer = b"".join(iter(lambda: client.recv(65_536), b""))
    assert int(answer.split(b" ", 2)[1]) == status, answer[:500]
    assert b"Traceback" not in answer
    assert not [record for record in caplog.records if record.levelname in ("ERROR", "CRITICAL")]


def test_requests_that_come_without_waiting_for_answers_are_answered_in_order(url):
    many = sent("GET", "/v1/models").replace(b"Connection: close\r\n", b"") * 20 + sent("GET", "/v1/nothing")
    with connect(url) as client:
        client.sendall(many)
        answer = b"".join(iter(lambda: client.recv(65_536), b""))
    assert re.findall(rb"HTTP/1\.1 (\d+)", answer) == [b"200"] * 20 + [b"404"]


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
