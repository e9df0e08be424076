"""Sets that are drawn from whole turns and from what people did, and how their answers are marked."""

import json

import pytest

from convrec.catalogue.workspace import Workspace
from convrec.core.errors import InputError, NotFittedError
from convrec.finetune.proof.answers import Said
from convrec.finetune.proof.baselines import Nearest, Table, compact
from convrec.finetune.proof.scores import figures, parts_of
from convrec.finetune.proof.verify import compared
from convrec.finetune.sets.build import SetOptions, build, read_set
from convrec.finetune.sets.rows import read_rows, write_rows
from tests.finetune.bases import row
from tests.finetune.test_sets import CLOCK, shop  # noqa: F401  (a fixture)

pytestmark = pytest.mark.ci


@pytest.mark.parametrize(("task", "least"), [("plan", 1), ("explain", 15), ("preference", 8)])
def test_turns_become_rows_that_are_right_by_their_own_marks(fitted_films, tmp_path, task, least):
    card = build(Workspace.open(fitted_films), task, tmp_path, SetOptions(messages=40), clock=CLOCK)
    parts = read_set(None, tmp_path)
    assert {part: len(rows) for part, rows in parts.items()} == card["rows"]
    assert len(parts["train"]) >= least
    for one in parts["train"]:
        marks = parts_of(one, one.answer)
        assert marks["valid"] == (1.0, 1.0)
        if task == "preference":
            faulty = parts_of(one, one.rejected)
            assert (
                faulty["valid"][0] < 1
                or faulty["claim_recall"][0] < marks["claim_recall"][0]
                or "love it" in one.rejected
            )
    assert_a_leak_is_caught(tmp_path)


def test_people_become_rows_of_one_part_each(fitted_films, tmp_path):
    build(Workspace.open(fitted_films), "profile", tmp_path, SetOptions(messages=60), clock=CLOCK)
    parts = read_set(None, tmp_path)
    assert parts["train"]
    assert not {one.user for one in parts["train"]} & {one.user for one in parts["test"]}
    assert all(parts_of(one, one.answer)["taste_f1"][0] > 0 for one in parts["train"])
    assert_a_leak_is_caught(tmp_path)


def assert_a_leak_is_caught(folder):
    """Copies a training row into the test, and reads the set."""
    train, test = (read_rows(folder / f"{part}.jsonl") for part in ("train", "test"))
    copied = train[0].model_copy(update={"id": "planted", "part": "test", "group": ""})
    write_rows(folder / "test.jsonl", [*test, copied])
    with pytest.raises(InputError, match="A leak: the message of row planted of the part test stands in training row"):
        read_set(None, folder)


def test_a_workspace_that_lacks_what_a_task_needs_is_a_sentence(shop, tmp_path):  # noqa: F811  (the fixture)
    with pytest.raises(InputError, match="no interactions"):
        build(shop, "profile", tmp_path, SetOptions(messages=5), clock=CLOCK)
    with pytest.raises(NotFittedError):
        build(shop, "plan", tmp_path, SetOptions(messages=5), clock=CLOCK)


# Marks


def answer(*wishes, **keys):
    stated = [
        {"facet": facet, "value": value, "polarity": sign, "strength": "hard", "scope": "session", "quote": quote}
        for facet, value, sign, quote in wishes
    ]
    return json.dumps({"acts": ["request"], "preferences": stated, "references": [], **keys})


GOLD = row(
    0,
    message="a western by Ann Lee, no horror",
    answer=answer(("genres", "Western", 1, "western"), ("genres", "Horror", -1, "horror")),
)


@pytest.mark.parametrize(
    ("text", "valid", "f1"),
    [
        (GOLD.answer, 1, 1.0),
        (answer(("genres", "Western", 1, "WESTERN")), 1, 2 / 3),
        (answer(("genres", "Western", -1, "western"), ("genres", "Horror", -1, "horror")), 1, 0.5),
        (answer(("genres", "Western", 1, "cowboys")), 1, 0.0),
        (answer(("genres", "Western", 1, "western"), more=1), 0, 0.0),
        (GOLD.answer.replace('"polarity": 1, ', ""), 0, 0.0),
        (GOLD.answer.replace('"polarity": 1', '"polarity": "1"'), 0, 0.0),
        ("Sure! " + GOLD.answer, 0, 0.0),
        ("", 0, 0.0),
        ("[" * 5000, 0, 0.0),
    ],
)  # fmt: skip
def test_an_answer_is_marked_by_its_shape_and_by_its_wishes(text, valid, f1):
    found = figures([parts_of(GOLD, text)])
    assert found["valid"] == valid
    assert found["span_f1"] == pytest.approx(f1)


def test_baselines_answer_in_the_shape_that_is_marked():
    train = [
        row(n, message=f"any westerns for {n}?", answer=answer(("genres", "Western", 1, "westerns"))) for n in range(9)
    ]
    asked = row(99, message="some WESTERNS tonight", answer=answer(("genres", "Western", 1, "WESTERNS")))
    for baseline in (Table(train), Nearest(train)):
        assert figures([parts_of(asked, baseline(asked))])["span_f1"] == 1.0
    assert figures([parts_of(asked, compact(asked))])["valid"] == 1.0


# Proof


def heard(ids, logprobs=None):
    return Said("", tuple(ids), tuple(logprobs or [-0.1] * len(ids)), 1.0)


def test_the_same_tokens_agree_wholly_and_others_by_their_share():
    assert compared([heard([1, 2, 3])], [heard([1, 2, 3])], "x").holds
    found = compared([heard([1, 2, 3, 4])], [heard([1, 2, 9])], "x")
    assert (found.token_agreement, found.same_answers, found.holds) == (0.5, 0.0, False)


def test_the_same_tokens_with_other_probabilities_are_another_adapter():
    assert not compared([heard([1, 2], [-0.1, -0.1])], [heard([1, 2], [-0.9, -0.9])], "x").holds
