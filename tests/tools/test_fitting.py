"""A fit does what is stale, publishes all of it or nothing, and loses no finished work when it is stopped."""

import json
import os
import shutil
import signal
import subprocess
import sys
from typing import ClassVar

import numpy as np
import pytest

from convrec.catalogue.ingest import ingest
from convrec.catalogue.workspace import Workspace
from convrec.core.errors import BusyError, InputError, InterruptedFitError, NotFittedError, WorkspaceError
from convrec.tools import registry
from convrec.tools.conformance import listed
from convrec.tools.contract import Query
from convrec.tools.fitting import RegressionError, fit
from convrec.tools.opening import DONE, outdated
from convrec.tools.popularity import Popularity
from convrec.tools.registry import registered
from convrec.tools.toolbox import Request, Toolbox

TOOLS = tuple(registered())
FIT_UNTIL_DENSE = """
import sys, time
from convrec.catalogue.workspace import Workspace
from convrec.tools.fitting import fit

def progress(stage, done, total):
    if stage == "fitting dense":
        print("there", flush=True)
        time.sleep(60)

fit(Workspace.open(sys.argv[1]), progress=progress)
"""


class Oracle(Popularity):
    """Ranks every item, unless it has gone `blind`: then none."""

    name = "oracle"
    blind: ClassVar[bool] = False

    def scores(self, query: Query):
        return super().scores(query) * (np.nan if self.blind else 1.0)


@pytest.fixture
def raw(films_folder, tmp_path):
    """A workspace of eight films, not fitted, to write to."""
    return Workspace.open(shutil.copytree(films_folder, tmp_path / "raw"))


@pytest.fixture
def fitted(films, tmp_path):
    """The same, fitted, to write to."""
    return Workspace.open(shutil.copytree(films.root, tmp_path / "fitted"))


@pytest.fixture
def cheap(monkeypatch):
    """Leaves only the tools that are fitted at once."""
    few = {name: kind for name, kind in registered().items() if name in ("popularity", "bm25", "item_knn")}
    monkeypatch.setattr(registry, "_own", lambda: few)


@pytest.fixture
def oracle(monkeypatch):
    """A tool whose quality the test decides, and no other."""
    monkeypatch.setattr(registry, "_own", lambda: {"popularity": Popularity, "oracle": Oracle})
    monkeypatch.setattr(Oracle, "blind", False)
    return Oracle


def added(workspace, tmp_path, **kinds):
    files = {}
    for kind, rows in kinds.items():
        files[kind] = [tmp_path / f"{kind}.jsonl"]
        files[kind][0].write_text("".join(json.dumps(row) + "\n" for row in rows))
    ingest(workspace, **files)
    return workspace


def outcomes(report):
    return {tool.name: tool.outcome for tool in report.tools}


def one_film(tmp_path):
    film = {"id": "heat", "title": "Heat", "year": 1995, "description": "A detective hunts a crew."}
    return added(Workspace.create(tmp_path / "one"), tmp_path, items=[film])


def test_one_report_a_tool_in_the_order_of_the_registry(raw):
    stages = []
    report = fit(raw, progress=lambda stage, done, total: stages.append(stage))
    assert tuple(tool.name for tool in report.tools) == TOOLS
    assert {name for name, outcome in outcomes(report).items() if outcome == "fitted"} >= {
        "bm25",
        "item_knn",
        "ease",
        "dense",
    }
    assert all(tool.n_items == 8 and tool.seconds >= 0 for tool in report.tools)
    measured = {tool.name: tool.quality for tool in report.tools}
    assert all(quality["history/n"] == 24 for quality in (measured["item_knn"], measured["popularity"]))
    assert measured["bm25"]["known-title/recall@10"] == 1.0
    assert measured["bm25"]["known-sentence/recall@10"] == 1.0
    assert [stage for stage in stages if stage.startswith("fitting ")] == [f"fitting {name}" for name in TOOLS]
    current = raw.current()
    assert (current.number, current.what, current.note) == (report.version, "fit", ", ".join(TOOLS))
    assert set(current.tools) == {*TOOLS, "fusion"}


def test_fitting_again_does_nothing_when_nothing_changed(fitted):
    before = fitted.current().tools
    report = fit(fitted)
    assert set(outcomes(report).values()) <= {"reused", "left out"}
    assert fitted.current().tools == before


def test_new_items_make_everything_stale_but_encode_only_what_is_new(fitted, tmp_path):
    added(fitted, tmp_path, items=[{"id": "up", "title": "Up", "year": 2009, "description": "Balloons lift a house."}])
    encoded = []
    report = fit(fitted, only=["dense"], progress=lambda stage, done, total: encoded.append((stage, total)))
    assert outcomes(report) == {"dense": "fitted"}
    assert {total for stage, total in encoded if stage == "encoding items"} == {1}


def test_only_fits_what_is_named_and_leaves_the_rest(fitted, tmp_path):
    before = fitted.current().tools
    added(fitted, tmp_path, items=[{"id": "up", "title": "Up", "year": 2009, "description": "Balloons lift a house."}])
    report = fit(fitted, only=["bm25"])
    assert outcomes(report) == {"bm25": "fitted"}
    after = fitted.current().tools
    assert {name for name in TOOLS if after[name] != before[name]} == {"bm25"}
    with pytest.raises(InputError, match="no tool 'oracle'"):
        fit(fitted, only=["oracle"])


def test_fitting_one_tool_silences_no_other(raw, tmp_path):
    """What the tools weigh together is learned from all of them, or stays as it was."""
    events = [
        {"user_id": f"v{number}", "item_id": item, "event": "like", "timestamp": 5000 + number}
        for number in range(12)
        for item in (("heat", "ronin", "alien"), ("airplane", "hangover", "amelie"))[number % 2]
    ]
    added(raw, tmp_path, interactions=events)
    fit(raw, only=["popularity", "item_knn", "ease"])
    before = Toolbox.open(raw).weights
    assert set(before.history) >= {"item_knn/history", "ease/history"}
    fit(raw, only=["ease"])
    assert Toolbox.open(raw).weights == before
    added(raw, tmp_path, items=[{"id": "up", "title": "Up", "year": 2009, "description": "Balloons lift a house."}])
    fit(raw, only=["ease"])
    assert Toolbox.open(raw).weights == before


@pytest.mark.usefixtures("cheap")
def test_cutoff_sees_nothing_of_what_came_later(tmp_path):
    """With a cutoff, a fit is the one that would have been made then: later ratings shift no one's mean or scale."""
    early = [
        {"user_id": user, "item_id": item, "value": value, "event": "rating", "timestamp": 100 + place}
        for user in ("ann", "bob", "cid")
        for place, (item, value) in enumerate((("heat", 3), ("ronin", 4), ("alien", 4), ("aliens", 1)))
    ]
    late = [
        {"user_id": user, "item_id": item, "value": value, "event": "rating", "timestamp": 900}
        for user, value in (("ann", 10), ("bob", 9), ("dan", 10))
        for item in ("notebook", "amelie")
    ]
    films = [{"id": i, "title": i.title(), "year": 1990} for i in ("heat", "ronin", "alien", "aliens", "amelie", "notebook")]  # fmt: skip
    then = added(Workspace.create(tmp_path / "then"), tmp_path, items=films, interactions=early)
    now = added(Workspace.create(tmp_path / "now"), tmp_path, items=films, interactions=early + late)
    fit(then)
    fit(now, cutoff=500.0)
    for name in ("popularity", "item_knn"):
        query = Query(history=((0, 1.0),))
        scores = [Toolbox.open(workspace).tools[name].scores(query) for workspace in (then, now)]
        assert scores[1] == pytest.approx(scores[0], nan_ok=True)
    fit(now)
    assert Toolbox.open(now).tools["popularity"].scores(Query())[5] > 0


def test_without_events_the_tools_that_need_them_say_so(tmp_path):
    films = [{"id": f"f{n}", "title": f"Film {n}", "year": 1990 + n, "description": "A tale."} for n in range(6)]
    workspace = added(Workspace.create(tmp_path / "quiet"), tmp_path, items=films)
    report = fit(workspace)
    out = {tool.name: tool.note for tool in report.tools if tool.outcome == "left out"}
    assert set(out) == set(TOOLS) - {"bm25", "dense"}
    assert all(note.endswith(".") and len(note.split()) > 4 for note in out.values())
    opened = Toolbox.open(workspace)
    assert set(opened.tools) == {"bm25", "dense"}
    assert opened.left_out == out
    assert len(opened.recommend(Request(history={"f0": 1.0})).items) == 5
    with pytest.raises(InputError, match="no tool 'ease' here: "):
        opened.recommend(Request(text="a tale", tools=("ease",)))


def test_one_item_is_a_catalogue(tmp_path):
    workspace = one_film(tmp_path)
    fit(workspace)
    opened = Toolbox.open(workspace)
    assert [item.id for item in opened.search("detective").items] == ["heat"]
    assert [item.id for item in opened.recommend(Request()).items] == ["heat"]
    assert opened.similar("heat").items == ()


def test_an_empty_catalogue_is_said(tmp_path):
    with pytest.raises(NotFittedError, match="no items"):
        fit(Workspace.create(tmp_path / "empty"))


def test_ctrl_c_publishes_nothing_and_the_next_fit_goes_on(raw):
    number = raw.current().number

    def stopped(stage, done, total):
        if stage == "fitting ease":
            raise KeyboardInterrupt

    with pytest.raises(InterruptedFitError, match="fit again"):
        fit(raw, progress=stopped)
    assert raw.current().number == number
    with pytest.raises(NotFittedError):
        Toolbox.open(raw)
    done = TOOLS[: TOOLS.index("ease")]
    again = outcomes(fit(raw, only=[*done, "ease"]))
    assert again.pop("ease") == "fitted"
    assert {"popularity", "item_knn"} <= {name for name in done if again[name] == "reused"}
    assert set(again.values()) <= {"reused", "left out"}


def test_killed_in_the_middle_the_old_version_serves_and_the_next_fit_goes_on(fitted, tmp_path):
    old = fitted.current()
    added(fitted, tmp_path, items=[{"id": "up", "title": "Up", "year": 2009, "description": "Balloons lift a house."}])
    worker = subprocess.Popen([sys.executable, "-c", FIT_UNTIL_DENSE, str(fitted.root)], stdout=subprocess.PIPE)
    assert worker.stdout.readline() == b"there\n"
    with pytest.raises(BusyError, match="Another process is fitting"):
        fit(fitted)
    os.kill(worker.pid, signal.SIGKILL)
    worker.wait()
    worker.stdout.close()
    workspace = Workspace.open(fitted.root)
    assert (workspace.current().what, workspace.current().tools) == ("ingest", old.tools)
    assert Toolbox.open(workspace).search("balloons").items[0].id == "up"
    report = fit(workspace)
    done = TOOLS[: TOOLS.index("dense")]
    after = {name: outcome for name, outcome in outcomes(report).items() if outcome != "left out"}
    assert after == {name: "reused" if name in done else "fitted" for name in after}
    assert {"bm25", "dense", "dialogue_knn"} <= set(after)
    used = {tool.folder for version in workspace.versions() for tool in version.tools.values()}
    kept = {f"tools/{path.name}" for path in (workspace.root / "tools").iterdir() if path.is_dir()}
    assert kept <= used | {"tools/encoded"}
    assert Toolbox.open(workspace).versions["dense"] != old.tools["dense"].fingerprint


def test_a_half_written_tool_is_fitted_again(raw):
    report = fit(raw, only=["bm25"])
    folder = raw.root / raw.current().tools["bm25"].folder
    (folder / "fitted.json").unlink()
    assert "bm25" in Toolbox.open(raw).left_out
    assert outcomes(fit(raw, only=["bm25"])) == {"bm25": "fitted"}
    assert "bm25" in Toolbox.open(raw).tools
    assert raw.current().number > report.version


def test_a_fit_whose_quality_falls_is_refused(raw, tmp_path, oracle):
    fit(raw)
    before = raw.current()
    assert before.tools["oracle"].quality["history/recall@10"] == 1.0
    oracle.blind = True
    added(raw, tmp_path, interactions=[{"user_id": "new", "item_id": "heat", "event": "like", "timestamp": 1}])
    with pytest.raises(RegressionError, match=r"history/recall@10 of oracle fell from 1\.000 to 0\.000"):
        fit(raw)
    after = Workspace.open(raw.root).current()
    assert (after.what, after.tools) == ("ingest", before.tools)


def test_what_another_version_of_convrec_measured_holds_no_fit_back(raw, tmp_path, oracle):
    """Its tools are not served any more, and may have been measured otherwise."""
    fit(raw)
    done = raw.root / raw.current().tools["oracle"].folder / DONE
    done.write_text(json.dumps(json.loads(done.read_text()) | {"revision": 0}))
    oracle.blind = True
    added(raw, tmp_path, interactions=[{"user_id": "new", "item_id": "heat", "event": "like", "timestamp": 1}])
    fit(raw)
    assert raw.current().tools["oracle"].quality["history/recall@10"] == 0.0


def test_a_fall_is_published_where_the_settings_allow_it(raw, tmp_path, oracle, monkeypatch):
    fit(raw)
    monkeypatch.setenv("CONVREC_FIT_MAX_REGRESSION", "1.0")
    oracle.blind = True
    added(raw, tmp_path, interactions=[{"user_id": "new", "item_id": "heat", "event": "like", "timestamp": 1}])
    report = fit(Workspace.open(raw.root))
    assert Workspace.open(raw.root).current().number == report.version


@pytest.mark.usefixtures("cheap")
def test_rolled_back_the_earlier_tools_serve_again(raw, tmp_path):
    first = fit(raw)
    alone = {item.id: item.score for item in Toolbox.open(raw).recommend(Request(history={"heat": 1.0}, k=20)).items}
    added(
        raw, tmp_path, items=[{"id": "up", "title": "Up", "year": 2009}],
        interactions=[{"user_id": f"w{n}", "item_id": i, "event": "like", "timestamp": n} for n in range(9) for i in ("heat", "up")],
    )  # fmt: skip
    second = fit(raw)
    assert raw.current().number == second.version
    raw.rollback(first.version)
    opened = Toolbox.open(raw)
    assert opened.versions["catalogue"] == str(first.version)
    served = {item.id: item.score for item in opened.recommend(Request(history={"heat": 1.0}, k=20)).items}
    assert served == pytest.approx(alone)
    assert "up" not in opened.catalogue.ids
    assert Toolbox.open(raw, second.version).catalogue.row("up") is not None
    assert set(outcomes(fit(raw)).values()) == {"reused"}


def test_the_same_data_and_seed_fit_to_the_same_quality(raw, fitted):
    fit(raw, only=["als", "ease"])
    here, there = raw.current().tools, fitted.current().tools
    assert {name: here[name].fingerprint for name in ("als", "ease")} == {name: there[name].fingerprint for name in ("als", "ease")}  # fmt: skip
    assert {name: here[name].quality for name in ("als", "ease")} == {name: there[name].quality for name in ("als", "ease")}  # fmt: skip


def test_a_copied_workspace_opens(films, tmp_path):
    shutil.copytree(films.root, tmp_path / "elsewhere")
    request = Request(text="a heist", history={"alien": 1.0})
    before, after = (
        Toolbox.open(Workspace.open(root)).recommend(request).items for root in (films.root, tmp_path / "elsewhere")
    )
    assert [(item.id, item.score) for item in before] == [(item.id, item.score) for item in after]


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


def test_a_full_disk_leaves_the_workspace(raw, monkeypatch):
    def full(*_args, **_kwargs):
        raise OSError(28, "No space left on device")

    before = raw.current().number
    with monkeypatch.context() as patched:
        patched.setattr("convrec.tools.bm25.Bm25.save", full)
        with pytest.raises(WorkspaceError, match="full"):
            fit(raw)
    assert raw.current().number == before
    fit(raw)
    assert Toolbox.open(raw).search("heist").items


def test_folders_that_nothing_uses_are_cleared(raw):
    fit(raw, only=("bm25",))
    stale = raw.root / "tools" / "bm25-0000000000000000"
    stale.mkdir()
    fit(raw, only=("bm25",))
    assert not stale.exists()
    assert DONE in {path.name for path in (raw.root / raw.current().tools["bm25"].folder).iterdir()}


def test_what_another_version_of_convrec_fitted_is_left_out_until_it_is_fitted_again(fitted):
    """The files of a tool are those of its revision; others are not read, and the reason is said."""
    folder = fitted.root / fitted.current().tools["bm25"].folder
    about = json.loads((folder / DONE).read_text())
    (folder / DONE).write_text(json.dumps(about | {"revision": about["revision"] - 1}))
    assert outdated(fitted.root, fitted.current()) == ["bm25"]
    opened = Toolbox.open(fitted)
    assert "bm25" not in opened.tools
    assert "convrec fit" in opened.left_out["bm25"]
    assert "dense" in opened.tools


def test_a_workspace_of_which_nothing_can_be_read_any_more_is_not_served(raw):
    """Without a tool every ranking would be the catalogue's order: better to say what to do."""
    fit(raw, only=("bm25",))
    done = raw.root / raw.current().tools["bm25"].folder / DONE
    about = json.loads(done.read_text())
    done.write_text(json.dumps({name: value for name, value in about.items() if name != "revision"}))
    with pytest.raises(NotFittedError, match="another version of convrec"):
        Toolbox.open(raw)
