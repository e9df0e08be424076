"""Comparing two runs: a planted change is found, nothing is found where there is nothing, and runs that can't be paired say so."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from convrec.core.errors import InputError
from convrec.core.metrics.bootstrap import Ratio, mean
from convrec.evaluation.cases import read_cases, write_cases
from convrec.evaluation.compare import compare, holm
from convrec.evaluation.reading import LOWER_IS_BETTER, lower_is_better
from convrec.evaluation.result import Part, Scored, summarised

N = 200
MANIFEST = {
    "protocol": "topn", "options": {"limit": None, "seed": 0}, "seed": 0, "data": {"items": "a1", "interactions": "b2"},
    "input": {}, "code": "c3", "prompts": "p4", "versions": {"numpy": "2"}, "settings": {"policy": {"slate_size": 4}},
}  # fmt: skip


@pytest.fixture
def made(tmp_path):
    """Makes a run with its cases; `without` leaves `cases.jsonl` out."""

    def make(name, ratios, *, ids=None, groups=None, headline="hr@10", without=False, notes=(), **manifest):
        n = len(next(iter(ratios.values())).numerator)
        ids = ids or [f"u{number}" for number in range(n)]
        groups, scored = groups or ids, Scored(ratios)
        result = summarised("topn", "fused", headline, Part(groups, {"fused": scored}), notes=notes)
        result = result.model_copy(update={"manifest": {**MANIFEST, **manifest}})
        folder = tmp_path / name
        folder.mkdir()
        (folder / "metrics.json").write_text(result.model_dump_json())
        if not without:
            write_cases(folder, ids, groups, scored)
        return folder

    return make


def hits(*places, n=N):
    values = np.zeros(n)
    values[list(places)] = 1
    return mean(values)


def test_cases_come_back_as_they_were_written(tmp_path):
    scored = Scored({"f1": Ratio(np.array([1 / 3, 0.0, 2.0]), np.array([0.5, 0.0, 3.0]))}, {"coverage": 0.5})
    path = write_cases(tmp_path, ["a/1", "a/2", "b/1"], ["a", "a", "b"], scored)
    assert path == tmp_path / "cases.jsonl"
    assert json.loads(path.read_text().splitlines()[2]) == {"id": "b/1", "group": "b", "ratios": {"f1": [2, 3]}}
    found = read_cases(tmp_path)
    assert (found.ids, found.groups) == (("a/1", "a/2", "b/1"), ("a", "a", "b"))
    assert found.scored.ratios["f1"].numerator.tolist() == [1 / 3, 0.0, 2.0]
    assert found.scored.ratios["f1"].denominator.tolist() == [0.5, 0.0, 3.0]


@pytest.mark.parametrize(
    "content",
    [
        "", "no json\n", '{"id": "a", "group": "a"}\n', '{"id": "a", "group": "a", "ratios": {"m": [1]}}\n',
        '{"id": "a", "group": "a", "ratios": {"m": [1, NaN]}}\n', '{"id": "a", "group": "a", "ratios": {"m": [1, 1]}}\n' * 2,
        '{"id": "a", "group": "a", "ratios": {"m": [1, 1]}}\n{"id": "b", "group": "a", "ratios": {"n": [1, 1]}}\n',
    ],
)  # fmt: skip
def test_damaged_cases_are_refused(tmp_path, content):
    (tmp_path / "cases.jsonl").write_text(content)
    with pytest.raises(InputError):
        read_cases(tmp_path)


def test_cases_without_a_number_are_not_written(tmp_path):
    with pytest.raises(ValueError, match="ild"):
        write_cases(tmp_path, ["a"], ["a"], Scored({"ild": mean([float("nan")])}))
    with pytest.raises(ValueError, match="hr"):
        write_cases(tmp_path, ["a", "b"], ["a", "b"], Scored({"hr": mean([1.0])}))


def test_a_planted_improvement_is_found_and_noise_is_not(made):
    rng = np.random.default_rng(1)
    noise = rng.random(N)
    a = made("a", {"hr@10": hits(*range(20)), "recall@10": mean(noise)})
    b = made("b", {"hr@10": hits(*range(60)), "recall@10": mean(rng.permutation(noise))}, code="c4")
    found = compare(a, b)
    change = found.metrics["hr@10"]
    assert (change.a, change.b, change.difference) == (0.1, 0.3, 0.2)
    assert 0 < change.low < 0.2 < change.high
    assert change.p <= change.adjusted_p < 0.05
    assert change.verdict == "better"
    assert found.metrics["recall@10"].verdict == "no clear change"
    assert (found.n_gained, found.n_lost) == (40, 0)
    assert found.gained == tuple(sorted(f"u{number}" for number in range(20, 60))[:10])
    assert found.changed == ("code",)
    back = compare(b, a)
    assert back.metrics["hr@10"].verdict == "worse"
    assert (back.n_gained, back.n_lost) == (0, 40)


def test_a_run_against_itself_has_no_change(made):
    a = made("a", {"hr@10": hits(*range(20)), "turns": mean(np.arange(N) % 5)})
    b = made("b", {"hr@10": hits(*range(20)), "turns": mean(np.arange(N) % 5)})
    found = compare(a, b)
    assert found.comparable
    assert [c.difference for c in found.metrics.values()] == [0.0, 0.0]
    assert {c.verdict for c in found.metrics.values()} == {"no clear change"}
    assert (found.gained, found.lost, found.changed, found.differences) == ((), (), (), ())


@pytest.mark.parametrize("metric", ["turns", "arp@20", "repeated offers", "RMSE"])
def test_less_can_be_better(made, metric):
    a = made("a", {metric: mean([3.0] * N)}, headline=metric)
    b = made("b", {metric: mean([2.0] * N)}, headline=metric)
    found = compare(a, b)
    assert found.metrics[metric].difference == -1
    assert found.metrics[metric].verdict == "better"
    assert (found.n_gained, found.n_lost) == (N, 0)


def test_which_metrics_are_better_when_lower():
    assert {
        "turns",
        "questions",
        "repeated offers",
        "repeated openings",
        "stock phrases",
        "requests a turn",
        "tokens a turn",
        "cost a turn",
        "fell back",
        "arp",
        "gini",
        "miscalibration",
        "popreo",
        "rmse",
        "mae",
        "duplicates a person",
        "stale share",
        "junk share",
        "cross-user hits a person",
        "veto checks without a slate",
    } < LOWER_IS_BETTER
    assert "places gained by orders" in LOWER_IS_BETTER
    assert lower_is_better("gini@20")
    assert not lower_is_better("ndcg@10")


def test_cases_in_another_order_are_paired_by_id(made):
    ids = [f"u{number}" for number in range(N)]
    values = np.arange(N) % 7 / 7
    a = made("a", {"hr@10": mean(values)}, ids=ids)
    b = made("b", {"hr@10": mean(values[::-1])}, ids=ids[::-1])
    found = compare(a, b)
    assert found.metrics["hr@10"].high == 0
    assert found.n_gained == found.n_lost == 0


def test_groups_are_drawn_whole(made):
    """Two groups that differ wildly: many cases, yet no more than two draws' worth of evidence."""
    groups = ["one"] * (N // 2) + ["two"] * (N // 2)
    a = made("a", {"hr@10": hits()}, groups=groups)
    b = made("b", {"hr@10": hits(*range(N // 2))}, groups=groups)
    assert compare(a, b).metrics["hr@10"].verdict == "no clear change"


def test_a_figure_of_whole_lists_is_shown_and_not_tested(made):
    a, b = made("a", {"hr@10": hits(1)}), made("b", {"hr@10": hits(1)})
    for folder, value in ((a, 0.2), (b, 0.5)):
        document = json.loads((folder / "metrics.json").read_text())
        document["metrics"]["coverage@20"] = {"value": value, "low": None, "high": None}
        (folder / "metrics.json").write_text(json.dumps(document))
    change = compare(a, b).metrics["coverage@20"]
    assert change.difference == pytest.approx(0.3)
    assert (change.p, change.verdict) == (None, "not tested")


@pytest.mark.parametrize(
    ("changed", "named"),
    [({"data": {"items": "a1", "interactions": "zz"}}, "interactions"), ({"input": {"f.jsonl": "zz"}}, "input files")],
)
def test_different_data_is_refused_by_name(made, changed, named):
    a, b = made("a", {"hr@10": hits(1)}), made("b", {"hr@10": hits(1)}, **changed)
    with pytest.raises(InputError, match=named):
        compare(a, b)


def test_another_protocol_is_refused(made):
    a, b = made("a", {"hr@10": hits(1)}), made("b", {"hr@10": hits(1)})
    document = json.loads((b / "metrics.json").read_text()) | {"protocol": "dialogue"}
    (b / "metrics.json").write_text(json.dumps(document))
    with pytest.raises(InputError, match=r"topn.*dialogue"):
        compare(a, b)


@pytest.mark.parametrize(
    ("other", "why"),
    [
        ({"options": {"limit": 5, "seed": 0}}, "option limit: None in A, 5 in B"),
        ({"options": {"limit": None, "seed": 1}, "seed": 1}, "option seed: 0 in A, 1 in B"),
        ({"seed": 1}, "seed: 0 in A, 1 in B"),
        ({"without": True}, "B kept no cases.jsonl"),
        ({"ids": [f"v{number}" for number in range(N)]}, "cases: 200 in A alone, 200 in B alone"),
        ({"groups": ["all"] * N}, "cases: the same ids belong to other groups"),
    ],
)
def test_other_cases_are_not_paired(made, other, why):
    a, b = made("a", {"hr@10": hits(*range(20))}), made("b", {"hr@10": hits(*range(60))}, **other)
    found = compare(a, b)
    assert not found.comparable
    assert found.differences == (why,)
    change = found.metrics["hr@10"]
    assert change.difference == pytest.approx(0.2)
    assert (change.low, change.high, change.p, change.verdict) == (None, None, None, "not tested")
    assert (found.gained, found.lost) == ((), ())


def test_who_is_measured_may_differ(made):
    a = made("a", {"hr@10": hits(1)}, options={"policy": "agent"})
    b = made("b", {"hr@10": hits(1)}, options={"policy": "never-ask"})
    found = compare(a, b)
    assert found.comparable
    assert found.changed == ("option policy: agent → never-ask",)


def test_holm_by_hand():
    assert holm({"a": 0.04, "b": 0.01, "c": 0.03}) == pytest.approx({"a": 0.06, "b": 0.03, "c": 0.06})
    assert holm({}) == {}


@given(st.dictionaries(st.text(max_size=3), st.floats(0, 1), min_size=1, max_size=12))
def test_holm_never_lowers_nor_reorders(ps):
    found = holm(ps)
    assert all(ps[name] <= found[name] <= 1 for name in ps)
    ranked = sorted(ps, key=ps.__getitem__)
    assert [found[name] for name in ranked] == sorted(found.values())
    assert found[ranked[0]] == min(1, len(ps) * ps[ranked[0]])


def test_chance_alone_seldom_makes_a_verdict(made):
    """Twenty metrics of pure noise: corrected, hardly ever does one of them look changed."""
    rng = np.random.default_rng(3)
    a = made("a", {f"hr@{k}": mean(rng.random(N)) for k in range(1, 21)})
    b = made("b", {f"hr@{k}": mean(rng.random(N)) for k in range(1, 21)})
    found = compare(a, b)
    assert {c.verdict for c in found.metrics.values()} == {"no clear change"}
    assert min(c.adjusted_p for c in found.metrics.values()) > min(c.p for c in found.metrics.values())


def test_the_command_says_it_in_a_table_and_as_json(made):
    from convrec.ui.cli.evaluate import app

    a = made("a", {"hr@10": hits(*range(20))}, notes=("LEAK: 3 test dialogues are among those learned from.",))
    b = made("b", {"hr@10": hits(*range(60))})
    shown = CliRunner().invoke(app, ["compare", str(a), str(b)])
    assert shown.exit_code == 0
    assert "better" in shown.stdout
    assert "A: LEAK" in shown.stderr
    document = json.loads(CliRunner().invoke(app, ["compare", str(a), str(b), "--json"]).stdout)
    assert document["metrics"]["hr@10"]["verdict"] == "better"
    assert document["a"]["leaks"]
    refused = CliRunner().invoke(app, ["compare", str(a), str(a.parent)])
    assert refused.exit_code == 2
    assert "no finished run" in refused.stderr


def test_the_command_marks_what_is_not_paired(made):
    from convrec.ui.cli.evaluate import app

    a, b = made("a", {"hr@10": hits(1)}), made("b", {"hr@10": hits(1)}, seed=1)
    shown = CliRunner().invoke(app, ["compare", str(a), str(b)])
    assert "NOT PAIRED" in shown.stderr
    assert "seed: 0 in A, 1 in B" in shown.stderr
