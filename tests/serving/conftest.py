"""A tiny language model, and the server that serves it with its adapters: `served`."""

import os
from pathlib import Path

import pytest

from tests.serving.server import Server
from tests.serving.tiny import write_adapter, write_tiny

VLLM = os.environ.get("CONVREC_VLLM")
HERE = Path(__file__).parent


def pytest_collection_modifyitems(items):
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.serving)
            if VLLM is None:
                item.add_marker(pytest.mark.skip(reason="vLLM is not installed: make test-serving"))


@pytest.fixture(scope="session")
def served(tmp_path_factory):
    """A vLLM server with a tiny Llama and two adapters: `base_url`, `model` and `adapters` (names), `folder`, `kill()`, `start()`, `restart()`."""
    root = tmp_path_factory.mktemp("served")
    model = write_tiny(root / "tiny")
    adapters = {name: write_adapter(model, root / name, seed) for seed, name in enumerate(("bold", "shy"), 1)}
    server = Server(Path(VLLM).absolute(), model, "tiny", adapters, root / "vllm.log")
    try:
        server.start()
        yield server
    finally:
        server.stop()
