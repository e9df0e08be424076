"""Where nothing meets every demand, the agent says what it would have to let go, and lets go only what it may."""

import pytest

from convrec.agent.releases import dropped
from convrec.agent.state import Constraint, DialogueState
from convrec.core.predicate import Comparison, fields_of
from convrec.core.reply import Question

IMPOSSIBLE = "a western from the 1990s with Tom Hanks"
HOPELESS = "a western with Meg Ryan and Sylvester Stallone from 1930"


def talked(agent, user, *says):
    return [agent.chat(say, user_id=user) for say in says][-1]


def facts(agent, reply):
    return [agent.toolbox.catalogue.item(item.id).facts for item in reply.items]


def test_the_least_demands_to_let_go_are_offered_and_what_that_leaves_is_said(agent):
    reply = talked(agent, "offer", IMPOSSIBLE)
    assert not reply.items
    assert reply.question.options == ("Western", "with Tom Hanks", "start over")
    catalogue = agent.toolbox.catalogue
    left = sum(1990 <= f["year"] <= 1999 and "Tom Hanks" in f["cast"] for f in (catalogue.item(row).facts for row in range(len(catalogue))) if "year" in f and "cast" in f)  # fmt: skip
    assert f"{left} films" in reply.text


@pytest.mark.parametrize(
    ("answer", "gone"),
    [("yes", "Western"), ("you choose", "Western"), ("with Tom Hanks", "with Tom Hanks"), ("drop Tom Hanks, please", "with Tom Hanks"), ("the western can go", "Western")],
)  # fmt: skip
def test_what_was_let_go_is_said_and_all_else_still_holds(agent, answer, gone):
    reply = talked(agent, f"answer {answer}", IMPOSSIBLE, answer)
    assert gone in reply.text.split("\n")[0]
    assert reply.items
    for fact in facts(agent, reply):
        assert 1990 <= fact["year"] <= 1999
        assert ("Tom Hanks" in fact["cast"]) if gone == "Western" else ("Western" in fact["genres"])


def test_where_one_is_not_enough_the_smallest_sets_are_offered_whole(agent):
    reply = talked(agent, "sets", HOPELESS)
    assert "with Meg Ryan or with Sylvester Stallone and from 1930" in reply.question.options
    after = talked(agent, "sets", reply.question.options[0])
    assert after.items
    assert all("Western" in fact["genres"] for fact in facts(agent, after))


def test_nothing_is_let_go_unasked(agent):
    reply = talked(agent, "kept", IMPOSSIBLE, "hm")
    assert not reply.items
    assert talked(agent, "kept", "I want to keep the western").items == ()


def test_what_is_ruled_out_is_let_go_last(agent):
    reply = talked(agent, "ruled out", "no comedies", "a comedy with John Wayne from the 90s, no war")
    assert not reply.items
    assert not reply.question.options[0].startswith("without")


def test_an_answer_to_a_question_gives_way_to_what_a_person_says_of_themselves(agent):
    """Who is asked for a director and names one, and then asks for what that director never made, is not asked which of both to drop."""
    asked = talked(agent, "gives way", "ask me something about the director")
    assert asked.question
    facet = asked.question.facet
    assert talked(agent, "gives way", asked.question.options[0]).items
    held = agent._house.ledger.state("gives way", asked.thread_id).constraints
    assert any(c.answered and fields_of(c.predicate) == {facet} for c in held)
    after = talked(agent, "gives way", "a film with John Wayne")
    assert after.items
    assert all("John Wayne" in fact["cast"] for fact in facts(agent, after))


def test_where_all_that_an_answer_leaves_was_shown_the_answer_gives_way_and_that_is_said(agent):
    asked = talked(agent, "used up", "ask me something about the director")
    replies = [talked(agent, "used up", asked.question.options[0])]
    held = answered(agent, "used up", asked.thread_id)
    while answered(agent, "used up", asked.thread_id):
        replies.append(talked(agent, "used up", "more please, and no questions"))
        assert len(replies) < 20
    assert all(c.label in replies[-1].text.split("\n")[0] for c in held)
    shown = [item.id for reply in replies for item in reply.items]
    assert len(replies) > 2
    assert len(shown) == len(set(shown))


def answered(agent, user, thread):
    return [c for c in agent._house.ledger.state(user, thread).constraints if c.answered]


def constraint(label, turn=1):
    return Constraint(predicate=Comparison(field="genres", op="contains", value=label), label=label, turn=turn)


def asked(*options):
    question = Question(facet="constraint", text="?", options=(*options, "start over"))
    return DialogueState(
        question=question, constraints=(constraint("Action"), constraint("Action or War"), constraint("Noir"))
    )


@pytest.mark.parametrize(
    ("answer", "gone"),
    [("Noir", ["Noir"]), ("Action or War", ["Action or War"]), ("both", []), ("whatever", ["Action or War", "Noir"]), ("start over", []), ("I need noir", []), ("", [])],
)  # fmt: skip
def test_an_answer_names_the_demands_of_one_option(answer, gone):
    assert [c.label for c in dropped(asked("Action or War and Noir", "Noir"), answer)] == gone
