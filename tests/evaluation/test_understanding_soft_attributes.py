"""Which film is more so: pairs in a rater's order."""

import csv
import json

import pytest

from convrec.catalogue.ingest import ingest
from convrec.catalogue.workspace import Workspace
from convrec.core.errors import InputError
from convrec.evaluation.understanding.marks import scored, shuffled
from convrec.evaluation.understanding.similarity import at_random, card_similarity, popularity, word_count
from convrec.evaluation.understanding.soft_attributes import (
    COLUMNS,
    N_FOLDS,
    evaluate_soft_attributes,
    mark,
    measure_soft_attributes,
    oracle,
    read_soft_attributes,
    untaught,
    verdicts,
)
from convrec.tools.encoder import TextEncoder


def written(path, *rows):
    with path.open("w", newline="") as file:
        out = csv.writer(file)
        out.writerow(COLUMNS)
        out.writerows([rater, reference, attribute, *groups] for rater, reference, attribute, *groups in rows)
    return path


def titles(*names):
    return json.dumps(names) if names else ""


ROWS = [
    ("r1", "M (1990)", "gory", titles("A (1991)", "B (1992)"), titles("C (1993)"), titles("D (1994)")),
    ("r2", "M (1990)", "sappy", titles(), titles("A (1991)"), titles("B (1992)", "C (1993)")),
]


@pytest.fixture
def cases(tmp_path):
    return read_soft_attributes(written(tmp_path / "train.csv", *ROWS))[0]


def test_rows_become_ordered_pairs(cases, tmp_path):
    assert read_soft_attributes(tmp_path)[0] == cases
    first, second = cases
    assert (first.id, first.group, first.message) == ("line-2", "r1", "more gory than M (1990)")
    assert sorted(first.pairs) == [
        ("less or same", "A (1991)", "C (1993)"),
        ("less or same", "B (1992)", "C (1993)"),
        ("opposite", "A (1991)", "D (1994)"),
        ("opposite", "B (1992)", "D (1994)"),
        ("same or more", "C (1993)", "D (1994)"),
    ]
    assert [kind for kind, *_ in second.pairs] == ["same or more"] * 2


def test_agreement_is_reckoned_by_hand(cases):
    scores = {"A (1991)": 0.1, "C (1993)": 0.1, "D (1994)": 0.9}  # B is unknown, A and C are tied
    found = mark(cases[0], {"scores": scores})
    assert found.parts == {
        "agreement_opposite": (1.0, 2.0),  # A < D
        "agreement_opposite_known": (1.0, 1.0),
        "agreement_all": (2.5, 5.0),  # that, C < D, and half for A and C
        "agreement_all_known": (2.5, 3.0),
    }
    assert found.errors == ("D (1994) is more so than B (1992): unknown", "C (1993) is more so than B (1992): unknown")
    assert [verdict for *_, verdict in verdicts(cases[0], {"error": "x"})] == ["unknown"] * 5
    assert mark(cases[0], {"error": "x"}).parts["agreement_all"] == (0.0, 5.0)


def test_the_oracle_is_perfect_and_shuffled_answers_are_chance(tmp_path):
    rows = [
        (f"r{n % 9}", "M (1990)", "gory", titles(f"a{n}", f"b{n % 7}"), titles(f"c{n % 5}"), titles(f"d{n % 3}", f"e{n}"))
        for n in range(90)
    ]  # fmt: skip
    many = read_soft_attributes(written(tmp_path / "x.csv", *rows))[0]
    systems = {"oracle": oracle}
    measured = measure_soft_attributes(many, systems)
    assert {ratio.value for ratio in measured.systems["oracle"].ratios.values()} == {1.0}
    dealt = shuffled([oracle(case) for case in many])
    wrong = scored([mark(case, each) for case, each in zip(many, dealt, strict=True)])
    assert wrong.ratios["agreement_opposite"].value < 0.5


def test_a_learner_never_sees_the_rater_that_it_is_asked_about(tmp_path):
    rows = [(f"r{n}", "M (1990)", "gory", titles("A"), titles(), titles("B")) for n in range(12) for _ in range(2)]
    path = written(tmp_path / "x.csv", *rows)
    seen = []

    def make(training):
        raters = {case.group for case in training}
        seen.append(raters)
        return lambda _, named: [float(title == "B") for title in named]

    measured = evaluate_soft_attributes(
        path, {"learner": make, "none": untaught(lambda _, named: [0.0 for _ in named])}
    )
    assert len(seen) == N_FOLDS
    many = read_soft_attributes(path)[0]
    folds = {case.group: case.fold for case in many}
    assert sorted(folds.values()) == sorted(n % N_FOLDS for n in range(12))
    assert [set(folds) - raters for raters in seen] == [{r for r, f in folds.items() if f == n} for n in range(N_FOLDS)]
    assert measured.systems["learner"].ratios["agreement_all"].value == 1.0
    assert list(measured.slices) == [f"fold-{n}" for n in range(1, 6)]
    assert measured.counts["raters"] == 12


@pytest.fixture
def films(tmp_path):
    rows = [
        {"id": "1", "title": "A", "year": 1991, "description": "A quiet tale of bees and honey in a valley."},
        {"id": "2", "title": "B", "year": 1992, "description": "Two sisters bake bread and learn to laugh."},
        {
            "id": "3",
            "title": "C",
            "year": 1993,
            "description": "A gory slaughter: zombies bite, blood everywhere. Gory.",
        },
    ]
    (tmp_path / "films.jsonl").write_text("\n".join(map(json.dumps, rows)))
    (tmp_path / "views.csv").write_text("user_id,item_id\nu,2\nv,2\nu,3\n")
    workspace = Workspace.create(tmp_path / "w")
    ingest(workspace, items=[tmp_path / "films.jsonl"], interactions=[tmp_path / "views.csv"])
    return workspace.catalogue()


def test_scorers_of_a_catalogue_know_its_films_alone(films):
    named = ["A (1991)", "B (1992)", "C (1993)", "D (1994)", "A (1999)"]
    assert word_count(films)("gory", named) == [0.0, 0.0, 2.0, None, None]
    assert popularity(films)("gory", named) == [0.0, 2.0, 1.0, None, None]
    near = card_similarity(films, TextEncoder.open(), 64)
    scores = near("gory", named)
    assert scores[3:] == [None, None]
    drawn = at_random(films, 3)("gory", named)
    assert [score is None for score in drawn] == [False, False, False, True, True], (
        "chance knows no more films than others"
    )
    assert drawn == at_random(films, 3)("gory", named) != at_random(films, 4)("gory", named)
    assert scores[2] > max(scores[:2])
    assert near("gory", ["C (1993)"]) == pytest.approx([scores[2]], abs=1e-5)  # whatever stands beside it


def test_the_whole_path_counts_unknown_titles(tmp_path, films):
    path = written(tmp_path / "train.csv", *ROWS)
    measured = evaluate_soft_attributes(
        path, {"words": untaught(word_count(films)), "random": untaught(at_random(films))}
    )
    assert measured.counts == {
        "cases": 2, "raters": 2, "rejected_rows": 0, "attributes": 2, "titles": 4, "unknown_titles": 1, "failures": 0,
    }  # fmt: skip
    scorers = {"words": untaught(word_count(films)), "random": untaught(at_random(films))}
    assert evaluate_soft_attributes(path, scorers).predictions == measured.predictions
    other = evaluate_soft_attributes(path, {"r": untaught(at_random(films, 1))})
    assert other.predictions["r"] != measured.predictions["random"]


def test_bad_rows_are_counted_and_too_many_refused(tmp_path):
    path = written(tmp_path / "x.csv", *ROWS * 80, ("r3", "M", "gory", "{", "", ""))
    assert read_soft_attributes(path)[1] == 1
    path = written(tmp_path / "x.csv", ("r3", "M", "gory", "", "[1]", ""), ROWS[0])
    with pytest.raises(InputError, match=r"line 2, column about_as: not a JSON list of titles"):
        read_soft_attributes(path)
    path = written(tmp_path / "x.csv", (" ", "M", "gory", "", "", ""))
    with pytest.raises(InputError, match="column rater_id: it is blank"):
        read_soft_attributes(path)
    with pytest.raises(InputError, match="has no rows"):
        read_soft_attributes(written(tmp_path / "x.csv"))
    (tmp_path / "x.csv").write_text("rater_id,reference_title\n1,2\n")
    with pytest.raises(InputError, match="no column `soft_attribute`"):
        read_soft_attributes(tmp_path / "x.csv")
