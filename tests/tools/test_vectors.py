"""Vectors on a real Chroma server, which is stopped and started again."""

import shutil
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from convrec.catalogue.version import FittedTool
from convrec.core.errors import InputError
from convrec.tools import vectors as module
from convrec.tools.bm25 import Bm25
from convrec.tools.conformance import tribal_data
from convrec.tools.contract import Query
from convrec.tools.dense import Dense, DenseConfig
from convrec.tools.scan import Scan
from convrec.tools.toolbox import Request, Toolbox
from convrec.tools.vectors import VectorServerError, VectorStore

CHROMA = shutil.which("chroma", path=str(Path(sys.executable).parent))


class Server:
    """`chroma run` in a folder, on one port of this machine."""

    def __init__(self, folder):
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.folder, self.process = folder, None

    def start(self):
        command = [CHROMA, "run", "--host", "127.0.0.1", "--port", str(self.port), "--path", str(self.folder)]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(600):
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1):
                return self
            time.sleep(0.1)
        raise AssertionError("the Chroma server did not start within a minute")

    def stop(self):
        self.process.terminate()
        self.process.wait(30)


@pytest.fixture
def server(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_PAUSE", 0.0)
    running = Server(tmp_path / "chroma").start()
    yield running
    running.stop()


def test_a_server_that_stops_is_an_error_in_the_trace_and_others_answer_until_it_is_back(server, tribes, tmp_path):
    catalogue = tribes.catalogue()
    data, folder = tribal_data(catalogue), tribes.root / "dense"
    folder.mkdir()
    made = Dense(DenseConfig(vectors_url=server.url))
    made.fit(data)
    made.save(folder)
    words, dense = Bm25(), Dense.load(folder, catalogue)
    words.fit(data)
    toolbox = Toolbox(catalogue, {"bm25": words, "dense": dense}, candidates=5)

    def asked(text):
        found = toolbox.recommend(Request(text=text, k=3))
        return [item.id for item in found.items], [step.error for step in found.steps if step.tool == "dense"]

    ids, errors = asked("a submarine dives")
    assert ids
    assert errors == [None]
    assert finding(tribes, server.url) == "ok"
    server.stop()
    ids, errors = asked("an orchard of apple trees")
    assert ids
    assert len(errors) == 1
    assert "does not answer" in errors[0]
    assert finding(tribes, server.url) == "broken"
    server.start()
    assert asked("trees in a valley")[1] == [None]
    assert finding(tribes, server.url) == "ok"
    assert finding(tribes, "") == "stale"


def finding(workspace, url):
    """Returns what `convrec doctor` says of the vectors, the setting being `url`."""
    from convrec.ui.cli.checks import _vectors

    settings = workspace.settings
    workspace.settings = settings.model_copy(update={"vectors": settings.vectors.model_copy(update={"url": url})})
    tool = FittedTool(folder="dense", fingerprint="x", seconds=0.0, n_items=24)
    published = workspace.current().model_copy(update={"tools": {"dense": tool}})
    (found,) = _vectors(workspace, published)
    return found.status


def test_the_index_and_the_exact_product_agree(server, tmp_path):
    rng = np.random.default_rng(0)
    topics = rng.standard_normal((30, 32))
    cards = topics[rng.integers(0, 30, 3000)] + 0.7 * rng.standard_normal((3000, 32))
    scan = Scan((cards / np.linalg.norm(cards, axis=1, keepdims=True)).astype(np.float16))
    store = VectorStore.create(tmp_path, scan, server.url)
    assert store.place.agreement >= 0.99
    opened = VectorStore.load(tmp_path)
    shares = []
    for number in range(20):
        exact, products = scan.nearest(cards[number].astype(np.float32), 50)
        best = exact[np.argsort(-products)[:50]]
        shares.append(np.isin(best, opened.nearest(cards[number].astype(np.float32), 55)).mean())
    assert np.mean(shares) >= 0.99


def test_a_server_that_hangs_is_not_waited_for_long(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_SECONDS", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        place = module.Place(url=f"http://127.0.0.1:{deaf.getsockname()[1]}", agreement=1.0)
        store = VectorStore(tmp_path, place)
        for longest in (5.0, 0.1):  # the second time it is not asked at all
            began = time.monotonic()
            with pytest.raises(VectorServerError, match="does not answer"):
                store.nearest(np.ones(4, np.float32), 3)
            assert time.monotonic() - began < longest


def test_an_embedded_index_that_misses_too_much_is_given_up(tmp_path, monkeypatch):
    """Directions without any structure in many dimensions: no graph of neighbours leads to the nearest."""
    monkeypatch.setattr(module, "_SEARCHED", 10)
    rng = np.random.default_rng(0)
    store = VectorStore.create(tmp_path, Scan(rng.standard_normal((3000, 96)).astype(np.float16) / 10))
    assert not store.agrees
    assert not (tmp_path / "chroma").exists()


def test_weakly_filtered_queries_ask_the_index_for_more(tribes, tmp_path, monkeypatch):
    monkeypatch.setattr("convrec.tools.dense._INDEXED", 0)
    catalogue = tribes.catalogue()
    made = Dense()
    made.fit(tribal_data(catalogue))
    made.save(tmp_path)
    dense = Dense.load(tmp_path, catalogue)
    asked = []
    nearest = VectorStore.nearest
    monkeypatch.setattr(VectorStore, "nearest", lambda store, vector, k: asked.append(k) or nearest(store, vector, k))
    query = Query(text="a submarine dives under the ice", k=4)
    for mask, n_asked in ((None, 1), (np.arange(24) % 4 > 0, 2), (np.arange(24) % 4 == 0, 2)):
        exact = made.retrieve(Query(text=query.text, k=4, mask=mask))
        found = dense.retrieve(Query(text=query.text, k=4, mask=mask))
        assert found.rows.tolist() == exact.rows.tolist()
        assert len(asked) == n_asked
    assert asked[1] > asked[0] >= 4


@pytest.mark.parametrize("url", ["localhost:8000", "ftp://host"])
def test_an_address_that_is_none_is_refused(tmp_path, url):
    with pytest.raises(InputError, match="http://localhost:8000"):
        VectorStore.create(tmp_path, Scan(np.ones((3, 4), np.float16)), url)
