"""Agents that share one opened catalogue, each over a state database of its own."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from convrec.agent import Agent
from convrec.agent.stores.ledger import Ledger
from convrec.agent.stores.opening import SQLITE, open_database
from convrec.core.clock import FixedClock, counted_ids

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)


def over(shop, place):
    """An agent over an opened agent's catalogue and a state database, a file or an address: what another process would open."""
    database = open_database(str(place) if "://" in str(place) else f"{SQLITE}{place}")
    clock = FixedClock(NOON, timedelta(seconds=1))
    return Agent(shop.workspace, replace(shop._house, ledger=Ledger(database), clock=clock, new_id=counted_ids("e")))
