"""`evaluate robustness`: what is asked, what is done to the catalogue, and that harm shows where nothing defends and not in the workspace."""

import json
import random
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from convrec.catalogue.ingest import ingest
from convrec.catalogue.interactions import Interactions
from convrec.catalogue.workspace import Workspace
from convrec.core.text import words
from convrec.evaluation.audits.injected import place, text_field
from convrec.evaluation.audits.poisoning import Attack, Poisoned, attacked
from convrec.evaluation.audits.requests import WAYS, slip, wishes
from convrec.evaluation.audits.robustness import RobustnessOptions, evaluate_robustness, overlap
from convrec.evaluation.reading import lower_is_better, meaning
from convrec.evaluation.report import report
from convrec.tools.item_knn import ItemKnn, ItemKnnConfig
from convrec.tools.popularity import Popularity, PopularityConfig
from convrec.tools.toolbox import Toolbox
from convrec.tools.training import choices_of, training_data
from convrec.ui.cli.app import app

OPTIONS = RobustnessOptions(users=4)


@pytest.fixture
def catalogue(fitted_films):
    return Workspace.open(fitted_films).catalogue()


@pytest.fixture(scope="module")
def measured(fitted_films, tmp_path_factory):
    """The folder of a run, its workspace's version before it, and its result."""
    workspace, folder = Workspace.open(fitted_films), tmp_path_factory.mktemp("robustness")
    before = workspace.current()
    run, result = evaluate_robustness(workspace, OPTIONS, folder, out=folder / "run")
    return run.folder, before, result


@given(st.text("abcdefghijklmnopqrstuvwxyzé", min_size=4, max_size=12), st.integers(0, 50))
def test_a_slip_is_one_edit_away_and_keeps_the_first_letter(word, seed):
    slipped = slip(word, random.Random(seed))
    assert slipped != word
    assert slipped[0] == word[0]
    assert abs(len(slipped) - len(word)) <= 1


def test_wishes_are_in_words_of_the_items_own_text_and_every_way_says_them_all(catalogue):
    found = wishes(catalogue, 5, seed=0)
    assert len({wish.item for wish in found}) == len(found) > 1
    for wish in found:
        assert set(wish.words) <= set(words(catalogue.text(catalogue.row(wish.item))))
        for way in range(len(WAYS)):
            assert set(wish.words) | set(words(wish.kind)) <= set(words(wish.said(way).text))


def test_as_many_words_go_wrong_as_there_are_slips(catalogue):
    for wish in wishes(catalogue, 5, seed=0):
        for slips in (1, 3):
            changed = Counter(words(wish.text)) - Counter(words(wish.mistyped(slips, 0).text))
            assert changed.total() == slips
        assert wish.mistyped(1, 0) == wish.mistyped(1, 0)


def test_overlap_is_the_share_of_a_list_that_another_has():
    assert overlap("abcd", "dcxy") == 0.5
    assert overlap("", "") == 1
    assert overlap("", "a") == overlap("a", "") == 0


def test_made_up_people_have_their_share_of_all_events(catalogue):
    events = catalogue.interactions()
    popular = np.argsort(-np.bincount(events.row, minlength=len(catalogue)), kind="stable")
    target = int(popular[-1])
    after = Attack("a", target, 0.2, "alike").on(events, popular, 0)
    made_up = after.user >= len(events.users)
    assert made_up.mean() == pytest.approx(0.2, abs=0.02)
    assert set(after.row[made_up].tolist()) == {target, *popular[:4].tolist()}
    assert len(Attack("b", target).on(events, popular, 0)) == len(events)


def crowded(n_people=300, n_items=120):
    """Returns the events of people with ten likes each, some items liked more often than others."""
    rng, worth = np.random.default_rng(3), 1.0 / (10.0 + np.arange(n_items))
    rows = np.concatenate([rng.choice(n_items, 10, replace=False, p=worth / worth.sum()) for _ in range(n_people)])
    n = len(rows)
    return Interactions(
        [f"u{u}" for u in range(n_people)],
        np.repeat(np.arange(n_people), 10),
        rows,
        np.full(n, 5.0),
        np.full(n, "rating"),
        np.arange(n, dtype=float),
        0,
    )


def test_made_up_people_push_an_item_into_plain_lists_and_less_than_half_as_far_into_the_products(tmp_path):
    workspace = Workspace.create(tmp_path / "crowd")
    (tmp_path / "items.csv").write_text("id,title\n" + "".join(f"i{n},Thing {n}\n" for n in range(120)))
    events = crowded()
    lines = [
        f"{events.users[u]},i{r},5,{int(t)}\n"
        for u, r, t in zip(events.user.tolist(), events.row.tolist(), events.timestamp.tolist(), strict=True)
    ]
    (tmp_path / "ratings.csv").write_text("user_id,item_id,value,timestamp\n" + "".join(lines))
    ingest(workspace, items=[tmp_path / "items.csv"], interactions=[tmp_path / "ratings.csv"])
    catalogue = workspace.catalogue()
    data = training_data(catalogue, choices_of(catalogue.interactions(), len(catalogue)), ())
    tools = {"popularity": Popularity(PopularityConfig()), "item_knn": ItemKnn(ItemKnnConfig())}
    for tool in tools.values():
        tool.fit(data)
    poisoned = Poisoned(catalogue, Toolbox(catalogue, tools), 30, 0)
    attacks = poisoned.attacks(2)
    answers = [poisoned.answer(attack) for attack in attacks]
    name = "pushed item in lists, alike, 5%"
    harm = {
        ranker: sum(row.get(name, (0, 0))[0] for row in attacked(attacks, answers, ranker))
        for ranker in ("plain counts", "plain item-kNN", "together", "popularity", "item_knn")
    }
    assert harm["plain item-kNN"] > 0
    assert harm["together"] * 2 <= max(harm["plain item-kNN"], harm["plain counts"])
    assert harm["item_knn"] * 2 <= harm["plain item-kNN"]
    assert harm["popularity"] * 2 <= harm["plain counts"] or not harm["plain counts"]


def test_a_place_beyond_the_last_one_is_one_behind_it():
    assert place(["a", "b"], "b") == 2
    assert place(["a"], "b") == 201


def test_nothing_is_written_to_the_workspace(measured, fitted_films):
    _, before, _ = measured
    assert Workspace.open(fitted_films).current() == before


def test_orders_in_a_text_push_it_in_plain_search_and_not_in_the_product(measured, catalogue):
    _, _, result = measured
    assert text_field(catalogue) == "description"
    name = "places gained by orders"
    assert result.counts["items pushed by their text"] > 0
    assert result.baselines["plain BM25"][name].value > 0
    assert result.metrics[name].value <= 0


def test_a_list_of_a_tool_that_knows_no_order_stays(measured):
    shares = measured[2].sections["same list with the history shuffled, by tool"]
    assert shares["item_knn"] == 1
    assert measured[2].metrics["recall@10"].value > 0.5
    assert not [name for name in measured[2].counts if "failed" in name]


def test_every_figure_says_what_it_is_and_which_way_is_better(measured):
    for name in measured[2].metrics:
        assert meaning(name), name
        assert lower_is_better(name) == name.startswith(("pushed", "places")), name


def test_two_runs_are_the_same_bytes_and_make_a_page(measured, fitted_films, tmp_path):
    folder, _, _ = measured
    again, _ = evaluate_robustness(Workspace.open(fitted_films), OPTIONS, tmp_path, out=tmp_path / "again")
    assert (again.folder / "metrics.json").read_bytes() == (folder / "metrics.json").read_bytes()
    page = report([folder], tmp_path / "report.html").read_text()
    assert "recall kept, 1 slip" in page
    assert "two different wishes" in page


def test_the_command_prints_the_figures_and_the_tools(measured, fitted_films, tmp_path):
    arguments = ["evaluate", "robustness", "-w", str(fitted_films), "--users", "4", "--out", str(measured[0])]
    printed = CliRunner().invoke(app, arguments)
    assert printed.exit_code == 0, printed.output
    assert "history shuffled" in printed.output
    document = json.loads(CliRunner().invoke(app, [*arguments, "--json"]).stdout)
    assert document["protocol"] == "robustness"
