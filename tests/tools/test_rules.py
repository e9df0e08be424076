"""Business rules move, narrow and pin, and never let in what a person rules out."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convrec.core.errors import InputError, PredicateError
from convrec.core.predicate import Comparison
from convrec.core.settings import Ranking, Rule, load_settings
from convrec.tools.rules import Asked, Rules

SEA, LAND = (
    Comparison(field="genres", op="contains", value="Sea"),
    Comparison(field="genres", op="contains", value="Land"),
)


class Shelf:
    """A catalogue of ten items, `i0` … `i9`, even ones at sea and odd ones on land."""

    ids = tuple(f"i{number}" for number in range(10))

    def __len__(self):
        return len(self.ids)

    def row(self, item_id):
        return self.ids.index(item_id) if item_id in self.ids else None

    def rows(self, item_ids):
        return np.array([self.ids.index(one) if one in self.ids else -1 for one in item_ids], np.int64)

    def mask(self, predicate):
        if predicate is None:
            return np.ones(10, np.bool_)
        if predicate.field != "genres":
            raise PredicateError(f"There is no field `{predicate.field}`.", "Did you mean `genres`?")
        return np.arange(10) % 2 == (predicate.value == "Land")


def opened(*rules):
    return Rules.open(rules, Shelf())


def order(rules, scores, allowed=None, asked=None):
    """The rows from the best down, with the rules' parts added, pinned ones among the candidates."""
    allowed = np.ones(10, np.bool_) if allowed is None else allowed
    asked = asked or Asked(allowed)
    rows = np.flatnonzero(rules.offered(allowed))
    parts = rules.parts(rows, scores[rows], allowed, asked)
    total = scores[rows] + sum(parts.values(), np.zeros(len(rows)))
    return rows[np.argsort(-total, kind="stable")].tolist()


FALLING = np.arange(10, 0, -1) / 10


def test_pinned_items_stand_first_in_their_order():
    assert order(opened(Rule(pin=("i7", "i3"))), FALLING)[:3] == [7, 3, 0]


def test_an_item_pinned_twice_keeps_its_first_place():
    assert order(opened(Rule(pin=("i7", "i3")), Rule(pin=("i9", "i7"), name="late")), FALLING)[:4] == [7, 3, 9, 0]


def test_a_filter_leaves_only_what_satisfies_it():
    assert set(order(opened(Rule(filter=SEA)), FALLING)) == {0, 2, 4, 6, 8}


def test_two_filters_must_both_hold():
    assert order(opened(Rule(filter=SEA), Rule(filter=LAND, name="dry")), FALLING) == []


def test_a_full_boost_lifts_the_worst_to_the_best_and_a_full_bury_undoes_it():
    assert order(opened(Rule(boost=("i9",), amount=1.0)), FALLING)[:2] == [0, 9]
    assert order(opened(Rule(boost=LAND, amount=1.0), Rule(bury=LAND, amount=1.0)), FALLING) == list(range(10))


def test_a_bury_moves_down_by_its_share_of_the_spread():
    assert order(opened(Rule(bury=("i0",), amount=0.35)), FALLING)[:5] == [1, 2, 3, 0, 4]


def test_when_holds_where_such_items_alone_are_demanded_or_wished_for():
    rules, all_, sea = opened(Rule(pin=("i8",), when=SEA)), np.ones(10, np.bool_), Shelf().mask(SEA)
    assert order(rules, FALLING)[0] == 0
    assert order(rules, FALLING, sea)[:2] == [8, 0]
    assert order(rules, FALLING, all_, Asked(all_, (sea,)))[0] == 8
    assert order(rules, FALLING, all_, Asked(all_, (~sea,)))[0] == 0
    assert order(rules, FALLING, all_, Asked(all_, (np.zeros(10, np.bool_),)))[0] == 0


masks = st.lists(st.booleans(), min_size=10, max_size=10).map(lambda bits: np.array(bits, np.bool_))
some = st.one_of(st.sampled_from([SEA, LAND]), st.lists(st.sampled_from(Shelf.ids), min_size=1, max_size=3).map(tuple))
any_rule = st.one_of(
    st.builds(Rule, filter=st.sampled_from([SEA, LAND])),
    st.builds(Rule, pin=st.lists(st.sampled_from([*Shelf.ids, "gone"]), min_size=1, max_size=4).map(tuple)),
    st.builds(Rule, boost=some, amount=st.floats(0.01, 1.0), when=st.sampled_from([None, SEA])),
    st.builds(Rule, bury=some, amount=st.floats(0.01, 1.0)),
)


@given(st.lists(any_rule, max_size=4), masks, st.lists(st.floats(-5, 5), min_size=10, max_size=10))
def test_no_rule_lets_in_what_is_not_allowed(rules, allowed, scores):
    bound, scores = opened(*rules), np.array(scores)
    pinned = bound.pinned(allowed, Asked(allowed)).tolist()
    ranked = order(bound, scores, allowed)
    assert all(allowed[row] for row in ranked)
    assert ranked[: len(pinned)] == pinned
    for part in bound.parts(np.arange(10), scores, allowed, Asked(allowed)).values():
        assert np.isfinite(part).all()


def test_without_rules_nothing_changes():
    rules = opened()
    assert rules.parts(np.arange(10), FALLING, np.ones(10, np.bool_), Asked(np.ones(10, np.bool_))) == {}
    assert rules.always is None
    assert opened(Rule(pin=("i1",))).parts(np.empty(0, np.int64), np.empty(0), ~np.ones(10, np.bool_), Asked(Shelf().mask(None))) == {}  # fmt: skip


def test_ids_that_are_not_in_the_catalogue_are_passed_over_and_told():
    rules = opened(Rule(pin=("gone", "i4")), Rule(boost=("lost",)))
    assert rules.unknown == ("gone", "lost")
    assert order(rules, FALLING)[0] == 4


def test_an_unknown_field_is_an_error_that_names_field_and_rule():
    with pytest.raises(PredicateError, match=r"rule 'cheap'.*`pirce`.*Did you mean"):
        opened(Rule(boost=Comparison(field="pirce", op="lt", value=3), name="cheap"))


def test_rules_are_called_apart():
    with pytest.raises(InputError, match="sale"):
        opened(Rule(pin=("i1",), name="sale"), Rule(boost=LAND, name="sale"))


def test_rules_are_read_from_the_settings_file_and_the_environment(tmp_path):
    path = tmp_path / "convrec.toml"
    path.write_text(
        '[[ranking.rules]]\nfilter = {field = "genres", op = "contains", value = "Sea"}\n'
        '[[ranking.rules]]\npin = ["i3"]\nname = "week"\nsay = "film of the week"\n'
    )
    ranking = load_settings(path, {}).ranking
    assert [rule.kind for rule in ranking.rules] == ["filter", "pin"]
    assert [one.say for one in Rules.open(ranking.rules, Shelf()).bound][1] == "film of the week"
    laid_over = load_settings(path, {"CONVREC_RANKING_RULES": '[{"bury": ["i1"], "amount": 0.5}]'}).ranking
    assert laid_over == Ranking(rules=(Rule(bury=("i1",), amount=0.5),))


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ('pin = ["a"]\nboost = ["b"]', "one of filter, pin, bury, boost"),
        ("amount = 0.5", "one of filter, pin, bury, boost"),
        ('bost = ["a"]', "ranking.rules.0.bost"),
        ('boost = ["a"]\namount = 2.0', "ranking.rules.0.amount"),
        ('boost = {field = "year", op = "bigger", value = 3}', "ranking.rules.0.boost"),
        ('filter = {field = "a", op = "eq", value = "b"}\nwhen = {field = "a", op = "eq", value = "b"}', "always on"),
    ],
)
def test_a_rule_that_is_none_is_refused_by_name(tmp_path, text, named):
    path = tmp_path / "convrec.toml"
    path.write_text(f"[[ranking.rules]]\n{text}\n")
    with pytest.raises(InputError, match=named):
        load_settings(path, {})
