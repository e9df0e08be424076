"""The same on PostgreSQL, where a server can be had."""

import pytest

from convrec.agent.stores.conformance import LedgerTests
from convrec.agent.stores.opening import open_database


class TestPostgres(LedgerTests):
    @pytest.fixture
    def open_database(self, postgres):
        url = postgres.database()
        return lambda: open_database(url)
