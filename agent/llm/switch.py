"""The switch that bans requests to models, as tests want it: whatever would leave this process for a model fails instead."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from convrec.agent.llm.failures import ModelFailure

ALLOW_MODEL_REQUESTS = "CONVREC_ALLOW_MODEL_REQUESTS"
"""The environment variable that, at `0`, bans requests in this process and those it starts."""


def allowed() -> bool:
    """Tells whether models may be asked."""
    return os.environ.get(ALLOW_MODEL_REQUESTS, "1") != "0"


def refuse_if_banned() -> None:
    """Raises ModelFailure where requests are banned."""
    if not allowed():
        raise ModelFailure("banned")


@contextmanager
def model_requests(allow: bool) -> Iterator[None]:
    """Allows or bans requests to models inside the block, and puts things back after it."""
    before = os.environ.get(ALLOW_MODEL_REQUESTS)
    os.environ[ALLOW_MODEL_REQUESTS] = "1" if allow else "0"
    try:
        yield
    finally:
        if before is None:
            del os.environ[ALLOW_MODEL_REQUESTS]
        else:
            os.environ[ALLOW_MODEL_REQUESTS] = before
