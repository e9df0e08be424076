"""A long conversation loses no demand, carries no more than it needs, and is found in its place whatever the clock says."""

import itertools
import json
from datetime import timedelta

import pytest

from convrec.agent.stores.ledger import Ledger
from convrec.agent.stores.opening import SQLITE, open_database
from tests.agent.shop import NOON, over

DISTRACTIONS = (
    "a comedy", "something from the nineties", "more", "older", "who directed the first one?", "thanks", "that looks boring", "a film with trains", "my bus was late today",
    "I loved the second one", "something sadder", "why the first one?", "not the second one", "do you have Casablanca?", "a thriller", "nothing too long", "what do you know about me?",
    "shorter", "seen the first one", "newer than 1990", "anything with Tom Hanks?", "good weather today", "compare the first two", "I'm in the mood for a drama",
)  # fmt: skip


def chatted_on(agent, shared, path, turns, each):
    """Goes on for so many turns, with a restart every fiftieth, and calls `each` with every reply; returns the agent that is open then."""
    lines = itertools.cycle(DISTRACTIONS)
    for number in range(turns):
        each(agent.chat(next(lines), user_id="ana", thread_id="t1"))
        if number % 50 == 49:
            agent.close()
            agent = over(shared, path)
    return agent


@pytest.mark.parametrize("turns", [10, 100, pytest.param(300, marks=pytest.mark.slow)])
def test_what_was_ruled_out_at_first_stays_out(agent, tmp_path, turns):
    shared, path = agent, tmp_path / "state.sqlite"
    catalogue = shared.toolbox.catalogue
    horror = {catalogue.ids[row] for row in catalogue.values("genres").rows("Horror").tolist()}
    shown = []
    talking = over(shared, path)
    talking.chat("no horror, please", user_id="ana", thread_id="t1")
    talking = chatted_on(talking, shared, path, turns, lambda reply: shown.extend(item.id for item in reply.items))
    asked = talking.chat("something scary and exciting", user_id="ana", thread_id="t1")
    assert len(shown) >= min(turns, 100)
    assert not horror & {*shown, *(item.id for item in asked.items)}
    held = talking._house.ledger.state("ana", "t1")
    assert "horror" in json.dumps([c.model_dump(mode="json") for c in held.constraints]).casefold()
    talking.close()


@pytest.mark.parametrize("turns", [100, pytest.param(300, marks=pytest.mark.slow)])
def test_what_a_thread_carries_stays_small_and_what_was_put_aside_stays_away(agent, tmp_path, turns):
    shared, path = agent, tmp_path / "state.sqlite"
    sizes, aside = [], set()

    def watch(reply):
        heard, state = reply.understanding, over_there.state("ana", "t1")
        taken_back = {wish.item_id for wish in heard.preferences if wish.polarity > 0}
        assert aside - {*state.rejected, *state.seen} <= taken_back
        assert not (aside - taken_back) & {item.id for item in reply.items} or heard.references
        aside.update((*state.rejected, *state.seen))
        aside.difference_update(taken_back)
        sizes.append(len(state.model_dump_json()))

    talking, over_there = over(shared, path), Ledger(open_database(f"{SQLITE}{path}"))
    watch(talking.chat("a western", user_id="ana", thread_id="t1"))
    talking = chatted_on(talking, shared, path, turns, watch)
    over_there.close()
    assert len(aside) >= turns // 25
    assert max(sizes) < 20_000
    assert sizes[-1] < 2 * sizes[len(sizes) // 2]
    talking.close()


class Backwards:
    """A clock that goes back an hour at every look."""

    def __init__(self):
        self.time = NOON

    def now(self):
        self.time -= timedelta(hours=1)
        return self.time


def test_a_clock_that_goes_back_all_the_time_changes_no_order_and_no_meaning(shop, tmp_path):
    with over(shop, tmp_path / "state.sqlite", Backwards()) as agent:
        for thread in ("t1", "t2", "t3", "t1"):
            agent.chat("a western", user_id="ana", thread_id=thread)
        assert [thread.thread_id for thread in agent.threads("ana")] == ["t1", "t3", "t2"]
        assert [turn.turn for turn in agent.thread("ana", "t1")] == [1, 2]
        for text in ("I love westerns", "I love westerns", "I hate westerns", "I live in Lyon", "I've moved to Graz"):
            agent.chat(text, user_id="ana")
        (western,) = [entry for entry in agent.profile("ana") if not entry.about]
        agent.edit_profile("ana", update=[{"id": western.id, "value": "Comedy"}])
        assert {entry.value for entry in agent.profile("ana")} == {"Comedy", "Graz"}
        entries = agent.export("ana")["profile"]
        assert len(entries) == 4
        assert all(entry["updated"] >= entry["created"] for entry in entries)
        assert agent.forget("ana").verified
