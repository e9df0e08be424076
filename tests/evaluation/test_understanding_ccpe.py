"""What user turns of the CCPE layout talk about."""

import json

import pytest

from convrec.catalogue.ingest import ingest
from convrec.catalogue.workspace import Workspace
from convrec.core.errors import InputError
from convrec.core.understanding import Preference, Reference, Understanding
from convrec.evaluation.understanding.ccpe import Facets, evaluate_ccpe, majority, measure_ccpe, oracle, read_ccpe
from convrec.evaluation.understanding.hearing import compact
from convrec.evaluation.understanding.marks import shuffled
from convrec.evaluation.understanding.slots import said

TALK = """\
SYSTEM\tWhat kind do you like?\tOTHER\t
USER\tI like drama\tENTITY_PREFERENCE+MOVIE_GENRE_OR_CATEGORY\t3,3,3
USER\tI loved Glass Bells\tENTITY_NAME+MOVIE_OR_SERIES\t3,3,3
USER\tand Ana Sol\tENTITY_NAME+PERSON\t3,3,3

SYSTEM\tAnd you?\tOTHER\t
USER\tHm.\tOTHER\t3,3,3
USER\tI dislike Dusty Roads\tENTITY_PREFERENCE+MOVIE_OR_SERIES\t3,3,3
USER\tthe popcorn\tENTITY_NAME+SOMETHING_ELSE\t3,3,3
"""


@pytest.fixture
def films(tmp_path):
    rows = [
        {"id": "1", "title": "Glass Bells", "genres": ["Drama"], "cast": ["Ana Sol", "Bo Lund"]},
        {"id": "2", "title": "Dusty Roads", "genres": ["Western"], "cast": ["Bo Lund"]},
    ]
    (tmp_path / "films.jsonl").write_text("\n".join(map(json.dumps, rows)))
    workspace = Workspace.create(tmp_path / "w")
    ingest(workspace, items=[tmp_path / "films.jsonl"])
    return workspace.catalogue()


@pytest.fixture
def talk(tmp_path):
    path = tmp_path / "train.txt"
    path.write_text(TALK)
    return path


def test_each_user_turn_has_a_label_and_all_before_it(talk):
    cases, rejected = read_ccpe(talk.parent)
    assert rejected == 0
    assert [(case.id, case.group, case.label) for case in cases] == [
        ("line-2", "dialogue-1", "genre"),
        ("line-3", "dialogue-1", "title"),
        ("line-4", "dialogue-1", "person"),
        ("line-7", "dialogue-2", "other"),
        ("line-8", "dialogue-2", "title"),
        ("line-9", "dialogue-2", "other"),
    ]
    assert [message["role"] for message in cases[1].messages] == ["assistant", "user", "user"]
    assert len(cases[3].messages) == 2
    assert majority(cases) == "title"
    assert {case.group for case in read_ccpe(talk, limit=1)[0]} == {"dialogue-1"}


def preferring(*facets):
    return Understanding(preferences=tuple(Preference(facet=facet, value=str(n)) for n, facet in enumerate(facets)))


def test_the_label_is_what_is_named_most_often(films):
    facets = Facets.of(films)
    assert facets == Facets(frozenset({"genres"}), frozenset({"cast"}))
    assert facets.label(preferring("genres", "cast", "cast")) == "person"
    assert facets.label(preferring("genres", "cast")) == "genre"
    assert facets.label(preferring("text")) == "other"
    assert facets.label(None) == "other"
    liked = Preference(facet="item", value="Glass Bells", item_id="1", span=(0, 5))
    named = Reference(kind="title", item_ids=("1",), span=(0, 5))
    pointed = Reference(kind="pronoun", item_ids=("1",), span=(9, 11))
    both = preferring("genres", "genres").preferences
    assert facets.label(Understanding(preferences=(liked, *both), references=(named,))) == "genre"
    assert facets.label(Understanding(references=(pointed,))) == "title"
    assert facets.label(Understanding(preferences=both[:1], references=(pointed,))) == "title"  # among equals


def test_scores_are_those_reckoned_by_hand(talk, films):
    cases, _ = read_ccpe(talk)
    facets = Facets.of(films)
    heard = iter([*map(preferring, ("genres", "genres", "cast", "item", "item"))])

    def predict(case):
        if case.id == "line-9":
            raise KeyError("x")
        return said(next(heard))

    measured = measure_ccpe(cases, facets, {"agent": predict})
    values = {name: ratio.value for name, ratio in measured.systems["agent"].ratios.items()}
    assert values == pytest.approx(
        {  # due: genre title person other title other; said: genre genre person title title (failed)
            "micro_f1": 2 * 3 / (4 + 5), "title_f1": 2 / 4, "genre_f1": 2 / 3, "person_f1": 1.0, "other_f1": 0.0 / 3, "accuracy": 3 / 6,
        } | {"other_f1": 2 / 3},
    )  # fmt: skip
    assert measured.counts["failures"] == 1
    assert measured.counts["label_title"] == 2
    assert measured.worst[0].why == ("missed title", "made up genre")
    assert measured.confusions["labels"].document() == {
        "gold": ["title", "genre", "person", "other"],
        "predicted": ["title", "genre", "person", "other"],
        "counts": [[1, 1, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [1, 0, 0, 1]],
    }


def test_the_oracle_is_perfect_and_shuffled_labels_lose_the_gain(talk, films):
    cases, _ = read_ccpe(talk)
    facets = Facets.of(films)
    right = [oracle(case, films.schema, facets) for case in cases]
    dealt = dict(zip([case.id for case in cases], shuffled(right, seed=2), strict=True))
    systems = {"oracle": lambda case: oracle(case, films.schema, facets), "shuffled": lambda case: dealt[case.id]}
    measured = measure_ccpe(cases, facets, systems)
    assert {ratio.value for ratio in measured.systems["oracle"].ratios.values()} == {1.0}
    assert measured.systems["shuffled"].ratios["micro_f1"].value < 0.7
    assert measured.worst == ()


def test_the_agent_hears_films_genres_and_people(talk, films, clock):
    measured = evaluate_ccpe(talk, films, compact(clock, None))
    assert list(measured.systems) == ["agent", "gazetteer", "majority"]
    assert measured.systems["agent"].ratios["micro_f1"].value == 1.0
    assert measured.systems["majority"].ratios["micro_f1"].value == pytest.approx(2 * 2 / (4 + 6))
    assert evaluate_ccpe(talk, films, compact(clock, None)).predictions == measured.predictions


def test_bad_lines_are_counted_and_too_many_refused(tmp_path):
    path = tmp_path / "x.txt"
    path.write_text(TALK.replace("\n\n", "\n") * 20 + "USER\tno label\n")
    assert read_ccpe(path)[1] == 1
    path.write_text(TALK + "NOBODY\tHi\tOTHER\t\n")
    with pytest.raises(InputError, match=r"line 10, column 1: 'NOBODY' is neither USER nor SYSTEM"):
        read_ccpe(path)
    path.write_text("USER\tHi\tENTITY_NAME+BOAT\t\n")
    with pytest.raises(InputError, match="column 3"):
        read_ccpe(path)
    path.write_text("\n")
    with pytest.raises(InputError, match="is empty"):
        read_ccpe(path)
