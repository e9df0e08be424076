import os
import random
import signal
import subprocess
import sys
import time

import pytest

from convrec.catalogue.ingest import ingest
from convrec.catalogue.workspace import Workspace

INGEST = """
import sys
from convrec.catalogue.ingest import ingest
from convrec.catalogue.live import patch_items
from convrec.catalogue.workspace import Workspace
workspace = Workspace.create(sys.argv[1])
print("go", flush=True)
for n in range(2, 1000):
    ingest(workspace, items=[f"{sys.argv[2]}/items{n % 2}.csv"], interactions=[f"{sys.argv[2]}/events.csv"])
    for price in range(5):
        patch_items(workspace, [{"id": str(item), "edition": 10 * n + price} for item in range(400)])
"""
N = 400


@pytest.fixture
def data(tmp_path):
    for version in (0, 1):
        rows = "".join(f"{n},Version {version} of {n},{version}\n" for n in range(N))
        (tmp_path / f"items{version}.csv").write_text(f"id,title,edition,only{version}\n" + rows.replace("\n", ",x\n"))
    (tmp_path / "events.csv").write_text("user_id,item_id\n" + "".join(f"u{n % 7},{n}\n" for n in range(N)))
    return tmp_path


def test_killed_at_any_moment_a_workspace_opens_whole_and_goes_on(data):
    chance = random.Random(7)
    root = data / "workspace"
    ingest(Workspace.create(root), items=[data / "items0.csv"], interactions=[data / "events.csv"])
    for _ in range(12):
        worker = subprocess.Popen([sys.executable, "-c", INGEST, str(root), str(data)], stdout=subprocess.PIPE)
        assert worker.stdout.readline() == b"go\n"
        time.sleep(chance.uniform(0.05, 0.8))
        os.kill(worker.pid, signal.SIGKILL)
        worker.wait()
        workspace = Workspace.open(root)
        catalogue = workspace.catalogue()
        assert len(catalogue) == N
        assert len(set(catalogue.numbers("edition").tolist())) == 1
        assert len(catalogue.interactions()) == N
        for version in workspace.versions():
            assert len(workspace.catalogue(version.number)) in (0, N)
    ingest(Workspace.open(root), items=[data / "items1.csv"])
    workspace = Workspace.open(root)
    assert workspace.current().number > 2
    assert set(workspace.schema.names) == {"title", "edition", "only0", "only1"}
    assert {path.name for path in workspace.store.segments.iterdir()} == set().union(
        *(v.segments for v in workspace.versions())
    )
    assert not list(root.rglob("*.tmp"))


def test_killed_while_it_is_made_a_workspace_can_be_made_again(data):
    chance = random.Random(11)
    for trial in range(6):
        root = data / f"workspace{trial}"
        worker = subprocess.Popen([sys.executable, "-c", INGEST, str(root), str(data)], stdout=subprocess.DEVNULL)
        while not root.exists():
            time.sleep(0.001)
        time.sleep(chance.uniform(0, 0.01))
        os.kill(worker.pid, signal.SIGKILL)
        worker.wait()
        assert len(Workspace.create(root).catalogue()) in (0, N)
