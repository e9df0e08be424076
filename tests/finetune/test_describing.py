"""What weighing descriptions promises: folds share no item, known weights are found again."""

from datetime import UTC, datetime

import numpy as np
import pytest

from convrec.agent.compact.fields import fields_of
from convrec.agent.describing.likeness import SIGNALS
from convrec.agent.describing.phrase import Phrase
from convrec.agent.describing.resolver import Resolver
from convrec.catalogue.schema import TITLE, Field, Schema
from convrec.core.clock import FixedClock
from convrec.evaluation.understanding.workspaces import cached
from convrec.finetune.describing.heldout import accuracies, held, weights_of
from convrec.finetune.describing.questions import FOLDS, Question, dealt, taught
from convrec.finetune.describing.weigh import any_of, counts_of, tables

N = 30
TOPICS = ("piano", "mule", "spaceship", "lighthouse", "sheriff", "violin", "submarine", "orchard", "glacier", "tavern")
SCHEMA = Schema(fields=(TITLE, Field(name="about", type="text")))


@pytest.fixture(scope="module")
def fields(tmp_path_factory):
    """Thirty items; item n is about topic n of ten, so three are about each."""
    rows = [
        {"id": str(n), "title": f"Title {n}", "about": f"A story of the {TOPICS[n % 10]}. It has {n + 30} pages."}
        for n in range(N)
    ]
    clock = FixedClock(datetime(2026, 1, 5, 12, tzinfo=UTC))
    return fields_of(cached(tmp_path_factory.mktemp("taught"), "topics", rows, SCHEMA, clock))


def asked(first, second):
    """A question about two items, described by the first one's topic, once the other way round."""
    said = (Phrase(f"the one with the {TOPICS[first % 10]}"), Phrase(f"the {TOPICS[second % 10]}", turned_down=True))
    return Question("stories", (first, second), 0, said)


QUESTIONS = [asked(n, n + 1) for n in range(N - 1)]


def test_what_is_learnt_from_shares_no_item_with_what_is_held_out():
    fold = dealt(QUESTIONS)
    assert max(map(fold.count, range(FOLDS))) - min(map(fold.count, range(FOLDS))) <= 1
    for number in range(FOLDS):
        known = taught(QUESTIONS, fold, number)
        rows = {row for place in known for row in QUESTIONS[place].rows}
        assert not rows & {row for place, each in enumerate(fold) if each == number for row in QUESTIONS[place].rows}
        assert len(known) >= 0.6 * N


def test_questions_that_share_items_stay_together_where_they_can():
    fold = dealt([asked(2 * n, 2 * n + 1) for n in range(5)] * 2)
    assert [fold[n] == fold[n + 5] for n in range(5)] == [True] * 5


def test_what_signals_count_is_found_again():
    drawn = np.random.default_rng(0)
    leads = drawn.normal(size=(20_000, len(SIGNALS)))
    truth = np.linspace(-1, 1, len(SIGNALS))
    right = drawn.random(20_000) < 1 / (1 + np.exp(-leads @ truth))
    assert counts_of(leads * np.where(right, 1, -1)[:, None]) == pytest.approx(truth, abs=0.08)


def test_a_rule_that_was_never_seen_keeps_what_it_counts_by_its_words():
    counts = dict(zip(SIGNALS, counts_of(np.zeros((10, len(SIGNALS)))), strict=True))
    assert counts["longer_or_shorter"] == pytest.approx(3)
    assert counts["shared"] == pytest.approx(0)


def test_the_chance_that_any_item_is_meant_rises_with_how_well_the_best_one_fits():
    fits = np.array([0.0, 1.0, 2.0, 3.0, 4.0, 5.0] * 20)
    slope, start = any_of(fits, np.tile([False, False, True, False, True, True], 20))
    assert slope > 0
    assert slope * 5 + start > 0 > start


def test_tables_hold_the_items_asked_about_or_none_of_them():
    laid = tables((3, 4), range(20), 5, np.random.default_rng(0))
    assert [({3, 4} <= set(rows), bool({3, 4} & set(rows)), there) for rows, there in laid] == [
        (True, True, True), (True, True, True), (False, False, False), (False, False, False),
    ]  # fmt: skip
    assert [len(rows) for rows, _ in laid] == [2, 5, 2, 5]


def test_shared_words_are_enough_for_these_questions(fields):
    plain, fold = Resolver(fields), dealt(QUESTIONS)
    found = held(plain, plain, QUESTIONS, range(len(QUESTIONS)))
    assert accuracies(found, QUESTIONS, fold, len(SIGNALS)) == {"stories": 1.0, "all": 1.0}
    weights = weights_of(found)
    width = len(SIGNALS)
    assert {name: len(values) for name, values in weights.items()} == {f"signals_{width}": width, "any": 2}
