"""People whose words or deeds may stand in a set, and those who were forgotten."""

from __future__ import annotations

from collections.abc import Collection

from convrec.agent.stores.ledger import Ledger
from convrec.agent.stores.opening import open_database
from convrec.catalogue.workspace import Workspace


def forgotten_among(workspace: Workspace, users: Collection[str]) -> set[str]:
    """Returns those of the users who were forgotten in this workspace. One who came back afterwards is among them: what was brought may be from before."""
    if not users:
        return set()
    ledger = Ledger(open_database(workspace.state_url()))
    try:
        return {user for user in users if ledger.generation(user) > 0}
    finally:
        ledger.close()
