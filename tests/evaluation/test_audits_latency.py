"""`evaluate latency`: every turn, node and tool is timed, memory is told, sizes are as asked, and figures that repeat are apart from times."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from convrec.catalogue.workspace import Workspace
from convrec.core.progress import silent
from convrec.evaluation.audits.latency import LatencyOptions, evaluate_latency, measure, resident_mib, spread_of
from convrec.evaluation.audits.sizes import sized
from convrec.evaluation.report import report
from convrec.tools.dense import Dense
from convrec.tools.toolbox import Toolbox
from convrec.ui.cli.app import app

pytestmark = pytest.mark.ci

NODES = {"recall", "understand", "decide", "act", "ground", "respond", "remember"}


def test_every_turn_is_timed_with_its_nodes_and_tools(fitted_films):
    found = measure(fitted_films, ["a smuggling ring", "a bank"], LatencyOptions(turns=7, concurrency=(1, 2)))
    assert found["items"] == 20
    for each in found["at once"].values():
        turns = [turn for talk in each["talks"] for turn in talk]
        assert len(turns) == 7
        assert not any("error" in turn for turn in turns)
        named = [name for name, _ in each["nodes"]]
        assert set(named) == NODES
        assert named.count("understand") == named.count("remember") == 7, "each node once a turn"
        assert sum(ms for _, ms in each["nodes"]) <= sum(turn["ms"] for turn in turns)
        assert any(name == "fuse" for turn in turns for name, _ in turn["tools"])


@pytest.mark.parametrize("n", [7, 50])
def test_a_sized_catalogue_has_so_many_items_and_the_vectors_that_were_there(fitted_films, tmp_path, n, monkeypatch):
    source = Workspace.open(fitted_films)
    with monkeypatch.context() as patch:
        patch.setattr("convrec.tools.encoder.TextEncoder.batches", _asked_to_encode(source))
        made = sized(source, n, tmp_path, silent)
    catalogue, toolbox = made.catalogue(), Toolbox.open(made)
    assert len(catalogue) == n == len(set(catalogue.ids))
    assert {item.partition("~")[0] for item in catalogue.ids} <= set(source.catalogue().ids)
    dense, own = toolbox.tools["dense"], Toolbox.open(source)
    assert isinstance(dense, Dense)
    for row in range(n):
        there = own.catalogue.row(catalogue.ids[row].partition("~")[0])
        assert np.allclose(dense.vectors(np.array([row])), own.vectors([there]), atol=1e-3)
    assert len(catalogue.interactions()) == len(source.catalogue().interactions()) or n < 20
    assert sized(source, n, tmp_path, silent).current() == made.current(), "made once"


def _asked_to_encode(source):
    """Returns an encoder's work that refuses cards: those have vectors already."""
    from convrec.tools.encoder import TextEncoder

    real, titles = TextEncoder.batches, tuple(source.catalogue().titles)

    def batches(self, texts, max_tokens):
        assert not [text for text in texts if text.startswith(titles) and "(" in text], "a card was encoded anew"
        return real(self, texts, max_tokens)

    return batches


def test_copies_differ_from_their_originals(fitted_films, tmp_path):
    catalogue = sized(Workspace.open(fitted_films), 50, tmp_path, silent).catalogue()
    assert len(set(catalogue.titles)) == 50
    assert any(
        catalogue.item(f"{item}~1").facts.get("genres") != catalogue.item(item).facts.get("genres")
        for item in catalogue.ids[:20]
    )


def test_percentiles_are_those_of_the_times():
    assert spread_of([float(n) for n in range(101)]) == {"n": 101, "p50": 50.0, "p95": 95.0, "p99": 99.0}
    assert spread_of([]) == {"n": 0}


def test_the_command_prints_times_and_metrics_hold_none(fitted_films, tmp_path):
    out = tmp_path / "run"
    arguments = [
        "evaluate",
        "latency",
        "-w",
        str(fitted_films),
        "--turns",
        "6",
        "--concurrency",
        "2",
        "--out",
        str(out),
    ]
    printed = CliRunner().invoke(app, arguments)
    assert printed.exit_code == 0, printed.output
    assert "understand" in printed.output
    assert "p99" in printed.output
    metrics = (out / "metrics.json").read_text()
    document = json.loads(metrics)
    assert document["metrics"]["turns answered"]["value"] == 1
    assert document["counts"]["turns"] == 6
    assert document["counts"]["items, as it is"] == 20
    assert '"ms' not in metrics
    (row,) = json.loads((out / "timings.json").read_text())["latency"]
    assert row["mib"] is None or row["mib"] > 50
    assert set(row["ms_by_node"]) == NODES
    evaluate_latency(
        Workspace.open(fitted_films), LatencyOptions(turns=6, concurrency=(2,)), tmp_path, out=tmp_path / "again"
    )
    assert (tmp_path / "again" / "metrics.json").read_text() == metrics
    assert "turns answered" in report([out], tmp_path / "report.html").read_text()


def test_memory_is_what_the_process_holds():
    before = resident_mib()
    if before is None:
        pytest.skip("the system does not tell")
    held = np.ones(2**24)
    assert resident_mib() - before > 100
    assert held[-1] == 1
