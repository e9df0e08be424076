"""Requests that a worker hands on to the page's process: each person's own cookies, and nobody else's."""

import asyncio
import threading
import time

import httpx
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from convrec.ui.api.page import Handover


async def _greet(request: Request) -> PlainTextResponse:
    body = (await request.body()).decode()
    answer = PlainTextResponse(f"{request.headers.get('cookie', 'nobody')}|{body}|{request.url.query}")
    answer.set_cookie("who", f"visitor-{time.monotonic_ns()}")
    return answer


@pytest.fixture
def handover(tmp_path):
    """Hands on to a page that gives everybody a cookie and says which one it was shown."""
    place = str(tmp_path / "page")
    page = Starlette(routes=[Route("/", _greet, methods=["GET", "POST"])])
    server = uvicorn.Server(uvicorn.Config(page, uds=place, log_config=None, access_log=False))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        time.sleep(0.01)
    yield Handover(place)
    server.should_exit = True
    thread.join(timeout=10)


def asked(handover: Handover, *headers: dict[str, str], body: bytes | None = None) -> list[httpx.Response]:
    """Returns the answers to requests of people who know nothing of each other."""

    async def ask() -> list[httpx.Response]:
        answers = []
        for each in headers:
            async with httpx.AsyncClient(transport=httpx.ASGITransport(handover), base_url="http://site") as person:
                answers.append(await person.request("POST" if body else "GET", "/?a=1", headers=each, content=body))
        await handover.close()
        return answers

    return asyncio.run(ask())


def test_a_cookie_goes_to_whom_it_was_given_and_to_nobody_else(handover):
    first, second, third = asked(handover, {}, {}, {"cookie": "who=me"})
    assert [answer.text for answer in (first, second, third)] == ["nobody||a=1", "nobody||a=1", "who=me||a=1"]
    assert first.headers["set-cookie"] != second.headers["set-cookie"]


def test_a_body_is_handed_on_whole(handover):
    (answer,) = asked(handover, {"content-type": "text/plain"}, body=b"x" * 100_000)
    assert answer.text == f"nobody|{'x' * 100_000}|a=1"


def test_a_page_that_is_away_is_a_problem(tmp_path):
    (answer,) = asked(Handover(str(tmp_path / "none")), {})
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "5"
