"""What is learned about asking is what simulated people were seen to do."""

from types import SimpleNamespace

import pytest

from convrec.agent.learned import KINDS, learned
from convrec.evaluation.sessions.learning import Answer, counted, sharpest

START = learned().model_copy(update={"answered": dict.fromkeys(KINDS, 0.5), "shrugged": dict.fromkeys(KINDS, 0.5)})


def test_how_likely_a_kind_of_question_is_answered_is_its_share_with_two_cases_at_the_start_s_rate():
    seen = [Answer("kind", False, True)] * 7 + [Answer("kind", False, False)] + [Answer("person", True, False)] * 8
    answered, shrugged = counted(seen, START)
    assert answered["kind"] == pytest.approx((7 + 1) / 10)
    assert shrugged["person"] == pytest.approx((0 + 1) / 10)


def test_what_nobody_was_asked_stays_as_it_was():
    answered, shrugged = counted([], START)
    assert answered == START.answered
    assert shrugged == START.shrugged


def test_confidences_are_sharpened_where_the_surest_item_is_what_is_looked_for_and_blunted_where_it_is_not(shelf):
    assert sharpest([(shelf, "sure")] * 5) == 4.0
    assert sharpest([(shelf, "doubtful")] * 5) == 0.25


@pytest.fixture
def shelf():
    """Returns an occasion with four items left, of one of which the ranker is sure."""
    from convrec.agent.elicitation import Occasion
    from convrec.agent.state import DialogueState
    from convrec.core.settings import Policy
    from convrec.tools.toolbox import Recommended

    shown = [Recommended("shown", 9, 1.0, 0.9, {})]
    found = [Recommended(name, row, 1.0, sure, {}) for row, (name, sure) in enumerate((("sure", 0.9), ("doubtful", 0.1), ("a", 0.1), ("b", 0.1)))]  # fmt: skip
    return Occasion(DialogueState(), [*shown, *found], SimpleNamespace(), Policy(slate_size=1))
