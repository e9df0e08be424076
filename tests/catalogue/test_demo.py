import csv
import json
import subprocess
import sys
from pathlib import Path

import pytest

from convrec.catalogue.demo import shipped
from convrec.catalogue.workspace import Workspace
from convrec.tools.embeddings import VectorCache
from convrec.tools.encoder import TextEncoder

DEMO = Path(shipped.__file__).parent


@pytest.fixture
def data_home(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.delenv("CONVREC_WORKSPACE", raising=False)
    return tmp_path


def test_the_demo_holds_what_is_shipped_and_is_made_once(data_home):
    workspace = Workspace.resolve()
    catalogue = workspace.catalogue()
    assert str(workspace.root).startswith(str(data_home))
    assert 1200 <= len(catalogue) <= 2000
    assert catalogue.numbers("year").min() >= 1950
    assert catalogue.schema.noun == "film"
    assert "simulated" in catalogue.schema.audience
    assert len(catalogue.interactions()) > 20_000
    assert catalogue.interactions().n_unknown == 0
    number = workspace.current().number
    assert Workspace.demo().current().number == number


def test_processes_that_come_at_once_make_one_demo(data_home):
    code = "from convrec.catalogue.workspace import Workspace; w = Workspace.demo(); print(w.current().number, len(w.catalogue()))"
    workers = [subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) for _ in range(3)]
    answers = {worker.communicate(timeout=60)[0] for worker in workers}
    assert len(answers) == 1
    assert [version.what for version in Workspace.demo().versions()] == ["create", "ingest"]


def test_the_demo_is_made_again_when_what_is_shipped_changes(data_home, monkeypatch):
    workspace = Workspace.demo()
    (workspace.root / "shipped.sha256").write_text("of an older release")
    again = Workspace.demo()
    assert again.current().number == workspace.versions()[0].number + 2
    assert len(again.catalogue().interactions()) == sum(1 for _ in (DEMO / "ratings.csv").open()) - 1


def test_shipped_ratings_are_marked_as_simulated_and_rate_shipped_films():
    items = {json.loads(line)["id"] for line in (DEMO / "items.jsonl").read_text().splitlines()}
    with (DEMO / "ratings.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert all(row["user_id"].startswith("sim") and row["item_id"] in items for row in rows)
    assert {float(row["value"]) for row in rows} == {n / 2 for n in range(1, 11)}
    assert all("2015-01-01" <= row["timestamp"] <= "2023-12-31" for row in rows)
    assert len({(row["user_id"], row["item_id"]) for row in rows}) == len(rows)
    assert (DEMO / "ratings.csv").stat().st_size < 2**20


def test_the_films_bring_the_vectors_that_a_fit_would_make(tmp_path):
    shipped.ingest_shipped(tmp_path / "films")
    workspace = Workspace.open(tmp_path / "films")
    encoder = TextEncoder.open(workspace.settings.models.encoder)
    known = VectorCache(tmp_path / "films" / "tools" / "encoded", encoder, workspace.settings.fit.max_tokens)
    cards = list(workspace.catalogue().cards())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TextEncoder, "batches", lambda *_, **__: iter(()))  # nothing is encoded
        kept = known.vectors(cards)
    assert (kept[7] @ encoder.encode([cards[7]], workspace.settings.fit.max_tokens)[0]) > 0.999
