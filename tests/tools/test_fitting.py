"""Fitting: what is published, what is left out, what survives a kill."""

import os
import shutil
import signal
import subprocess
import sys
import textwrap
import time

import pytest

from convrec.catalogue.ingest import ingest
from convrec.catalogue.workspace import Workspace
from convrec.core.errors import InputError, InterruptedFitError, NotFittedError, WorkspaceError
from convrec.tools import fitting
from convrec.tools.conformance import listed
from convrec.tools.fitting import RegressionError, fit
from convrec.tools.toolbox import Request, Toolbox

ALL = {"popularity", "bm25", "item_knn", "ease", "als", "dense", "dialogue_bm25", "dialogue_knn"}


@pytest.fixture
def unfitted(films_folder, tmp_path):
    shutil.copytree(films_folder, tmp_path / "films")
    return Workspace.open(tmp_path / "films")


def test_everything_is_fitted_published_and_measured(films):
    version = films.current()
    assert version.what == "fit"
    assert set(version.tools) - {"fusion"} == ALL
    assert not any(tool.left_out for tool in version.tools.values())
    quality = version.tools["item_knn"].quality
    assert quality["leave-last-out/n"] == 24
    assert 0 < quality["leave-last-out/recall@10"] <= 1
    assert version.tools["bm25"].quality["known-title/recall@10"] == 1.0
    assert version.tools["bm25"].quality["known-sentence/recall@10"] == 1.0


def test_a_second_fit_reuses_everything(films, tmp_path):
    shutil.copytree(films.root, tmp_path / "again")
    report = fit(Workspace.open(tmp_path / "again"))
    assert {tool.outcome for tool in report.tools} == {"reused"}


def test_a_copied_workspace_opens(films, tmp_path):
    shutil.copytree(films.root, tmp_path / "elsewhere")
    request = Request(text="a heist", history={"alien": 1.0})
    before, after = (
        Toolbox.open(Workspace.open(root)).recommend(request).items for root in (films.root, tmp_path / "elsewhere")
    )
    assert [(item.id, item.score) for item in before] == [(item.id, item.score) for item in after]


def test_without_events_what_cannot_be_fitted_is_left_out_with_a_sentence(tribes):
    report = {tool.name: tool for tool in fit(tribes).tools}
    assert {name for name, tool in report.items() if tool.outcome == "left out"} == ALL - {"bm25", "dense"}
    assert report["ease"].note.endswith(".")
    toolbox = Toolbox.open(tribes)
    assert set(toolbox.tools) == {"bm25", "dense"}
    assert toolbox.left_out["ease"] == report["ease"].note
    assert len(toolbox.recommend(Request(k=5)).items) == 5
    with pytest.raises(InputError, match="Fewer than two people"):
        toolbox.recommend(Request(tools=("ease",)))


def test_one_item_is_enough(tmp_path):
    workspace = Workspace.create(tmp_path / "one")
    ingest(workspace, items=listed(tmp_path / "one.jsonl", [{"id": "a", "title": "Solaris"}]))
    fit(workspace)
    assert [item.id for item in Toolbox.open(workspace).search("solaris").items] == ["a"]


def test_no_items_is_said(tmp_path):
    with pytest.raises(NotFittedError, match="no items"):
        fit(Workspace.create(tmp_path / "none"))


def test_only_fits_what_is_named(unfitted):
    report = fit(unfitted, only=("bm25", "popularity"))
    assert {tool.name for tool in report.tools} == {"bm25", "popularity"}
    assert set(Toolbox.open(unfitted).tools) == {"bm25", "popularity"}
    with pytest.raises(InputError, match="no tool 'magic'"):
        fit(unfitted, only=("magic",))


def test_cutoff_trains_on_earlier_events_alone(unfitted):
    ingest(
        unfitted, delete_items=None, items=listed(unfitted.root.parent / "x.jsonl", [{"id": "late", "title": "Late"}])
    )
    rows = [{"user_id": "u0", "item_id": "late", "timestamp": 99_999}]
    ingest(unfitted, interactions=listed(unfitted.root.parent / "e.jsonl", rows))
    fit(unfitted, only=("popularity",), cutoff=50_000)
    toolbox = Toolbox.open(unfitted)
    row = toolbox.catalogue.row("late")
    assert toolbox.tools["popularity"].explain(None, row).contributions == ()
    fit(unfitted, only=("popularity",))
    assert Toolbox.open(unfitted).tools["popularity"].explain(None, row).contributions != ()


def test_new_and_changed_items_are_found_without_a_fit(films, tmp_path):
    shutil.copytree(films.root, tmp_path / "grown")
    workspace = Workspace.open(tmp_path / "grown")
    new = [
        {
            "id": "jaws",
            "title": "Jaws",
            "year": 1975,
            "genres": "Horror",
            "description": "A shark hunts bathers off an island.",
        }
    ]
    ingest(workspace, items=listed(tmp_path / "new.jsonl", new))
    toolbox = Toolbox.open(workspace)
    assert toolbox.search("a shark in the sea").items[0].id == "jaws"
    ingest(workspace, delete_items=listed(tmp_path / "gone.jsonl", [{"id": "heat"}])[0])
    toolbox = Toolbox.open(workspace)
    assert "heat" not in [item.id for item in toolbox.search("bank robbers in Los Angeles").items]
    assert toolbox.recommend(Request(history={"ronin": 1.0, "heat": 1.0})).unknown == ("heat",)


def test_rolling_back_brings_the_former_tools_back(unfitted, tmp_path):
    fit(unfitted, only=("bm25",))
    fit(unfitted, only=("popularity",))
    assert set(Toolbox.open(unfitted).tools) == {"bm25", "popularity"}
    unfitted.rollback()
    assert set(Toolbox.open(unfitted).tools) == {"bm25"}


def test_a_worse_fit_is_not_published(films, tmp_path):
    shutil.copytree(films.root, tmp_path / "worse")
    workspace = Workspace.open(tmp_path / "worse")
    before = workspace.current()
    tools = {
        name: tool.model_copy(update={"quality": {k: 1.0 if "recall" in k else v for k, v in tool.quality.items()}})
        for name, tool in before.tools.items()
    }
    workspace.publish("fit", tools=tools)
    number = workspace.current().number
    rng_items = [f"u{n}" for n in range(24)]
    rows = [
        {"user_id": user, "item_id": item, "timestamp": 99_999 + n}
        for n, user in enumerate(rng_items)
        for item in ("notebook",)
    ]
    ingest(workspace, interactions=listed(tmp_path / "noise.jsonl", rows))
    with pytest.raises(RegressionError, match=r"recall@10 of \w+ fell from 1.000"):
        fit(workspace)
    assert workspace.current().number == number + 1  # the ingest, and nothing after it
    assert Toolbox.open(workspace).recommend(Request(text="heist")).items


def test_ctrl_c_leaves_the_workspace_and_what_was_finished(unfitted):
    before = unfitted.current().number

    def stop(stage, done, total):
        if stage == "fitting als":
            raise KeyboardInterrupt

    with pytest.raises(InterruptedFitError, match="fit again to go on"):
        fit(unfitted, progress=stop)
    assert unfitted.current().number == before
    outcomes = {tool.name: tool.outcome for tool in fit(unfitted).tools}
    assert outcomes["ease"] == "reused"
    assert outcomes["als"] == "fitted"


def test_a_full_disk_leaves_the_workspace(unfitted, monkeypatch):
    def full(*_args, **_kwargs):
        raise OSError(28, "No space left on device")

    before = unfitted.current().number
    with monkeypatch.context() as patched:
        patched.setattr("convrec.tools.bm25.Bm25.save", full)
        with pytest.raises(WorkspaceError, match="full"):
            fit(unfitted)
    assert unfitted.current().number == before
    fit(unfitted)
    assert Toolbox.open(unfitted).search("heist").items


def test_killed_in_the_middle_it_goes_on(unfitted):
    script = textwrap.dedent(f"""
        import sys, time
        from convrec.catalogue.workspace import Workspace
        from convrec.tools.fitting import fit
        def slow(stage, done, total):
            print(stage, flush=True)
            if stage == "encoding items":
                time.sleep(60)
        fit(Workspace.open({str(unfitted.root)!r}), progress=slow)
    """)
    process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    end = time.monotonic() + 120
    assert process.stdout is not None
    while "encoding items" not in process.stdout.readline() and time.monotonic() < end:
        pass
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    outcomes = {tool.name: tool.outcome for tool in fit(unfitted).tools}
    assert outcomes["bm25"] == "reused"
    assert outcomes["dense"] == "fitted"


def test_folders_that_nothing_uses_are_cleared(unfitted):
    fit(unfitted, only=("bm25",))
    stale = unfitted.root / "tools" / "bm25-0000000000000000"
    stale.mkdir()
    fit(unfitted, only=("bm25",))
    assert not stale.exists()
    assert fitting.DONE in {path.name for path in (unfitted.root / unfitted.current().tools["bm25"].folder).iterdir()}
