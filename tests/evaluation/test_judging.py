"""Sheets hide who said what, keys find it again, and the figures are those that can be worked out by hand."""

from itertools import pairwise

import pytest

from convrec.core.errors import InputError
from convrec.evaluation.judging import (
    Said,
    Score,
    agreement,
    alpha,
    cases,
    prose,
    repeated,
    rows,
    scores,
    sheet,
    summary,
)


def talk(*turns):
    return [Said(who == "s", text, names) for who, text, names in turns]


DIALOGUES = {
    f"d{number}": talk(("o", "hi", False), ("s", "I loved Heat", True), ("o", "try Ronin", True))
    for number in range(10)
} | {
    "shy": talk(("s", "hi", False), ("o", "try Ronin", True)),
    "talk": talk(("s", "I loved Heat", True), ("o", "nice", False)),
}


def test_only_turns_that_answer_a_taste_with_an_item_are_picked_one_a_dialogue_and_evenly():
    found = cases(DIALOGUES, 5, seed=3)
    assert [case.answer for case in found] == ["try Ronin"] * 5
    assert len({case.dialogue for case in found}) == 5
    places = [sorted(DIALOGUES).index(case.dialogue) for case in found]
    assert {late - early for early, late in pairwise(places)} == {2}
    assert found == cases(DIALOGUES, 5, seed=3)


def test_the_key_finds_each_reply_again_and_the_sheet_names_no_system():
    found = cases(DIALOGUES, 10, seed=0)
    replies = [{"agent": f"a {case.dialogue}", "person": f"p {case.dialogue}"} for case in found]
    text, key = sheet(found, replies, seed=0)
    assert "agent" not in text
    assert len({tuple(row[1:]) for row in key.values()}) == 2  # the order is not always the same
    judged = "".join(
        f"{n},{letter},{5 if system == 'agent' else 1},3,3\n"
        for n, row in key.items()
        for letter, system in zip("AB", row[1:], strict=True)
    )
    read = scores(judged, key, "one")
    assert {(score.system, score.helpful) for score in read} == {("agent", 5), ("person", 1)}
    assert any(line.startswith("agent against person: better in 10, worse in 0") for line in summary(read))
    assert "Ronin" not in rows(read)


@pytest.mark.parametrize(
    "text", ["1,A,3,3,3", "1,A,3,3,3\n1,A,3,3,3\n1,B,1,1,1", "1,A,6,3,3\n1,B,1,1,1", "1,A,3,3,3\n1,C,1,1,1", "nonsense"]
)
def test_a_sheet_that_is_not_judged_once_and_whole_is_refused(text):
    with pytest.raises(InputError):
        scores(text, {"1": ["d", "agent", "person"]}, "one")


def test_agreement_is_one_when_all_judge_alike_and_below_nought_when_they_judge_the_other_way_round():
    assert alpha([[1, 1], [5, 5], [3, 3]]) == 1.0
    assert alpha([[1, 5], [5, 1]]) < 0
    assert alpha([[1, 2], [4, 4], [2, 2]]) == pytest.approx(1 - (2 / 6) / (90 / 30))


def test_judges_are_compared_by_what_both_judged():
    found = [Score(d, "agent", judge, helpful, 3, 3) for d, helpful in (("a", 1), ("b", 5)) for judge in ("one", "two")]
    assert agreement(found)["helpful"] == 1.0
    assert agreement(found[:1]) == {}


def test_openings_are_counted_within_a_conversation_and_without_its_lists():
    assert prose("How about these?\n\n1. **Heat** (1995): How about.\n- a line\n\nHow about more?") == [
        "how about",
        "how about",
    ]
    assert repeated([["Here are two:", "Here are three:"], ["Here are two:"]]) == (1, 3)
