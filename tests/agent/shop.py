"""Agents that share one opened catalogue, each over a state database of its own."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from convrec.agent import Agent
from convrec.agent.memory.memory import Memory
from convrec.agent.stores.ledger import Ledger
from convrec.agent.stores.opening import SQLITE, open_database
from convrec.core.clock import FixedClock, counted_ids

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)


def over(shop, place, clock=None):
    """An agent over an opened agent's catalogue and a state database, a file or an address: what another process would open."""
    clock, house = clock or FixedClock(NOON, timedelta(seconds=1)), shop._house
    ledger = Ledger(open_database(str(place) if "://" in str(place) else f"{SQLITE}{place}"))
    memory = Memory(ledger, house.toolbox.encoder, house.toolbox.catalogue, clock)
    return Agent(shop.workspace, replace(house, ledger=ledger, memory=memory, clock=clock, new_id=counted_ids("e")))
