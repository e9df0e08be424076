"""Which of two items "the one with …" means."""

import json

import pytest

from convrec.agent.compact.understander import Understander
from convrec.core.errors import InputError
from convrec.evaluation.understanding.alt_entities import (
    best,
    evaluate_alt_entities,
    facts_of,
    mark,
    measure_alt_entities,
    oracle,
    read_alt_entities,
)
from convrec.evaluation.understanding.marks import scored, shuffled
from convrec.evaluation.understanding.resolvers import AgentResolver, choices_catalogue, overlap, sentence_similarity
from convrec.tools.encoder import TextEncoder

BELLS = {
    "name": "Glass Bells",
    "wikipedia_url": "w/Glass_Bells",
    "description": "A widow moves to Lisbon.",
    "infobox": ": Infobox book. author: Ana Sol. genre: Drama, romance. release_date: May 1962",
    "unshown_background": ": Infobox book. author: Ana Sol. genre: Drama, romance. release_date: May 1962. Her cat is called Plum.",
}
ROADS = {
    "name": "Dusty Roads",
    "wikipedia_url": "w/Dusty_Roads",
    "description": '<p><a href="x">Click here</a></p>',
    "infobox": ": Infobox book. author: Bo Lund. genre: Western. release_date: 1994",
    "unshown_background": ": Infobox book. author: Bo Lund. genre: Western. release_date: 1994. A sheriff rides a mule.",
}
SAID = ["the one with the sheriff", "the western one", "not the Bo Lund one", "It has something."]


def question(*expressions, target=0, choices=(BELLS, ROADS)):
    return {
        "domain": "BOOKS", "question": "Do you mean 'Glass Bells' or 'Dusty Roads'?", "target_index": target, "sampling_method": "UNIFORM",
        "choices": list(choices), "expressions": list(expressions),
    }  # fmt: skip


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "books_dev.json").write_text(
        json.dumps([question(SAID[0], SAID[1], target=1), question(SAID[2], SAID[3])])
    )
    return tmp_path


@pytest.fixture
def cases(folder):
    return read_alt_entities(folder)[0]


def test_each_expression_is_a_case_and_each_question_a_group(cases):
    assert [(case.id, case.group, case.target) for case in cases] == [
        ("books-1/0", "books-1", 1),
        ("books-1/1", "books-1", 1),
        ("books-2/0", "books-2", 0),
        ("books-2/1", "books-2", 0),
    ]
    bells, roads = cases[0].choices
    assert bells.facts == {"author": "Ana Sol", "genre": "Drama, romance", "release_date": "May 1962"}
    assert "Lisbon" in bells.text
    assert "Plum" in bells.text
    assert "Click" not in roads.text


def test_infoboxes_are_read_key_by_key():
    assert facts_of(": . author: A. B. Sol. cover_artist: C, D. pages: 335. empty: . year: 2007") == {
        "author": "A. B. Sol", "cover_artist": "C, D", "pages": "335", "year": "2007",
    }  # fmt: skip
    assert facts_of("") == {}


def test_accuracy_is_reckoned_by_hand(cases):
    sure = mark(cases[0], {"scores": [0.1, 0.4]})
    assert sure.parts == {"accuracy": (1.0, 1.0), "resolved": (1.0, 1.0), "accuracy_resolved": (1.0, 1.0)}
    assert sure.errors == ()
    tied = mark(cases[0], {"scores": [0.4, 0.4]})
    assert tied.parts == {"accuracy": (0.5, 1.0), "resolved": (0.0, 1.0), "accuracy_resolved": (0.0, 0.0)}
    assert len(tied.errors) == 1
    wrong = mark(cases[0], {"scores": [0.4, 0.1]})
    assert wrong.parts == {"accuracy": (0.0, 1.0), "resolved": (1.0, 1.0), "accuracy_resolved": (0.0, 1.0)}
    assert len(wrong.errors) == 2
    failed = mark(cases[0], {"error": "x"})
    assert failed.parts["accuracy"] == (0.0, 1.0)
    assert best({"error": "x"}) == []


def test_the_oracle_is_perfect_and_shuffled_answers_are_chance(tmp_path):
    rows = [question("this", "that", target=n % 2) for n in range(100)]
    (tmp_path / "x.json").write_text(json.dumps(rows))
    many, _ = read_alt_entities(tmp_path / "x.json")
    measured = measure_alt_entities(many, {"oracle": oracle})
    assert {ratio.value for ratio in measured.systems["oracle"].ratios.values()} == {1.0}
    dealt = shuffled([oracle(case) for case in many])
    wrong = scored([mark(case, each) for case, each in zip(many, dealt, strict=True)])
    assert 0.35 < wrong.ratios["accuracy"].value < 0.65
    assert len(read_alt_entities(tmp_path / "x.json", limit=10)[0]) == 20


def test_shared_words_and_sentences_speak_for_a_choice(cases):
    choices = cases[0].choices
    assert overlap("the one with the sheriff on the mule", choices) == [0.0, 1.0]
    first, second = sentence_similarity(TextEncoder.open())("someone on horseback keeps law and order", choices)
    assert second > first


def test_the_agent_resolves_by_facts_and_refusals(cases, tmp_path, clock):
    catalogue = choices_catalogue(cases, tmp_path / "made", clock)
    assert catalogue.item("w/Glass_Bells").facts | {"description": ""} == {
        "title": "Glass Bells", "year": 1962, "author": ["Ana Sol"], "genre": ["Drama", "romance"], "description": "",
    }  # fmt: skip
    agent = AgentResolver(Understander(catalogue, clock), catalogue)
    choices = cases[0].choices
    assert agent("the western one", choices) == [0.0, 1.0]
    assert agent("not the western one", choices) == [0.0, -1.0]
    assert agent("the one by Ana Sol", choices) == [1.0, 0.0]
    assert agent("the one from the 60s", choices) == [1.0, 0.0]
    assert agent("I like it", choices) == [0.0, 0.0]  # "it" is whichever is meant


def test_the_whole_path_is_the_same_each_time(folder, cases, tmp_path, clock):
    catalogue = choices_catalogue(cases, tmp_path / "made", clock)
    systems = {"agent": AgentResolver(Understander(catalogue, clock), catalogue), "overlap": overlap}
    measured = evaluate_alt_entities(folder, systems)
    assert list(measured.systems) == ["agent", "overlap", "random"]
    assert measured.groups == ["books-1", "books-1", "books-2", "books-2"]
    assert measured.slices == {"books": [0, 1, 2, 3], "uniform": [0, 1, 2, 3]}
    assert measured.systems["overlap"].ratios["accuracy"].value == pytest.approx((1 + 1 + 0 + 0.5) / 4)
    assert measured.systems["agent"].ratios["accuracy"].value >= (0.5 + 1 + 1 + 0.5) / 4
    assert evaluate_alt_entities(folder, systems).predictions == measured.predictions


def test_bad_questions_are_counted_and_too_many_refused(tmp_path):
    path = tmp_path / "x_dev.json"
    path.write_text(json.dumps([*[question("this")] * 120, question("this", target=2)]))
    assert read_alt_entities(tmp_path)[1] == 1
    path.write_text(json.dumps([question("this"), question("this", choices=[BELLS])]))
    with pytest.raises(InputError, match="line 2, column choices: fewer than two"):
        read_alt_entities(path)
    path.write_text(json.dumps([question("this", choices=[BELLS, {"name": "x"}])]))
    with pytest.raises(InputError, match=r"column choices\.1\.wikipedia_url: it is missing"):
        read_alt_entities(path)
    path.write_text("[")
    with pytest.raises(InputError, match="is not JSON"):
        read_alt_entities(path)
    path.unlink()
    with pytest.raises(InputError, match="has no"):
        read_alt_entities(tmp_path)
