"""What the grammar promises: quotes stand in the message, predicates and understandings are the product's own, splits hold."""

import json
from random import Random
from typing import get_args

import pytest

from convrec.core.predicate import fields_of, parse_predicate
from convrec.core.understanding import Act, Understanding
from convrec.finetune.grammar.domains import domains
from convrec.finetune.grammar.draft import ACTS
from convrec.finetune.grammar.mixture import TASKS, Source
from convrec.finetune.grammar.names import Names, held_out
from convrec.finetune.grammar.plans import decide, draw_situation
from convrec.finetune.grammar.spans import restored
from convrec.finetune.grammar.understand import write_catalogue, write_turn
from convrec.finetune.grammar.wording import Wording, is_held_out, templates

NAMES = Names()


@pytest.fixture(scope="module", params=[("train", False), ("heldout", False), ("train", True)], ids=str)
def turns(request):
    split, other_domains = request.param
    rng, wording = Random(f"{request.param}"), Wording(split)
    views = [write_catalogue(rng, NAMES, held_out=other_domains) for _ in range(700)]
    return [(view, write_turn(rng, view, NAMES, wording)) for view in views]


def test_every_quote_stands_in_its_message(turns):
    for _, turn in turns:
        for entry in (*turn.answer["preferences"], *turn.answer["references"]):
            assert entry["quote"], turn
            assert entry["quote"] in turn.message, turn


def test_no_mark_of_the_making_is_left_in_a_message(turns):
    for _, turn in turns:
        assert not set(turn.prompt) & set("\x00\x01\x02\x03{}")


def test_filters_are_predicates_over_the_schema(turns):
    for view, turn in turns:
        if turn.answer["filter"] is not None:
            predicate = parse_predicate(json.loads(json.dumps(turn.answer["filter"])))
            assert fields_of(predicate) <= {facet.name for facet in view.facets}


def test_answers_are_understandings_once_quotes_are_spans(turns):
    for view, turn in turns:
        heard = Understanding.model_validate(restored(turn.answer, turn.message))
        for preference, entry in zip(heard.preferences, turn.answer["preferences"], strict=True):
            start, end = preference.span
            assert turn.message[start:end] == entry["quote"]
            assert preference.facet in {"item", "text", *(facet.name for facet in view.facets)}


def test_pointed_items_were_shown(turns):
    for _, turn in turns:
        shown = {item.id for item in turn.context.shown}
        assert {item for ref in turn.answer["references"] for item in ref["item_ids"]} <= shown


def test_the_acts_are_the_products_own():
    assert get_args(Act) == ACTS


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("split", ["train", "heldout"])
def test_the_same_seed_gives_the_same_examples(task, split):
    source = Source(NAMES, Wording(split))
    assert [source.write(Random(5), task) for _ in range(5)] == [source.write(Random(5), task) for _ in range(5)]


def test_training_never_uses_a_template_that_is_kept_for_measuring():
    rng = Random(3)
    for group in templates():
        kept = {template for template in templates()[group] if is_held_out(group, template)}
        assert not {Wording().choose(rng, group) for _ in range(300)} & kept
        if kept:
            assert {Wording("heldout").choose(rng, group) for _ in range(300)} == kept


def test_at_least_a_tenth_of_the_large_groups_is_kept_and_three_domains_are():
    large = [(group, lines) for group, lines in templates().items() if len(lines) >= 20]
    kept = sum(is_held_out(group, line) for group, lines in large for line in lines)
    assert kept / sum(len(lines) for _, lines in large) > 0.1
    assert len(domains(held_out=True)) == 3
    assert len(domains()) >= 14


def test_held_out_names_are_about_a_tenth():
    assert 50 < sum(held_out(f"Title {number}") for number in range(1000)) < 160


def test_a_plan_calls_only_tools_that_there_are_with_their_arguments():
    arguments = {
        "search_items": {"query", "filter", "k"}, "recommend": {"query", "history", "disliked", "filter", "exclude", "k"},
        "similar_items": {"item_id", "filter", "k"}, "get_item": {"item_id"}, "compare_items": {"item_ids"},
    }  # fmt: skip
    rng = Random(9)
    actions = set()
    for _ in range(600):
        plan = decide(draw_situation(rng, write_catalogue(rng, NAMES), NAMES, Wording()))
        actions.add(plan["action"])
        for call in plan["tool calls"]:
            assert set(call["arguments"]) <= arguments[call["tool"]]
    assert actions == {"recommend", "ask", "answer", "compare", "explain", "edit", "forget", "chat"}


def test_explanations_name_facts_and_items_by_slots_only():
    rng, source = Random(4), Source(NAMES, Wording())
    for _ in range(200):
        chat = source.write(rng, "explain", turns=1)
        prompt, reply = chat[-2][1], chat[-1][1]
        titles = [line.split("] ", 1)[1].split(";")[0] for line in prompt.splitlines() if line.startswith("[")]
        assert all(
            f"[[item:{line[1:].split(']')[0]}]]" in reply for line in prompt.splitlines() if line.startswith("[")
        )
        assert not [title for title in titles if len(title.split()) > 2 and title in reply]
