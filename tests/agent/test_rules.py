"""What the house's rules do to a slate is said as a reason, and a rule that cannot be kept is refused at the door."""

import shutil
from dataclasses import replace

import pytest

from convrec.agent import Agent
from convrec.agent.reasons import Ground, reasons
from convrec.agent.request import Wanted
from convrec.core.errors import PredicateError
from convrec.core.predicate import Comparison
from convrec.core.reply import ReplyItem
from convrec.core.settings import Rule
from convrec.tools.rules import Rules
from convrec.tools.toolbox import Request

OLD = Comparison(field="year", op="lt", value=2030)


def ruled(shop, *rules, **amounts):
    """The reasons of the best film when the rules `rule:<name>` have added such amounts to its score."""
    toolbox = shop.toolbox
    request = Request(text="a film", filter=OLD)
    best = toolbox.recommend(request).items[0]
    added = {f"rule:{name}": amount for name, amount in amounts.items()}
    best = replace(best, score=best.score + sum(added.values()), contributions={**best.contributions, **added})
    bound = Rules.open(rules, toolbox.catalogue)
    ground = Ground(toolbox.catalogue, Wanted(request, {}, (OLD,)), {}, "t1", 1, bound, frozenset())
    return best, reasons(best, toolbox.explain(request, best.id), ground)


def test_every_rule_is_a_reason_and_the_weights_still_sum_to_the_score(shop):
    best, said = ruled(
        shop, Rule(filter=OLD, say="in the archive"), Rule(pin=("x",), name="week", say="film of the week"),
        Rule(bury=OLD, name="late"), Rule(boost=OLD, name="idle"), week=0.75, late=-0.25,
    )  # fmt: skip
    constraints = {reason.text: reason.weight for reason in said if reason.kind == "constraint"}
    assert constraints["in the archive"] == 0.0
    assert constraints["film of the week"] == 0.75
    assert constraints["moved down by the shop"] == -0.25
    assert "favoured by the shop" not in constraints
    assert sum(reason.weight for reason in said) == pytest.approx(best.score, abs=1e-9)
    assert {"source": "tool:rules", "value": "week"} in [e.model_dump() for reason in said for e in reason.evidence]


def test_a_lifted_item_says_so_in_words(shop):
    best, said = ruled(shop, Rule(pin=("x",), name="week"), Rule(bury=OLD, name="late"), week=0.75, late=-0.25)
    item = ReplyItem(id=best.id, title="", rank=1, score=best.score, confidence=1.0, reasons=said)
    clauses = shop._house.realiser.clauses(item)
    assert "picked by the shop" in clauses
    assert "moved down by the shop" not in clauses


def test_an_agent_does_not_open_with_a_rule_about_an_unknown_field(fitted_films, tmp_path):
    root = tmp_path / "ruled"
    shutil.copytree(fitted_films, root)
    (root / "convrec.toml").write_text('[[ranking.rules]]\nboost = {field = "yaer", op = "lt", value = 1990}\n')
    with pytest.raises(PredicateError, match=r"`yaer`.*`year`"):
        Agent.open(root)
