"""Reading labelled files, telling layouts apart, and the arithmetic of scores."""

import gzip
import json

import pytest

from convrec.catalogue.ingest import ingest
from convrec.catalogue.schema import TITLE, Field, Schema
from convrec.catalogue.workspace import Workspace
from convrec.core.errors import InputError
from convrec.core.understanding import Preference, Reference, Understanding
from convrec.evaluation.run import spread
from convrec.evaluation.understanding.gazetteer import Gazetteer
from convrec.evaluation.understanding.layouts import detect
from convrec.evaluation.understanding.marks import (
    Mark,
    answered,
    paired,
    scored,
    shuffled,
    worst,
)
from convrec.evaluation.understanding.rows import Reading, json_rows
from convrec.evaluation.understanding.slots import Slot, normalised, slots_of
from convrec.evaluation.understanding.titles import TitleLookUp


class Said:
    def __init__(self, name, group="g"):
        self.id, self.group, self.message = name, group, f"message {name}"


def test_ratios_are_sums_over_cases():
    marks = [Mark({"f1": (2, 4)}, None, None), Mark({"f1": (0, 1)}, None, None), Mark({}, None, None)]
    ratio = scored(marks).ratios["f1"]
    assert ratio.numerator.tolist() == [2, 0, 0]
    assert ratio.denominator.tolist() == [4, 1, 0]
    assert ratio.value == pytest.approx(2 / 5)


def test_the_worst_cases_have_most_errors_and_ties_go_by_id():
    cases = [Said("c"), Said("a"), Said("b"), Said("d")]
    marks = [Mark({}, 1, 2, ("x",)), Mark({}, 1, 2, ("x",)), Mark({}, 1, 2, ("x", "y")), Mark({}, 1, 1)]
    assert [each.id for each in worst(cases, marks)] == ["b", "a", "c"]
    assert worst(cases, marks)[0].document()["why"] == ["x", "y"]


def test_missed_labels_are_paired_with_what_was_made_up_instead():
    assert paired({"a", "b"}, {"b", "c"}) == [("b", "b"), ("a", "c")]
    assert paired({"a"}, ()) == [("a", "(none)")]
    assert paired((), {"c"}) == [("(none)", "c")]


def test_a_failure_is_an_error_and_does_not_stop_the_rest():
    def predict(case):
        if case.id == "b":
            raise KeyError("lost")
        return {"heard": case.id}

    assert answered("x", [Said("a"), Said("b"), Said("c")], predict) == [
        {"heard": "a"},
        {"error": "KeyError: 'lost'"},
        {"heard": "c"},
    ]


def test_a_sample_is_spread_evenly_and_a_shuffle_keeps_all():
    assert spread(list(range(10)), 4) == [0, 2, 5, 7]
    assert spread([1, 2], None) == spread([1, 2], 9) == [1, 2]
    dealt = shuffled([{"n": n} for n in range(50)], seed=1)
    assert dealt == shuffled([{"n": n} for n in range(50)], seed=1)
    assert sorted(each["n"] for each in dealt) == list(range(50))
    assert [each["n"] for each in dealt] != list(range(50))


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        ("San  Francisco", "san francisco"),
        ("Désirée's", "desiree's"),
        ("4.00", "4"),
        (2018, "2018"),
        ("2018..2018", "2018"),
        ("1990..1999", "1990 1999"),
        ("2019-03-08", "2019 03 08"),
        ("infinity", "infinity"),
        ("True", "true"),
        ("!!!", "!!!"),
    ],
)
def test_values_are_compared_by_their_words(value, plain):
    assert normalised(value) == plain


def test_slots_are_fields_and_titles():
    schema = Schema(fields=(TITLE, Field(name="genre", type="category")))
    heard = Understanding(
        preferences=(
            Preference(facet="genre", value="Drama", polarity=-1, span=(0, 5)),
            Preference(facet="item", value="Heat", item_id="1", polarity=-1, span=(6, 10)),
            Preference(facet="item", value="Heat", item_id="1", span=(16, 18)),  # "it"
            Preference(facet="text", value="gloomy", span=(20, 26)),
        ),
        references=(
            Reference(kind="title", item_ids=("1", "9"), span=(6, 10)),
            Reference(kind="title", item_ids=("2",), span=(11, 15)),
            Reference(kind="title", item_ids=("gone",), span=(12, 15)),
            Reference(kind="pronoun", item_ids=("1",), span=(16, 18)),
        ),
    )
    assert slots_of(heard, schema, {"1": "Heat (film)", "2": "Jaws"}.get) == [
        Slot("genre", "drama", -1, (0, 5)),
        Slot("title", "heat film", -1, (6, 10)),
        Slot("title", "jaws", 1, (11, 15)),
    ]


def written(path, *rows):
    path.write_text("\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows), encoding="utf-8")
    return path


SGD = {"dialogue_id": "1", "services": [], "turns": []}
OWN = {"id": "1", "messages": [], "understanding": {}}
ALT = {"choices": [], "expressions": []}
SOFT = "rater_id,reference_title,soft_attribute,less_than,about_as,more_than\n"


def test_layouts_are_told_by_what_is_in_the_file(tmp_path):
    assert detect(written(tmp_path / "a.jsonl", SGD)) == "sgd"
    assert detect(written(tmp_path / "b.json", [SGD])) == "sgd"
    assert detect(written(tmp_path / "c.jsonl", OWN)) == "own"
    assert detect(written(tmp_path / "d.json", [ALT])) == "altentities"
    assert detect(written(tmp_path / "e.csv", SOFT)) == "soft-attributes"
    assert detect(written(tmp_path / "f.txt", "SYSTEM\tHi\tOTHER\t")) == "ccpe"
    (tmp_path / "g.jsonl.gz").write_bytes(gzip.compress(json.dumps(SGD).encode()))
    assert detect(tmp_path / "g.jsonl.gz") == "sgd"


def test_a_folder_has_the_layout_of_its_first_file_that_has_one(tmp_path):
    written(tmp_path / "README.txt", "What lies here.")
    (tmp_path / "dev").mkdir()
    written(tmp_path / "dev" / "dialogues_001.json", [SGD])
    assert detect(tmp_path) == "sgd"


def test_what_has_no_known_layout_is_refused(tmp_path):
    with pytest.raises(InputError, match="none of the known layouts"):
        detect(written(tmp_path / "x.jsonl", {"a": 1}))
    with pytest.raises(InputError, match="none of the known layouts"):
        detect(written(tmp_path / "empty.jsonl"))
    with pytest.raises(InputError, match="There is no"):
        detect(tmp_path / "nowhere")
    (tmp_path / "torn.jsonl.gz").write_bytes(gzip.compress(b"x" * 1000)[:15])
    with pytest.raises(InputError, match="damaged"):
        detect(tmp_path / "torn.jsonl.gz")


def test_bad_lines_are_kept_with_their_place(tmp_path):
    reading = Reading()
    path = written(tmp_path / "x.jsonl", {"a": 1}, "{", "[1]", {"a": 2})
    assert [(line, row["a"]) for line, row in json_rows(path, reading)] == [(1, 1), (4, 2)]
    assert [(each.line, each.reason.split(":")[0]) for each in reading.rejected] == [
        (2, "not JSON"),
        (3, "not a JSON object"),
    ]
    reading.good = 2
    with pytest.raises(InputError, match=r"2 of 4 rows .* x\.jsonl, line 2: not JSON"):
        reading.check(path)
    reading.good = 198
    reading.check(path)


@pytest.fixture
def films(tmp_path):
    rows = [
        {"id": "1", "title": "Life Is Beautiful", "year": 1997, "genres": ["Drama", "Comedy"], "director": "Ana Sol"},
        {"id": "2", "title": "The Matrix", "year": 1999, "genres": ["Action"], "director": "Bo Lund"},
        {"id": "3", "title": "The Matrix", "year": 2031, "genres": ["Drama"], "director": "Bo Lund"},
        {"id": "4", "title": "Lock & Stock: Vol. 2", "year": 2001, "genres": ["Action"], "director": "Ana Sol"},
        {"id": "5", "title": "The Long Way Back", "year": 1980, "genres": ["Drama"], "director": "Ana Sol"},
        {"id": "6", "title": "Undated", "genres": ["Drama"], "director": "Bo Lund"},
    ]
    workspace = Workspace.create(tmp_path / "w")
    ingest(workspace, items=[written(tmp_path / "films.jsonl", *rows)])
    return workspace.catalogue()


@pytest.mark.parametrize(
    ("title", "item"),
    [
        ("Life Is Beautiful (La Vita è bella) (1997)", "1"),
        ("Vita Bella (a.k.a. Life Is Beautiful) (1998)", "1"),
        ("Matrix, The (1999)", "2"),
        ("Matrix, The (2031)", "3"),
        ("The Matrix (2010)", None),
        ("the matrix", "2"),
        ("Lock and Stock: Volume II (2001)", "4"),
        ("Heat (1995)", None),
        ("Far Stars: Episode V - The Long Way Back (1980)", "5"),
        ("Far Stars: Episode V - The Long Way Back (1981)", None),
        ("Undated (1990)", "6"),
    ],
)
def test_titles_are_found_by_name_and_year(films, title, item):
    row = TitleLookUp(films).row(title)
    assert (None if row is None else films.ids[row]) == item


def test_the_gazetteer_takes_the_longest_run_of_words(films):
    text = "The Matrix is no drama, ana SOL!"
    found = Gazetteer(films).understand(text).preferences
    assert [(p.facet, p.value, text[slice(*p.span)]) for p in found] == [
        ("title", "The Matrix", "The Matrix"),
        ("genres", "Drama", "drama"),
        ("director", "Ana Sol", "ana SOL"),
    ]
    assert all(p.polarity == 1 for p in found)
