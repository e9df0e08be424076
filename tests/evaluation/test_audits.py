"""Audits: reasons looked up, and people who say different things of themselves."""

import pytest

from convrec.agent import reasons
from convrec.catalogue.ingest import ingest
from convrec.catalogue.workspace import Workspace
from convrec.core.errors import InputError
from convrec.evaluation.audits.asking import askers
from convrec.evaluation.audits.explanations import CARRIED, ExplanationOptions, evaluate_explanations
from convrec.evaluation.audits.fairness import DESCRIPTIONS, SAME, FairnessOptions, evaluate_fairness


def test_people_like_what_one_person_chose_and_look_for_what_some_items_carry(fitted_films):
    catalogue = Workspace.open(fitted_films).catalogue()
    people = askers(catalogue, 12, seed=3)
    assert people == askers(catalogue, 12, seed=3) != askers(catalogue, 12, seed=4)
    for one in people:
        assert len({*one.liked, one.disliked}) == 3
        assert len(catalogue.values(one.field).rows(one.value)) >= 4
        assert all(catalogue.item(item).title in " ".join(one.said) for item in (*one.liked, one.disliked))


def test_a_catalogue_without_kinds_cannot_be_asked_about(tmp_path):
    (tmp_path / "items.csv").write_text("id,title\n" + "\n".join(f"i{n},The Long Title {n}" for n in range(9)))
    workspace = Workspace.create(tmp_path / "w")
    ingest(workspace, items=[tmp_path / "items.csv"])
    with pytest.raises(InputError, match="no kinds"):
        askers(workspace.catalogue(), 3)


def explained(workspace, out):
    return evaluate_explanations(Workspace.open(workspace), ExplanationOptions(users=4), out, out=out / "run")[1]


def test_reasons_hold_wherever_they_are_looked_up(fitted_films, tmp_path):
    result = explained(fitted_films, tmp_path)
    assert result.counts["people that failed"] == 0
    assert result.counts["reasons"] > 10
    for name in (
        CARRIED,
        "sentiment agrees",
        "weights sum to the score",
        "taking the top exact evidence out changes the score",
    ):
        assert result.metrics[name].value == 1.0, name


def test_a_reason_that_says_what_no_fact_carries_is_caught(fitted_films, tmp_path, monkeypatch):
    honest = reasons.Ground.fact
    monkeypatch.setattr(
        reasons.Ground,
        "fact",
        lambda self, item, field: honest(self, item, field).model_copy(update={"value": "made up"}),
    )
    assert explained(fitted_films, tmp_path).metrics[CARRIED].value < 0.8


def test_a_reason_that_cites_what_somebody_dislikes_is_caught(fitted_films, tmp_path, monkeypatch):
    def citing(self, liked):
        worst = min(self.wanted.request.history, key=self.wanted.request.history.get)
        return self.fact(self.catalogue.item(worst), "title")

    monkeypatch.setattr(reasons.Ground, "told", citing)
    assert explained(fitted_films, tmp_path).metrics["sentiment agrees"].value < 0.95


@pytest.mark.ci
def test_who_somebody_says_they_are_changes_no_list_and_a_planted_bias_does(fitted_films, tmp_path):
    options = FairnessOptions(users=2 * len(DESCRIPTIONS), held=10)
    result = evaluate_fairness(Workspace.open(fitted_films), options, tmp_path, out=tmp_path / "run")[1]
    assert result.metrics[SAME].value > 0.9  # two items as good as each other may change places
    assert result.metrics["the same reasons"].value > 0.9
    assert result.metrics["refused alike"].value == 1.0
    assert result.controls["a planted bias"][SAME].value < 0.5
    assert set(result.slices) == set(DESCRIPTIONS)
    dial = result.sections["popularity dial"]
    shown = [row["well-known items shown"]["value"] for row in dial.values()]
    assert shown[-1] < shown[0]
