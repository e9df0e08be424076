"""The agent gets the scripted conversations right, and a bot that looks up keywords does not."""

import fcntl
import os
from datetime import UTC, datetime, timedelta

import pytest

from convrec.agent import Agent
from convrec.catalogue.demo.shipped import ingest_shipped
from convrec.catalogue.workspace import Workspace
from convrec.core.clock import FixedClock, counted_ids
from convrec.tools.fitting import fit
from tests.agent.conversation import failures, load, scripts
from tests.agent.facts import Items, meets
from tests.agent.keyword_bot import KeywordBot

ITEMS = Items.read()
FEWEST = 4  # items that a wish must leave


@pytest.fixture(scope="session")
def agent(tmp_path_factory):
    """An agent over the demo films, fitted once for all tests, whichever processes they run in."""
    base = tmp_path_factory.getbasetemp()
    root = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "films"
    with (root.parent / "films.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        ingest_shipped(root)
        workspace = Workspace.open(root)
        if not workspace.current().tools:
            fit(workspace)
    noon = FixedClock(datetime(2026, 1, 5, 12, tzinfo=UTC), timedelta(seconds=1))
    with Agent.open(root, clock=noon, new_id=counted_ids(f"e{os.getpid()}-")) as opened:
        yield opened


@pytest.mark.parametrize("path", scripts(), ids=lambda path: path.stem)
def test_the_agent_gets_it_right(agent, path):
    def answer(say):
        return agent.chat(say, user_id=f"visitor {path.stem}", thread_id=path.stem).model_dump(mode="json")

    broken = failures(load(path), answer, ITEMS)
    assert not broken, "\n".join(["", *broken])


@pytest.mark.parametrize("path", scripts(), ids=lambda path: path.stem)
def test_every_wish_can_be_met(path):
    for line in load(path).lines:
        every, none = line.expect.get("every", {}), line.expect.get("none", {})
        left = [
            facts for facts in ITEMS.facts.values()
            if all(meets(facts.get(name), wanted) for name, wanted in every.items())
            and not any(meets(facts.get(name), unwanted) for name, unwanted in none.items())
        ]  # fmt: skip
        assert len(left) >= FEWEST, f"{line.say!r} leaves {[facts['title'] for facts in left]}"


def test_a_keyword_bot_fails_at_least_half():
    bot = KeywordBot(ITEMS)
    failed = [path.stem for path in scripts() if failures(load(path), bot.reply, ITEMS)]
    assert len(failed) >= 20, f"only {failed}"
