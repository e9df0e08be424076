"""What is so or not (bool fields) is heard by the field's name, and said again in words."""

import pytest

from convrec.agent.wording import demand, request_words
from convrec.core.predicate import parse_predicate


def flags(listener, said):
    heard = listener.hear(said)
    return [(p.facet, p.polarity) for p in heard.preferences if p.value == "true"]


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("hardy shrubs, please", [("hardy", 1)]),
        ("pet-safe ones", [("pet_safe", 1)]),
        ("something safe for pets", [("pet_safe", 1)]),
        ("she's got two cats so it needs to be safe for them", [("pet_safe", 1)]),
        ("we have a dog, is anything harmless to him?", [("pet_safe", 1)]),
        ("something that won't poison the dog", [("pet_safe", 1)]),
        ("a present for my mum, safe for her", []),
        ("nothing hardy", [("hardy", -1)]),
        ("hardy and pet safe perennials under 12 euros", [("hardy", 1), ("pet_safe", 1)]),
        ("hardly any water", []),
        ("a safe choice", []),
        ("the kitten nibbles on all my flowers", [("pet_safe", 1)]),
        ("and I have a dog that will eat everything", [("pet_safe", 1)]),
        ("we share the flat with a rabbit, he gets into the pots", []),
        ("my cat never eats flowers", []),
        ("I eat everything and so does my dog", []),
        ("our dog eats his dinner under the roses", []),
    ],
)
def test_a_flag_is_heard_by_its_name(on_plants, said, expected):
    assert sorted(flags(on_plants, said)) == sorted(expected)


def test_a_flag_that_is_demanded_filters(on_plants):
    kept = on_plants.kept("hardy shrubs, please")
    assert kept
    assert all(on_plants.catalogue.item(row).facts["hardy"] is True for row in kept)


def test_a_flag_is_said_in_its_own_words(on_plants):
    schema = on_plants.catalogue.schema
    hardy = parse_predicate({"field": "hardy", "op": "eq", "value": True})
    shrub = parse_predicate({"field": "type", "op": "eq", "value": "Shrub"})
    assert demand(hardy, schema) == "hardy"
    assert demand(parse_predicate({"op": "not", "arg": hardy.model_dump()}), schema) == "not hardy"
    assert request_words([shrub, hardy], schema) == f"hardy Shrub {schema.nouns}"
