"""A server that the tests of a file share, and clients of several callers."""

import json
import shutil
from pathlib import Path

import httpx
import pytest

from convrec.agent.agent import Agent
from tests.ui.api.served import serving

KEYS = [
    {"key": "key-of-ana", "user": "ana"},
    {"key": "key-of-bob", "user": "bob"},
    {"key": "key-of-shop", "tenant": "shop"},
    {"key": "key-of-admin", "admin": True},
]


@pytest.fixture(scope="module")
def agent(fitted_films, tmp_path_factory):
    with Agent.open(Path(shutil.copytree(fitted_films, tmp_path_factory.mktemp("api") / "films"))) as opened:
        yield opened


@pytest.fixture(scope="module")
def url(agent):
    """A server without keys."""
    with serving(agent) as address:
        yield address


@pytest.fixture(scope="module")
def keyed(agent):
    """A server with keys."""
    with serving(agent, json.dumps(KEYS)) as address:
        yield address


@pytest.fixture
def client(url):
    with httpx.Client(base_url=url, timeout=30) as opened:
        yield opened


@pytest.fixture
def as_caller(keyed):
    """Makes a client that shows a key."""
    opened = []

    def make(key: str | None):
        headers = {"Authorization": f"Bearer {key}"} if key is not None else {}
        opened.append(httpx.Client(base_url=keyed, headers=headers, timeout=30))
        return opened[-1]

    yield make
    for one in opened:
        one.close()
