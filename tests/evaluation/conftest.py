"""What tests of evaluation share."""

from pathlib import Path

import pytest

from tests.evaluation.sessions_shop import QUICK, shop


@pytest.fixture(scope="session")
def quick_shop(tmp_path_factory) -> Path:
    """The shop's workspace without people, fitted with what needs no encoder. Read it; don't write to it."""
    return shop(tmp_path_factory.mktemp("quick"), people=False, only=QUICK).root
