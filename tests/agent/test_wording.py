"""Words: sentences that don't begin alike, the right number and case, one place for all of them."""

import re
from string import Formatter

import pytest

from convrec.agent.answers import fact_words
from convrec.agent.lines import _beginning
from convrec.agent.messages import Voice, catalogue, openings
from convrec.agent.wording import after_noun, demand, fact_met, order_words, request_words, small
from convrec.catalogue.schema import TITLE, Field, Schema
from convrec.core.predicate import parse_predicate

FILMS = Schema(
    fields=(
        TITLE,
        Field(name="year", type="number"),
        Field(name="genres", type="tags"),
        Field(name="cast", type="tags"),
        Field(name="director", type="tags"),
    ),
    noun="film",
    nouns="films",
)


def has(field, value):
    return {"field": field, "op": "contains", "value": value}


def asked(*documents):
    return [parse_predicate(document) for document in documents]


@pytest.mark.parametrize(
    "name",
    [name for name, variants in catalogue().items() if len(variants) > 1 and name not in ("numbers", "capitals")],
)
def test_variants_of_a_message_begin_differently_and_fill_the_same_slots(name):
    variants = catalogue()[name]
    begun = [openings(variant)[0] for variant in variants if not variant.startswith("{")]
    assert len(set(begun)) == len(begun)


def test_a_voice_says_what_was_heard_least_lately_and_the_same_with_the_same_seed():
    said = []
    for _ in range(len(catalogue()["rejected"])):
        voice = Voice("seed", said)
        text = voice.say("rejected")
        assert text == Voice("seed", said).say("rejected")
        assert openings(text)[0] not in said
        said += voice.spoken
    assert openings(Voice("other", said).say("rejected"))[0] == said[0]


def test_every_message_can_be_filled_with_slots_that_code_knows():
    known = set(
        "a_noun all are audience count day demand facet facts first high kept known left low memory met new noun nouns options other_kinds others reason request requests "
        "shared taste terms these title titles value wanted wish order".split()
    )
    used = {
        slot
        for variants in catalogue().values()
        for one in variants
        for _, slot, _, _ in Formatter().parse(one)
        if slot
    }
    assert used <= known


@pytest.mark.parametrize(
    ("kind", "said"),
    [("Western", "western"), ("Science Fiction", "science fiction"), ("Sci-Fi", "sci-fi"), ("Italian", "Italian"), ("Tex-Mex", "Tex-Mex"), ("RPG", "RPG"), ("J-Pop", "j-pop"), ("British Comedy", "British comedy")],
)  # fmt: skip
def test_kinds_are_small_within_a_sentence_but_names_of_peoples_are_not(kind, said):
    assert small(kind) == said


def test_a_request_reads_as_a_person_would_say_it():
    said = asked(
        {"op": "not", "arg": has("director", "Alfred Hitchcock")}, has("genres", "Noir"), has("cast", "Tom Hanks"), has("cast", "Meg Ryan"),
        {"field": "year", "op": "between", "value": [1990, 1999]}, {"op": "not", "arg": has("genres", "War")}, {"op": "not", "arg": has("cast", "Tom Cruise")},
    )  # fmt: skip
    text = request_words(said, FILMS, small)
    assert (
        text
        == "noir films with Tom Hanks and Meg Ryan from the 1990s not directed by Alfred Hitchcock without war or Tom Cruise"
    )
    assert after_noun(said[1:2], FILMS) == ""
    nameless = asked(
        {"op": "not", "arg": {"field": "title", "op": "text", "value": "robot"}},
        {"op": "not", "arg": has("genres", "War")},
    )
    assert request_words(nameless, FILMS, small) == "films without war or “robot” in the title"


@pytest.mark.parametrize(
    ("demands", "said"),
    [
        ([has("tags", "crime"), {"field": "price", "op": "lt", "value": 10}], "tagged crime with a price under 10"),
        ([{"field": "price", "op": "le", "value": 20}, {"field": "players", "op": "between", "value": [2, 4]}], "with a price of up to 20 and 2 to 4 players"),
        ([{"field": "age", "op": "ge", "value": 12}], "with an age of at least 12"),
        ([{"field": "players", "op": "eq", "value": 2}], "with 2 players"),
        ([{"field": "tags", "op": "contains_any", "value": ["crime", "noir"]}, {"field": "price", "op": "gt", "value": 5}], "tagged crime or noir with a price over 5"),
        ([{"op": "not", "arg": {"field": "price", "op": "gt", "value": 5}}], "without a price over 5"),
    ],
)  # fmt: skip
def test_amounts_are_said_of_what_is_counted_and_of_what_has_one(demands, said):
    fields = [("tags", "tags"), ("price", "number"), ("players", "number"), ("age", "number")]
    shop = Schema(fields=(TITLE, *(Field(name=name, type=kind) for name, kind in fields)))
    assert after_noun(asked(*demands), shop) == said


@pytest.mark.parametrize(
    ("currency", "number", "said"),
    [("€", 49.9, "with a price of €49.90"), ("€", 20, "with a price of €20"), ("CHF", 1249.5, "with a price of CHF 1249.50"), ("", 49.9, "with a price of 49.9"),
     ("$", 1_500_000, "with a price of $1500000")],
)  # fmt: skip
def test_a_price_is_said_in_its_currency(currency, number, said):
    price = Field(name="price", type="number", currency=currency)
    assert fact_met(price, number) == said
    assert fact_words(price, number) == said.replace("with a price of", "price")
    under = parse_predicate({"field": "price", "op": "lt", "value": number})
    assert demand(under, Schema(fields=(TITLE, price))) == said.replace(" of ", " under ")


def test_a_range_of_people_is_for_them():
    schema = Schema(
        fields=(TITLE, Field(name="players", type="range"), Field(name="price", type="number")), nouns="games"
    )
    four, many = ({"field": "players", "op": op, "value": 4} for op in ("eq", "ge"))
    cheap = {"field": "price", "op": "lt", "value": 10}
    assert request_words(asked(four, cheap), schema) == "games for 4 players with a price under 10"
    assert request_words(asked(many), schema) == "games for at least 4 players"
    assert request_words(asked({"op": "not", "arg": four}), schema) == "games not for 4 players"
    assert fact_met(schema.fields[1], "3-6") == "for 3-6 players"


def test_a_length_is_said_in_its_unit():
    schema = Schema(fields=(TITLE, Field(name="Playing time (min)", type="number")))
    said = asked(
        *(
            {"field": "Playing time (min)", "op": op, "value": value}
            for op, value in (("lt", 60), ("between", [30, 45]))
        )
    )
    assert [demand(one, schema) for one in said] == [
        "with a playing time under 60 min",
        "with a playing time between 30 and 45 min",
    ]
    assert fact_words(schema.fields[1], 90.0) == "playing time 90 min"


@pytest.mark.parametrize(
    ("field", "descending", "said"),
    [
        (Field(name="year", type="number"), True, "newest first"),
        (Field(name="price", type="number", currency="€"), False, "cheapest first"),
        (Field(name="rating", type="number"), True, "highest rating first"),
        (Field(name="players", type="range"), False, "fewest players first"),
    ],
)
def test_an_order_is_said_as_people_say_it(field, descending, said):
    assert order_words(field, descending) == said


@pytest.mark.parametrize(
    ("name", "said"),
    [("subjects", "crime books"), ("tags", "books tagged crime"), ("platforms", "books with platform crime"), ("features", "books with crime")],
)  # fmt: skip
def test_a_tag_is_tied_to_an_item_by_what_it_is_of(name, said):
    shop = Schema(fields=(TITLE, Field(name=name, type="tags")), nouns="books")
    assert request_words(asked(has(name, "crime")), shop) == said


def test_a_tag_is_ruled_out_in_words_that_read():
    shop = Schema(fields=(TITLE, Field(name="tags", type="tags")), nouns="books")
    assert request_words(asked({"op": "not", "arg": has("tags", "crime")}), shop) == "books not tagged crime"


@pytest.mark.parametrize(
    ("text", "begun"),
    [
        ("A cop hunts a careful thief in Los Angeles. They meet once.", "A cop hunts a careful thief in Los Angeles"),
        ("A cop hunts a careful thief in Los Angeles; tense and long.", "A cop hunts a careful thief in Los Angeles"),
        ("Wax on, wax off. A janitor teaches a bullied boy to fight.", "Wax on, wax off. A janitor teaches a bullied boy to fight."),
        ("Beethoven, the St. Bernard dog, becomes a father of puppies.", "Beethoven, the St. Bernard dog, becomes a father of puppies."),
        ("Is the man who keeps her a captor? Nobody knows.", "Is the man who keeps her a captor?"),
        (" ".join(["word"] * 60), ""),
    ],
)  # fmt: skip
def test_a_text_is_quoted_up_to_where_its_first_thought_ends(text, begun):
    assert _beginning(text) == begun


def conversation(agent, user):
    says = [
        "a western with John Wayne",
        "more",
        "from the 60s",
        "no war films",
        "something else",
        "older",
        "why the second?",
        "more please",
    ]
    return [agent.chat(say, user_id=user).text for say in says]


def test_a_conversation_hardly_repeats_how_its_sentences_begin_and_says_the_same_when_held_again(agent):
    texts = conversation(agent, "words one")
    prose = [line for text in texts for line in text.splitlines() if not re.match(r"\d+\. |- ", line)]
    begun = [opening for line in prose for opening in openings(line)]
    assert len(begun) - len(set(begun)) <= 0.1 * len(begun)
    assert texts == conversation(agent, "words two")


def test_what_still_holds_and_what_is_new_are_both_said(agent):
    first, second = [
        agent.chat(say, user_id="words three").text.split("\n")[0] for say in ("a western", "no war films")
    ]
    assert "western" in first
    assert "western" in second
    assert "without war" in second
