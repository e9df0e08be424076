"""One's own labelled turns, in the shape of the interface."""

import json

import pytest

from convrec.catalogue.ingest import ingest
from convrec.catalogue.workspace import Workspace
from convrec.core.errors import InputError
from convrec.core.understanding import Preference, Reference, Understanding
from convrec.evaluation.understanding.hearing import compact
from convrec.evaluation.understanding.marks import scored, shuffled
from convrec.evaluation.understanding.own import evaluate_own, mark, measure_own, oracle, read_own
from convrec.evaluation.understanding.slots import said


@pytest.fixture
def films(tmp_path):
    rows = [
        {"id": "1", "title": "Glass Bells", "genres": ["Drama"], "director": "Ana Sol"},
        {"id": "2", "title": "Dusty Roads", "genres": ["Western", "Comedy"], "director": "Bo Lund"},
        {"id": "3", "title": "Iron Gates", "genres": ["Western"], "director": "Bo Lund"},
    ]
    (tmp_path / "films.jsonl").write_text("\n".join(map(json.dumps, rows)))
    workspace = Workspace.create(tmp_path / "w")
    ingest(workspace, items=[tmp_path / "films.jsonl"])
    return workspace.catalogue()


def row(name, text, acts, preferences=(), references=(), before=()):
    messages = [*before, {"role": "user", "content": text}]
    heard = {"acts": acts, "preferences": list(preferences), "references": list(references)}
    return {"id": name, "messages": messages, "understanding": heard}


def wish(facet, value, span, polarity=1, strength="hard", item_id=None):
    return {
        "facet": facet,
        "value": value,
        "span": span,
        "polarity": polarity,
        "strength": strength,
        "item_id": item_id,
    }


SHOWN = [
    {"role": "user", "content": "a western"},
    {"role": "assistant", "content": "**Dusty Roads** or **Iron Gates**?"},
]
ROWS = [
    row("a", "a western, no comedy", ["request", "critique"], [wish("genres", "Western", [2, 9]), wish("genres", "Comedy", [14, 20], -1)]),
    row("b", "I hated Glass Bells", ["state_preference"], [wish("item", "Glass Bells", [8, 19], -1, "hard", "1")],
        [{"kind": "title", "item_ids": ["1"], "span": [8, 19]}]),
    row("c", "the second one please", ["accept"], (), [{"kind": "ordinal", "item_ids": ["3"], "span": [0, 14]}], SHOWN),
]  # fmt: skip


def written(path, *rows):
    path.write_text("\n".join(each if isinstance(each, str) else json.dumps(each) for each in rows))
    return path


@pytest.fixture
def cases(tmp_path, films):
    return read_own(written(tmp_path / "turns.jsonl", *ROWS), films.schema)[0]


def test_scores_are_those_reckoned_by_hand(cases, films):
    heard = Understanding(
        acts=("request", "greet"),
        preferences=(
            Preference(facet="genres", value="WESTERN", strength="soft", span=(2, 9)),
            Preference(facet="genres", value="comedy", polarity=1, strength="hard", span=(11, 20)),
            Preference(facet="director", value="Ana Sol"),
        ),
        references=(Reference(kind="pronoun", item_ids=("1",), span=(0, 1)),),
    )
    assert mark(cases[0], said(heard), films).parts == {
        "slot_f1": (2, 2 + 2 + 1),  # Western; comedy with the wrong sign and Ana Sol made up
        "span_f1": (2, 2 + 1 + 1),
        "span_overlap_f1": (4, 4),
        "polarity_accuracy": (1, 2),
        "strength_accuracy": (1, 2),
        "acts_f1": (2, 2 + 1 + 1),
        "references_f1": (0, 1),
        "critique_f1": (0, 1),
    }


def test_items_are_compared_by_id_and_titles_by_their_best_bearer(cases, films):
    heard = Understanding(
        acts=("state_preference",),
        preferences=(Preference(facet="item", value="the glass bells", item_id="1", polarity=-1, strength="hard", span=(8, 19)),),
        references=(Reference(kind="title", item_ids=("1", "2"), span=(8, 19)),),
    )  # fmt: skip
    found = mark(cases[1], said(heard), films)
    assert found.parts["slot_f1"] == found.parts["references_f1"] == found.parts["span_f1"] == (2, 2)
    assert found.errors == ()


def test_a_failure_misses_everything(cases, films):
    found = mark(cases[0], {"error": "KeyError"}, films)
    assert found.parts["slot_f1"] == found.parts["acts_f1"] == (0, 2)
    assert found.errors[0] == "failed"


def test_the_oracle_is_perfect_and_shuffled_labels_lose_every_gain(cases, films):
    measured = measure_own(cases, films, {"oracle": oracle})
    values = {name: ratio.value for name, ratio in measured.systems["oracle"].ratios.items()}
    assert values == dict.fromkeys(values, 1.0)
    assert measured.worst == ()
    dealt = shuffled([oracle(case) for case in cases], seed=3)
    wrong = scored([mark(case, each, films) for case, each in zip(cases, dealt, strict=True)])
    assert all(not ratio.value >= 0.5 for ratio in wrong.ratios.values())


def test_the_agent_hears_turns_after_what_was_shown(tmp_path, films, clock):
    path = written(tmp_path / "turns.jsonl", *ROWS)
    measured = evaluate_own(path, films, compact(clock, None))
    assert list(measured.systems) == ["agent", "gazetteer"]
    assert measured.systems["agent"].ratios["references_f1"].value == 1.0
    assert measured.systems["agent"].ratios["slot_f1"].value == 1.0
    assert measured.systems["gazetteer"].ratios["polarity_accuracy"].value == pytest.approx(1 / 2)
    assert measured.counts == {
        "cases": 3, "conversations": 3, "rejected_rows": 0, "unknown_ids_in_labels": 0, "unknown_ids": 0, "failures": 0,
    }  # fmt: skip
    assert measured.slices["accept"] == [2]
    assert evaluate_own(path, films, compact(clock, None)).predictions == measured.predictions
    json.dumps([each.document() for each in measured.worst])


def test_unknown_ids_are_counted(tmp_path, films, clock):
    unknown = row("d", "I hated Saw", ["reject"], [wish("item", "Saw", [8, 11], -1, "hard", "99")])
    path = written(tmp_path / "turns.jsonl", *ROWS, unknown)
    measured = evaluate_own(path, films, compact(clock, None), others={"oracle": oracle})
    assert measured.counts["unknown_ids_in_labels"] == 1
    assert {ratio.value for ratio in measured.systems["oracle"].ratios.values()} == {1.0}


@pytest.mark.parametrize(
    ("bad", "place"),
    [
        ("{", "line 2: not JSON"),
        ("[1]", "line 2: not a JSON object"),
        ({"id": "x", "messages": []}, "line 2, column messages: the last is not a user's"),
        ({"id": 7, "messages": []}, "line 2, column id: int where str is due"),
        (row("x", "hi", ["greeting"]), r"line 2, column understanding\.acts\.0: input should be"),
        (row("x", "hi", ["greet"], [wish("genre", "x", [0, 1])]), r"column understanding\.preferences\.0\.facet: there is no field `genre`"),
        (row("x", "hi", ["greet"], [wish("genres", "x", [0, 9])]), r"column understanding\.preferences\.0\.span: \[0, 9\] is no span of 2"),
        (row("x", "hi", ["greet"], (), [{"kind": "it", "item_ids": [], "span": [0, 1]}]), r"column understanding\.references\.0\.kind"),
        (row("x", "hi", ["greet"], before=[{"role": "bot", "content": ""}]), r"column messages\.0\.role: 'bot'"),
        ({**ROWS[0]}, "line 2, column id: the id 'a' stands above already"),
    ],
)  # fmt: skip
def test_a_bad_row_is_named_with_line_and_column(tmp_path, films, bad, place):
    with pytest.raises(InputError, match=place):
        read_own(written(tmp_path / "x.jsonl", ROWS[0], bad), films.schema)


def test_few_bad_rows_are_counted(tmp_path, films):
    many = [{**ROWS[0], "id": str(n)} for n in range(120)]
    cases, rejected = read_own(written(tmp_path / "x.jsonl", *many, "{"), films.schema)
    assert (len(cases), rejected) == (120, 1)
    with pytest.raises(InputError, match="is empty"):
        read_own(written(tmp_path / "x.jsonl"), films.schema)
