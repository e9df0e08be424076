"""`topn` on people of two tastes: whoever sees a taste finds what was held out, and nothing that was published is touched."""

import json
import math
import random

import pytest

from convrec.catalogue.ingest import ingest
from convrec.catalogue.workspace import Workspace
from convrec.core.errors import InputError
from convrec.evaluation.reading import meaning
from convrec.evaluation.splits import splits
from convrec.evaluation.topn import BASELINES, SYSTEM, TopN, evaluate_topn
from convrec.tools.toolbox import Toolbox
from convrec.tools.training import choices

WORDS = (
    "amber birch cedar dune ember fjord grove heath inlet jetty knoll ledge marsh north oasis pond quay ridge shoal tarn umber vale weir "
    "yarrow zenith atoll bluff creek delta lagoon"
).split()
IDS = [f"{taste}{number:02}" for taste in "ab" for number in range(15)]
PEOPLE = 40
CUTS = (5, 10)


PLAYS = 30


def events():
    """Returns rows of people who choose six items of one taste, some of them more often than others, the first of the six again and again."""
    rng = random.Random(3)
    rows = []
    for person in range(PEOPLE):
        own = [item for item in IDS if item[0] == "ab"[person % 2]]
        chosen = []
        while len(chosen) < 6:
            item = rng.choices(own, [1 / (place + 1.5) for place in range(15)])[0]
            chosen += [item] if item not in chosen else []
        rng.shuffle(chosen)
        rows += [f"p{person:02},{chosen[0]},{1000 * person + time}\n" for time in range(PLAYS)]
        rows += [f"p{person:02},{item},{1000 * person + PLAYS + time}\n" for time, item in enumerate(chosen[1:])]
    return rows


def workspace_of(folder, rows):
    names = random.Random(4).sample(IDS, len(IDS))  # the order of the catalogue tells nothing
    (folder / "items.csv").write_text("id,title\n" + "".join(f"{i},The {w.title()}\n" for i, w in zip(names, WORDS, strict=True)))  # fmt: skip
    (folder / "events.csv").write_text("user_id,item_id,timestamp\n" + "".join(rows))
    workspace = Workspace.create(folder / "workspace")
    ingest(workspace, items=[folder / "items.csv"], interactions=[folder / "events.csv"])
    return workspace


@pytest.fixture(scope="module")
def tastes(tmp_path_factory):
    """A workspace of thirty items and forty people of two tastes, nothing fitted."""
    return workspace_of(tmp_path_factory.mktemp("tastes"), events())


@pytest.fixture(scope="module")
def measured(tastes):
    return evaluate_topn(tastes, TopN(cuts=CUTS, tools=("als",)), tastes.root / "evaluations")


def lines(path):
    return [json.loads(line) for line in path.read_bytes().splitlines()]


# What is found


def test_who_sees_the_taste_finds_what_was_held_out_and_others_less(measured):
    result = measured[1]
    ndcg = {name: table["ndcg@5"].value for name, table in {SYSTEM: result.metrics, **result.baselines, **result.controls}.items()}  # fmt: skip
    for name in (SYSTEM, "item_knn", "ease", "als"):
        assert 1 == ndcg["oracle"] > ndcg[name] > ndcg["popularity"] + 0.1 > ndcg["random"] + 0.1
    gain = result.gains["popularity"]["hr@5"]
    assert 0 < gain.low < gain.value < gain.high
    assert gain.p < 0.05


def test_with_other_peoples_targets_nothing_is_gained(measured):
    controls = measured[1].controls
    system, popularity = (
        controls[name]["hr@5"] for name in ("other people's targets", "other people's targets, popularity")
    )
    assert system.low <= popularity.high
    assert system.high < measured[1].metrics["hr@5"].low


def test_the_baselines_stand_beside_whatever_was_asked_for(measured):
    result = measured[1]
    assert list(result.baselines) == [*BASELINES, "als"]
    for table in (result.metrics, *result.baselines.values()):
        assert set(table) >= {f"{name}@{cut}" for name in ("hr", "recall", "ndcg", "mrr", "map") for cut in CUTS}
        for figure in table.values():
            assert figure.low is None or figure.low <= figure.value <= figure.high
    assert all(meaning(name) for name in result.metrics)
    assert result.n == PEOPLE
    assert {name: count for name, count in result.counts.items() if name.startswith("failures")} == {
        f"failures of {name}": 0
        for name in (
            SYSTEM, *BASELINES, "als", *(f"{told}, one sentence" for told in (SYSTEM, "popularity", "bm25")),
        )
    }  # fmt: skip


def test_how_equal_scores_stand_is_said(measured):
    assert any("equal scores stand by id" in note for note in measured[1].notes)


def test_slices_partition_the_targets(measured):
    slices = measured[1].slices
    assert slices["head"].n + slices["tail"].n == PEOPLE
    assert sum(slices[name].n for name in ("warm items", "cold items") if name in slices) == PEOPLE
    assert slices["warm people"].n == PEOPLE
    assert slices["one sentence"].n == PEOPLE
    for parts in (("head", "tail"), ("warm people",)):
        hits = sum(slices[name].systems[SYSTEM]["hr@5"].value * slices[name].n for name in parts)
        assert hits / PEOPLE == pytest.approx(measured[1].metrics["hr@5"].value)


def test_a_single_tools_list_ends_where_it_has_no_opinion(measured):
    """Otherwise the catalogue's order, which knows nothing of the person, would be measured in its name."""
    answers = measured[0].folder / "answers"
    assert {len(row["ranked"]) for row in lines(answers / "popularity.jsonl")} == {max(CUTS)}
    for row in lines(answers / "ease.jsonl"):
        taste = "ab"[int(row["id"][1:]) % 2]
        assert row["ranked"]
        assert all(item[0] == taste for item in row["ranked"][:3])
    assert any(len(row["ranked"]) < max(CUTS) for row in lines(answers / "item_knn.jsonl"))


# What anyone can check


def test_the_figures_can_be_computed_again_from_what_was_ranked(measured):
    run, result = measured
    rows = lines(run.folder / "predictions.jsonl")
    assert {frozenset(row) for row in rows} == {frozenset({"id", "targets", "ranked"})}
    assert [row["id"] for row in rows] == [f"p{person:02}" for person in range(PEOPLE)]
    for cut in CUTS:
        places = [row["ranked"][:cut].index(row["targets"][0]) for row in rows if row["targets"][0] in row["ranked"][:cut]]  # fmt: skip
        assert result.metrics[f"hr@{cut}"].value == pytest.approx(len(places) / PEOPLE, abs=1e-9)
        assert result.metrics[f"recall@{cut}"].value == pytest.approx(len(places) / PEOPLE, abs=1e-9)
        reciprocal = sum(1 / (place + 1) for place in places) / PEOPLE
        assert result.metrics[f"mrr@{cut}"].value == pytest.approx(reciprocal, abs=1e-9)
        assert result.metrics[f"map@{cut}"].value == pytest.approx(reciprocal, abs=1e-9)
        gain = sum(1 / math.log2(place + 2) for place in places) / PEOPLE
        assert result.metrics[f"ndcg@{cut}"].value == pytest.approx(gain, abs=1e-9)
    assert result.headline == "ndcg@5"
    shown = {item for row in rows for item in row["ranked"]}
    assert result.metrics["coverage@10"].value == pytest.approx(len(shown) / len(IDS), abs=1e-9)


def test_what_is_ranked_is_what_the_person_does_not_know(measured, tastes):
    (split,) = splits(tastes.catalogue(), "leave-last-out", seed=0)
    ids = tastes.catalogue().ids
    known = {held.user: {ids[row] for row in held.known} for held in split.held}
    for row in lines(measured[0].folder / "predictions.jsonl"):
        assert len(row["ranked"]) == len(set(row["ranked"])) == max(CUTS)
        assert not set(row["ranked"]) & known[row["id"]]
        assert known[row["id"]]


def test_worst_cases_come_worst_first(measured):
    found = lines(measured[0].folder / "worst.jsonl")
    rows = {row["id"]: row for row in lines(measured[0].folder / "predictions.jsonl")}

    def reached(name):
        ranked, (target,) = rows[name]["ranked"], rows[name]["targets"]
        return 1 / (ranked.index(target) + 1) if target in ranked else 0

    assert found
    assert [reached(row["id"]) for row in found] == sorted(map(reached, rows))[: len(found)]
    assert all(title.startswith("The ") for row in found for title in (*row["targets"], *row["ranked"]))


# What was learned from


def test_what_was_fitted_saw_the_training_part_alone(measured, tastes):
    """Seen from the scratch workspace itself: nobody's target is in it, and what it learned of a person is what is asked with."""
    (split,) = splits(tastes.catalogue(), "leave-last-out", seed=0)
    (root,) = (tastes.root / "evaluations" / "fitted").glob("leave-last-out-*")
    scratch = Workspace.open(root).catalogue()
    assert scratch.ids == sorted(tastes.catalogue().ids), "equal scores stand by id"
    ids = tastes.catalogue().ids
    assert len(scratch.interactions()) == int(split.train.sum()) == PEOPLE * (PLAYS + 4)
    learned = choices(scratch).events
    of = {user: [] for user in scratch.interactions().users}
    for user, row in zip(learned.user.tolist(), learned.row.tolist(), strict=True):
        of[scratch.interactions().users[user]].append(scratch.ids[row])
    for held in split.held:
        assert not {ids[row] for row in held.targets} & set(of[held.user])
        assert [ids[row] for row in held.history] == list(dict.fromkeys(of[held.user]))


def published(root):
    """Returns what a workspace holds, but for what evaluations keep."""
    return {
        path: (path.stat().st_mtime_ns, path.read_bytes())
        for path in root.rglob("*")
        if path.is_file() and "evaluations" not in path.relative_to(root).parts
    }


def test_published_tools_are_neither_used_nor_changed(films, monkeypatch):
    workspace = Workspace.open(films)
    opened, real = [], Toolbox.open.__func__
    monkeypatch.setattr(Toolbox, "open", classmethod(lambda cls, w, *rest: opened.append(w.root) or real(cls, w, *rest)))  # fmt: skip
    before = published(films)
    evaluate_topn(workspace, TopN(limit=3), films / "evaluations")
    assert published(films) == before
    assert opened
    assert films not in opened
    assert workspace.state_url().endswith("state.sqlite")


def test_nothing_need_be_fitted_before(tastes, measured):
    assert not tastes.current().tools
    assert measured[1].n == PEOPLE


def test_a_second_call_fits_nothing_and_asks_nothing(tastes, measured):
    seen = []
    scratch = {path: path.stat().st_mtime_ns for path in (tastes.root / "evaluations" / "fitted").rglob("tools/*/*")}
    before = {path: path.read_bytes() for path in measured[0].folder.rglob("*") if path.name != "timings.json" and path.is_file()}  # fmt: skip
    again = evaluate_topn(
        tastes, TopN(cuts=CUTS, tools=("als",)), tastes.root / "evaluations", progress=lambda stage, *_: seen.append(stage)
    )  # fmt: skip
    assert again[1] == measured[1].model_copy(update={"manifest": again[1].manifest})
    assert not [stage for stage in seen if not stage.startswith("topn")]
    assert {path: path.read_bytes() for path in before} == before
    assert {path: path.stat().st_mtime_ns for path in scratch} == scratch


def test_other_cuts_use_the_same_fit(tastes, measured):
    seen = []
    run, result = evaluate_topn(
        tastes, TopN(cuts=(3,), limit=5), tastes.root / "evaluations", progress=lambda stage, *_: seen.append(stage)
    )
    assert run.folder != measured[0].folder
    assert not [stage for stage in seen if not stage.startswith("topn")]
    longer = {row["id"]: row["ranked"] for row in lines(measured[0].folder / "predictions.jsonl")}
    assert all(row["ranked"] == longer[row["id"]][:3] for row in lines(run.folder / "predictions.jsonl"))
    assert result.n == 5


# Protocols


@pytest.mark.slow
def test_temporal_pools_several_cut_offs(tastes):
    _, result = evaluate_topn(tastes, TopN("temporal", CUTS, repeats=2), tastes.root / "evaluations")
    assert result.counts["people"] == result.n
    assert result.slices["cold people"].n > 0
    assert result.slices["head"].n + result.slices["tail"].n >= result.n


def test_people_held_out_whole_are_found_by_folding_in(tastes):
    run, result = evaluate_topn(tastes, TopN("strong", CUTS, repeats=2), tastes.root / "evaluations")
    assert result.n == 8
    assert {row["id"].partition("#")[2] for row in lines(run.folder / "predictions.jsonl")} == {"1", "2"}
    assert result.metrics["hr@10"].value > result.controls["random"]["hr@10"].value


# What goes wrong


def test_an_answer_that_fails_is_counted_and_is_a_miss(tastes, measured, tmp_path, monkeypatch):
    real = Toolbox.recommend
    run, before = evaluate_topn(tastes, TopN(cuts=CUTS, limit=9), tastes.root / "evaluations", out=tmp_path / "before")
    rows = {row["id"]: row for row in lines(run.folder / "predictions.jsonl")}
    hit = next(row for row in rows.values() if row["targets"][0] in row["ranked"][:5])
    (split,) = splits(tastes.catalogue(), "leave-last-out", seed=0)
    ids = tastes.catalogue().ids
    history = next([ids[row] for row in held.history] for held in split.held if held.user == hit["id"])

    def sometimes(self, request):
        if list(request.history) == history and request.tools is None and not request.text:
            raise ZeroDivisionError("oops")
        return real(self, request)

    monkeypatch.setattr(Toolbox, "recommend", sometimes)
    run, result = evaluate_topn(tastes, TopN(cuts=CUTS, limit=9), tastes.root / "evaluations", out=tmp_path / "run")
    assert (before.counts["failures of fused"], result.counts["failures of fused"]) == (0, 1)
    assert result.n == 9
    assert {**hit, "ranked": []} in lines(run.folder / "predictions.jsonl")
    assert result.metrics["hr@5"].value == pytest.approx(before.metrics["hr@5"].value - 1 / 9)


def test_an_unknown_tool_is_refused_before_anything_is_done(tastes, tmp_path):
    with pytest.raises(InputError, match="oracle_knn"):
        evaluate_topn(tastes, TopN(tools=("oracle_knn",)), tmp_path / "runs")
    assert not (tmp_path / "runs").exists()


def test_choosing_an_item_many_times_is_one_person_who_knows_it(measured, tastes):
    """Plays and purchases come again: an item may have more events than there are people."""
    rows = tastes.catalogue().interactions().row.tolist()
    assert max(rows.count(row) for row in set(rows)) > PEOPLE
    assert 0 <= measured[1].metrics["epc@10"].value <= 1
    assert measured[1].metrics["arp@10"].value <= PEOPLE


def test_where_one_person_is_all_there_is_the_figures_are_those_of_that_person(tmp_path):
    workspace = workspace_of(tmp_path, [f"ana,{item},{time}\n" for time, item in enumerate(IDS[:6])])
    _, result = evaluate_topn(workspace, TopN(cuts=CUTS), workspace.root / "evaluations")
    assert result.n == 1
    assert result.metrics["hr@5"].low == result.metrics["hr@5"].value == result.metrics["hr@5"].high
    assert result.gains["popularity"]["hr@5"].p is None
    assert any(note.startswith("item_knn is not among the fitted tools: ") for note in result.notes)
    assert "item_knn" not in result.baselines


def test_where_nothing_in_training_was_liked_popularity_is_left_out_and_the_rest_is_measured(tmp_path):
    rows = [f"{user},{item},{time},dislike\n" for time, (user, item) in enumerate((u, i) for u in ("bo", "cy") for i in IDS[:9])]  # fmt: skip
    rows += [f"ana,{item},{100 + time},play\n" for time, item in enumerate(IDS[:2])]
    workspace = Workspace.create(tmp_path / "workspace")
    (tmp_path / "items.csv").write_text("id,title\n" + "".join(f"{i},The {w.title()}\n" for i, w in zip(IDS, WORDS, strict=True)))  # fmt: skip
    (tmp_path / "events.csv").write_text("user_id,item_id,timestamp,event\n" + "".join(rows))
    ingest(workspace, items=[tmp_path / "items.csv"], interactions=[tmp_path / "events.csv"])
    _, result = evaluate_topn(workspace, TopN("temporal", CUTS), workspace.root / "evaluations")
    assert "popularity" not in result.baselines
    assert any(note.startswith("popularity is not among the fitted tools: ") for note in result.notes)
    assert result.slices["one sentence"].n == 0
    assert {figure.value for figure in result.slices["one sentence"].systems[SYSTEM].values()} == {None}
