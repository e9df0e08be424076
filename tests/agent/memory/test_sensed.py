"""Tellings that no rule foresaw are understood by what was learned of sentences; jokes, reports and the day's small news are not."""

from dataclasses import replace

import numpy as np
import pytest

from convrec.agent.memory.facts import facts_of, statements
from convrec.agent.memory.marking import GONE, Mark, Marked, decoded, fits, marked
from convrec.agent.memory.sensed import sensed, vouched
from convrec.core.understanding import Preference
from convrec.tools.encoder import TextEncoder
from tests.agent.memory.test_learning import Diary


@pytest.fixture(scope="module")
def encoder():
    return TextEncoder.open()


@pytest.fixture
def listener(encoder):
    class Listener(Diary):
        """A diary that hears by rules and by marks."""

        def tell(self, text, *tastes):
            found = marked(statements(text), encoder)
            return self.write(text, tastes, [*vouched(facts_of(text), text, found), *sensed(text, found)])

    return Listener()


def test_the_weights_that_ship_are_of_the_encoder_that_ships(encoder):
    assert fits(encoder)


@pytest.mark.parametrize(
    ("text", "about", "value"),
    [
        ("we said goodbye to Kaunas and settled in Tartu", "home", "Tartu"),
        ("my apron smells of yeast, I've been a baker since school", "job", "baker"),
        ("one prawn and my lips swell", "allergy", "prawn"),
        ("the neighbours complain whenever I get the clarinet out", "plays", "clarinet"),
        ("I finally passed my test, so the Mazda outside is mine", "car", "Mazda"),
        ("Estonian is what we talk at the dinner table", "language", "Estonian"),
        ("there is a whippet snoring on my feet, mine since April", "pet", "whippet"),
        ("there is a whippet asleep on my feet, mine since April", "pet", "whippet"),
    ],
)
def test_what_no_rule_foresaw_is_told(listener, text, about, value):
    assert not facts_of(text)
    listener.tell(text)
    assert (about, value) in listener.facts


@pytest.mark.parametrize(
    "text",
    [
        "I'm basically a hedgehog in a cardigan",
        "my job is finishing the biscuits",
        "my colleague just moved to Kaunas",
        "we're in Kaunas until Sunday, then back",
        "the heroine plays the clarinet and lives in Kaunas",
        "if I had a whippet I'd call it Comet",
        "you'd have to pay me a fortune before I'd do falconry",
        "had I won the lottery I'd own a whippet by now",
        "would you treat me differently if I were a welder?",
        "is there anything with a whippet in it?",
        "something for my brother, he plays the clarinet",
        "we don't have any allergies",
        "Aled across the road keeps a llama in the bath",
        "you won't believe it, Linda across the road keeps a llama in the bath",
        "falconry, that's all the caretaker ever talks about",
        "the woman at the bus stop had a ferret on a lead",
        "some bloke on the train was learning Basque",
        "the new intern is vegan and from Hull",
        "Trevor is leaving us for Winnipeg",
    ],
)
def test_jokes_reports_others_doings_and_the_days_news_tell_nothing(listener, text):
    listener.tell(text)
    assert not listener.facts


def test_somebody_in_the_sentence_takes_nothing_from_its_writer(listener):
    for text in (
        "I moved to Hull, the new intern helped",
        "speaking as a vet nurse of thirty years",
        "my cat Doodle bit the postman",
    ):
        listener.tell(text)
    assert {("home", "Hull"), ("cat's name", "Doodle")} <= listener.facts
    assert any(about == "job" for about, _ in listener.facts)


def test_a_new_value_takes_the_place_of_the_old_one_in_words_of_their_own(listener):
    listener.tell("I live in Kaunas")
    listener.tell("forget about Kaunas, as of Monday I'm settled in Tartu")
    assert listener.facts == {("home", "Tartu")}


def test_of_what_one_can_have_several_of_the_one_that_is_gone_makes_room(listener):
    listener.tell("I play the tuba")
    listener.tell("I play the piano")
    listener.tell("after a decade the tuba had to go, it's the clarinet for me now")
    assert {value for about, value in listener.facts} == {"piano", "clarinet"}


def test_what_is_said_to_be_over_ends_beside_what_is_new(listener):
    listener.tell("I play the tuba")
    listener.tell("I live in Kaunas")
    listener.tell("I sold the tuba and we live in Tartu now")
    assert listener.facts == {("home", "Tartu")}


def test_what_a_rule_reads_is_not_kept_where_it_is_marked_as_over():
    text = "I play the tuba"
    (fact,) = facts_of(text)
    mark = Mark(11, 15, "plays", 1.0)
    assert [*vouched([fact], text, Marked((mark,), ((0, 15),), (1.0,)))] == [fact]
    assert not [*vouched([fact], text, Marked((replace(mark, label=GONE),), ((0, 15),), (1.0,)))]
    assert not [*vouched([fact], text, Marked((replace(mark, label="collects"),), ((0, 15),), (1.0,)))]


def test_what_is_surely_told_needs_no_i():
    text = "Mum's called Edna"
    sure = Marked((Mark(0, 3, "whose", 1.0), Mark(13, 17, "relative's name", 0.99)))
    (fact,) = sensed(text, sure)
    assert (fact.about, fact.value) == ("mum's name", "Edna")
    assert not [*sensed(text, Marked((Mark(13, 17, "relative's name", 0.7),)))]


def test_a_value_says_something():
    found = Marked((Mark(6, 7, "health", 0.95), Mark(8, 18, "health", 0.95)))
    assert [fact.value for fact in sensed("I use a wheelchair", found)] == ["wheelchair"]


@pytest.mark.parametrize("text", ["42", "a welder", "my Skoda!"])
def test_a_value_of_which_nothing_is_said_is_nobody_s(listener, text):
    listener.tell(text)
    assert not listener.facts


def test_a_wish_for_today_is_no_fact(listener):
    text = "hmm changed my mind, a romcom"
    listener.tell(text, Preference(facet="genres", value="Romance", polarity=1, span=(23, 29)))
    assert not listener.facts


def test_what_a_quote_tells_is_the_sentence(listener):
    listener.tell("lovely film. I finally passed my test, so the Mazda outside is mine! more like it")
    (entry,) = listener.current
    assert entry.quote == "I finally passed my test, so the Mazda outside is mine"


def test_scores_become_marks_of_whole_words():
    labels, places = ("gone", "home", "whose"), [(0, 2), (3, 5), (5, 8)]
    scores = [[5.0, 0, 0, 0, 0], [0, 0, 5.0, 0, 3.0], [0, 0, 5.0, 0, -3.0]]
    found = decoded("in Tartuu", places, np.array(scores, np.float32), labels)
    assert [(m.start, m.end, m.label) for m in found.marks] == [(3, 9, "home")]
    assert found.tells(0, 2) < 0.1
    assert found.tells(3, 9) > 0.9
    assert Marked().tells(0, 5) == 0
