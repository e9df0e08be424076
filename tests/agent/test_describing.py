"""Which of the items on the table is meant: "the one with the piano", "not the older one", "the one that starts with a D"."""

from datetime import UTC, datetime

import numpy as np
import pytest

from convrec.agent.compact.fields import fields_of
from convrec.agent.compact.understander import Understander
from convrec.agent.describing.lines import MOST_LINES, lines_of, sentences
from convrec.agent.describing.meanings import Meanings
from convrec.agent.describing.phrase import phrase_of
from convrec.agent.describing.resolver import Resolver
from convrec.agent.describing.words import stem, telling, weight
from convrec.agent.engine import Follower
from convrec.agent.state import WHICH, DialogueState
from convrec.catalogue.schema import TITLE, Field, Schema
from convrec.core.clock import FixedClock
from convrec.core.reply import Question
from convrec.evaluation.understanding.workspaces import cached
from convrec.tools.encoder import TextEncoder

NOON = FixedClock(datetime(2026, 1, 5, 12, tzinfo=UTC))
BELLS, ROADS, DEEP = "bells", "roads", "deep"
ITEMS = [
    {"id": BELLS, "title": "Glass Bells", "year": 1962, "minutes": 95, "genre": ["Drama"], "artist": ["Ana Sol"],
     "about": "A widow moves to Lisbon and learns the piano. She keeps a cat called Plum. Her sister never forgives her."},
    {"id": ROADS, "title": "Dusty Roads", "year": 1994, "minutes": 180, "genre": ["Western"], "artist": ["Bo Lund"],
     "about": "A sheriff rides a mule through the desert. He hunts three robbers who burned his farm."},
    {"id": DEEP, "title": "Deep Field", "year": 2011, "minutes": 120, "genre": ["Science fiction"], "artist": ["The Comets"],
     "about": "A spaceship drifts beyond Neptune. The crew vote on who may sleep, and their captain counts the days."},
]  # fmt: skip
SCHEMA = Schema(fields=(
    TITLE, Field(name="year", type="number", description="the year in which it came out"), Field(name="minutes", type="number", label="length"),
    Field(name="genre", type="tags"), Field(name="artist", type="tags"), Field(name="about", type="text"),
))  # fmt: skip


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory):
    return cached(tmp_path_factory.mktemp("described"), "three", ITEMS, SCHEMA, NOON)


@pytest.fixture(scope="module")
def understander(catalogue):
    return Understander(catalogue, NOON)


def asked(*items):
    """A thread in which "which of these do you mean?" was just asked."""
    titles = tuple(item["title"] for item in ITEMS if item["id"] in items)
    return DialogueState(
        turn=1, slates=(items,), question=Question(facet=WHICH, text="Which one do you mean?", options=titles)
    )


def shown(*items):
    """A thread in which those items were shown."""
    return DialogueState(turn=1, slates=(items,))


def meant(understander, text, state):
    """The items that descriptions in the text point at."""
    return [
        item for r in understander.understand(text, state).references if r.kind == "description" for item in r.item_ids
    ]


@pytest.mark.parametrize(
    ("said", "text", "turned_down"),
    [
        ("the one with the piano", "the one with the piano", False),
        ("not the one with the piano", "the one with the piano", True),
        ("I don't mean the older one", "mean the older one", True),
        ("It isn't the western.", "the western", True),
        ("It doesn't have a cat", "have a cat", True),
        ("there's no cheese on it", "cheese on it", True),
        ("the one without raisins", "raisins", True),
        ("No, it's the older one", "No, it's the older one", False),
        ("the one about a girl who can't sleep", "the one about a girl who can't sleep", False),
        ("the song about not giving up", "the song about not giving up", False),
        ("a novel, not a play", "a novel", False),
        ("the long one rather than the short one", "the long one", False),
        ("not", "not", True),
        ("", "", False),
    ],
)
def test_a_denial_in_the_frame_turns_the_description_down(said, text, turned_down):
    phrase = phrase_of(said)
    assert (phrase.text, phrase.turned_down) == (text, turned_down)


def test_an_item_is_its_name_its_facts_and_its_sentences(catalogue):
    assert lines_of(catalogue, catalogue.row(BELLS)) == (
        "Glass Bells", "year: 1962", "length: 95", "genre: Drama", "artist: Ana Sol",
        "A widow moves to Lisbon and learns the piano.", "She keeps a cat called Plum.", "Her sister never forgives her.",
    )  # fmt: skip
    assert MOST_LINES > 8


def test_abbreviations_do_not_end_a_sentence_and_long_ones_are_cut():
    assert list(sentences("Mr. Lund rides a mule. It is old.\nHe sings.")) == [
        "Mr. Lund rides a mule.",
        "It is old.",
        "He sings.",
    ]
    assert [len(piece.split()) for piece in sentences(" ".join(["word"] * 90))] == [40, 40, 10]


def test_words_are_compared_by_their_stems_and_rare_ones_tell_more():
    assert stem("wolves'") == stem("wolve")
    assert stem("robbed") == stem("robbing")
    assert stem("children") == "child"
    assert stem("three") == "3"
    assert set(telling("the one about a sheriff")) == {"sheriff"}
    assert weight("sheriff") > weight("town") > weight("the") >= 0


@pytest.mark.parametrize(
    ("text", "item"),
    [
        ("the one with the piano", BELLS),
        ("the one about a sheriff", ROADS),
        ("robbers burn a farm", ROADS),
        ("the spaceshipp one", DEEP),
        ("the oldest one", BELLS),
        ("the newest one", DEEP),
        ("the one from the nineties", ROADS),
        ("it came out in 1963", BELLS),
        ("it is from the early 2010s", DEEP),
        ("the longest one", ROADS),
        ("the shortest one", BELLS),
        ("the one with the shortest title", DEEP),
        ("the one that starts with a G", BELLS),
        ("the one by the band", DEEP),
        ("the one about a woman", BELLS),
        ("the one by Ana Sol", BELLS),
    ],
)
def test_words_years_and_lengths_tell_which_item_is_described(catalogue, text, item):
    rows = [catalogue.row(each["id"]) for each in ITEMS]
    chances = Resolver(fields_of(catalogue)).resolve(text, rows).chances
    assert sum(chances) == pytest.approx(1)
    assert catalogue.ids[rows[chances.index(max(chances))]] == item


def test_what_fits_no_item_is_told_from_what_fits_one(catalogue):
    resolver, rows = Resolver(fields_of(catalogue)), [catalogue.row(each["id"]) for each in ITEMS]
    fits, strange = (
        resolver.resolve("a sheriff hunts three robbers", rows),
        resolver.resolve("an opera about penguins", rows),
    )
    assert fits.any_of_them > 0.8
    assert strange.any_of_them < 0.3
    assert max(strange.chances) - min(strange.chances) < 0.5


@pytest.mark.parametrize(
    ("text", "items", "item"),
    [
        ("the one with the piano", (BELLS, ROADS), BELLS),
        ("a sheriff hunts robbers", (BELLS, ROADS), ROADS),
        ("It's the older of the two", (ROADS, DEEP), ROADS),
        ("it has a captain", (ROADS, DEEP), DEEP),
        ("she keeps a cat", (BELLS, ROADS), BELLS),
        ("the second one she recorded in Lisbon", (BELLS, ROADS), BELLS),
    ],
)
def test_after_which_do_you_mean_the_whole_message_describes_one(understander, text, items, item):
    assert meant(understander, text, asked(*items)) == [item]
    assert "reject" not in understander.understand(text, asked(*items)).acts


@pytest.mark.parametrize(
    "text", ["not the one with the piano", "I don't mean the one with the piano", "it doesn't have a piano"]
)
def test_a_description_can_turn_an_item_down(understander, text):
    heard = understander.understand(text, asked(BELLS, ROADS))
    assert [r.item_ids for r in heard.references] == [(BELLS,)]
    assert "reject" in heard.acts


@pytest.mark.parametrize(
    ("text", "kind", "item"),
    [("the second one", "ordinal", ROADS), ("Dusty Roads", "title", ROADS), ("I mean Glass Bells", "title", BELLS)],
)
def test_places_and_names_need_no_description(understander, text, kind, item):
    (reference,) = understander.understand(text, asked(BELLS, ROADS)).references
    assert (reference.kind, reference.item_ids[0]) == (kind, item)


def test_only_what_was_offered_is_meant(understander):
    state = asked(BELLS, ROADS).model_copy(update={"slates": ((BELLS, ROADS, DEEP),)})
    assert meant(understander, "the newest one", state) == [ROADS]


@pytest.mark.parametrize(
    ("text", "items"),
    [
        ("tell me more about the one where a widow learns the piano", [BELLS]),
        ("I'll take the one about the sheriff, thanks", [ROADS]),
        ("who made the one with the spaceship?", [DEEP]),
        ("the piano one", [BELLS]),
        ("the one with the penguins", []),
        ("something with a piano", []),
        ("a sheriff hunts robbers", []),
    ],
)
def test_unasked_only_what_is_called_the_one_is_looked_for_on_the_table(understander, text, items):
    assert meant(understander, text, shown(BELLS, ROADS, DEEP)) == items


def test_nothing_is_described_where_nothing_is_shown(understander):
    assert meant(understander, "the one with the piano", DialogueState()) == []


def test_an_assistant_that_asks_which_is_answered_by_a_description(understander, catalogue):
    follow = Follower(understander, catalogue)
    messages = [
        {"role": "assistant", "content": "Do you mean Glass Bells or Dusty Roads?"},
        {"role": "user", "content": "there is a mule in it"},
    ]
    stands = follow(messages)
    assert [(r.kind, r.item_ids) for r in stands.heard.references] == [("description", (ROADS,))]
    assert stands.heard.acts == ("answer",)
    other = follow([{"role": "assistant", "content": "There are Glass Bells and Dusty Roads."}, messages[1]])
    assert [r.kind for r in other.heard.references] != ["description"]


def test_words_near_in_meaning_speak_for_an_item():
    lines = [("Glass Bells", "A widow learns the piano."), ("Dusty Roads", "A sheriff rides a mule.")]
    meanings = Meanings(TextEncoder.open())
    for text, nearer in (("the one with the pianist", 0), ("some police", 1), ("a donkey", 1)):
        first, second = (np.array(three) for three in meanings.scores(text, lines))
        assert (first > second).all() if nearer == 0 else (second > first).all(), text
    assert meanings.scores("the one", lines) == [[0.0] * 3] * 2
    assert meanings.scores("piano", [("…",)]) == [[0.0] * 3]


def test_with_an_encoder_items_are_resolved_by_what_words_mean(catalogue):
    understander = Understander(catalogue, NOON, TextEncoder.open())
    assert meant(understander, "a tale of outer space astronauts", asked(BELLS, ROADS, DEEP)) == [DEEP]
    assert meant(understander, "some law officer", asked(BELLS, ROADS)) == [ROADS]
